#include <gtest/gtest.h>

#include <random>
#include <set>

#include "mapped_rows.hpp"

namespace quire::importer {
namespace {

using test::expect_cuts;
using test::i;
using test::mapped;
using test::MemorySource;
using test::null;
using test::of;
using test::t;

MemorySource people() {
  MemorySource source;
  source.add("people", {"id:int64", "first:text", "last:text?", "age:text?", "old:text?"}, {"id"},
             {{i(2), t("Bo"), null, t("x"), null}, {i(1), t("Ada"), t("L"), t("36"), t("gone")}});
  return source;
}

TEST(MappedReader, BringsColumnsUnderTheirNamesAndTheKeyAsId) {
  MemorySource source = people();
  const std::vector<std::string> expected = {
      R"({"_id": 1, "first": "Ada", "last": "L", "age": "36", "old": "gone"})",
      R"({"_id": 2, "first": "Bo", "last": null, "age": "x", "old": null})"};
  EXPECT_EQ(mapped(source, of(R"({"table": "people", "into": "people"})")), expected);
}

TEST(MappedReader, RenamesSkipsNestsAndAddsFields) {
  MemorySource source = people();
  const Mapping mapping = of(R"({"table": "people", "into": "people", "others": true,
    "skip": ["old", "age"], "fields": [
      {"to": "name.first", "from": "first", "upper": true},
      {"to": "kind", "constant": "person"},
      {"to": "name.last", "from": "last", "null": "omit"},
      {"to": "label", "format": "{{{first}}} no. {id}"},
      {"to": "made", "time_of_import": true}]})");
  const std::vector<std::string> expected = {
      R"({"_id": 1, "name": {"first": "ADA", "last": "L"}, "kind": "person", "label": "{Ada} no. 1", "made": {"$date": "1970-01-01T00:00:00Z"}})",
      R"({"_id": 2, "name": {"first": "BO"}, "kind": "person", "label": "{Bo} no. 2", "made": {"$date": "1970-01-01T00:00:00Z"}})"};
  EXPECT_EQ(mapped(source, mapping), expected);
}

TEST(MappedReader, LeavesOutNestedDocumentsThatHaveNothing) {
  MemorySource source = people();
  const Mapping mapping = of(R"({"table": "people", "into": "people", "others": false, "fields": [
      {"to": "a.b.last", "from": "last", "null": "omit"}, {"to": "a.old", "from": "old", "null": "omit"}]})");
  const std::vector<std::string> expected = {
      R"({"_id": 1, "a": {"b": {"last": "L"}, "old": "gone"}})", R"({"_id": 2})"};
  EXPECT_EQ(mapped(source, mapping), expected);
}

TEST(MappedReader, TreatsNullsAsTheRuleSays) {
  MemorySource source = people();
  const Mapping mapping = of(R"({"table": "people", "into": "people", "others": false, "fields": [
      {"to": "a", "from": "last", "null": "fallback", "fallback": "none"},
      {"to": "b", "from": "last", "null": "omit"},
      {"to": "c", "from": "last"}]})");
  EXPECT_EQ(mapped(source, mapping)[1], R"({"_id": 2, "a": "none", "c": null})");
  const Mapping strict = of(R"({"table": "people", "into": "people", "others": false, "fields": [
      {"to": "c", "from": "last", "null": "reject"}]})");
  EXPECT_EQ(mapped(source, strict)[1], R"(! map c raw {"id": 2, "last": null})");
}

TEST(MappedReader, ReplacesValuesByATable) {
  MemorySource source;
  source.add("t", {"id:int64", "v:text?"}, {"id"},
             {{i(1), t("M ")}, {i(2), t("f")}, {i(3), t("?")}, {i(4), null}});
  const auto with = [&](const std::string& more) {
    return mapped(source, of(R"({"table": "t", "into": "t", "fields": [{"to": "v", "from": "v",
      "lower": true, "trim": true, "values": {"m": "male", "f": 2}, )" +
                             more + "}]}"));
  };
  const auto kept = with(R"("other": "keep")");
  EXPECT_EQ(kept[0], R"({"_id": 1, "v": "male"})");
  EXPECT_EQ(kept[1], R"({"_id": 2, "v": 2})");
  EXPECT_EQ(kept[2], R"({"_id": 3, "v": "?"})");
  EXPECT_EQ(kept[3], R"({"_id": 4, "v": null})");
  EXPECT_EQ(with(R"("other": "null", "null": "omit")")[2], R"({"_id": 3})");
  EXPECT_EQ(with(R"("other": "fallback", "fallback": 0)")[2], R"({"_id": 3, "v": 0})");
  EXPECT_EQ(with(R"("other": "reject")")[2], R"(! map v raw {"id": 3, "v": "?"})");
}

