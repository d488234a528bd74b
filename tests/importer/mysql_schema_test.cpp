#ifdef QUIRE_WITH_MYSQL
#include <algorithm>

#include "mysql.hpp"

namespace quire::importer {
namespace {

using Names = std::vector<std::string>;

bool leaves_out(const Schema& schema, const std::string& begin) {
  return std::any_of(schema.left_out.begin(), schema.left_out.end(),
                     [&](const std::string& one) { return one.starts_with(begin); });
}

TEST(MysqlSchema, TellsTablesColumnsAndKeys) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  database.run(
      "CREATE TABLE plain (id INT AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL DEFAULT 7, "
      "twice INT AS (n * 2) STORED, hidden INT INVISIBLE, e ENUM('a','b')) COMMENT 'of all sorts'");
  database.run("INSERT INTO plain (n) VALUES (1), (2)");
  database.run(
      "CREATE TABLE keys_only (a INT NULL, b INT NOT NULL, c VARCHAR(500) NOT NULL, d INT NOT "
      "NULL, "
      "UNIQUE KEY a_nullable (a), UNIQUE KEY b_part (c(10)), UNIQUE KEY c_good (d, b))");
  database.run("CREATE TABLE none (a INT NULL UNIQUE, c TEXT NOT NULL, UNIQUE KEY part (c(5)))");
  database.run("CREATE TABLE parts (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 2");
  database.run("CREATE TABLE versions (id INT PRIMARY KEY) WITH SYSTEM VERSIONING");
  database.run("CREATE VIEW seen AS SELECT id, n + 1 AS more FROM plain");
  database.run("CREATE VIEW broken AS SELECT a FROM keys_only");
  database.run("ALTER TABLE keys_only RENAME COLUMN a TO was_a");
  database.run("CREATE SEQUENCE numbers");

  const auto source = open_source(database.uri());
  const Schema& schema = source->schema();
  Names tables;
  for (const Table& one : schema.tables) tables.push_back(one.name);
  EXPECT_EQ(tables, (Names{"keys_only", "none", "parts", "plain", "seen", "versions"}));
  EXPECT_TRUE(leaves_out(schema, "broken: "));
  EXPECT_TRUE(leaves_out(schema, "numbers: a sequence"));

  const Table& plain = schema.at("plain");
  EXPECT_EQ(plain.kind, TableKind::table);
  EXPECT_EQ(plain.comment, "of all sorts");
  EXPECT_EQ(plain.key, Names{"id"});
  EXPECT_GE(plain.rows, 0);
  EXPECT_GT(plain.bytes, 0);
  EXPECT_EQ(plain.columns.size(), 5U);
  EXPECT_FALSE(plain.at("n").nullable);
  EXPECT_EQ(plain.at("n").default_text, "7");
  EXPECT_EQ(plain.at("n").declared, "int(11)");
  EXPECT_TRUE(plain.at("twice").generated);
  EXPECT_FALSE(plain.at("n").generated);
  EXPECT_EQ(plain.at("e").enum_values, (Names{"a", "b"}));

