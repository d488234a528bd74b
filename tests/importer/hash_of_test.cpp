// References to documents whose _id is a hash of a key.
#include <gtest/gtest.h>

#include "importer/key_hash.hpp"
#include "importer/row_source.hpp"
#include "memory_source.hpp"
#include "quire/bson/decode.hpp"
#include "quire/bson/json.hpp"
#include "quire/importer/checks.hpp"
#include "quire/importer/propose.hpp"
#include "quire/importer/typed.hpp"

namespace quire::importer {
namespace {

using test::i;
using test::MemorySource;
using test::null;
using test::t;

std::vector<bson::Document> documents(MemorySource& source, const Mapping& mapping,
                                      std::size_t part) {
  const CompiledTable table(mapping, mapping.tables.at(part), source.schema, DateTime{});
  const auto session = source.open();
  MappedReader reader(table, *session, {}, {});
  std::vector<bson::Document> out;
  for (MappedRow row; reader.next(row);) {
    EXPECT_TRUE(row.document) << row.failure->what();
    if (row.document) out.push_back(*row.document);
  }
  return out;
}
std::string text(bson::ValueView value) { return bson::to_json(value); }

Cell decimal(std::string_view digits) { return Cell::of_text(Cell::Kind::decimal, digits); }
Cell uuid(std::string_view spelt) { return Cell::of_uuid(bson::Uuid::from_string(spelt).bytes); }

TEST(KeyHash, IsTheSameForWhatTheSourceTakesForEqual) {
  const auto hash = [](const Cell& cell, HashAs as) {
    std::string scratch;
    KeyHash made("t");
    made.add(cell, as, scratch);
    return made.finish();
  };
  const auto is = [&](const Cell& cell) { return hash(cell, HashAs::is); };
  const ObjectId five = is(i(5));
  EXPECT_EQ(is(Cell::of_integer(Cell::Kind::int32, 5)), five);
  EXPECT_EQ(is(Cell::of_unsigned(5)), five);
  EXPECT_EQ(is(decimal("5.00")), five);
  EXPECT_EQ(is(Cell::of_real(5)), five);
  EXPECT_NE(is(decimal("5.01")), five);
  EXPECT_NE(is(t("5")), five);
  EXPECT_EQ(is(Cell::of_integer(Cell::Kind::boolean, 1)), is(i(1)));
  EXPECT_EQ(hash(t("ab   "), HashAs::padded), hash(t("ab"), HashAs::padded));
  EXPECT_NE(hash(t("ab "), HashAs::text), hash(t("ab"), HashAs::text));
  constexpr auto dashes = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
  const ObjectId id = hash(uuid(dashes), HashAs::uuid);
  EXPECT_EQ(hash(t(dashes), HashAs::uuid), id);
  EXPECT_EQ(hash(t("{6BA7B8109DAD11D180B400C04FD430C8}"), HashAs::uuid), id);
  const std::string bytes("\x6b\xa7\xb8\x10\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8", 16);
  EXPECT_EQ(hash(Cell::of_text(Cell::Kind::binary, bytes), HashAs::uuid), id);
  EXPECT_NE(hash(t("6ba7b810"), HashAs::uuid), id);
  EXPECT_EQ(hash(uuid(dashes), HashAs::text), hash(t(dashes), HashAs::text));
  Cell kept = uuid(dashes);
  kept.text = "6BA7B810-9DAD-11D1-80B4-00C04FD430C8";  // as the source has it
  EXPECT_EQ(hash(kept, HashAs::text), hash(t(kept.text), HashAs::text));
}

/// One key of several columns, and those that refer to it with other types.
MemorySource seats() {
  MemorySource source;
  source.add(
      "halls", {"city:text", "number:decimal", "name:text"}, {"city", "number"},
      {{t("Bonn"), decimal("1.00"), t("Beethoven")}, {t("Bonn"), decimal("2.00"), t("Brahms")}});
  source.add("concerts", {"id:int64", "hall_no:int32?", "hall_city:text?"}, {"id"},
             {{i(1), i(2), t("Bonn")}, {i(2), null, t("Bonn")}, {i(3), i(1), t("Bonn")}});
  source.add("seats", {"concert:int64", "n:int64", "city:text", "hall:int64"}, {"concert", "n"},
             {{i(1), i(7), t("Bonn"), i(1)}, {i(1), i(8), t("Bonn"), i(2)}});
  return source;
}
constexpr auto concerts = R"({"tables": [
  {"table": "halls", "into": "halls", "id": {"kind": "hash"}},
  {"table": "concerts", "into": "concerts",
   "fields": [{"to": "hall", "hash_of": {"part": "halls", "columns": ["hall_city", "hall_no"]}}],
   "children": [{"to": "seats", "table": "seats", "columns": ["concert"], "others": false,
     "fields": [{"to": "n", "from": "n"},
                {"to": "at.hall", "hash_of": {"part": "halls", "columns": ["city", "hall"]}}]}]}]})";

