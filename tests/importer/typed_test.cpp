#include "quire/importer/typed.hpp"

#include <gtest/gtest.h>

#include "importer/row_source.hpp"
#include "memory_source.hpp"
#include "quire/bson/json.hpp"

namespace quire::importer {
namespace {

using query::field;
using test::i;
using test::MemorySource;
using test::null;
using test::t;

// [models]
struct Name {
  std::string first;
  std::optional<std::string> last;
};
struct Line {
  std::string what;
  std::int32_t count = 0;
};
struct Order {
  std::int64_t number = 0;
  DateTime at;
  std::vector<Line> lines;
};
struct Profile {
  std::string bio;
};
struct User {
  std::int64_t id = 0;
  Name name;
  bool active = false;
  double score = 0;
  std::string kind;
  std::string label;
  DateTime imported_at;
  std::vector<Order> orders;
  std::optional<Profile> profile;
  std::vector<std::string> tags;
  static auto model() {
    return quire::model<User>("people").rename(field<&User::active>, "isActive");
  }
};
// [/models]

Into<User> users() {
  // [into]
  return into<User>("users")
      .field<&User::id>("user_id")
      .field<&User::name, &Name::first>("first_name", {.trim = true})
      .field<&User::name, &Name::last>("last_name")
      .field<&User::active>("active")
      .field<&User::score>("score", {.fallback = 0.0})
      .constant<&User::kind>("person")
      .compute<&User::label>([](const RowView& row) { return "user " + row.text("first_name"); })
      .time_of_import<&User::imported_at>()
      .children<&User::orders>(
          "orders", {"user_id"},
          [](auto& order) {
            order.template field<&Order::number>("id").template field<&Order::at>("at");
            order.template children<&Order::lines>("lines", {"order_id"}, [](auto& line) {
              line.template field<&Line::what>("what").template field<&Line::count>("n");
            });
          },
          {.order = {{"at"}}})
      .child<&User::profile>("profiles", {"user_id"},
                             [](auto& profile) { profile.template field<&Profile::bio>("bio"); })
      .values<&User::tags>("tags", {"user_id"}, "label",
                           {.link = "user_tags", .link_columns = {"tag_id"}});
  // [/into]
}

MemorySource source() {
  MemorySource made;
  made.add("users",
           {"user_id:int64", "first_name:text?", "last_name:text?", "active:text", "score:real?"},
           {"user_id"},
           {{i(1), t(" Ada "), null, t("t"), Cell::of_real(1.5)},
            {i(2), t("Bo"), t("B"), t("no"), null},
            {i(3), null, null, t("t"), null},
            {i(4), t("Cy"), null, t("maybe"), null}});
  made.add("orders", {"id:int64", "user_id:int64", "at:text"}, {"id"},
           {{i(10), i(1), t("2024-05-02 10:00")}, {i(11), i(1), t("2024-05-01 10:00")}});
  made.add("lines", {"id:int64", "order_id:int64", "what:text", "n:int64"}, {"id"},
           {{i(1), i(11), t("tea"), i(2)}});
  made.add("profiles", {"user_id:int64", "bio:text"}, {"user_id"}, {{i(2), t("hello")}});
  made.add("tags", {"id:int64", "label:text"}, {"id"}, {{i(5), t("vip")}});
  made.add("user_tags", {"user_id:int64", "tag_id:int64"}, {"user_id", "tag_id"}, {{i(1), i(5)}});
  return made;
}

TEST(TypedMapping, FillsTheSameRulesAsJson) {
  TableMapping made = users();
  EXPECT_EQ(made.into, "people");
  EXPECT_TRUE(made.check);
  made.check = {};
  made.fields.erase(made.fields.begin() + 5);  // the computed one
  Mapping mapping;
  mapping.tables.push_back(made);
  const Mapping same =
      Mapping::from_json(R"({"tables": [{"table": "users", "into": "people", "others": false,
    "id": {"kind": "columns", "columns": ["user_id"], "as": "int64"},
    "fields": [
      {"to": "name.first", "from": "first_name", "as": "string", "trim": true, "null": "reject"},
      {"to": "name.last", "from": "last_name", "as": "string"},
      {"to": "isActive", "from": "active", "as": "boolean", "null": "reject"},
      {"to": "score", "from": "score", "as": "real", "null": "fallback", "fallback": 0.0},
      {"to": "kind", "constant": "person"},
      {"to": "imported_at", "time_of_import": true, "on_insert": true}],
    "children": [
      {"to": "orders", "table": "orders", "columns": ["user_id"], "order": [{"column": "at"}], "others": false,
       "fields": [{"to": "number", "from": "id", "as": "int64", "null": "reject"},
                  {"to": "at", "from": "at", "as": "date_time", "null": "reject"}],
       "children": [{"to": "lines", "table": "lines", "columns": ["order_id"], "others": false,
         "fields": [{"to": "what", "from": "what", "as": "string", "null": "reject"},
                    {"to": "count", "from": "n", "as": "int32", "null": "reject"}]}]},
      {"to": "profile", "table": "profiles", "columns": ["user_id"], "many": false, "others": false,
       "fields": [{"to": "bio", "from": "bio", "as": "string", "null": "reject"}]},
      {"to": "tags", "table": "tags", "columns": ["user_id"], "value": "label", "others": false,
       "link": "user_tags", "link_columns": ["tag_id"],
       "fields": [{"to": "label", "from": "label", "as": "string", "null": "reject"}]}]}]})");
  EXPECT_EQ(mapping.json(), same.json());
}

