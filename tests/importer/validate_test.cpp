#include <gtest/gtest.h>

#include "memory_source.hpp"
#include "quire/importer/mapping.hpp"

namespace quire::importer {
namespace {

Schema schema() {
  test::MemorySource source;
  source.add(
      "users",
      {"id:int64", "mail:text", "name:text?", "born:date?", "level_1:int64?", "level_2:int64?"},
      {"id"}, {});
  source.add("orders", {"id:int64", "user_id:int64", "code:text", "data:array"}, {"id"}, {});
  source.add("tags", {"id:int64", "label:text"}, {"id"}, {});
  source.add("user_tags", {"user_id:int64", "tag_id:int64", "rank:int64"}, {}, {});
  source.add("notes", {"user_id:int64?", "text:text"}, {}, {});
  source.add("settings", {"guild:int64?", "key:text", "value:text"}, {"key"}, {});
  return source.schema;
}

std::vector<std::string> problems(const std::string& tables) {
  return validate(Mapping::from_json(R"({"tables": [)" + tables + "]}"), schema());
}

TEST(Validate, FindsNothingWhereAllFits) {
  EXPECT_EQ(
      problems(
          R"({"table": "users", "into": "users", "fields": [{"to": "contact.mail", "from": "mail"}],
    "skip": ["born"], "children": [
      {"to": "orders", "table": "orders", "columns": ["user_id"], "order": [{"column": "code"}]},
      {"to": "tags", "table": "tags", "link": "user_tags", "columns": ["user_id"], "link_columns": ["tag_id"],
       "link_taken": ["rank"], "order": [{"column": "rank"}]}]})"),
      std::vector<std::string>{});
}

struct Bad {
  const char* name;
  const char* tables;
  const char* says;
};
class ValidateBad : public ::testing::TestWithParam<Bad> {};
TEST_P(ValidateBad, TellsOneProblemWithItsPlace) {
  const auto found = problems(GetParam().tables);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.size(), 1U) << found[1];
  EXPECT_NE(found[0].find(GetParam().says), std::string::npos) << found[0];
}
#define USERS(more) R"({"table": "users", "into": "users", )" more "}"
#define FIELD(field) USERS(R"("fields": [)" field "]")
#define CHILD(child) USERS(R"("children": [)" child "]")
INSTANTIATE_TEST_SUITE_P(
    All, ValidateBad,
    ::testing::Values(
        Bad{"Table", R"({"table": "user", "into": "u"})",
            "u: the source has no table \"user\"; did you mean \"users\"?"},
        Bad{"Into", R"({"table": "users"})", "`into` is empty"},
        Bad{"NoKey",
            R"({"table": "notes", "into": "n", "id": {"kind": "hash", "columns": ["text"]}})",
            "has no key"},
        Bad{"NullableKey", R"({"table": "notes", "into": "n", "key": ["user_id"]})", "can be null"},
        Bad{"KeyColumn",
            R"({"table": "notes", "into": "n", "key": ["txt"], "id": {"kind": "hash", "columns": ["text"]}})",
            "\"text\"?"},
        Bad{"From", FIELD(R"({"to": "a", "from": "mial"})"),
            "users: field \"a\": the table \"users\" has no column \"mial\"; did you mean "
            "\"mail\"?"},
        Bad{"NoSource", FIELD(R"({"to": "a"})"), "says not where it comes from"},
        Bad{"TwoSources", FIELD(R"({"to": "a", "from": "mail", "constant": 1})"), "more than once"},
        Bad{"Format", FIELD(R"({"to": "a", "format": "{mial}"})"), "did you mean \"mail\"?"},
        Bad{"FormatBrace", FIELD(R"({"to": "a", "format": "{mail"})"), "without a }"},
        Bad{"Same", FIELD(R"({"to": "a", "from": "mail"}, {"to": "a", "constant": 1})"),
            "write the same field"},
        Bad{"Inside", FIELD(R"({"to": "a", "from": "mail"}, {"to": "a.b", "constant": 1})"),
            "one inside of it"},
        Bad{"OwnName", FIELD(R"({"to": "born.year", "constant": 1})"), "under its own name"},
        Bad{"Path", FIELD(R"({"to": "a..b", "constant": 1})"), "no path"},
        Bad{"Dollar", FIELD(R"({"to": "$a", "constant": 1})"), "no path"},
        Bad{"NoTo", FIELD(R"({"constant": 1})"), "no `to`"},
        Bad{"Id", FIELD(R"({"to": "_id", "from": "mail"})"), "`id`"},
        Bad{"Fallback", FIELD(R"({"to": "a", "from": "mail", "null": "fallback"})"), "`fallback`"},
        Bad{"FallbackUnused", FIELD(R"({"to": "a", "from": "mail", "fallback": 1})"),
            "nothing uses it"},
        Bad{"ValueTypes",
            FIELD(R"({"to": "a", "from": "mail", "as": "int32", "values": {"1": "x"}})"),
            "never makes"},
        Bad{"Convert", FIELD(R"({"to": "a", "from": "born", "as": "int32"})"),
            "is date, which cannot become"},
        Bad{"ConstantAs", FIELD(R"({"to": "a", "constant": 1, "as": "string"})"),
            "for `from` and `format`"},
        Bad{"Cases", FIELD(R"({"to": "a", "from": "mail", "lower": true, "upper": true})"),
            "exclude each other"},
        Bad{"Zone", FIELD(R"({"to": "a", "from": "mail", "types": {"zone": "Mars"}})"), "no zone"},
        Bad{"Encoding", USERS(R"("types": {"bad_text": "convert", "encoding": "klingon"})"),
            "no encoding"},
        Bad{"Skip", USERS(R"("skip": ["mial"])"), "did you mean \"mail\"?"},
        Bad{"SkipTaken", USERS(R"("skip": ["mail"], "fields": [{"to": "a", "from": "mail"}])"),
            "comes from"},
        Bad{"Descending", USERS(R"("order": [{"column": "id", "descending": true}])"), "ascending"},
        Bad{"IdColumns", USERS(R"("id": {"kind": "columns"})"), "needs `columns`"},
        Bad{"IdFormat", USERS(R"("id": {"kind": "format"})"), "needs a `format`"},
        Bad{"IdNames", USERS(R"("id": {"names": ["a", "b"]})"), "`names` has 2"},
        Bad{"IdAs", USERS(R"("id": {"kind": "hash", "as": "string"})"), "`as` is for"},
        Bad{"IdColumn", USERS(R"("id": {"kind": "columns", "columns": ["mial"]})"),
            "did you mean \"mail\"?"},
        Bad{"ChildTable", CHILD(R"({"to": "o", "table": "oders", "columns": ["user_id"]})"),
            "users: child \"o\": the source has no table \"oders\"; did you mean \"orders\"?"},
        Bad{"ChildColumn", CHILD(R"({"to": "o", "table": "orders", "columns": ["userid"]})"),
            "\"user_id\"?"},
        Bad{"ChildNoColumn", CHILD(R"({"to": "o", "table": "orders"})"), "`columns` is empty"},
        Bad{"ChildCount", CHILD(R"({"to": "o", "table": "orders", "columns": ["user_id", "id"]})"),
            "has 2 columns"},
        Bad{"ChildTypes", CHILD(R"({"to": "o", "table": "orders", "columns": ["code"]})"),
            "never equal"},
        Bad{"ChildOrNull",
            CHILD(R"({"to": "o", "table": "orders", "columns": ["user_id"], "or_null": true})"),
            "not `many`"},
        Bad{"ChildOrder",
            CHILD(
                R"({"to": "o", "table": "orders", "columns": ["user_id"], "order": [{"column": "cod"}]})"),
            "`order`"},
        Bad{"ChildValue",
            CHILD(R"({"to": "o", "table": "orders", "columns": ["user_id"], "value": "cod"})"),
            "`value`"},
        Bad{"ChildField",
            CHILD(
                R"({"to": "o", "table": "orders", "columns": ["user_id"], "fields": [{"to": "x", "from": "cod"}]})"),
            "child \"o\": field \"x\""},
        Bad{"ChildTo", CHILD(R"({"to": "mail", "table": "orders", "columns": ["user_id"]})"),
            "same field"},
        Bad{"Link",
            CHILD(
                R"({"to": "t", "table": "tags", "link": "usertags", "columns": ["user_id"], "link_columns": ["tag_id"]})"),
            "did you mean \"user_tags\"?"},
        Bad{"LinkColumns",
            CHILD(R"({"to": "t", "table": "tags", "link": "user_tags", "columns": ["user_id"]})"),
            "`link_columns` is empty"},
        Bad{"LinkWithout",
            CHILD(
                R"({"to": "o", "table": "orders", "columns": ["user_id"], "link_taken": ["rank"]})"),
            "for a `link`"},
        Bad{"LinkTwice",
            CHILD(
                R"({"to": "t", "table": "tags", "link": "user_tags", "columns": ["user_id"], "link_columns": ["tag_id"], "children": [{"to": "n", "table": "notes", "columns": ["user_id"]}]})"),
            "name twice"},
        Bad{"UnpivotId", USERS(R"("unpivot": {"value": "v", "parts": [{"column": "level_1"}]})"),
            "tells them apart"},
        Bad{"UnpivotName",
            USERS(
                R"("id": {"kind": "hash"}, "unpivot": {"value": "v", "parts": [{"column": "level_1", "constants": {"mail": 1}}]})"),
            "already"},
        Bad{"UnpivotParts", USERS(R"("id": {"kind": "hash"}, "unpivot": {"value": "v"})"),
            "`parts` is empty"},
        Bad{"PivotGroup",
            R"({"table": "settings", "into": "s", "pivot": {"group": ["guild"], "name": "key", "value": "value"}})",
            "belong to no group"},
        Bad{"PivotId",
            R"({"table": "settings", "into": "s", "pivot": {"name": "key", "value": "value"}})",
            "of all rows needs an _id"},
        Bad{"PivotName",
            R"({"table": "settings", "into": "s", "id": {"kind": "format", "format": "s"}, "pivot": {"name": "kye", "value": "value"}})",
            "\"key\"?"},
        Bad{"After", USERS(R"("after": ["user"])"), "no part \"user\"; did you mean \"users\"?"},
        Bad{"Circle",
            USERS(
                R"("after": ["orders"])") R"(, {"table": "orders", "into": "orders", "after": ["users"]})",
            "circle: users, orders, users"},
        Bad{"Twice", USERS(R"("skip": [])") "," USERS(R"("skip": [])"), "two parts"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Validate, TellsAllAtOnce) {
  const auto found = problems(R"({"table": "users", "into": "", "skip": ["a"], "fields": [
    {"to": "x", "from": "b"}, {"to": "y"}]}, {"table": "none", "into": "n"})");
  EXPECT_EQ(found.size(), 5U);
}

TEST(Validate, NeedsTables) { EXPECT_EQ(problems("").size(), 1U); }

}  // namespace
}  // namespace quire::importer
