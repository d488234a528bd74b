// Mappings that give documents another structure than their tables have.
#include "databases.hpp"
#include "fixture.hpp"
#include "quire/importer/propose.hpp"
#ifdef QUIRE_WITH_MYSQL
#include "mysql.hpp"
#endif
#ifdef QUIRE_WITH_POSTGRESQL
#include "postgresql.hpp"
#endif

namespace quire::importer::test {
namespace {

using migrate::DataResult;
using migrate::VerifyLevel;

/// References among documents whose _ids are hashes: of a uuid that is text elsewhere, of a key of
/// two columns, and of one of the documents that a wide row became.
void put_schools(Legacy& legacy) {
  legacy.run(R"sql(
CREATE TABLE schools(id UUID PRIMARY KEY, name TEXT, head_1 TEXT, head_2 TEXT);
CREATE TABLE classes(school TEXT, year INTEGER, label TEXT, PRIMARY KEY(school, year));
CREATE TABLE pupils(id INTEGER PRIMARY KEY, school TEXT, year NUMERIC, name TEXT);
INSERT INTO schools VALUES ('6BA7B810-9DAD-11D1-80B4-00C04FD430C8', 'a', 'Ada', 'Bo'),
                           ('6ba7b810-9dad-11d1-80b4-00c04fd430c9', 'b', NULL, 'Cy');
INSERT INTO classes SELECT id, 1 + (n.i % 3), 'c' || n.i FROM schools,
  (SELECT 0 AS i UNION SELECT 1 UNION SELECT 2) n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 39)
INSERT INTO pupils SELECT i, CASE i % 2 WHEN 0 THEN '6BA7B810-9DAD-11D1-80B4-00C04FD430C8'
  ELSE '6ba7b810-9dad-11d1-80b4-00c04fd430c9' END, CASE WHEN i % 10 = 9 THEN NULL ELSE 1 + i % 3 END, 'p' || i
  FROM n;
)sql");
}
constexpr auto schools = R"({"tables": [
  {"table": "schools", "into": "schools", "id": {"kind": "hash"}, "skip": ["head_1", "head_2"]},
  {"table": "schools", "into": "heads", "id": {"kind": "hash"}, "others": false,
   "fields": [{"to": "name", "from": "head"},
              {"to": "at", "hash_of": {"part": "schools", "columns": ["id"]}}],
   "unpivot": {"value": "head", "parts": [{"column": "head_1"}, {"column": "head_2"}]}},
  {"table": "classes", "into": "classes", "id": {"kind": "hash"},
   "fields": [{"to": "school", "hash_of": {"part": "schools", "columns": ["school"]}},
              {"to": "head", "hash_of": {"part": "heads", "columns": ["school"], "unpivoted": "head_2"}}],
   "skip": ["school"],
   "children": [{"to": "pupils", "table": "pupils", "columns": ["school", "year"], "order": [{"column": "id"}],
     "fields": [{"to": "class", "hash_of": {"part": "classes", "columns": ["school", "year"]}}]}]},
  {"name": "pupils", "table": "pupils", "into": "pupils", "fields": [
     {"to": "class", "hash_of": {"part": "classes", "columns": ["school", "year"]}}]}]})";

TEST(ImportStructure, RefersToDocumentsByTheHashOfTheirKey) {
  Legacy legacy;
  put_schools(legacy);
  auto db = empty_database();
  const auto source = legacy.open();
  const Mapping mapping = Mapping::from_json(schools);
  const auto report = Importer(*source, db, mapping, small()).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(count(db, "schools"), 2);
  EXPECT_EQ(count(db, "heads"), 3);
  EXPECT_EQ(count(db, "classes"), 6);
  EXPECT_EQ(count(db, "pupils", R"({"class": null})"), 4);
  auto proof = Importer(*source, db, mapping, small()).verify(VerifyLevel::full);
  ASSERT_TRUE(proof.ok()) << proof.json();
  const auto check_of = [&](std::string_view of) {
    for (const ImportPart& part : proof.parts)
      for (const TargetCheck& check : part.checks)
        if (check.of == of) return check;
    ADD_FAILURE() << "no check of " << of << " in " << proof.json();
    return TargetCheck{};
  };
  EXPECT_EQ(check_of("at -> schools").checked, 3);
  EXPECT_EQ(check_of("school -> schools").checked, 6);
  EXPECT_EQ(check_of("head -> heads").checked, 6);
  EXPECT_EQ(check_of("pupils.class -> classes").checked, 36);
  EXPECT_EQ(check_of("class -> classes").checked, 36);

  // A class that is not there any more, at the source and in the target.
  legacy.run("DELETE FROM classes WHERE year = 1 AND school LIKE '%9'");
  ImportOptions options = small();
  options.remove_gone = true;
  const auto later = legacy.open();
  ASSERT_TRUE(Importer(*later, db, mapping, options).run().ok());
  proof = Importer(*later, db, mapping, options).verify(VerifyLevel::digest);
  EXPECT_EQ(proof.result, DataResult::mismatch);
  EXPECT_EQ(check_of("class -> classes").wrong, 5) << proof.json();
  EXPECT_NE(check_of("class -> classes").problem.find("refer to no document of classes"),
            std::string::npos);
}

