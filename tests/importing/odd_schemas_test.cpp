// What real databases have in them must not stop an import, and what does not come is told.
#include <signal.h>

#include <fstream>
#include <functional>
#include <thread>

#include "fixture.hpp"
#include "own_databases.hpp"
#include "quire/importer/propose.hpp"
#ifdef QUIRE_WITH_MYSQL
#include "mysql.hpp"
#endif
#ifdef QUIRE_WITH_POSTGRESQL
#include "postgresql.hpp"
#endif

namespace quire::importer::test {
namespace {

using migrate::VerifyLevel;

/// Imports by `mapping`, proves it, imports again without a change.
ImportReport import_and_prove(const std::string& uri, Database& db, const Mapping& mapping,
                              const ImportOptions& options = small()) {
  const auto source = open_source(uri);
  ImportReport report = Importer(*source, db, mapping, options).run();
  EXPECT_TRUE(report.ok()) << report.json();
  const auto proof = Importer(*source, db, mapping, options).verify(VerifyLevel::full);
  EXPECT_TRUE(proof.ok()) << proof.json();
  const auto later = open_source(uri);
  const auto again = Importer(*later, db, mapping, options).run();
  EXPECT_TRUE(again.ok()) << again.json();
  for (std::size_t i = 0; i < again.parts.size(); ++i) {
    const auto& counts = again.parts[i].data.counts;
    EXPECT_EQ(counts.written, 0) << again.parts[i].name;
    EXPECT_EQ(counts.unchanged, report.parts[i].data.counts.written) << again.parts[i].name;
  }
  return report;
}

void take_back(const std::string& uri, Database& db, const Mapping& mapping) {
  const auto source = open_source(uri);
  const auto back = Importer(*source, db, mapping, small()).rollback();
  EXPECT_TRUE(back.ok()) << back.json();
  for (const TableMapping& table : mapping.tables) EXPECT_EQ(count(db, table.into), 0);
}

std::int64_t written(const ImportReport& report, std::string_view table) {
  for (const ImportPart& part : report.parts) {
    if (part.table == table) return part.data.counts.written;
  }
  ADD_FAILURE() << "no part of " << table << " in " << report.json();
  return -1;
}

std::string decision_on(const Proposal& proposal, std::string_view table) {
  for (const Decision& decision : proposal.decisions) {
    if (decision.table == table) return decision.what + ": " + decision.reason;
  }
  return {};
}

/// Columns c1 to c299 beside the key.
std::string wide_table() {
  std::string sql = "CREATE TABLE wide (id int PRIMARY KEY";
  for (int i = 1; i < 300; ++i) sql += ", c" + std::to_string(i) + " int";
  sql += ")";
  return sql;
}
std::string wide_row(int id) {
  std::string sql = "INSERT INTO wide VALUES (" + std::to_string(id);
  for (int i = 1; i < 300; ++i) sql += "," + std::to_string(i);
  return sql + ")";
}

/// Posts 1 and 2 with parts of 2 MB: nine, and two.
TableMapping posts() {
  TableMapping table;
  table.table = "posts";
  table.into = "posts";
  ChildRule parts;
  parts.to = "parts";
  parts.table = "post_parts";
  parts.columns = {"post_id"};
  parts.order = {{"n"}};
  table.children = {parts};
  return table;
}
void expect_too_large_put_aside(const std::string& uri) {
  Database db = empty_database();
  const auto report = import_and_prove(uri, db, one(posts()));
  EXPECT_EQ(report.parts[0].data.counts.rejected, 1) << report.json();
  EXPECT_EQ(report.parts[0].data.counts.written, 1);
  EXPECT_EQ(count(db, "posts", R"({"_id": 2, "parts.1.n": 2})"), 1);
  const auto rejects = all(db, "_quire_rejects");
  ASSERT_EQ(rejects.size(), 1U);
  EXPECT_NE(rejects[0].find("document_too_large"), std::string::npos) << rejects[0].substr(0, 2000);
  EXPECT_NE(rejects[0].find("16 MiB"), std::string::npos) << rejects[0].substr(0, 2000);
}

/// Kills the source after the third batch; the run ends with what is wrong, and goes on later.
void restart_in_the_middle(quire::test::OwnDatabases& own, const std::string& key,
                           const std::string& uri) {
  Database db = empty_database();
  TableMapping table;
  table.table = "t";
  table.into = "t";
  ImportOptions options{.workers = 1, .batch_documents = 200, .partition_rows = 2000};
  std::atomic<int> batches{0};
  options.throttle.wait = [&]() -> std::string {
    if (++batches == 4) ::kill(static_cast<pid_t>(own.number(key + "_pid")), SIGKILL);
    return {};
  };
  {
    const auto source = open_source(uri);
    const auto report = Importer(*source, db, one(table), options).run();
    EXPECT_FALSE(report.ok()) << report.json();
    ASSERT_TRUE(report.error) << report.json();
    EXPECT_EQ(report.error->code(), ErrorCode::source_failed) << report.json();
    EXPECT_FALSE(report.next.empty()) << report.json();
    EXPECT_EQ(report.json().find("p@ss"), std::string::npos);
  }
  const std::int64_t there = count(db, "t");
  EXPECT_GT(there, 0);
  EXPECT_LT(there, 10000);
  std::unique_ptr<Source> again;
  for (int i = 0; i < 600 && !again; ++i) {
    try {
      again = open_source(uri);
    } catch (const ImportError&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
  ASSERT_TRUE(again);
  options.throttle.wait = {};
  const auto report = Importer(*again, db, one(table), options).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(count(db, "t"), 10000);
  EXPECT_LE(report.parts[0].data.counts.written, 10000) << report.json();
  EXPECT_TRUE(Importer(*again, db, one(table), options).verify(VerifyLevel::full).ok());
}

#ifdef QUIRE_WITH_POSTGRESQL

TEST(OddPostgresql, NothingInASchemaStopsAnImport) {
  QUIRE_ON_ONE_STORE();
  QUIRE_NEEDS_POSTGRESQL(old);
  old.run(R"sql(
CREATE TYPE mood AS ENUM ('happy', 'it''s "so"');
CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE TYPE pair AS (a int, "b.c" text);
CREATE TABLE "Odd.Table$1 😀" ("Key ""q""" numeric(20,3) PRIMARY KEY, "select" mood, "a.b" int[], "$set" text,
  "Ünï" percent, doc tsvector, raw bytea, p pair, r int4range, j jsonb, moods mood[], grid int[][]);
INSERT INTO "Odd.Table$1 😀" SELECT i + 0.125, 'it''s "so"', ARRAY[i, NULL], 'x', 50, to_tsvector('a fat cat'),
  '\x00ff', ROW(i, 'y')::pair, int4range(1, i + 2), '{"a": {"$x": [1]}}', '{happy,NULL}', '{{1,2},{3,4}}'
  FROM generate_series(1, 45) i;
CREATE TABLE "Order" ("user" uuid, "group" text COLLATE "de-x-icu", "from" date, PRIMARY KEY ("user", "group"));
INSERT INTO "Order" SELECT ('00000000-0000-4000-8000-00000000000' || (i % 3))::uuid,
  (ARRAY['Äpfel', 'apfel', 'Zebra', 'ähre', 'b'])[1 + i % 5] || i, '2024-02-29' FROM generate_series(1, 45) i;
CREATE TABLE a (id int PRIMARY KEY, b_id int);
CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a);
INSERT INTO a VALUES (1, 1), (2, 1); INSERT INTO b VALUES (1, 2);
ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b;
CREATE TABLE staff (id int PRIMARY KEY, boss int REFERENCES staff);
INSERT INTO staff SELECT i, nullif(i - 1, 0) FROM generate_series(1, 45) i;
CREATE TABLE events (id bigint, at date, what text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE events_old PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2024-01-01');
CREATE TABLE events_more PARTITION OF events DEFAULT;
INSERT INTO events SELECT i, date '2023-12-01' + i::int, 'e' FROM generate_series(1, 45) i;
CREATE TABLE nothing (id int PRIMARY KEY, v text);
CREATE TABLE no_key (v text); INSERT INTO no_key VALUES ('x');
CREATE VIEW seen AS SELECT id, boss FROM staff;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
CREATE TRIGGER refuses BEFORE INSERT OR UPDATE ON staff FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE RULE hidden AS ON DELETE TO staff DO INSTEAD NOTHING;
)sql");
  old.run(wide_table());
  for (int i = 1; i <= 3; ++i) old.run(wide_row(i));
  const auto source = open_source(old.uri());
  Proposal proposal = propose(source->schema());
  EXPECT_NE(decision_on(proposal, "seen").find("left out"), std::string::npos)
      << decision_on(proposal, "seen");
  EXPECT_NE(decision_on(proposal, "no_key").find("left out"), std::string::npos)
      << decision_on(proposal, "no_key");
  TableMapping view;  // comes where it is asked for with a key
  view.table = view.into = "seen";
  view.key = {"id"};
  proposal.mapping.tables.push_back(view);
  Database db = empty_database();
  const auto report = import_and_prove(old.uri(), db, proposal.mapping);
  for (const char* table : {"Odd.Table$1 😀", "Order", "staff", "events", "seen"})
    EXPECT_EQ(written(report, table), 45) << table;
  EXPECT_EQ(written(report, "nothing"), 0);
  EXPECT_EQ(written(report, "wide"), 3);
  EXPECT_EQ(count(db, "wide", R"({"_id": 3, "c299": 299})"), 1);
  std::string into;
  for (const TableMapping& table : proposal.mapping.tables) {
    if (table.table.starts_with("Odd")) into = table.into;
  }
  const std::string expected =
      same(R"json({"_id": {"$numberDecimal": "1.125"}, "a_b": [1, null], "_set": "x",
      "select": "it's \"so\"", "Ünï": 50, "doc": "'cat':3 'fat':2",
      "raw": {"$binary": {"base64": "AP8=", "subType": "00"}}, "p": {"a": 1, "b.c": "y"},
      "r": "[1,3)", "j": {"a": {"$x": [1]}}, "moods": ["happy", null], "grid": [[1, 2], [3, 4]]
})json");
  EXPECT_EQ(all(db, into)[0], expected);
  take_back(old.uri(), db, proposal.mapping);
}

TEST(OddPostgresql, KeysOfAllTypesTellRowsApart) {
  QUIRE_ON_ONE_STORE();
  QUIRE_NEEDS_POSTGRESQL(old);
  old.run(
      R"(CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
             CREATE TYPE size AS ENUM ('s', 'm', 'l'); CREATE DOMAIN code AS varchar(9))");
  const std::vector<std::pair<std::string, std::string>> keys = {
      {"numeric(30,3)", "i * 1000000000000000.125"},
      {"numeric", "CASE i % 2 WHEN 0 THEN i ELSE -i / 10.0 END"},
      {"uuid", "md5(i::text)::uuid"},
      {"text COLLATE \"de-x-icu\"", "chr(64 + i % 26) || chr(97 + i * 7 % 26) || i"},
      {"text COLLATE any_case", "chr(64 + i % 26) || chr(97 + i * 7 % 26) || i"},
      {"text COLLATE \"C\"", "chr(8364 - i) || '''\\' || i"},
      {"char(9)", "i || ' '"},
      {"code", "'c' || i"},
      {"smallint", "i - 20"},
      {"bigint", "9223372036854775807 - i"},
      {"double precision", "i / 3.0"},
      {"real", "(i / 3.0)::real"},
      {"date", "date '1899-12-20' + i"},
      {"timestamp", "timestamp '2024-03-31 00:00' + i * interval '61 ms'"},
      {"timestamptz", "timestamptz '1969-12-31 23:59:59Z' + i * interval '61 ms'"},
      {"bytea", "decode(md5(i::text), 'hex')"},
      {"inet", "'10.0.0.0'::inet + i"}};
  std::string sql;
  Mapping mapping;
  for (std::size_t k = 0; k < keys.size(); ++k) {
    const std::string name = "t" + std::to_string(k);
    sql += "CREATE TABLE " + name + "(k " + keys[k].first + " PRIMARY KEY, v int); INSERT INTO " +
           name + " SELECT " + keys[k].second + ", i FROM generate_series(1, 45) i; ";
    mapping.tables.push_back({.table = name, .into = name});
  }
  old.run(sql);
  Database db = empty_database();
  const auto report = import_and_prove(old.uri(), db, mapping);
  for (std::size_t k = 0; k < keys.size(); ++k)
    EXPECT_EQ(written(report, "t" + std::to_string(k)), 45) << keys[k].first << report.json();
  take_back(old.uri(), db, mapping);
}

TEST(OddPostgresql, RowsWithANullInAUniqueKeyArePutAside) {
  QUIRE_ON_ONE_STORE();
  QUIRE_NEEDS_POSTGRESQL(old);
  old.run(
      "CREATE TABLE levels (member bigint, guild bigint, xp int, UNIQUE (member, guild)); "
      "INSERT INTO levels SELECT i / 2, CASE WHEN i % 15 > 0 THEN i END, i "
      "FROM generate_series(1, 45) i");
  TableMapping table;
  table.table = table.into = "levels";
  table.key = {"member", "guild"};
  Database db = empty_database();
  const auto report = import_and_prove(old.uri(), db, one(table));
  EXPECT_EQ(report.parts[0].data.counts.rejected, 3) << report.json();
  EXPECT_EQ(report.parts[0].data.counts.written, 42);
  EXPECT_EQ(count(db, "levels",
                  R"({"_id": {"member": {"$numberLong": "22"}, "guild": {"$numberLong": "44"}}})"),
            1);
  EXPECT_EQ(count(db, "_quire_rejects", R"({"key.guild": null})"), 3);
  // Without a promise that they are unique, columns that can be null tell nothing apart.
  table.key = {"member", "xp"};
  const auto source = open_source(old.uri());
  EXPECT_THROW(Importer(*source, db, one(table)), ImportError);
}

TEST(OddPostgresql, LargeRowsComeAndDocumentsThatAreTooLargeArePutAside) {
  QUIRE_ON_ONE_STORE();
  QUIRE_NEEDS_POSTGRESQL(old);
  old.run(
      "CREATE TABLE posts (id int PRIMARY KEY); INSERT INTO posts VALUES (1), (2); "
      "CREATE TABLE post_parts (post_id int REFERENCES posts, n int, body text, "
      "PRIMARY KEY (post_id, n)); "
      "INSERT INTO post_parts SELECT 1, i, repeat('x', 2000000) FROM generate_series(1, 9) i; "
      "INSERT INTO post_parts SELECT 2, i, repeat('é', 1000000) FROM generate_series(1, 2) i");
  expect_too_large_put_aside(old.uri());
}

TEST(OddPostgresql, AServerThatIsStartedAgainInTheMiddleIsToldAndTheImportGoesOn) {
  QUIRE_ON_ONE_STORE();
  if (quire::test::database("postgresql").empty())
    GTEST_SKIP() << quire::test::no_database("postgresql");
  quire::test::OwnDatabases own("postgresql");
  const std::string uri = own.text("postgresql");
  ASSERT_FALSE(uri.empty());
  quire::test::PgClient(uri).run(
      "CREATE TABLE t (id int PRIMARY KEY, v text); "
      "INSERT INTO t SELECT i, repeat('x', 200) FROM generate_series(1, 10000) i");
  quire::test::PgClient(uri).run(
      "CHECKPOINT");  // behind the commit, which does not wait for the disk
  restart_in_the_middle(own, "postgresql", uri);
}

#endif
#ifdef QUIRE_WITH_MYSQL

TEST(OddMariadb, NothingInASchemaStopsAnImport) {
  QUIRE_ON_ONE_STORE();
  QUIRE_NEEDS_DATABASE(server, "mysql");
  quire::test::MysqlDatabase old(server, "Ü.$'");
  for (const char* sql :
       {"CREATE TABLE `Odd.Table$1 ü` (`Key ``q\"` DECIMAL(20,3) PRIMARY KEY, `select` ENUM('a', "
        "'it''s'), `$set` TEXT, "
        "`a.b` SET('x', 'y'), `raw` BLOB, `j` JSON, `on` TINYINT(1), `big` BIGINT UNSIGNED, "
        "`wrong` DATETIME)",
        "SET sql_mode = ''",
        "INSERT INTO `Odd.Table$1 ü` SELECT seq + 0.125, 'it''s', 'x', 'x,y', X'00FF', '{\"a\": "
        "{\"$x\": [1]}}', 1, "
        "18446744073709551615, '0000-00-00' FROM seq_1_to_45",
        "CREATE TABLE `Order` (`user` UUID, `group` VARCHAR(20) COLLATE utf8mb4_german2_ci, `from` "
        "DATE, "
        "PRIMARY KEY (`user`, `group`))",
        "INSERT INTO `Order` SELECT CONCAT('00000000-0000-4000-8000-00000000000', seq % 3), "
        "CONCAT(ELT(1 + seq % 5, 'Äpfel', 'apfel', 'Zebra', 'ähre', 'b'), seq), '2024-02-29' FROM "
        "seq_1_to_45",
        "CREATE TABLE a (id INT PRIMARY KEY, b_id INT)",
        "CREATE TABLE b (id INT PRIMARY KEY, a_id INT, FOREIGN KEY (a_id) REFERENCES a (id))",
        "INSERT INTO a VALUES (1, 1), (2, 1)", "INSERT INTO b VALUES (1, 2)",
        "ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b (id)",
        "CREATE TABLE staff (id INT PRIMARY KEY, boss INT, FOREIGN KEY (boss) REFERENCES staff "
        "(id))",
        "INSERT INTO staff SELECT seq, NULLIF(seq - 1, 0) FROM seq_1_to_45",
        "CREATE TABLE events (id BIGINT, at DATE, what TEXT, PRIMARY KEY (id, at)) PARTITION BY "
        "RANGE (TO_DAYS(at)) "
        "(PARTITION one VALUES LESS THAN (TO_DAYS('2024-01-01')), PARTITION two VALUES LESS THAN "
        "MAXVALUE)",
        "INSERT INTO events SELECT seq, DATE_ADD('2023-12-01', INTERVAL seq DAY), 'e' FROM "
        "seq_1_to_45",
        "CREATE TABLE nothing (id INT PRIMARY KEY, v TEXT)", "CREATE TABLE no_key (v TEXT)",
        "CREATE VIEW seen AS SELECT id, boss FROM staff",
        "CREATE TRIGGER refuses BEFORE INSERT ON staff FOR EACH ROW SIGNAL SQLSTATE '45000'"})
    old.run(sql);
  old.run(wide_table());
  for (int i = 1; i <= 3; ++i) old.run(wide_row(i));
  const auto source = open_source(old.uri());
  Proposal proposal = propose(source->schema());
  EXPECT_NE(decision_on(proposal, "seen").find("left out"), std::string::npos);
  EXPECT_NE(decision_on(proposal, "no_key").find("left out"), std::string::npos);
  TableMapping view;
  view.table = view.into = "seen";
  view.key = {"id"};
  proposal.mapping.tables.push_back(view);
  Database db = empty_database();
  const auto report = import_and_prove(old.uri(), db, proposal.mapping);
  for (const char* table : {"Odd.Table$1 ü", "Order", "staff", "events", "seen"})
    EXPECT_EQ(written(report, table), 45) << table;
  EXPECT_EQ(written(report, "nothing"), 0);
  EXPECT_EQ(written(report, "wide"), 3);
  std::string into;
  for (const TableMapping& table : proposal.mapping.tables) {
    if (table.table.starts_with("Odd")) into = table.into;
  }
  const std::string expected =
      same(R"({"_id": {"$numberDecimal": "1.125"}, "_set": "x", "a_b": ["x", "y"], "select": "it's",
      "raw": {"$binary": {"base64": "AP8=", "subType": "00"}}, "j": {"a": {"$x": [1]}}, "on": true,
      "big": {"$numberDecimal": "18446744073709551615"}, "wrong": null})");
  EXPECT_EQ(all(db, into)[0], expected);
  take_back(old.uri(), db, proposal.mapping);
}

TEST(OddMariadb, KeysOfAllTypesTellRowsApart) {
  QUIRE_ON_ONE_STORE();
  QUIRE_NEEDS_DATABASE(server, "mysql");
  quire::test::MysqlDatabase old(server);
  const std::vector<std::pair<std::string, std::string>> keys = {
      {"DECIMAL(30,3)", "seq * 1000000000000000.125"},
      {"UUID",
       "CONCAT(LEFT(MD5(seq), 8), '-', MID(MD5(seq), 9, 4), '-4', MID(MD5(seq), 13, 3), '-8', "
       "MID(MD5(seq), 16, 3), '-', MID(MD5(seq), 19, 12))"},
      {"CHAR(36)", "UUID()"},
      {"VARCHAR(20) COLLATE utf8mb4_general_ci",
       "CONCAT(CHAR(64 + seq % 26), CHAR(97 + seq * 7 % 26), seq)"},
      {"VARCHAR(20) COLLATE utf8mb4_german2_ci",
       "CONCAT(ELT(1 + seq % 5, 'Ä', 'ae', 'Z', 'ö', 'b '), seq, ' ')"},
      {"VARCHAR(20) COLLATE utf8mb4_bin", "CONCAT(CHAR(8364 - seq USING utf16), '''\\\\', seq)"},
      {"VARCHAR(20) CHARACTER SET latin1", "CONCAT('é', seq)"},
      {"BINARY(16)", "UNHEX(MD5(seq))"},
      {"BIGINT UNSIGNED", "18446744073709551615 - seq * 3"},
      {"BIGINT", "CAST(seq AS SIGNED) - 20"},
      {"SMALLINT UNSIGNED", "65535 - seq"},
      {"DOUBLE", "seq / 3"},
      {"DATE", "DATE_ADD('1899-12-20', INTERVAL seq DAY)"},
      {"DATETIME(3)", "DATE_ADD('2024-03-31 00:00:00.000', INTERVAL seq * 61000 MICROSECOND)"},
      {"TIMESTAMP(3)", "DATE_ADD('2024-03-31 00:00:00.000', INTERVAL seq * 61000 MICROSECOND)"},
      {"TIME", "SEC_TO_TIME(CAST(seq AS SIGNED) * 5000 - 100000)"},
      {"YEAR", "1980 + seq"},
      {"INET6", "CONCAT('::', HEX(seq))"}};
  Mapping mapping;
  for (std::size_t k = 0; k < keys.size(); ++k) {
    const std::string name = "t" + std::to_string(k);
    old.run("CREATE TABLE " + name + "(k " + keys[k].first + " PRIMARY KEY, v INT)");
    old.run("INSERT INTO " + name + " SELECT " + keys[k].second + ", seq FROM seq_1_to_45");
    mapping.tables.push_back({.table = name, .into = name});
  }
  Database db = empty_database();
  const auto report = import_and_prove(old.uri(), db, mapping);
  for (std::size_t k = 0; k < keys.size(); ++k)
    EXPECT_EQ(written(report, "t" + std::to_string(k)), 45) << keys[k].first << report.json();
  take_back(old.uri(), db, mapping);
}

TEST(OddMariadb, LargeRowsComeAndDocumentsThatAreTooLargeArePutAside) {
  QUIRE_ON_ONE_STORE();
  QUIRE_NEEDS_DATABASE(server, "mysql");
  quire::test::MysqlDatabase old(server);
  for (const char* sql :
       {"CREATE TABLE posts (id INT PRIMARY KEY)", "INSERT INTO posts VALUES (1), (2)",
        "CREATE TABLE post_parts (post_id INT, n INT, body LONGTEXT, PRIMARY KEY (post_id, n), "
        "FOREIGN KEY (post_id) REFERENCES posts (id))",
        "INSERT INTO post_parts SELECT 1, seq, REPEAT('x', 2000000) FROM seq_1_to_9",
        "INSERT INTO post_parts SELECT 2, seq, REPEAT('é', 1000000) FROM seq_1_to_2"})
    old.run(sql);
  expect_too_large_put_aside(old.uri());
}

TEST(OddMariadb, AServerThatIsStartedAgainInTheMiddleIsToldAndTheImportGoesOn) {
  QUIRE_ON_ONE_STORE();
  if (quire::test::database("mysql").empty()) GTEST_SKIP() << quire::test::no_database("mysql");
  quire::test::OwnDatabases own("mariadb");
  std::string uri;
  {
    quire::test::MysqlDatabase old(own.text("mysql"));
    uri = old.uri();
    old.run("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(200))");
    // The tests' servers flush their log once a second.
    old.run("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
    old.run("INSERT INTO t SELECT seq, REPEAT('x', 200) FROM seq_1_to_10000");
    restart_in_the_middle(own, "mysql", uri);
  }
}

#endif

}  // namespace
}  // namespace quire::importer::test
