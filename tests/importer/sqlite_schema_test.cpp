#include <algorithm>

#include "quire/core/error.hpp"
#include "shared_data.hpp"
#include "sqlite_fixture.hpp"

namespace quire::importer {
namespace {

using test::SqliteFile;
using Names = std::vector<std::string>;

TEST(SqliteSchema, TellsColumnsKeysAndReferences) {
  SqliteFile file("a.db",
                  "CREATE TABLE parents(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
                  "  price DECIMAL(10,2) DEFAULT 1.5, twice AS (price * 2), born DATETIME);"
                  "CREATE TABLE pairs(a INTEGER, b TEXT, note ANY, PRIMARY KEY(b, a)) STRICT, "
                  "WITHOUT ROWID;"
                  "CREATE TABLE children(id INTEGER PRIMARY KEY, parent INT REFERENCES Parents "
                  "ON DELETE CASCADE, x INTEGER, y TEXT,"
                  "  FOREIGN KEY(Y, x) REFERENCES pairs(B, a) ON DELETE SET NULL);"
                  "CREATE TABLE bare(rowid TEXT, v);"
                  "CREATE VIEW names AS SELECT id, name FROM parents;"
                  "INSERT INTO parents(name) VALUES('a'), ('b')");
  const auto source = file.source();
  EXPECT_EQ(source->kind(), "sqlite");
  EXPECT_EQ(source->location(), "sqlite:" + file.path().string());
  EXPECT_EQ(source->snapshot(), "single");
  const Schema& schema = source->schema();
  Names names;
  for (const Table& one : schema.tables) names.push_back(one.name);
  EXPECT_EQ(names, (Names{"bare", "children", "names", "pairs", "parents"}));
  EXPECT_TRUE(schema.left_out.empty());

  const Table& parents = schema.at("parents");
  EXPECT_EQ(parents.key, Names{"id"});
  EXPECT_EQ(parents.unique, std::vector<Names>{{"name"}});
  EXPECT_EQ(parents.rows, 2);
  EXPECT_GE(parents.bytes, 4096);
  EXPECT_FALSE(parents.at("id").nullable);
  EXPECT_EQ(parents.at("price").type, ColumnType::decimal);
  EXPECT_EQ(parents.at("price").declared, "DECIMAL(10,2)");
  EXPECT_EQ(parents.at("price").default_text, "1.5");
  EXPECT_TRUE(parents.at("twice").generated);
  EXPECT_EQ(parents.at("born").type, ColumnType::wall_time);

  const Table& pairs = schema.at("pairs");
  EXPECT_EQ(pairs.key, (Names{"b", "a"}));
  EXPECT_FALSE(pairs.at("a").nullable);
  EXPECT_EQ(pairs.at("note").type, ColumnType::any);

  const Table& children = schema.at("children");
  ASSERT_EQ(children.foreign_keys.size(), 2U);
  EXPECT_EQ(children.foreign_keys[0].table, "parents");
  EXPECT_EQ(children.foreign_keys[0].columns, Names{"parent"});
  EXPECT_EQ(children.foreign_keys[0].referenced, Names{"id"});
  EXPECT_EQ(children.foreign_keys[0].on_delete, "cascade");
  EXPECT_EQ(children.foreign_keys[1].columns, (Names{"y", "x"}));
  EXPECT_EQ(children.foreign_keys[1].referenced, (Names{"b", "a"}));
  EXPECT_EQ(children.foreign_keys[1].on_delete, "set null");

  EXPECT_EQ(schema.at("bare").key, Names{"_rowid_"});
  EXPECT_EQ(schema.at("names").kind, TableKind::view);
  EXPECT_TRUE(schema.at("names").key.empty());
}

TEST(SqliteSchema, TakesAPrimaryKeyThatMayBeNullWhereNoneIs) {
  SqliteFile file("a.db",
                  "CREATE TABLE good(id TEXT PRIMARY KEY); INSERT INTO good VALUES('a');"
                  "CREATE TABLE bad(id TEXT PRIMARY KEY); INSERT INTO bad VALUES(NULL), (NULL);"
                  "CREATE TABLE other(id TEXT PRIMARY KEY, code TEXT NOT NULL, UNIQUE(code));"
                  "INSERT INTO other VALUES(NULL, 'a');"
                  // 'a' and 'A' are two for the index and one for the column's order.
                  "CREATE TABLE folded(name TEXT COLLATE NOCASE NOT NULL);"
                  "CREATE UNIQUE INDEX i ON folded(name COLLATE BINARY);"
                  "CREATE TABLE partial(name TEXT NOT NULL);"
                  "CREATE UNIQUE INDEX j ON partial(name) WHERE name <> 'x';"
                  "CREATE TABLE computed(name TEXT NOT NULL);"
                  "CREATE UNIQUE INDEX k ON computed(lower(name))");
  const auto source = file.source();
  EXPECT_EQ(source->schema().at("good").key, Names{"id"});
  EXPECT_FALSE(source->schema().at("good").at("id").nullable);
  EXPECT_EQ(source->schema().at("bad").key, Names{"rowid"});
  EXPECT_EQ(source->schema().at("other").key, Names{"code"});
  for (const char* name : {"folded", "partial", "computed"})
    EXPECT_EQ(source->schema().at(name).key, Names{"rowid"}) << name;
  RowQuery query;
  query.table = "bad";
  query.columns = {"rowid", "id"};
  query.key = {"rowid"};
  const auto session = source->open();
  EXPECT_EQ(test::rows_of(*session, query), (test::Lines{"1|null", "2|null"}));
}

TEST(SqliteSchema, LeavesOutWhatCannotBeReadAndSaysWhy) {
  SqliteFile file("a.db",
                  "CREATE TABLE t(a); CREATE VIEW broken AS SELECT a FROM nowhere;"
                  "CREATE VIRTUAL TABLE notes USING fts5(body); INSERT INTO notes VALUES('hello');"
                  "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES('table', 'map', "
                  "'map', 0, 'CREATE VIRTUAL TABLE map USING no_such_module(a)')");
  const auto source = file.source();
  const Schema& schema = source->schema();
  ASSERT_NE(schema.find("notes"), nullptr);
  EXPECT_EQ(schema.at("notes").columns.size(), 1U);
  EXPECT_EQ(schema.at("notes").key, Names{"rowid"});
  EXPECT_EQ(schema.tables.size(), 2U);
  const auto said = [&](std::string_view begin) {
    return std::any_of(schema.left_out.begin(), schema.left_out.end(),
                       [&](const std::string& one) { return one.starts_with(begin); });
  };
  EXPECT_TRUE(said("broken: no such table"));
  EXPECT_TRUE(said("map: no such module"));
  EXPECT_TRUE(said("notes_data: a virtual table"));
}

TEST(SqliteSchema, TakesAnyName) {
  SqliteFile file("a.db",
                  "CREATE TABLE \"a\"\"b.c$d 🦀\"(\"select\" INTEGER PRIMARY KEY, \"x\"\"y\" TEXT, "
                  "\"a.b\" TEXT, \"\" TEXT);"
                  "INSERT INTO \"a\"\"b.c$d 🦀\" VALUES(1, 'p', 'q', 'r'), (2, 's', 't', 'u');"
                  "CREATE TABLE \"order\"(\"group\" INTEGER, \"where\" TEXT, \"from\" TEXT,"
                  " PRIMARY KEY(\"group\", \"where\"));"
                  "INSERT INTO \"order\" VALUES(2, 'a', 'x'), (1, 'b', 'y')");
  const auto source = file.source();
  const auto session = source->open();
  RowQuery query;
  query.table = "a\"b.c$d 🦀";
  query.columns = {"x\"y", "a.b", ""};
  query.key = source->schema().at(query.table).key;
  query.after = bson::Value(std::int64_t{1});
  EXPECT_EQ(test::rows_of(*session, query), test::Lines{"s|t|u"});
  query = {};
  query.table = "order";
  query.columns = {"from", "group"};
  query.key = source->schema().at("order").key;
  EXPECT_EQ(test::rows_of(*session, query), (test::Lines{"y|1", "x|2"}));
  query = {};
  query.table = "a\"b.c$d 🦀";
  query.columns = {"a.b"};
  query.owner = Owner{
      .table = "order", .key = {"group", "where"}, .columns = {"select"}, .referenced = {"group"}};
  EXPECT_EQ(test::rows_of(*session, query), (test::Lines{"1|b|q", "2|a|t"}));
}

TEST(SqliteSchema, EstimatesRowsOfLargeFilesWithoutCounting) {
  SqliteFile file("a.db",
                  "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                  "CREATE TABLE analyzed(id INTEGER PRIMARY KEY, v BLOB);"
                  "CREATE TABLE plain(id INTEGER PRIMARY KEY, v TEXT);"
                  "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 70)"
                  " INSERT INTO analyzed SELECT i, zeroblob(1000000) FROM n;"
                  "ANALYZE; INSERT INTO plain VALUES(7, 'a'), (41, 'b')");
  const auto source = file.source();
  EXPECT_EQ(source->schema().at("analyzed").rows, 70);
  EXPECT_EQ(source->schema().at("plain").rows, 41);
  EXPECT_EQ(source->schema().at("plain").bytes, -1);
}

TEST(SqliteSchema, ReadsChinook) {
  QUIRE_NEEDS_SHARED(path, "data/chinook/Chinook_Sqlite.sqlite");
  const auto source = open_source("sqlite:" + path.string());
  const Schema& schema = source->schema();
  EXPECT_EQ(schema.tables.size(), 11U);
  EXPECT_TRUE(schema.left_out.empty());
  EXPECT_EQ(schema.at("PlaylistTrack").key, (Names{"PlaylistId", "TrackId"}));
  EXPECT_EQ(schema.at("PlaylistTrack").foreign_keys.size(), 2U);
  EXPECT_EQ(schema.at("Track").rows, 3503);
  EXPECT_EQ(schema.at("Track").at("UnitPrice").type, ColumnType::decimal);
  EXPECT_EQ(schema.at("Invoice").at("InvoiceDate").type, ColumnType::wall_time);
  EXPECT_EQ(schema.at("Employee").foreign_keys.at(0).table, "Employee");
  const auto session = source->open();
  RowQuery tracks;
  tracks.table = "Track";
  tracks.columns = {"Name", "UnitPrice"};
  tracks.owner = Owner{
      .table = "Album", .key = {"AlbumId"}, .columns = {"AlbumId"}, .referenced = {"AlbumId"}};
  tracks.key = {"TrackId"};
  tracks.until = bson::Value(std::int64_t{3});
  EXPECT_EQ(test::rows_of(*session, tracks).size(), 14U);
  EXPECT_EQ(session->count(tracks), 14);
  tracks.owner = Owner{.table = "Playlist",
                       .key = {"PlaylistId"},
                       .columns = {"PlaylistId"},
                       .referenced = {"PlaylistId"},
                       .link = "PlaylistTrack",
                       .link_columns = {"TrackId"},
                       .link_referenced = {"TrackId"}};
  tracks.until.reset();
  EXPECT_EQ(test::rows_of(*session, tracks).size(), 8715U);
  std::vector<std::int64_t> counted;
  for (const Table& table : schema.tables) {
    RowQuery all;
    all.table = table.name;
    all.key = table.key;
    for (const Column& column : table.columns) all.columns.push_back(column.name);
    EXPECT_EQ(static_cast<std::int64_t>(test::rows_of(*session, all).size()), session->count(all))
        << table.name;
    EXPECT_EQ(session->count(all), table.rows) << table.name;
  }
}

}  // namespace
}  // namespace quire::importer