TEST(MappedReader, ComparesNumbersOfValuesByTheirValue) {
  MemorySource source;
  source.add("t", {"id:int64", "v:any"}, {"id"},
             {{i(1), i(5)},
              {i(2), Cell::of_real(5)},
              {i(3), Cell::of_text(Cell::Kind::decimal, "5.00")},
              {i(4), t("5")},
              {i(5), null}});
  const auto made =
      mapped(source, of(R"({"table": "t", "into": "t", "fields": [{"to": "v", "from": "v",
      "values": [{"from": 5, "to": "five"}, {"from": null, "to": "nothing"}], "other": "keep"}]})"));
  for (int n = 0; n < 3; ++n)
    EXPECT_EQ(made[static_cast<std::size_t>(n)],
              R"({"_id": )" + std::to_string(n + 1) + R"(, "v": "five"})");
  EXPECT_EQ(made[3], R"({"_id": 4, "v": "5"})");
  EXPECT_EQ(made[4], R"({"_id": 5, "v": "nothing"})");
}

TEST(MappedReader, ComputesFields) {
  MemorySource source = people();
  Mapping mapping = of(R"({"table": "people", "into": "people", "others": false})");
  FieldRule rule{.to = "full"};
  rule.compute = [](const RowView& row) -> bson::Value {
    if (row["last"].type() == bson::Type::null) throw std::runtime_error("no last name");
    return row.text("first") + " " + row.text("last");
  };
  mapping.tables[0].fields.push_back(rule);
  const auto made = mapped(source, mapping);
  EXPECT_EQ(made[0], R"({"_id": 1, "full": "Ada L"})");
  EXPECT_TRUE(made[1].starts_with("! map full raw")) << made[1];
  mapping.tables[0].fields[0].compute = [](const RowView& row) { return row["lst"]; };
  EXPECT_TRUE(mapped(source, mapping)[0].starts_with("! map full raw"));
}

TEST(MappedReader, FailsARowAloneAndKeepsWhatTheSourceHas) {
  MemorySource source = people();
  const auto made = mapped(source, of(R"({"table": "people", "into": "people",
      "skip": ["first", "last", "old"], "fields": [{"to": "n.age", "from": "age", "as": "int32"}]})"));
  EXPECT_EQ(made[0], R"({"_id": 1, "n": {"age": 36}})");
  EXPECT_EQ(made[1], R"(! map n.age raw {"id": 2, "age": "x"})");
}

TEST(MappedReader, TellsCellsThatTheSourceCouldNotRead) {
  MemorySource source;
  source.add("t", {"id:int64", "v:text"}, {"id"},
             {{i(1), Cell::of_text(Cell::Kind::unreadable, "bad page")}, {i(2), t("ok")}});
  const auto made = mapped(source, of(R"({"table": "t", "into": "t"})"));
  EXPECT_EQ(made[0], R"(! read v raw {"id": 1, "v": "unreadable: bad page"})");
  EXPECT_EQ(made[1], R"({"_id": 2, "v": "ok"})");
}

TEST(MappedReader, GivesARowWithoutAKeyNotThatOfTheOneBefore) {
  MemorySource source;
  source.add("t", {"id:text"}, {"id"},
             {{t("a")}, {Cell::of_text(Cell::Kind::unreadable, "bad page")}});
  const Mapping mapping = of(R"({"table": "t", "into": "t"})");
  const CompiledTable table(mapping, mapping.tables[0], source.schema, DateTime{});
  const auto session = source.open();
  MappedReader reader(table, *session, {}, {});
  MappedRow row;
  ASSERT_TRUE(reader.next(row));
  EXPECT_EQ(row.key, bson::Value("a"));
  ASSERT_TRUE(reader.next(row));
  EXPECT_TRUE(row.failure);
  EXPECT_EQ(row.key, bson::Value());
  EXPECT_FALSE(row.document);
}