TEST(HashOf, IsTheIdOfTheDocumentThatIsReferredTo) {
  MemorySource source = seats();
  const Mapping mapping = Mapping::from_json(concerts);
  EXPECT_EQ(validate(mapping, source.schema), std::vector<std::string>{});
  const auto halls = documents(source, mapping, 0);
  const auto made = documents(source, mapping, 1);
  ASSERT_EQ(made.size(), 3U);
  EXPECT_EQ(text(made[0]["hall"]), text(halls[1]["_id"]));
  EXPECT_TRUE(made[1]["hall"].is_null());
  EXPECT_EQ(text(made[2]["hall"]), text(halls[0]["_id"]));
  EXPECT_EQ(text(made[0]["hall_city"]), R"("Bonn")");  // columns stay under their own names
  const bson::View inside = made[0]["seats"].as_array();
  EXPECT_EQ(text(inside["0"].as_document()["at"].as_document()["hall"]), text(halls[0]["_id"]));
  EXPECT_EQ(text(inside["1"].as_document()["at"].as_document()["hall"]), text(halls[1]["_id"]));
}

TEST(HashOf, TreatsNullsAsTheRuleSays) {
  MemorySource source = seats();
  const auto second = [&](const std::string& policy) {
    Mapping mapping = Mapping::from_json(concerts);
    mapping.tables[1] = Mapping::from_json(R"({"tables": [{"table": "concerts", "into": "concerts",
      "others": false, "fields": [{"to": "hall", )" +
                                           policy + R"(, "hash_of": {"part": "halls",
      "columns": ["hall_city", "hall_no"]}}]}]})")
                            .tables[0];
    const CompiledTable table(mapping, mapping.tables[1], source.schema, DateTime{});
    const auto session = source.open();
    MappedReader reader(table, *session, {}, {});
    MappedRow row;
    for (int n = 0; n < 2; ++n) EXPECT_TRUE(reader.next(row));
    return row.document ? bson::to_json(row.document->view()) : row.failure->path().str();
  };
  EXPECT_EQ(second(R"("null": "omit")"), R"({"_id": 2})");
  EXPECT_EQ(second(R"("null": "reject")"), "hall");
  EXPECT_EQ(second(R"("null": "fallback", "fallback": "no")"), R"({"_id": 2, "hall": "no"})");
}

/// Ranks and assignments of one wide row, and bans that name a rank's column.
MemorySource guilds() {
  MemorySource source;
  source.add("guilds", {"id:int64", "level_0:int64?", "level_1:int64?"}, {"id"},
             {{i(1), i(10), i(11)}, {i(2), null, i(21)}});
  source.add("bans", {"id:int64", "guild:int32"}, {"id"}, {{i(5), i(2)}});
  return source;
}
constexpr auto ranks = R"({"tables": [
  {"table": "guilds", "into": "ranks", "id": {"kind": "hash"}, "others": false,
   "fields": [{"to": "rank", "from": "rank"}],
   "unpivot": {"value": "role", "parts": [{"column": "level_0", "constants": {"rank": 0}},
                                          {"column": "level_1", "constants": {"rank": 1}}]}},
  {"name": "assigned", "table": "guilds", "into": "assignments", "id": {"kind": "hash"},
   "fields": [{"to": "rank_id", "hash_of": {"part": "ranks", "columns": ["id"]}}],
   "unpivot": {"value": "role", "parts": [{"column": "level_0"}, {"column": "level_1"}]}},
  {"table": "bans", "into": "bans", "fields": [
    {"to": "by", "hash_of": {"part": "ranks", "columns": ["guild"], "unpivoted": "level_1"}}]}]})";

