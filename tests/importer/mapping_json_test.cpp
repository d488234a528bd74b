#include "importer/mapping_json.hpp"

#include <gtest/gtest.h>

#include <random>

#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"
#include "quire/importer/mapping.hpp"

namespace quire::importer {
namespace {

/// Mappings of any shape, sensible or not: what is written has to be read again as it was.
class Arbitrary {
 public:
  explicit Arbitrary(std::uint32_t seed) : random_(seed) {}

  Mapping mapping() {
    Mapping out;
    if (coin()) out.types = types();
    for (auto n = below(3); n > 0; --n) out.tables.push_back(table());
    return out;
  }

 private:
  unsigned below(unsigned n) { return static_cast<unsigned>(random_()) % n; }
  bool coin() { return below(2) == 0; }
  std::string text() {
    static const char* const all[] = {"",     "id", "a b",   "naïve \"q\"", "x.y",
                                      "$set", "😀", "\\n\n", "order"};
    return all[below(9)];
  }
  std::vector<std::string> texts() {
    std::vector<std::string> out;
    for (auto n = below(3); n > 0; --n) out.push_back(text());
    return out;
  }
  template <class E>
  E of(unsigned count) {
    return static_cast<E>(below(count));
  }
  bson::Value value() {
    switch (below(8)) {
      case 0:
        return text();
      case 1:
        return static_cast<std::int32_t>(random_());
      case 2:
        return static_cast<std::int64_t>(random_()) << 20;
      case 3:
        return static_cast<double>(random_()) / 3;
      case 4:
        return coin();
      case 5:
        return DateTime{std::chrono::milliseconds{static_cast<std::int64_t>(random_()) * 1000}};
      case 6:
        return bson::Decimal128::from_string("1.50");
      default:
        return {};
    }
  }
  TypePolicy types() {
    TypePolicy out;
    out.numeric = of<TypePolicy::Numeric>(3);
    out.unsigned64 = of<TypePolicy::Unsigned>(2);
    out.zero_date = of<TypePolicy::ZeroDate>(2);
    out.infinite = of<TypePolicy::Infinite>(3);
    out.fraction = of<TypePolicy::Fraction>(3);
    out.date = of<TypePolicy::Date>(2);
    out.uuid = of<TypePolicy::UuidAs>(2);
    out.json = of<TypePolicy::Json>(2);
    out.bad_text = of<TypePolicy::BadText>(2);
    out.time = of<TypePolicy::Time>(2);
    out.other = of<TypePolicy::Other>(2);
    out.zone = text();
    out.encoding = text();
    return out;
  }
  OrderBy order() { return {text(), coin(), coin()}; }
  FieldRule field() {
    FieldRule out;
    out.to = text();
    out.from = text();
    if (coin()) out.constant = value();
    out.format = text();
    if (coin()) out.hash_of = {text(), texts(), text()};
    out.time_of_import = coin();
    out.as = of<Convert>(13);
    out.lower = coin();
    out.upper = coin();
    out.trim = coin();
    for (auto n = below(3); n > 0; --n) out.values.push_back({value(), value()});
    out.other = of<OtherValue>(4);
    out.null = of<NullPolicy>(4);
    if (coin()) out.fallback = value();
    out.on_insert = coin();
    if (coin()) out.types = types();
    return out;
  }
  ChildRule child(int depth) {
    ChildRule out;
    out.to = text();
    out.table = text();
    out.columns = texts();
    out.referenced = texts();
    out.many = coin();
    out.or_null = coin();
    out.value = text();
    if (coin()) out.order.push_back(order());
    out.where = text();
    if (coin()) out.fields.push_back(field());
    out.skip = texts();
    out.others = coin();
    out.link = text();
    out.link_columns = texts();
    out.link_referenced = texts();
    out.link_taken = texts();
    if (depth > 0) out.children.push_back(child(depth - 1));
    return out;
  }
  TableMapping table() {
    TableMapping out;
    out.name = text();
    out.table = text();
    out.into = text();
    out.key = texts();
    out.id = {of<IdKind>(4), texts(), text(), of<Convert>(13), texts()};
    if (coin()) out.id = {};
    for (auto n = below(3); n > 0; --n) out.fields.push_back(field());
    out.skip = texts();
    out.others = coin();
    if (coin()) out.children.push_back(child(2));
    if (coin()) out.unpivot = {{{text(), {{"k", value()}}}, {text(), {}}}, text(), coin()};
    if (coin()) out.pivot = {texts(), text(), text(), text()};
    out.where = text();
    if (coin()) out.order.push_back(order());
    out.existing = of<ExistingDocument>(4);
    if (coin()) out.types = types();
    out.after = texts();
    return out;
  }
  std::mt19937 random_;
};

TEST(MappingJson, ReadsWhatItWrites) {
  for (std::uint32_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE(seed);
    const Mapping mapping = Arbitrary(seed).mapping();
    const std::string json = mapping.json();
    const Mapping again = Mapping::from_json(json);
    ASSERT_EQ(again.json(), json);
    ASSERT_EQ(again.types, mapping.types);
    ASSERT_EQ(again.tables.size(), mapping.tables.size());
    for (std::size_t n = 0; n < mapping.tables.size(); ++n) {
      const TableMapping& left = again.tables[n];
      const TableMapping& right = mapping.tables[n];
      ASSERT_EQ(left.types, right.types);
      ASSERT_EQ(left.fields.size(), right.fields.size());
      for (std::size_t f = 0; f < left.fields.size(); ++f) {
        ASSERT_EQ(left.fields[f].types, right.fields[f].types);
        ASSERT_EQ(left.fields[f].constant, right.fields[f].constant);
        ASSERT_EQ(left.fields[f].fallback, right.fields[f].fallback);
        ASSERT_EQ(left.fields[f].as, right.fields[f].as);
        ASSERT_EQ(left.fields[f].hash_of.has_value(), right.fields[f].hash_of.has_value());
        ASSERT_EQ(left.fields[f].values.size(), right.fields[f].values.size());
      }
      ASSERT_EQ(canonical_json(again.types, left), canonical_json(mapping.types, right));
    }
  }
}

TEST(MappingJson, TakesWhatAPolicyLeavesOutFromTheOneAround) {
  const Mapping mapping = Mapping::from_json(R"({"types": {"zone": "Europe/Berlin"}, "tables": [
    {"table": "t", "into": "t", "types": {"numeric": "string"},
     "fields": [{"to": "a", "from": "a", "types": {"date": "string"}}]}]})");
  ASSERT_TRUE(mapping.tables[0].fields[0].types);
  const TypePolicy& types = *mapping.tables[0].fields[0].types;
  EXPECT_EQ(types.zone, "Europe/Berlin");
  EXPECT_EQ(types.numeric, TypePolicy::Numeric::string);
  EXPECT_EQ(types.date, TypePolicy::Date::string);
}