TEST(MappedReader, RefusesDocumentsThatACheckOrASizeRefuses) {
  MemorySource source;
  const std::string large(17 * 1024 * 1024, 'x');
  source.add("t", {"id:int64", "v:text"}, {"id"},
             {{i(1), t(large)}, {i(2), t("bad")}, {i(3), t("ok")}});
  Mapping mapping = of(R"({"table": "t", "into": "t"})");
  mapping.tables[0].check = [](bson::View document) {
    if (document["v"].as_string() == "bad")
      throw MappingError(ErrorCode::type_mismatch, FieldPath("v"), "no good");
  };
  const auto made = mapped(source, mapping);
  EXPECT_TRUE(made[0].starts_with("! map  raw")) << made[0].substr(0, 100);
  EXPECT_LT(made[0].size(), 2000U);
  EXPECT_EQ(made[1], R"(! map v raw {"id": 2, "v": "bad"})");
  EXPECT_EQ(made[2], R"({"_id": 3, "v": "ok"})");
}

TEST(MappedReader, MakesIdsOfColumnsFormatsAndHashes) {
  MemorySource source;
  source.add("t", {"a:int64", "b:text", "c:text"}, {"a", "b"}, {{i(1), t("x"), t("7")}});
  const auto with = [&](const std::string& id) {
    return mapped(source, of(R"({"table": "t", "into": "t", "id": )" + id + "}"))[0];
  };
  EXPECT_EQ(with("{}"), R"({"_id": {"a": 1, "b": "x"}, "c": "7"})");
  EXPECT_EQ(with(R"({"names": ["left", "right"]})"),
            R"({"_id": {"left": 1, "right": "x"}, "c": "7"})");
  EXPECT_EQ(with(R"({"kind": "columns", "columns": ["c"], "as": "int32"})"),
            R"({"_id": 7, "a": 1, "b": "x"})");
  EXPECT_EQ(with(R"({"kind": "format", "format": "{a}-{b}"})"),
            R"({"_id": "1-x", "a": 1, "b": "x", "c": "7"})");
  const std::string hash = with(R"({"kind": "hash"})");
  // The first 12 bytes of the SHA-256 of "T1:tn1:1t1:x": not to change, since references hold it.
  EXPECT_EQ(hash.substr(0, 42), R"({"_id": {"$oid": "f25880972a69d1d2b24f2eca)");
}

MemorySource shop() {
  MemorySource source;
  source.add("users", {"id:int64", "name:text"}, {"id"},
             {{i(1), t("Ada")}, {i(2), t("Bo")}, {i(3), t("Cy")}});
  source.add("orders", {"id:int64", "user_id:int64?", "at:int64?"}, {"id"},
             {{i(10), i(1), i(7)},
              {i(11), i(1), i(5)},
              {i(12), i(3), null},
              {i(13), i(3), i(1)},
              {i(14), i(9), i(1)},
              {i(15), i(0), i(1)},
              {i(16), null, i(1)}});
  source.add("lines", {"order_id:int64", "n:int64", "what:text"}, {"order_id", "n"},
             {{i(10), i(1), t("tea")},
              {i(10), i(2), t("cup")},
              {i(13), i(1), t("jam")},
              {i(14), i(1), t("lost")}});
  source.add("tags", {"id:int64", "label:text"}, {"id"}, {{i(100), t("new")}, {i(101), t("vip")}});
  source.add("user_tags", {"user_id:int64", "tag_id:int64", "rank:int64"}, {"user_id", "tag_id"},
             {{i(1), i(100), i(2)}, {i(1), i(101), i(1)}, {i(3), i(101), i(1)}});
  source.add("profiles", {"user_id:int64", "bio:text"}, {"user_id"}, {{i(2), t("hello")}});
  return source;
}

TEST(MappedReader, EmbedsChildrenOfChildrenInOrder) {
  MemorySource source = shop();
  const Mapping mapping = of(R"({"table": "users", "into": "users", "children": [
    {"to": "orders", "table": "orders", "columns": ["user_id"], "order": [{"column": "at"}],
     "fields": [{"to": "_id", "from": "id"}],
     "children": [{"to": "lines", "table": "lines", "columns": ["order_id"], "value": "what"}]}]})");
  const std::vector<std::string> expected = {
      R"({"_id": 1, "name": "Ada", "orders": [{"_id": 11, "at": 5, "lines": []}, {"_id": 10, "at": 7, "lines": ["tea", "cup"]}]})",
      R"({"_id": 2, "name": "Bo", "orders": []})",
      R"({"_id": 3, "name": "Cy", "orders": [{"_id": 13, "at": 1, "lines": ["jam"]}, {"_id": 12, "at": null, "lines": []}]})"};
  EXPECT_EQ(mapped(source, mapping), expected);
  EXPECT_EQ(source.queries, 3);
}