TEST(TypedMapping, GivesDocumentsThatTheModelReads) {
  MemorySource rows = source();
  Mapping mapping;
  mapping.tables.push_back(users());
  EXPECT_TRUE(validate(mapping, rows.schema).empty());
  const CompiledTable table(mapping, mapping.tables[0], rows.schema, DateTime{});
  const auto session = rows.open();
  MappedReader reader(table, *session, {}, {});
  MappedRow row;
  ASSERT_TRUE(reader.next(row));
  ASSERT_TRUE(row.document) << row.failure->what();
  const User ada = bson::decode<User>(row.document->view());
  EXPECT_EQ(ada.id, 1);
  EXPECT_EQ(ada.name.first, "Ada");
  EXPECT_EQ(ada.label, "user  Ada ");
  EXPECT_TRUE(ada.active);
  ASSERT_EQ(ada.orders.size(), 2U);
  EXPECT_EQ(ada.orders[0].number, 11);
  ASSERT_EQ(ada.orders[0].lines.size(), 1U);
  EXPECT_EQ(ada.orders[0].lines[0].count, 2);
  EXPECT_EQ(ada.tags, std::vector<std::string>{"vip"});
  EXPECT_FALSE(ada.profile);
  ASSERT_TRUE(reader.next(row));
  ASSERT_TRUE(row.document) << row.failure->what();
  EXPECT_EQ(bson::decode<User>(row.document->view()).profile->bio, "hello");
  ASSERT_TRUE(reader.next(row));
  ASSERT_FALSE(row.document);
  EXPECT_EQ(row.failure->path().str(), "name.first");
  ASSERT_TRUE(reader.next(row));
  ASSERT_FALSE(row.document);
  EXPECT_EQ(row.failure->path().str(), "isActive");
  EXPECT_FALSE(reader.next(row));
}

TEST(TypedMapping, ChecksByDecoding) {
  MemorySource rows = source();
  Mapping mapping;
  mapping.tables.push_back(into<User>("users").field<&User::id>("user_id").field<&User::active>(
      "active", {.as = Convert::string}));
  const CompiledTable table(mapping, mapping.tables[0], rows.schema, DateTime{});
  const auto session = rows.open();
  MappedReader reader(table, *session, {}, {});
  MappedRow row;
  ASSERT_TRUE(reader.next(row));
  ASSERT_TRUE(row.failure);
  EXPECT_EQ(row.failure->code(), ErrorCode::type_mismatch);
  EXPECT_EQ(row.failure->path().str(), "isActive");
}

TEST(TypedMapping, ChoosesConversionsByTheMember) {
  using detail::convert_for;
  EXPECT_EQ(convert_for<std::int8_t>(), Convert::int32);
  EXPECT_EQ(convert_for<std::uint16_t>(), Convert::int32);
  EXPECT_EQ(convert_for<std::uint32_t>(), Convert::int64);
  EXPECT_EQ(convert_for<std::optional<std::int64_t>>(), Convert::int64);
  EXPECT_EQ(convert_for<float>(), Convert::real);
  EXPECT_EQ(convert_for<bson::Decimal128>(), Convert::decimal128);
  EXPECT_EQ(convert_for<std::optional<bson::Uuid>>(), Convert::uuid);
  EXPECT_EQ(convert_for<ObjectId>(), Convert::object_id);
  EXPECT_EQ(convert_for<DateTime>(), Convert::date_time);
  EXPECT_EQ(convert_for<bson::Value>(), Convert::as_is);
  EXPECT_EQ(convert_for<std::vector<std::uint8_t>>(), Convert::as_is);
  EXPECT_EQ(convert_for<Name>(), Convert::as_is);
}

}  // namespace
}  // namespace quire::importer