struct BadMapping {
  const char* name;
  const char* json;
  const char* place;
  const char* says;
};
class BadMappingJson : public ::testing::TestWithParam<BadMapping> {};
TEST_P(BadMappingJson, NamesThePlace) {
  try {
    (void)Mapping::from_json(GetParam().json);
    FAIL() << "accepted " << GetParam().json;
  } catch (const ImportError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_mapping);
    EXPECT_EQ(error.path().str(), GetParam().place);
    EXPECT_NE(error.detail().find(GetParam().says), std::string::npos) << error.detail();
  }
}
INSTANTIATE_TEST_SUITE_P(
    All, BadMappingJson,
    ::testing::Values(
        BadMapping{"NoJson", "{\"tables\": [}", "", "offset"},
        BadMapping{"NoObject", "[1]", "", "{"},
        BadMapping{"Unknown", R"({"table": []})", "table", "\"tables\""},
        BadMapping{"UnknownField", R"({"tables": [{}, {"fields": [{"too": "a"}]}]})",
                   "tables[1].fields[0].too", "\"to\""},
        BadMapping{"UnknownFar", R"({"tables": [{"fields": [{"colour": "a"}]}]})",
                   "tables[0].fields[0].colour", "the keys here are"},
        BadMapping{"Enumeration", R"({"tables": [{"fields": [{"to": "a", "as": "int"}]}]})",
                   "tables[0].fields[0].as", "int32"},
        BadMapping{"Type", R"({"tables": [{"others": "yes"}]})", "tables[0].others",
                   "true or false"},
        BadMapping{"Text", R"({"tables": [{"into": 5}]})", "tables[0].into", "text"},
        BadMapping{"List", R"({"tables": {}})", "tables", "list"},
        BadMapping{"Names", R"({"tables": [{"key": ["a", 1]}]})", "tables[0].key[1]", "text"},
        BadMapping{"NamesNoList", R"({"tables": [{"key": "a"}]})", "tables[0].key", "list"},
        BadMapping{"Object", R"({"tables": [{"id": "key"}]})", "tables[0].id", "object"},
        BadMapping{"Pair", R"({"tables": [{"fields": [{"values": [{"from": 1}]}]}]})",
                   "tables[0].fields[0].values[0].to", "missing"},
        BadMapping{"Constants", R"({"tables": [{"unpivot": {"parts": [{"constants": []}]}}]})",
                   "tables[0].unpivot.parts[0].constants", "object"},
        BadMapping{"Policy", R"({"types": {"numeric": "float"}})", "types.numeric", "decimal128"},
        BadMapping{"Child", R"({"tables": [{"children": [{"children": [{"tabel": "x"}]}]}]})",
                   "tables[0].children[0].children[0].tabel", "\"table\""}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(MappingJson, RefusesAKeyTwice) {
  EXPECT_THROW((void)Mapping::from_json(R"({"tables": [], "tables": []})"), ImportError);
}

TEST(MappingJson, RefusesWhatIsCodeAndTellsItInTheCanonicalForm) {
  Mapping mapping;
  TableMapping& table = mapping.tables.emplace_back();
  table.table = table.into = "t";
  const std::string before = canonical_json(mapping.types, table);
  table.check = [](bson::View) {};
  EXPECT_THROW((void)mapping.json(), ImportError);
  EXPECT_NE(canonical_json(mapping.types, table), before);
  table.check = {};
  FieldRule rule{.to = "a"};
  rule.compute = [](const RowView&) { return bson::Value(1); };
  table.fields.push_back(rule);
  EXPECT_THROW((void)mapping.json(), ImportError);
  EXPECT_NE(canonical_json(mapping.types, table), before);
}

}  // namespace
}  // namespace quire::importer
