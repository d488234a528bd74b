#include "quire/migrate/type_report.hpp"

#include "fixture.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using namespace test;

struct Line {
  std::int32_t count = 0;
};
struct Order {
  std::int64_t id = 0;
  std::string buyer;
  std::vector<Line> lines;
  static auto model() { return quire::model<Order>("orders"); }
};

void put_orders(Database& db) {
  put(db, "orders", R"({"_id": 1, "buyer": "a", "lines": [{"count": 1}, {"count": "2"}]})");
  put(db, "orders", R"({"_id": 2, "buyer": 7, "lines": [{"count": "x"}, {"count": "y"}]})");
  put(db, "orders", R"({"_id": 3, "buyer": 8, "lines": []})");
}

TEST(TypeReport, CountsEachTypeOfEachPathWithExamples) {
  Database db = empty_database();
  put_orders(db);
  const auto report = type_report<Order>(db, {.examples = 1});
  EXPECT_EQ(report.read, 3);
  EXPECT_TRUE(report.all_read);
  ASSERT_EQ(report.findings.size(), 2U);
  EXPECT_EQ(report.findings[0].path, "buyer");
  EXPECT_EQ(report.findings[0].found, "int");
  EXPECT_EQ(report.findings[0].documents, 2);
  EXPECT_EQ(report.findings[0].examples, std::vector<std::string>{"7"});
  EXPECT_EQ(report.findings[1].path, "lines[].count");
  EXPECT_EQ(report.findings[1].documents, 2);
  EXPECT_EQ(report.findings[1].examples, std::vector<std::string>{"\"2\""});
  EXPECT_EQ(bson::from_json(report.json())["schema"].as_string(), "quire.types/1");
  const auto sample = type_report<Order>(db, {.sample = 1});
  EXPECT_FALSE(sample.all_read);
  EXPECT_EQ(sample.read, 1);
}

TEST(ConvertTypes, ConvertsWhatCanAndKeepsTheRest) {
  Database db = empty_database();
  put_orders(db);
  const std::vector<ConvertRule> rules = {{.path = "buyer", .to = bson::Type::string},
                                          {.path = "lines[].count", .to = bson::Type::int32}};
  const auto done = convert_types(db, "orders", rules);
  EXPECT_EQ(done.read, 3);
  EXPECT_EQ(done.changed, 3);
  EXPECT_EQ(done.rejected, 1);
  EXPECT_EQ(all(db, "orders"),
            (std::vector<std::string>{
                same(R"({"_id": 1, "buyer": "a", "lines": [{"count": 1}, {"count": 2}]})"),
                same(R"({"_id": 2, "buyer": "7", "lines": [{"count": "x"}, {"count": "y"}]})"),
                same(R"({"_id": 3, "buyer": "8", "lines": []})")}));
  EXPECT_EQ(count(db, "_quire_rejects",
                  R"({"_id": {"job": "types:orders", "key": 2, "stage": "map"},
                      "field": "lines[].count", "document.buyer": 7, "attempts": 1, "code": 116})"),
            1);
  const auto again = convert_types(db, "orders", rules);
  EXPECT_EQ(again.changed, 0);
  EXPECT_EQ(again.rejected, 1);
  EXPECT_EQ(count(db, "_quire_rejects", R"({"attempts": 2})"), 1);
}

TEST(ConvertTypes, MovesAwayWhatCannotBeConverted) {
  Database db = empty_database();
  put_orders(db);
  const auto done =
      convert_types(db, "orders", {{.path = "lines[].count", .to = bson::Type::int32}},
                    {.on_reject = OnReject::move, .batch = 1});
  EXPECT_EQ(done.removed, 1);
  EXPECT_EQ(done.changed, 1);
  EXPECT_EQ(count(db, "orders"), 2);
  EXPECT_EQ(count(db, "_quire_rejects"), 1);
}

TEST(ConvertTypes, OwnRulesMayRefuseAndThrow) {
  Database db = empty_database();
  put(db, "c", R"({"_id": 1, "v": "one"})");
  put(db, "c", R"({"_id": 2, "v": "two"})");
  put(db, "c", R"({"_id": 3, "v": "three"})");
  put(db, "c", R"({"_id": 4, "v": null})");
  const auto convert = [](bson::ValueView value) -> std::optional<bson::Value> {
    if (value.as_string() == "one") return bson::Value(std::int32_t{1});
    if (value.as_string() == "three") throw std::runtime_error("three is too many");
    return std::nullopt;
  };
  const auto done =
      convert_types(db, "c", {{.path = "v", .to = bson::Type::int32, .convert = convert}});
  EXPECT_EQ(done.changed, 1);
  EXPECT_EQ(done.rejected, 2);
  EXPECT_EQ(count(db, "_quire_rejects", R"({"text": "three is too many"})"), 1);
  EXPECT_EQ(count(db, "c", R"({"v": {"$type": "null"}})"), 1);
  for (const char* path : {"", "_id", "a[0]", "a.*", "a..b", "$a", "[]"})
    EXPECT_THROW(convert_types(db, "c", {{.path = path}}), StoreError) << path;
  EXPECT_THROW(convert_types(db, "c", {}), StoreError);
}