TEST(MappedReader, EmbedsOneAndManyThroughALink) {
  MemorySource source = shop();
  const Mapping mapping = of(R"({"table": "users", "into": "users", "children": [
    {"to": "profile", "table": "profiles", "columns": ["user_id"], "many": false, "or_null": true},
    {"to": "tags", "table": "tags", "link": "user_tags", "columns": ["user_id"],
     "link_columns": ["tag_id"], "link_taken": ["rank"], "order": [{"column": "rank"}], "skip": ["id"]}]})");
  const std::vector<std::string> expected = {
      R"({"_id": 1, "name": "Ada", "profile": null, "tags": [{"label": "vip", "rank": 1}, {"label": "new", "rank": 2}]})",
      R"({"_id": 2, "name": "Bo", "profile": {"bio": "hello"}, "tags": []})",
      R"({"_id": 3, "name": "Cy", "profile": null, "tags": [{"label": "vip", "rank": 1}]})"};
  EXPECT_EQ(mapped(source, mapping), expected);
}

TEST(MappedReader, ReadsChildrenOfFilteredParentsOnly) {
  MemorySource source = shop();
  const Mapping mapping =
      of(R"({"table": "users", "into": "users", "where": "name=Cy", "children": [
    {"to": "orders", "table": "orders", "columns": ["user_id"], "value": "id", "where": "at=1"}]})");
  const std::vector<std::string> expected = {R"({"_id": 3, "name": "Cy", "orders": [13]})"};
  EXPECT_EQ(mapped(source, mapping), expected);
}

TEST(MappedReader, RefusesASecondRowWhereOneIsExpected) {
  MemorySource source = shop();
  const Mapping mapping = of(R"({"table": "users", "into": "users", "children": [
    {"to": "order", "table": "orders", "columns": ["user_id"], "many": false}]})");
  const auto made = mapped(source, mapping);
  EXPECT_TRUE(made[0].starts_with("! map order raw {\"id\": 1")) << made[0];
  EXPECT_EQ(made[1], R"({"_id": 2, "name": "Bo"})");
  EXPECT_TRUE(made[2].starts_with("! map order raw {\"id\": 3")) << made[2];
}

TEST(MappedReader, FailsAParentByItsChildAndGoesOn) {
  MemorySource source = shop();
  const Mapping mapping = of(R"({"table": "users", "into": "users", "children": [
    {"to": "orders", "table": "orders", "columns": ["user_id"], "others": false,
     "fields": [{"to": "at", "from": "at", "null": "reject"}],
     "children": [{"to": "lines", "table": "lines", "columns": ["order_id"], "value": "what"}]}]})");
  const auto made = mapped(source, mapping);
  EXPECT_EQ(
      made[0],
      R"({"_id": 1, "name": "Ada", "orders": [{"at": 7, "lines": ["tea", "cup"]}, {"at": 5, "lines": []}]})");
  EXPECT_EQ(made[1], R"({"_id": 2, "name": "Bo", "orders": []})");
  EXPECT_EQ(made[2],
            R"(! map orders[0].at raw {"id": 3, "name": "Cy", "orders": {"id": 12, "at": null}})");
}

TEST(MappedReader, ReadsRangesAndKeys) {
  MemorySource source = shop();
  const Mapping mapping = of(R"({"table": "users", "into": "users", "children": [
    {"to": "orders", "table": "orders", "columns": ["user_id"], "value": "id"}]})");
  const auto all = mapped(source, mapping);
  const auto from =
      mapped(source, mapping, bson::Value(std::int64_t{1}), bson::Value(std::int64_t{2}));
  EXPECT_EQ(from, std::vector<std::string>{all[1]});
  const std::vector<bson::Value> keys = {std::int64_t{3}, std::int64_t{1}};
  EXPECT_EQ(mapped(source, mapping, {}, {}, keys), (std::vector<std::string>{all[0], all[2]}));
}

MemorySource wide() {
  MemorySource source;
  source.add("guilds",
             {"id:int64", "name:text", "level_1:int64?", "level_2:int64?", "level_3:int64?"},
             {"id"},
             {{i(1), t("a"), i(11), null, i(13)},
              {i(2), t("b"), null, null, null},
              {i(3), t("c"), i(31), i(32), i(33)}});
  return source;
}
constexpr auto levels = R"({"table": "guilds", "into": "ranks",
  "id": {"kind": "format", "format": "{id}/{level}"},
  "fields": [{"to": "guild", "from": "id"}, {"to": "level", "from": "level"}, {"to": "role", "from": "role"}],
  "others": false, "unpivot": {"value": "role", "parts": [
    {"column": "level_1", "constants": {"level": 1}}, {"column": "level_2", "constants": {"level": 2}},
    {"column": "level_3", "constants": {"level": "last"}}]}})";