TEST(HashOf, RefersToOneOfTheDocumentsThatARowBecame) {
  MemorySource source = guilds();
  const Mapping mapping = Mapping::from_json(ranks);
  EXPECT_EQ(validate(mapping, source.schema), std::vector<std::string>{});
  const auto made = documents(source, mapping, 0);
  const auto assigned = documents(source, mapping, 1);
  ASSERT_EQ(made.size(), 3U);
  ASSERT_EQ(assigned.size(), 3U);
  for (std::size_t n = 0; n < 3; ++n)
    EXPECT_EQ(text(assigned[n]["rank_id"]), text(made[n]["_id"])) << n;
  EXPECT_EQ(text(made[2]["rank"]), "1");
  EXPECT_EQ(text(documents(source, mapping, 2).at(0)["by"]), text(made[2]["_id"]));
}

TEST(HashOf, RefersByColumnsThatAnUnpivotAdds) {
  MemorySource source;
  source.add("g", {"id:int64", "a:text?", "b:text?"}, {"id"}, {{i(1), t("x"), t("y")}});
  source.add("r", {"id:int64", "g:int64", "level:int32", "v:text"}, {"id"},
             {{i(9), i(1), i(2), t("y")}});
  const auto with = [](const std::string& last) {
    return Mapping::from_json(R"({"tables": [
    {"table": "g", "into": "g", "id": {"kind": "hash", "columns": ["id", "level", "v"]},
     "unpivot": {"value": "v", "parts": [{"column": "a", "constants": {"level": 1}},
                                         {"column": "b", "constants": {"level": 2}}]}},
    {"table": "r", "into": "r", "fields": [{"to": "b", "hash_of":
       {"part": "g", "columns": ["g", "level", ")" +
                              last + R"("], "unpivoted": "b"}}]}]})");
  };
  const auto found = validate(with("id"), source.schema);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0],
            "r: field \"b\": hash_of: \"r.id\" is int64 and \"g.v\" is text: their hashes are "
            "never equal");
  EXPECT_EQ(text(documents(source, with("v"), 1).at(0)["b"]),
            text(documents(source, with("v"), 0).at(1)["_id"]));
}

