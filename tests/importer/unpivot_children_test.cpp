// Rows of other tables inside of the documents that one wide row becomes.
#include "mapped_rows.hpp"
#include "quire/importer/mapping.hpp"

namespace quire::importer {
namespace {

using test::expect_cuts;
using test::i;
using test::mapped;
using test::MemorySource;
using test::null;
using test::of;
using test::t;

/// Guilds with a role for each of three levels; members with their level, and what they did.
MemorySource guilds() {
  MemorySource source;
  source.add("guilds", {"id:int64", "level_1:int64?", "level_2:int64?", "level_3:int64?"}, {"id"},
             {{i(1), i(11), null, i(13)}, {i(2), null, null, null}, {i(3), i(31), i(32), i(33)}});
  source.add("members", {"id:int64", "guild:int64?", "level:int32?", "role:int64", "name:text"},
             {"id"},
             {{i(1), i(1), i(1), i(11), t("Ada")},
              {i(2), i(1), i(3), i(11), t("Bo")},
              {i(3), i(1), i(2), i(13), t("no such document")},
              {i(4), i(1), i(1), i(13), t("Cy")},
              {i(5), i(2), i(1), i(9), t("of nobody")},
              {i(6), i(3), null, i(32), t("no level")},
              {i(7), i(3), i(2), i(32), t("Di")},
              {i(8), i(9), i(2), i(32), t("orphan")},
              {i(9), i(3), i(1), i(33), t("Ed")}});
  source.add("deeds", {"id:int64", "member:int64", "what:text"}, {"id"},
             {{i(1), i(3), t("lost")},
              {i(2), i(4), t("sang")},
              {i(3), i(1), t("ran")},
              {i(4), i(7), t("dug")},
              {i(5), i(4), t("ate")},
              {i(6), i(6), t("lost")}});
  source.add("notes", {"guild:int64", "text:text"}, {"guild"}, {{i(3), t("big")}});
  return source;
}
Mapping levels(const std::string& children) {
  return of(R"({"table": "guilds", "into": "ranks", "others": false,
    "id": {"kind": "format", "format": "{id}/{level}"},
    "unpivot": {"value": "role", "parts": [
      {"column": "level_1", "constants": {"level": 1}}, {"column": "level_2", "constants": {"level": 2}},
      {"column": "level_3", "constants": {"level": 3}}]},
    "children": [)" +
            children + "]}");
}
constexpr auto note =
    R"({"to": "note", "table": "notes", "columns": ["guild"], "many": false, "value": "text"})";
const std::string members = R"({"to": "members", "table": "members", "others": false,
  "columns": ["guild", "level"], "referenced": ["id", "level"],
  "order": [{"column": "name", "descending": true}], "fields": [{"to": "name", "from": "name"}],
  "children": [{"to": "did", "table": "deeds", "columns": ["member"], "value": "what"}]}, )";

TEST(UnpivotChildren, AreInTheDocumentWhoseValueTheyHold) {
  MemorySource source = guilds();
  const Mapping mapping = levels(members + note);
  EXPECT_EQ(validate(mapping, source.schema), std::vector<std::string>{});
  const std::vector<std::string> expected = {
      R"({"_id": "1/1", "members": [{"name": "Cy", "did": ["sang", "ate"]}, {"name": "Ada", "did": ["ran"]}]})",
      R"({"_id": "1/3", "members": [{"name": "Bo", "did": []}]})",
      R"({"_id": "3/1", "members": [{"name": "Ed", "did": []}], "note": "big"})",
      R"({"_id": "3/2", "members": [{"name": "Di", "did": ["dug"]}], "note": "big"})",
      R"({"_id": "3/3", "members": [], "note": "big"})"};
  EXPECT_EQ(mapped(source, mapping), expected);
  expect_cuts(source, mapping);
}

TEST(UnpivotChildren, MayBeToldByTheColumnsOwnValue) {
  MemorySource source = guilds();
  const Mapping mapping = levels(R"({"to": "members", "table": "members", "value": "name",
    "columns": ["guild", "role"], "referenced": ["id", "role"]})");
  const std::vector<std::string> expected = {
      R"({"_id": "1/1", "members": ["Ada", "Bo"]})",
      R"({"_id": "1/3", "members": ["no such document", "Cy"]})",
      R"({"_id": "3/1", "members": []})", R"({"_id": "3/2", "members": ["no level", "Di"]})",
      R"({"_id": "3/3", "members": ["Ed"]})"};
  EXPECT_EQ(mapped(source, mapping), expected);
}

TEST(UnpivotChildren, FailTheirDocumentAlone) {
  MemorySource source = guilds();
  const Mapping mapping =
      levels(R"({"to": "members", "table": "members", "columns": ["guild", "level"],
    "referenced": ["id", "level"], "value": "n",
    "fields": [{"to": "n", "from": "name", "values": {"Ada": 1, "Bo": 2, "Di": 4, "Ed": 5}}]})");
  const auto made = mapped(source, mapping);
  ASSERT_EQ(made.size(), 5U);
  EXPECT_TRUE(made[0].starts_with("! map members[1].n raw")) << made[0];
  EXPECT_NE(made[0].find("\"Cy\""), std::string::npos) << made[0];
  EXPECT_EQ(made[1], R"({"_id": "1/3", "members": [2]})");
  EXPECT_EQ(made[3], R"({"_id": "3/2", "members": [4]})");
}

TEST(UnpivotChildren, AreReadByAColumnOfTheTableItself) {
  const MemorySource source = guilds();
  const auto problem = [&](const std::string& child) {
    const auto found = validate(levels(child), source.schema);
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? std::string() : found[0];
  };
  EXPECT_EQ(
      problem(R"({"to": "m", "table": "members", "columns": ["role"], "referenced": ["role"]})"),
      "ranks: child \"m\": `referenced` has only columns that `unpivot` adds; one of "
      "\"guilds\" itself has to be among them");
  EXPECT_EQ(problem(R"({"to": "m", "table": "members", "columns": ["guild", "name"],
    "referenced": ["id", "role"]})"),
            "ranks: child \"m\": \"members.name\" is text and \"role\" is int64: they are never "
            "equal");
  EXPECT_EQ(problem(R"({"to": "m", "table": "members", "columns": ["guild", "lvl"],
    "referenced": ["id", "level"]})"),
            "ranks: child \"m\": `columns`: the table \"members\" has no column \"lvl\"");
  EXPECT_EQ(
      problem(R"({"to": "n", "table": "notes", "link": "members", "columns": ["guild", "level"],
    "referenced": ["id", "level"], "link_columns": ["id"], "link_referenced": ["guild"]})"),
      "ranks: child \"n\": `referenced`: a `link` refers to columns of \"guilds\" itself, "
      "not to \"level\", which `unpivot` adds");
  EXPECT_EQ(problem(R"({"to": "m", "table": "members", "columns": ["guild", "level"]})"),
            "ranks: child \"m\": `columns` has 2 columns, and refers to 1 of \"guilds\": id");
}

}  // namespace
}  // namespace quire::importer