/// Ranks out of the eight columns of a wide row, each with the members that have it.
TEST(ImportStructure, PutsRowsIntoEachDocumentThatAWideRowBecame) {
  Legacy legacy;
  legacy.run(R"sql(
CREATE TABLE guilds(id INTEGER PRIMARY KEY, level_0 INTEGER, level_1 INTEGER, level_2 INTEGER);
CREATE TABLE members(id INTEGER PRIMARY KEY, guild INTEGER REFERENCES guilds(id), level INTEGER, name TEXT);
CREATE TABLE deeds(id INTEGER PRIMARY KEY, member INTEGER REFERENCES members(id), what TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
INSERT INTO guilds SELECT i, i, CASE i % 3 WHEN 0 THEN NULL ELSE i END, i FROM n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 299)
INSERT INTO members SELECT i, 1 + i % 30, i % 4, 'm' || i FROM n;
INSERT INTO deeds SELECT id, id, 'd' || id FROM members WHERE id % 2 = 0;
)sql");
  const Mapping mapping = Mapping::from_json(R"({"tables": [{"table": "guilds", "into": "ranks",
    "id": {"kind": "hash"}, "unpivot": {"value": "role", "parts": [
      {"column": "level_0", "constants": {"level": 0}}, {"column": "level_1", "constants": {"level": 1}},
      {"column": "level_2", "constants": {"level": 2}}]},
    "children": [{"to": "members", "table": "members", "columns": ["guild", "level"],
      "referenced": ["id", "level"], "order": [{"column": "name"}],
      "children": [{"to": "deeds", "table": "deeds", "columns": ["member"], "value": "what"}]}]}]})");
  auto db = empty_database();
  const auto source = legacy.open();
  const auto report = Importer(*source, db, mapping, small()).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(count(db, "ranks"), 80);
  // Level 1 of a third of the guilds is no document; nobody has level 3.
  std::int64_t members = 0, deeds = 0;
  for (const std::string& line : all(db, "ranks")) {
    const auto document = bson::from_json(line);
    for (const auto& one : document["members"].as_array()) {
      ++members;
      deeds += static_cast<std::int64_t>(one.value.as_document()["deeds"].as_array().count());
    }
  }
  EXPECT_EQ(members, 200);
  EXPECT_EQ(deeds, 150);
  EXPECT_TRUE(Importer(*source, db, mapping, small()).verify(VerifyLevel::full).ok());
  legacy.run("UPDATE members SET level = 2 WHERE id = 4");  // was of level 0
  const auto later = legacy.open();
  const auto again = Importer(*later, db, mapping, small()).run();
  ASSERT_TRUE(again.ok()) << again.json();
  EXPECT_EQ(again.parts.at(0).data.counts.written, 2);
  EXPECT_TRUE(Importer(*later, db, mapping, small()).verify(VerifyLevel::full).ok());
}

TEST(ImportStructure, BringsTablesWhoseNamesAreNoNamesOfFields) {
  Legacy legacy;
  legacy.run(R"sql(
CREATE TABLE "a.b"("$k" TEXT, "k.l" INTEGER, "a.b" TEXT, "a_b" TEXT, "$set" TEXT, "😀" TEXT, " " TEXT, "" TEXT,
  "_q" TEXT, "_id" TEXT, "a'b""c" TEXT, PRIMARY KEY("$k", "k.l"));
CREATE TABLE "a_b"("id" INTEGER PRIMARY KEY, "$k.1" TEXT, "$k.2" INTEGER, "x.y" TEXT,
  FOREIGN KEY("$k.1", "$k.2") REFERENCES "a.b"("$k", "k.l"));
CREATE TABLE "c.$"("$id" INTEGER PRIMARY KEY, "a.b" TEXT);
CREATE TABLE "d.$"("$n" INTEGER, "c.id" INTEGER REFERENCES "c.$"("$id") ON DELETE CASCADE, "$v" TEXT, "v.w" TEXT,
  PRIMARY KEY("$n"));
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
INSERT INTO "a.b" SELECT 'k' || i, i, 'dot', 'line', 'dollar', 'face', 'blank', 'none', 'q', 'id', 'quoted' FROM n;
INSERT INTO "a_b" SELECT "k.l", "$k", "k.l", 'xy' FROM "a.b";
INSERT INTO "c.$" SELECT "k.l", 'ab' FROM "a.b";
INSERT INTO "d.$" SELECT "k.l", 1 + "k.l" % 20, 'v', 'w' FROM "a.b";
)sql");
  const auto source = legacy.open();
  const Proposal proposal = propose(source->schema());
  EXPECT_EQ(validate(proposal.mapping, source->schema()), std::vector<std::string>{});
  auto db = empty_database();
  const auto report = Importer(*source, db, proposal.mapping, small()).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(count(db, "c__", R"({"a_b": "ab"})"), 40);
  EXPECT_EQ(count(db, "c__", R"({"d__._v": "v", "d__.v_w": "w"})"), 20);
  std::string keys;  // which of the two collections is which, their names tell alone
  for (const TableMapping& part : proposal.mapping.tables) {
    if (part.table == "a.b") keys = part.into;
  }
  EXPECT_EQ(count(db, keys, R"({"a_b_": "dot", "a_b": "line", "_set": "dollar", "😀": "face",
    " ": "blank", "_q_": "q", "_id_": "id", "a'b\"c": "quoted", "_k": {"$exists": true}})"),
            40);
  const auto proof = Importer(*source, db, proposal.mapping, small()).verify(VerifyLevel::full);
  EXPECT_TRUE(proof.ok()) << proof.json();
  std::int64_t references = 0;
  for (const ImportPart& part : proof.parts)
    for (const TargetCheck& check : part.checks) references += check.checked;
  EXPECT_EQ(references, 40);
  // Documents are replaced as well as inserted.
  legacy.run(R"(UPDATE "a.b" SET "$set" = 'x'; UPDATE "d.$" SET "$v" = 'x')");
  const auto later = legacy.open();
  const auto again = Importer(*later, db, proposal.mapping, small()).run();
  ASSERT_TRUE(again.ok()) << again.json();
  EXPECT_EQ(count(db, keys, R"({"_set": "x"})"), 40);
  EXPECT_EQ(count(db, "c__", R"({"d__._v": "x"})"), 20);
}