struct BadHash {
  const char* name;
  const char* rule;  ///< of a field of the part "assigned"
  const char* says;
};
class HashOfBad : public ::testing::TestWithParam<BadHash> {};
TEST_P(HashOfBad, TellsOneProblemWithItsPlace) {
  const MemorySource source = guilds();
  Mapping mapping = Mapping::from_json(ranks);
  mapping.tables[1].fields =
      Mapping::from_json(std::string(R"({"tables": [{"fields": [{"to": "r", )") + GetParam().rule +
                         "}]}]}")
          .tables[0]
          .fields;
  const auto found = validate(mapping, source.schema);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0], std::string("assigned: field \"r\": ") + GetParam().says);
}
INSTANTIATE_TEST_SUITE_P(
    All, HashOfBad,
    ::testing::Values(
        BadHash{"NoPart", R"("hash_of": {"part": "rank", "columns": ["id"]})",
                "hash_of: there is no part \"rank\"; did you mean \"ranks\"?"},
        BadHash{
            "NoHash", R"("hash_of": {"part": "bans", "columns": ["id"]})",
            "hash_of: the _id of \"bans\" is no hash but of the kind \"key\"; a reference to it "
            "comes by `from` or `format`, or its `id` becomes a \"hash\""},
        BadHash{"Count", R"("hash_of": {"part": "ranks", "columns": ["id", "role"]})",
                "hash_of: `columns` has 2 columns, and the _id of \"ranks\" is a hash of 1: id"},
        BadHash{"Column", R"("hash_of": {"part": "ranks", "columns": ["idd"]})",
                "hash_of: `columns`: the table \"guilds\" has no column \"idd\"; did you mean "
                "\"id\"?"},
        BadHash{"Unpivoted",
                R"("hash_of": {"part": "ranks", "columns": ["id"], "unpivoted": "level_2"})",
                "hash_of: `unpivoted`: the `unpivot` of \"ranks\" has no column \"level_2\"; did "
                "you mean \"level_0\" or \"level_1\"?"},
        BadHash{"Twice", R"("from": "id", "hash_of": {"part": "ranks", "columns": ["id"]})",
                "says more than once where it comes from; one of `from`, `constant`, `format`, "
                "`hash_of`, a computed value and `time_of_import` is possible"},
        BadHash{"Values",
                R"("values": {"a": "b"}, "hash_of": {"part": "ranks", "columns": ["id"]})",
                "`values` says nothing of a hash"},
        BadHash{"As", R"("as": "string", "hash_of": {"part": "ranks", "columns": ["id"]})",
                "`as`, `lower`, `upper` and `trim` are for `from` and `format`"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(HashOf, SaysWhichDocumentOfARowIsMeant) {
  const MemorySource source = guilds();
  const auto problem = [&](const auto& change) {
    Mapping mapping = Mapping::from_json(ranks);
    change(mapping.tables);
    const auto found = validate(mapping, source.schema);
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? std::string() : found[0];
  };
  EXPECT_EQ(problem([](auto& parts) { parts[2].fields[0].hash_of->unpivoted = ""; }),
            "bans: field \"by\": hash_of: a row of \"guilds\" becomes several documents of "
            "\"ranks\": `unpivoted` says which, one of level_0, level_1");
  EXPECT_EQ(problem([](auto& parts) {
              parts[0].unpivot->parts.pop_back();
              parts.pop_back();
            }),
            "assigned: field \"rank_id\": hash_of: the column \"level_1\" of `unpivot` has no "
            "document of \"ranks\", which is made of level_0; `unpivoted` names one for all");
  EXPECT_EQ(problem([](auto& parts) {
              parts[0].unpivot.reset();
              parts[0].fields.clear();
            }),
            "bans: field \"by\": hash_of: `unpivoted` is for a part with `unpivot`, which "
            "\"ranks\" has not");
}

TEST(HashOf, IsAnotherMappingWhereTheTargetsKeyIsAnother) {
  const MemorySource source = seats();
  const auto canonical = [&](const auto& change) {
    Mapping mapping = Mapping::from_json(concerts);
    change(mapping.tables[0]);
    return CompiledTable(mapping, mapping.tables[1], source.schema, DateTime{}).canonical();
  };
  const std::string as_is = canonical([](TableMapping&) {});
  EXPECT_NE(canonical([](TableMapping& halls) { halls.id.columns = {"name", "number"}; }), as_is);
  EXPECT_EQ(canonical([](TableMapping& halls) { halls.skip = {"name"}; }), as_is);
}

// [models]
struct Hall {
  ObjectId id;
  std::string name;
  static auto model() { return quire::model<Hall>("halls"); }
};
struct Seat {
  std::int64_t n = 0;
  ObjectId hall;
};
struct Concert {
  std::int64_t id = 0;
  std::optional<ObjectId> hall;
  std::vector<Seat> seats;
  static auto model() { return quire::model<Concert>("concerts"); }
};
// [/models]

std::vector<TableMapping> typed() {
  // [typed]
  return {into<Hall>("halls").id({.kind = IdKind::hash}).field<&Hall::name>("name"),
          into<Concert>("concerts")
              .field<&Concert::id>("id")
              .hash_of<Hall, &Concert::hall>({"hall_city", "hall_no"})
              .children<&Concert::seats>("seats", {"concert"}, [](auto& seat) {
                seat.template field<&Seat::n>("n");
                seat.template hash_of<Hall, &Seat::hall>({"city", "hall"});
              })};
  // [/typed]
}

TEST(HashOf, ComesIntoMembersOfModels) {
  MemorySource source = seats();
  Mapping mapping;
  mapping.tables = typed();
  EXPECT_EQ(validate(mapping, source.schema), std::vector<std::string>{});
  const ModelInfo* models[] = {&model_of<Hall>(), &model_of<Concert>()};
  EXPECT_EQ(validate(mapping, source.schema, models), std::vector<std::string>{});
  const Hall second = bson::decode<Hall>(documents(source, mapping, 0).at(1).view());
  const Concert first = bson::decode<Concert>(documents(source, mapping, 1).at(0).view());
  EXPECT_EQ(first.hall, second.id);
  EXPECT_EQ(first.seats.at(1).hall, second.id);
  EXPECT_EQ(mapping.tables[1].fields.at(0).null, NullPolicy::keep);
  EXPECT_EQ(mapping.tables[1].children.at(0).fields.at(1).null, NullPolicy::reject);
}

struct Wrong {
  std::int64_t id = 0;
  std::string hall;
  static auto model() { return quire::model<Wrong>("concerts"); }
};
TEST(HashOf, IsComparedWithTheModel) {
  const MemorySource source = seats();
  const ModelInfo* models[] = {&model_of<Wrong>()};
  const auto found = validate(Mapping::from_json(concerts), source.schema, models);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0], "concerts, field hall: the mapping gives objectId, the model reads string");
  const std::string header = structs(Mapping::from_json(concerts), source.schema);
  EXPECT_NE(header.find("std::optional<quire::ObjectId> hall;"), std::string::npos) << header;
}

TEST(Propose, RefersByHashToKeysOfSeveralColumns) {
  MemorySource source = seats();
  source.add("halls_of_others", {"id:int64", "city:text", "n:decimal", "halls_id:text"}, {"id"},
             {});
  source.refer("concerts", {"hall_no", "hall_city"}, "halls", {"number", "city"});
  source.refer("seats", {"concert"}, "concerts", {"id"}, "cascade");
  source.refer("seats", {"city", "hall"}, "halls", {"city", "number"});
  source.refer("halls_of_others", {"city", "n"}, "halls", {"city", "number"});
  const Proposal proposal = propose(source.schema);
  EXPECT_EQ(validate(proposal.mapping, source.schema), std::vector<std::string>{});
  const auto part = [&](const std::string& table) -> const TableMapping& {
    for (const TableMapping& one : proposal.mapping.tables)
      if (one.table == table) return one;
    throw std::out_of_range(table);
  };
  EXPECT_EQ(part("halls").id.kind, IdKind::hash);
  EXPECT_EQ(part("halls_of_others").id.kind, IdKind::key);
  EXPECT_EQ(part("halls_of_others").fields.at(0).to, "city_n_id");
  const FieldRule& rule = part("concerts").fields.at(0);
  EXPECT_EQ(rule.to, "halls_id");
  EXPECT_EQ(rule.hash_of->columns, (std::vector<std::string>{"hall_city", "hall_no"}));
  EXPECT_EQ(part("concerts").children.at(0).fields.at(0).hash_of->part, "halls");
  for (const Decision& one : proposal.decisions) {
    if (one.table == "halls") {
      EXPECT_NE(one.reason.find("its _id is a hash"), std::string::npos) << one.reason;
    }
  }
  std::size_t at = 0;
  while (proposal.mapping.tables[at].table != "concerts") ++at;
  const auto made = documents(source, proposal.mapping, at);
  ASSERT_EQ(made.size(), 3U);
  EXPECT_EQ(made[0]["halls_id"].type(), bson::Type::object_id);
  EXPECT_TRUE(made[1]["halls_id"].is_null());
}

}  // namespace
}  // namespace quire::importer
