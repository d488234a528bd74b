// Names of columns that are no names of fields, or are none that a path can say.
#include "mapped_rows.hpp"
#include "quire/importer/propose.hpp"

namespace quire::importer {
namespace {

using test::i;
using test::mapped;
using test::MemorySource;
using test::null;
using test::of;
using test::t;

using Texts = std::vector<std::string>;

MemorySource odd() {
  MemorySource source;
  source.add("o", {"id:int64", "a.b:text", "a_b:text", "$x:text", "_x:text", "😀:text", " :text"},
             {"id"}, {{i(1), t("1"), t("2"), t("3"), t("4"), t("5"), t("6")}});
  return source;
}

TEST(FieldNames, ThatAPathCannotSayStandAsTheyAre) {
  MemorySource source = odd();
  const Mapping mapping =
      of(R"({"table": "o", "into": "o", "fields": [{"to": "x", "from": "$x"}]})");
  EXPECT_EQ(validate(mapping, source.schema), Texts{});
  EXPECT_EQ(
      mapped(source, mapping),
      Texts{R"({"_id": 1, "x": "3", "a.b": "1", "a_b": "2", "_x": "4", "😀": "5", " ": "6"})"});
}

struct BadName {
  const char* name;
  const char* rules;
  const char* says;
};
class FieldNamesBad : public ::testing::TestWithParam<BadName> {};
TEST_P(FieldNamesBad, AreToldWithWhatHelps) {
  MemorySource source = odd();
  source.add("c", {"o:int64", "$c:text", "n.m:text"}, {"o"}, {});
  source.add("two", {"$k:text", "k.l:text", "_q:text", "_id:text"}, {"$k", "k.l"}, {});
  source.add("nameless", {":int64", "v:text"}, {""}, {});
  source.add("pairs", {"$g:text", "k:text", "v:text"}, {"$g", "k"}, {});
  const auto found = validate(of(GetParam().rules), source.schema);
  ASSERT_EQ(found.size(), 1U) << (found.empty() ? "" : found[1]);
  EXPECT_NE(found[0].find(GetParam().says), std::string::npos) << found[0];
}
INSTANTIATE_TEST_SUITE_P(
    All, FieldNamesBad,
    ::testing::Values(
        BadName{"Dollar", R"({"table": "o", "into": "o"})",
                "the column \"$x\", which comes under its own name, begins with $, which queries "
                "and updates take for an operator: a field's `to` gives it another name, `skip` "
                "leaves it out"},
        BadName{"DollarOfAChild", R"({"table": "o", "into": "o", "skip": ["$x"], "children":
                [{"to": "c", "table": "c", "columns": ["o"]}]})",
                "o: child \"c\": the column \"$c\""},
        BadName{"SamePath", R"({"table": "o", "into": "o", "skip": ["$x"], "fields":
                [{"to": "a.b", "from": "a_b"}]})",
                "the column \"a.b\", which comes under its own name, and field \"a.b\" are found "
                "by the same path; `skip` leaves the column out, a field's `to` gives it another "
                "name"},
        BadName{"InsideOfAName", R"({"table": "o", "into": "o", "skip": ["$x"], "fields":
                [{"to": "a.b.c", "constant": 1}]})",
                "write a field and one inside of it"},
        BadName{"IdNames", R"({"table": "two", "into": "two", "skip": ["_q", "_id"]})",
                "id: a field of the _id cannot be named \"$k\": it is empty or begins with $; "
                "`names` gives others"},
        BadName{"IdNamesTwice", R"({"table": "two", "into": "two", "skip": ["_q", "_id"],
                "id": {"names": ["k", "k"]}})",
                "two fields of the _id are named \"k\""},
        BadName{"Stamp", R"({"table": "two", "into": "two", "skip": ["_id"],
                "id": {"names": ["k", "l"]}})",
                "the column \"_q\", which comes under its own name, and the stamp that an import "
                "puts on its documents write the same field"},
        BadName{"Id", R"({"table": "two", "into": "two", "skip": ["_q"],
                "id": {"names": ["k", "l"]}})",
                "the column \"_id\", which comes under its own name, and the _id write the same "
                "field; `skip` leaves the column out"},
        BadName{"NamelessKey", R"({"table": "nameless", "into": "n"})",
                "a column without a name cannot tell rows apart"},
        BadName{"GroupOfAPivot", R"({"table": "pairs", "into": "p", "id": {"kind": "hash"},
                "pivot": {"group": ["$g"], "name": "k", "value": "v"}})",
                "the column \"$g\""}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(FieldNames, OfRowsOfNamesAndValuesPutTheirGroupAside) {
  MemorySource source;
  source.add("s", {"g.h:int64", "key:text", "value:text"}, {"g.h", "key"},
             {{i(1), t("_id"), t("x")},
              {i(2), t("$set"), t("x")},
              {i(3), t("theme"), t("x")},
              {i(4), t("a.b"), t("kept")},
              {i(5), t(""), t("x")},
              {i(6), t("g.h"), t("x")},
              {i(7), t("old"), t("dark")}});
  const auto with = [](const std::string& more) {
    return of(R"({"table": "s", "into": "s", "id": {"kind": "hash"}, "fields":
      [{"to": "theme", "from": "old", "null": "omit"}], "pivot": {"group": ["g.h"], "name": "key", "value": "value")" +
              more + "}}");
  };
  const Texts made = mapped(source, with(""));
  ASSERT_EQ(made.size(), 7U);
  for (const std::size_t n : {0U, 1U, 2U, 4U, 5U})
    EXPECT_TRUE(made[n].starts_with("! map")) << made[n];
  EXPECT_NE(made[3].find(R"("g.h": 4, "a.b": "kept"})"), std::string::npos) << made[3];
  EXPECT_NE(made[6].find(R"("theme": "dark")"), std::string::npos) << made[6];
  // Inside of a field of their own fewer names are taken.
  const Texts inside = mapped(source, with(R"(, "to": "more")"));
  for (const std::size_t n : {0U, 2U, 3U, 5U})
    EXPECT_FALSE(inside[n].starts_with("!")) << inside[n];
  EXPECT_NE(inside[0].find(R"("more": {"_id": "x"})"), std::string::npos) << inside[0];
}