  const Table& keys = schema.at("keys_only");
  EXPECT_TRUE(keys.primary_key.empty());
  EXPECT_EQ(keys.key, (Names{"d", "b"}));
  EXPECT_EQ(keys.unique, (std::vector<Names>{{"was_a"}, {"d", "b"}}));
  EXPECT_TRUE(schema.at("none").key.empty());
  EXPECT_EQ(schema.at("parts").kind, TableKind::partitioned);
  EXPECT_EQ(schema.at("seen").kind, TableKind::view);
  EXPECT_EQ(schema.at("seen").rows, -1);
}

TEST(MysqlSchema, TellsForeignKeysAndTheirDeleteRulesToWhoMayOnlyRead) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  test::MysqlDatabase other(server);
  other.run("CREATE TABLE far (id INT PRIMARY KEY)");
  database.run("CREATE TABLE parent (a INT, b INT, PRIMARY KEY (a, b))");
  database.run(
      "CREATE TABLE child (id INT PRIMARY KEY, x INT, y INT, up INT, far INT, "
      "CONSTRAINT `to``parent` FOREIGN KEY (x, y) REFERENCES parent (a, b) ON DELETE CASCADE, "
      "CONSTRAINT up FOREIGN KEY (up) REFERENCES child (id) ON DELETE SET NULL ON UPDATE CASCADE, "
      "CONSTRAINT zfar FOREIGN KEY (far) REFERENCES " +
      test::MysqlDatabase::quoted(other.name()) + ".far (id))");
  const std::string user = database.user();
  database.run("GRANT SELECT ON " + test::MysqlDatabase::quoted(database.name()) + ".* TO " + user);
  for (const std::string& uri : {database.uri(), database.uri({}, user)}) {
    const auto source = open_source(uri);
    const Table& child = source->schema().at("child");
    ASSERT_EQ(child.foreign_keys.size(), 2U);
    EXPECT_EQ(child.foreign_keys[0].name, "to`parent");
    EXPECT_EQ(child.foreign_keys[0].columns, (Names{"x", "y"}));
    EXPECT_EQ(child.foreign_keys[0].table, "parent");
    EXPECT_EQ(child.foreign_keys[0].referenced, (Names{"a", "b"}));
    EXPECT_EQ(child.foreign_keys[0].on_delete, "cascade");
    EXPECT_EQ(child.foreign_keys[1].table, "child");
    EXPECT_EQ(child.foreign_keys[1].on_delete, "set null");
    EXPECT_TRUE(leaves_out(source->schema(), "child.zfar: refers to far of the database"));
  }
  database.run("DROP TABLE child");
}

TEST(MysqlSchema, LeavesOutWhatTheUserMayNotRead) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  database.run("CREATE TABLE open_one (id INT PRIMARY KEY, secret INT)");
  database.run("CREATE TABLE closed (id INT PRIMARY KEY)");
  database.run("INSERT INTO open_one VALUES (1, 2)");
  const std::string user = database.user();
  const std::string name = test::MysqlDatabase::quoted(database.name());
  database.run("GRANT SELECT (id), INSERT (secret) ON " + name + ".open_one TO " + user);
  database.run("GRANT INSERT ON " + name + ".closed TO " + user);
  const auto source = open_source(database.uri({}, user));
  EXPECT_EQ(source->schema().tables.size(), 1U);
  EXPECT_EQ(source->schema().at("open_one").columns.size(), 1U);
  EXPECT_TRUE(leaves_out(source->schema(), "open_one.secret: "));
  EXPECT_TRUE(leaves_out(source->schema(), "closed: "));
  EXPECT_EQ(source->schema().left_out.size(), 2U);
  const auto session = source->open();
  EXPECT_EQ(test::rows_of(*session->read(test::whole(source->schema().at("open_one")))).size(), 1U);
}

TEST(MysqlSchema, OfChinookIsAsItIsWritten) {
  QUIRE_NEEDS_DATABASE(uri, "mysql_chinook");
  const auto source = open_source(uri);
  const Schema& schema = source->schema();
  EXPECT_EQ(schema.tables.size(), 11U);
  EXPECT_TRUE(schema.left_out.empty());
  const Table& track = schema.at("Track");
  EXPECT_EQ(track.key, Names{"TrackId"});
  EXPECT_EQ(track.foreign_keys.size(), 3U);
  EXPECT_EQ(track.at("UnitPrice").type, ColumnType::decimal);
  EXPECT_EQ(track.at("Bytes").type, ColumnType::int32);
  EXPECT_EQ(schema.at("PlaylistTrack").key, (Names{"PlaylistId", "TrackId"}));
  EXPECT_EQ(schema.at("Employee").foreign_keys.at(0).table, "Employee");
  EXPECT_EQ(schema.at("Invoice").at("InvoiceDate").type, ColumnType::wall_time);
  const auto session = source->open();
  EXPECT_EQ(session->count(test::whole(track)), 3503);
  EXPECT_EQ(test::rows_of(*session->read(test::whole(track))).size(), 3503U);
  EXPECT_EQ(source->snapshot(), "single");
}

}  // namespace
}  // namespace quire::importer
#endif