#ifdef QUIRE_WITH_POSTGRESQL

TEST(ImportStructure, RefersByHashAcrossTheTypesOfPostgresql) {
  QUIRE_ON_ONE_STORE();
  QUIRE_NEEDS_POSTGRESQL(old);
  old.run(R"sql(
CREATE TABLE rooms (house uuid, floor numeric(8,2), code character(6), PRIMARY KEY (house, floor, code));
CREATE TABLE desks (id int PRIMARY KEY, house uuid, floor smallint, code varchar(6),
  FOREIGN KEY (house, floor, code) REFERENCES rooms);
INSERT INTO rooms SELECT ('6ba7b810-9dad-11d1-80b4-00c04fd430c' || i % 10)::uuid, i, 'r' || i FROM generate_series(1, 40) i;
INSERT INTO desks SELECT i, ('6ba7b810-9dad-11d1-80b4-00c04fd430c' || i % 10)::uuid, i, 'r' || i FROM generate_series(1, 40) i;
INSERT INTO desks VALUES (41, NULL, 1, 'r1');
)sql");
  const auto source = open_source(old.uri());
  const Mapping mapping = propose(source->schema()).mapping;
  EXPECT_EQ(validate(mapping, source->schema()), std::vector<std::string>{});
  auto db = empty_database();
  const auto report = Importer(*source, db, mapping, small()).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(count(db, "desks", R"({"rooms_id": {"$type": "objectId"}})"), 40);
  EXPECT_EQ(count(db, "desks", R"({"_id": 41, "rooms_id": null})"), 1);
  const auto proof = Importer(*source, db, mapping, small()).verify(VerifyLevel::full);
  EXPECT_TRUE(proof.ok()) << proof.json();
  EXPECT_EQ(proof.parts.back().checks.at(0).checked, 40) << proof.json();
}

#endif
#ifdef QUIRE_WITH_MYSQL

TEST(ImportStructure, TellsReferencesThatOnlyACollationOfMariadbTakesForEqual) {
  QUIRE_ON_ONE_STORE();
  QUIRE_NEEDS_DATABASE(server, "mysql");
  quire::test::MysqlDatabase old(server, "rooms");
  for (const char* sql :
       {"CREATE TABLE rooms (floor BIGINT UNSIGNED, code CHAR(6), PRIMARY KEY (floor, code)) "
        "CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
        "CREATE TABLE desks (id INT PRIMARY KEY, floor BIGINT UNSIGNED, code VARCHAR(6), "
        "FOREIGN KEY (floor, code) REFERENCES rooms (floor, code)) CHARACTER SET utf8mb4 COLLATE "
        "utf8mb4_general_ci",
        "INSERT INTO rooms SELECT seq, CONCAT('r', seq) FROM seq_1_to_40",
        "INSERT INTO desks SELECT seq, seq, CONCAT(IF(seq < 4, 'R', 'r'), seq) FROM seq_1_to_40"})
    old.run(sql);
  const auto source = open_source(old.uri());
  const Mapping mapping = propose(source->schema()).mapping;
  auto db = empty_database();
  ASSERT_TRUE(Importer(*source, db, mapping, small()).run().ok());
  const auto proof = Importer(*source, db, mapping, small()).verify(VerifyLevel::full);
  EXPECT_EQ(proof.result, DataResult::mismatch);
  EXPECT_EQ(proof.parts.back().checks.at(0).checked, 40) << proof.json();
  EXPECT_EQ(proof.parts.back().checks.at(0).wrong, 3) << proof.json();
}

#endif

}  // namespace
}  // namespace quire::importer::test