TEST(ConvertValue, LosesNothing) {
  using bson::Type;
  const auto made = [](const char* json, Type to) {
    const auto document = bson::from_json(std::string("{\"v\": ") + json + "}");
    const auto value = convert_value(document["v"], to);
    return value ? bson::to_json(value->view(), bson::JsonMode::canonical) : "none";
  };
  const auto is = [](const char* json) {
    const auto document = bson::from_json(std::string("{\"v\": ") + json + "}");
    return bson::to_json(document["v"], bson::JsonMode::canonical);
  };
  struct Case {
    const char* from;
    Type to;
    const char* result;  ///< null: none
  };
  const Case cases[] = {
      {R"("41")", Type::int32, "41"},
      {R"("+41")", Type::int32, "41"},
      {R"("41 ")", Type::int32, nullptr},
      {R"("")", Type::int32, nullptr},
      {R"("2147483648")", Type::int32, nullptr},
      {R"("2147483648")", Type::int64, R"({"$numberLong": "2147483648"})"},
      {"41.0", Type::int32, "41"},
      {"41.5", Type::int32, nullptr},
      {R"({"$numberDouble": "NaN"})", Type::int64, nullptr},
      {R"({"$numberDouble": "1e300"})", Type::int64, nullptr},
      {R"({"$numberDecimal": "1.20E+1"})", Type::int32, "12"},
      {R"({"$numberDecimal": "12.00"})", Type::int32, "12"},
      {R"({"$numberDecimal": "12.5"})", Type::int32, nullptr},
      {R"({"$numberDecimal": "1.0000000000000000000001"})", Type::int32, nullptr},
      {"true", Type::int32, "1"},
      {R"({"$numberLong": "9007199254740993"})", Type::double_, nullptr},
      {R"({"$numberLong": "9007199254740992"})", Type::double_, "9007199254740992.0"},
      {R"("1.5")", Type::double_, "1.5"},
      {R"("inf")", Type::double_, nullptr},
      {R"("1.50")", Type::decimal128, R"({"$numberDecimal": "1.50"})"},
      {R"("one")", Type::decimal128, nullptr},
      {"0.1", Type::decimal128, R"({"$numberDecimal": "0.1"})"},
      {"7", Type::string, R"("7")"},
      {"0.1", Type::string, R"("0.1")"},
      {"false", Type::string, R"("false")"},
      {R"({"$oid": "5f1e7c2a9b3d4e5f60718293"})", Type::string, R"("5f1e7c2a9b3d4e5f60718293")"},
      {R"("5f1e7c2a9b3d4e5f60718293")", Type::object_id, R"({"$oid": "5f1e7c2a9b3d4e5f60718293"})"},
      {R"("5f1e")", Type::object_id, nullptr},
      {R"("2026-02-10T12:30:00Z")", Type::date_time, R"({"$date": "2026-02-10T12:30:00Z"})"},
      {R"("tomorrow")", Type::date_time, nullptr},
      {R"({"$date": "2026-02-10T12:30:00Z"})", Type::string, R"("2026-02-10T12:30:00Z")"},
      {"1000", Type::date_time, R"({"$date": {"$numberLong": "1000"}})"},
      {R"({"$date": {"$numberLong": "5"}})", Type::int64, R"({"$numberLong": "5"})"},
      {R"("true")", Type::boolean, "true"},
      {R"("yes")", Type::boolean, nullptr},
      {"2", Type::boolean, nullptr},
      {"0", Type::boolean, "false"},
      {"7", Type::array, "[7]"},
      {"[7]", Type::string, nullptr},
      {R"({"a": 1})", Type::string, nullptr},
      {"null", Type::string, nullptr},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(made(one.from, one.to), one.result == nullptr ? "none" : is(one.result))
        << one.from << " to " << type_name(one.to);
  }
}

}  // namespace
}  // namespace quire::migrate