TEST(MappedReader, MakesSeveralDocumentsOfAWideRow) {
  MemorySource source = wide();
  const std::vector<std::string> expected = {
      R"({"_id": "1/1", "guild": 1, "level": 1, "role": 11})",
      R"({"_id": "1/last", "guild": 1, "level": "last", "role": 13})",
      R"({"_id": "3/1", "guild": 3, "level": 1, "role": 31})",
      R"({"_id": "3/2", "guild": 3, "level": 2, "role": 32})",
      R"({"_id": "3/last", "guild": 3, "level": "last", "role": 33})"};
  EXPECT_EQ(mapped(source, of(levels)), expected);
}

TEST(MappedReader, GoesOnWithinAnUnpivotedRow) {
  MemorySource source = wide();
  expect_cuts(source, of(levels));
}

MemorySource settings() {
  MemorySource source;
  source.add("settings", {"guild:int64", "key:text", "value:text?", "at:int64"}, {"guild", "key"},
             {{i(1), t("theme"), t("dark"), i(5)},
              {i(1), t("size"), t("12"), i(6)},
              {i(2), t("theme"), null, i(7)},
              {i(3), t("x"), t("1"), i(8)},
              {i(3), t("old"), t("2"), i(9)}});
  return source;
}
constexpr auto pivoted = R"({"table": "settings", "into": "settings", "skip": ["old"],
  "fields": [{"to": "size", "from": "size", "as": "int32"}],
  "pivot": {"group": ["guild"], "name": "key", "value": "value", "to": "more"}})";

TEST(MappedReader, MakesOneDocumentOfRowsOfNamesAndValues) {
  MemorySource source = settings();
  const std::vector<std::string> expected = {R"({"_id": 1, "size": 12, "more": {"theme": "dark"}})",
                                             R"({"_id": 2, "more": {"theme": null}})",
                                             R"({"_id": 3, "more": {"x": "1"}})"};
  EXPECT_EQ(mapped(source, of(pivoted)), expected);
  expect_cuts(source, of(pivoted));
  const Mapping all = of(R"({"table": "settings", "into": "settings", "where": "guild=1",
    "id": {"kind": "format", "format": "settings"}, "pivot": {"name": "key", "value": "value"}})");
  EXPECT_EQ(mapped(source, all),
            std::vector<std::string>{R"({"_id": "settings", "size": "12", "theme": "dark"})"});
}

TEST(MappedReader, RefusesGroupsThatHaveANameTwice) {
  MemorySource source;
  source.add(
      "s", {"n:int64", "g:int64", "key:text", "value:text"}, {"n"},
      {{i(1), i(1), t("a"), t("x")}, {i(2), i(1), t("a"), t("y")}, {i(3), i(2), t("a"), t("z")}});
  const auto made = mapped(source, of(R"({"table": "s", "into": "s",
    "pivot": {"group": ["g"], "name": "key", "value": "value"}})"));
  EXPECT_TRUE(made[0].starts_with("! map  raw")) << made[0];
  EXPECT_EQ(made[1], R"({"_id": 2, "a": "z"})");
}

TEST(MappedReader, WritesInTheOrderOfColumnsNullsLast) {
  MemorySource source;
  source.add("t", {"id:int64", "rank:int64?"}, {"id"},
             {{i(1), null}, {i(2), i(9)}, {i(3), i(4)}, {i(4), null}, {i(5), i(4)}});
  const Mapping mapping = of(R"({"table": "t", "into": "t", "order": [{"column": "rank"}]})");
  const std::vector<std::string> expected = {
      R"({"_id": 3, "rank": 4})", R"({"_id": 5, "rank": 4})", R"({"_id": 2, "rank": 9})",
      R"({"_id": 1, "rank": null})", R"({"_id": 4, "rank": null})"};
  EXPECT_EQ(mapped(source, mapping), expected);
  expect_cuts(source, mapping);
}