TEST(Propose, GivesColumnsNamesThatAFieldCanHave) {
  MemorySource source = odd();
  for (const char* name : {"", "_q"}) source.schema.tables[0].columns.emplace_back().name = name;
  source.add("a.b", {"$k:text", "k.l:text", "k_l:text", "_id:text"}, {"$k", "k.l", "k_l"}, {});
  source.add("a_b", {"id:int64", "o:int64", "x.y:text"}, {"id"}, {});
  source.add("_quire_jobs", {"id:int64"}, {"id"}, {});
  source.add("nameless", {":int64", "v:text"}, {""}, {});
  source.add("_id", {"id:int64", "o:int64", "x.y:text"}, {"id"}, {});
  source.refer("_id", {"o"}, "o", {"id"}, "cascade");
  const Proposal proposal = propose(source.schema);
  EXPECT_EQ(validate(proposal.mapping, source.schema), Texts{});
  const auto part = [&](const std::string& table) -> const TableMapping& {
    for (const TableMapping& one : proposal.mapping.tables)
      if (one.table == table) return one;
    throw std::out_of_range(table);
  };
  const auto fields = [](const auto& rules) {
    std::string out;
    for (const FieldRule& rule : rules.fields) out += rule.from + " " + rule.to + ", ";
    return out;
  };
  EXPECT_EQ(fields(part("o")), "a.b a_b_, $x _x_, _q _q_, ");
  EXPECT_EQ(part("o").skip, Texts{""});
  EXPECT_EQ(part("o").children.at(0).to, "_id_rows");
  EXPECT_EQ(fields(part("o").children.at(0)), "x.y x_y, ");
  EXPECT_EQ(part("a.b").id.names, (Texts{"_k", "k_l", "k_l_"}));
  EXPECT_EQ(fields(part("a.b")), "_id _id_, ");
  EXPECT_NE(part("a.b").into, part("a_b").into);
  EXPECT_EQ(part("_quire_jobs").into, "old_quire_jobs");
  for (const TableMapping& one : proposal.mapping.tables) EXPECT_NE(one.table, "nameless");
}

}  // namespace
}  // namespace quire::importer