TEST(CompiledTable, NeverCutsGroups) {
  MemorySource source = settings();
  const Mapping mapping = of(pivoted);
  const CompiledTable table(mapping, mapping.tables[0], source.schema, DateTime{});
  const auto session = source.open();
  EXPECT_EQ(table.count(*session, {}, {}), 5);
  const auto first = table.key_at(*session, {}, {}, 1);
  ASSERT_TRUE(first);
  EXPECT_EQ(bson::to_json(*first), R"({"guild": 1, "key": "theme"})");
  EXPECT_EQ(mapped(source, mapping, {}, first).size(), 1U);
  const auto second = table.key_at(*session, first, {}, 1);
  ASSERT_TRUE(second);
  EXPECT_EQ(mapped(source, mapping, first, second).size(), 1U);
  EXPECT_FALSE(table.key_at(*session, {}, {}, 6));
}

TEST(CompiledTable, NeverCutsRowsThatBecomeSeveral) {
  MemorySource source = wide();
  const Mapping mapping = of(levels);
  const CompiledTable table(mapping, mapping.tables[0], source.schema, DateTime{});
  const auto session = source.open();
  EXPECT_EQ(table.count(*session, {}, {}), 9);
  const auto first = table.key_at(*session, {}, {}, 1);
  ASSERT_TRUE(first);
  EXPECT_EQ(mapped(source, mapping, {}, first).size(), 2U);
  EXPECT_EQ(mapped(source, mapping, first, {}).size(), 3U);
}

TEST(CompiledTable, TellsWhatItReadsAndWhatItIs) {
  MemorySource source = shop();
  const auto mapping = [](const std::string& more) {
    return of(
        R"({"table": "users", "into": "users", "fields": [{"to": "n", "from": "name", "on_insert": true}],
      "children": [{"to": "orders", "table": "orders", "columns": ["user_id"])" +
        more + "}]}");
  };
  const Mapping one = mapping("");
  const CompiledTable table(one, one.tables[0], source.schema, DateTime{});
  EXPECT_EQ(table.on_insert(), std::vector<std::string>{"n"});
  EXPECT_EQ(table.key(), std::vector<std::string>{"id"});
  const Mapping two = mapping(R"(, "order": [{"column": "at"}])");
  const CompiledTable other(two, two.tables[0], source.schema, DateTime{});
  EXPECT_NE(table.canonical(), other.canonical());
  const bson::Document before = table.schema_identity();
  EXPECT_EQ(before, other.schema_identity());
  source.schema.tables[1].columns[2].declared = "text";
  const CompiledTable changed(one, one.tables[0], source.schema, DateTime{});
  EXPECT_NE(changed.schema_identity(), before);
  Mapping wrong = mapping("");
  wrong.tables[0].fields[0].from = "nme";
  EXPECT_THROW(CompiledTable(wrong, wrong.tables[0], source.schema, DateTime{}), ImportError);
}

TEST(MappedReader, MergesAsANaiveJoinDoes) {
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    SCOPED_TRACE(round);
    MemorySource source;
    std::vector<test::Row> parents;
    std::vector<test::Row> children;
    std::set<std::int64_t> ids;
    for (auto n = random() % 20; n > 0; --n) ids.insert(static_cast<std::int64_t>(random() % 40));
    for (const std::int64_t id : ids)
      parents.push_back({i(id), random() % 3 == 0 ? t("x") : t("y")});
    for (auto n = static_cast<std::int64_t>(random() % 60); n > 0; --n)
      children.push_back({i(n), i(static_cast<std::int64_t>(random() % 45) - 2),
                          i(static_cast<std::int64_t>(random() % 5))});
    source.add("p", {"id:int64", "kind:text"}, {"id"}, parents);
    source.add("c", {"id:int64", "p:int64", "v:int64"}, {"id"}, children);
    const Mapping mapping = of(R"({"table": "p", "into": "p", "children": [
      {"to": "c", "table": "c", "columns": ["p"], "order": [{"column": "v", "descending": true}], "value": "id"}]})");
    std::vector<std::string> expected;
    for (const std::int64_t id : ids) {
      std::vector<std::pair<std::int64_t, std::int64_t>> mine;
      for (const test::Row& child : children)
        if (child[1].integer == id) mine.emplace_back(-child[2].integer, child[0].integer);
      std::sort(mine.begin(), mine.end());
      std::string list;
      for (const auto& one : mine) list += (list.empty() ? "" : ", ") + std::to_string(one.second);
      const auto at = std::distance(ids.begin(), ids.find(id));
      expected.push_back("{\"_id\": " + std::to_string(id) + ", \"kind\": \"" +
                         std::string(parents[static_cast<std::size_t>(at)][1].text) +
                         "\", \"c\": [" + list + "]}");
    }
    ASSERT_EQ(mapped(source, mapping), expected);
  }
}

}  // namespace
}  // namespace quire::importer
