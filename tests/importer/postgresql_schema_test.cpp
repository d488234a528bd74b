#ifdef QUIRE_WITH_POSTGRESQL

#include <algorithm>

#include "postgresql.hpp"
#include "quire/importer/source.hpp"

namespace quire::importer {
namespace {

using Names = std::vector<std::string>;

Names tables_of(const Schema& schema) {
  Names out;
  for (const Table& table : schema.tables) out.push_back(table.name);
  return out;
}

bool tells(const Names& left_out, const std::string& what) {
  return std::any_of(left_out.begin(), left_out.end(),
                     [&](const std::string& one) { return one.starts_with(what); });
}

/// All rows, each as its cells with "|" between.
Names rows_of(SourceSession& session, RowQuery query) {
  Names out;
  const auto rows = session.read(query);
  for (auto row = rows->next(); !row.empty(); row = rows->next()) {
    std::string text;
    for (const Cell& cell : row) text += (text.empty() ? "" : "|") + display(cell);
    out.push_back(text);
  }
  return out;
}

RowQuery query_of(const std::string& table, const Names& columns, const Names& key) {
  RowQuery out;
  out.table = table;
  out.columns = columns;
  out.key = key;
  return out;
}

TEST(PostgresqlSchema, TellsColumnsKeysAndReferences) {
  QUIRE_NEEDS_POSTGRESQL(database);
  database.run(R"(
    CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE TABLE users (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email varchar(80) NOT NULL UNIQUE, nick text UNIQUE,
      mood mood DEFAULT 'ok', moods mood[], score numeric(10,2) DEFAULT 1.5, twice int GENERATED ALWAYS AS (1 + 1) STORED);
    COMMENT ON TABLE users IS 'who is there';
    CREATE TABLE posts (
      author bigint REFERENCES users ON DELETE CASCADE, number int, parent_author bigint, parent int,
      PRIMARY KEY (author, number), FOREIGN KEY (parent_author, parent) REFERENCES posts (author, number) ON DELETE SET NULL);
    CREATE TABLE keyless (a int, b int);
    CREATE UNIQUE INDEX ON keyless (a) WHERE b IS NULL;
    CREATE UNIQUE INDEX ON keyless ((a + b));
    CREATE TABLE by_unique (a int NOT NULL, b int NOT NULL, c int UNIQUE, UNIQUE (a, b));
    INSERT INTO users (email) SELECT 'u' || i FROM generate_series(1, 1000) i;
    ANALYZE users)");
  const auto source = open_source(database.uri());
  const Schema& schema = source->schema();
  EXPECT_EQ(tables_of(schema), (Names{"by_unique", "keyless", "posts", "users"}));
  const Table& users = schema.at("users");
  EXPECT_EQ(users.comment, "who is there");
  EXPECT_EQ(users.rows, 1000);
  EXPECT_GT(users.bytes, 8192);
  EXPECT_EQ(users.primary_key, Names{"id"});
  EXPECT_EQ(users.unique, (std::vector<Names>{{"email"}, {"nick"}}));
  EXPECT_EQ(users.at("id").default_text, "generated always as identity");
  EXPECT_FALSE(users.at("id").nullable);
  EXPECT_EQ(users.at("email").declared, "character varying(80)");
  EXPECT_EQ(users.at("mood").type, ColumnType::enumerated);
  EXPECT_EQ(users.at("mood").enum_values, (Names{"sad", "ok"}));
  EXPECT_EQ(users.at("mood").default_text, "'ok'::mood");
  EXPECT_EQ(users.at("moods").element, ColumnType::enumerated);
  EXPECT_EQ(users.at("score").declared, "numeric(10,2)");
  EXPECT_TRUE(users.at("twice").generated);
  const Table& posts = schema.at("posts");
  EXPECT_EQ(posts.key, (Names{"author", "number"}));
  ASSERT_EQ(posts.foreign_keys.size(), 2U);
  EXPECT_EQ(posts.foreign_keys[0].table, "users");
  EXPECT_EQ(posts.foreign_keys[0].on_delete, "cascade");
  EXPECT_EQ(posts.foreign_keys[1].columns, (Names{"parent_author", "parent"}));
  EXPECT_EQ(posts.foreign_keys[1].referenced, (Names{"author", "number"}));
  EXPECT_EQ(posts.foreign_keys[1].on_delete, "set null");
  EXPECT_TRUE(schema.at("keyless").key.empty());
  EXPECT_TRUE(schema.at("keyless").unique.empty());
  EXPECT_EQ(schema.at("by_unique").key, (Names{"a", "b"}));
  EXPECT_TRUE(schema.left_out.empty());
}

TEST(PostgresqlSchema, PartitionsViewsAndInheritanceGiveEachRowOnce) {
  QUIRE_NEEDS_POSTGRESQL(database);
  database.run(R"(
    CREATE TABLE events (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE events_old PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
    CREATE TABLE events_new PARTITION OF events FOR VALUES FROM ('2020-01-01') TO (MAXVALUE);
    INSERT INTO events VALUES (1, '2019-05-01'), (2, '2024-05-01');
    ANALYZE events;
    CREATE TABLE parent (id int PRIMARY KEY, v text);
    CREATE TABLE child (more int) INHERITS (parent);
    INSERT INTO parent VALUES (1, 'p');
    INSERT INTO child VALUES (2, 'c', 3);
    CREATE VIEW shown AS SELECT id, v FROM parent;
    CREATE MATERIALIZED VIEW kept AS SELECT id FROM events;
    CREATE UNIQUE INDEX ON kept (id);
    CREATE MATERIALIZED VIEW empty AS SELECT id FROM events WITH NO DATA;
    CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.v := NEW.v || ''!''; RETURN NEW; END';
    CREATE TRIGGER noting BEFORE INSERT ON parent FOR EACH ROW EXECUTE FUNCTION noted();
    INSERT INTO parent VALUES (3, 't'))");
  const auto source = open_source(database.uri());
  const Schema& schema = source->schema();
  EXPECT_EQ(tables_of(schema), (Names{"child", "events", "kept", "parent", "shown"}));
  EXPECT_EQ(schema.at("events").kind, TableKind::partitioned);
  EXPECT_EQ(schema.at("events").rows, 2);
  EXPECT_EQ(schema.at("shown").kind, TableKind::view);
  EXPECT_EQ(schema.at("shown").rows, -1);
  EXPECT_TRUE(tells(schema.left_out, "empty: a materialised view"));
  const auto session = source->open();
  EXPECT_EQ(rows_of(*session, query_of("events", {"at"}, {"id", "at"})),
            (Names{"2019-05-01", "2024-05-01"}));
  EXPECT_EQ(rows_of(*session, query_of("parent", {"v"}, {"id"})), (Names{"p", "t!"}));
  EXPECT_EQ(rows_of(*session, query_of("child", {"v", "more"}, {"id"})), Names{"c|3"});
  EXPECT_EQ(rows_of(*session, query_of("shown", {"v"}, {"id"})), (Names{"p", "c", "t!"}));
  EXPECT_EQ(rows_of(*session, query_of("kept", {"id"}, {"id"})), (Names{"1", "2"}));
  EXPECT_EQ(session->fingerprint(schema.at("shown")), "");
}

TEST(PostgresqlSchema, ForeignTablesAreReadAndHaveNoFingerprint) {
  QUIRE_NEEDS_POSTGRESQL(database);
  database.run(R"(
    CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
    CREATE FOREIGN TABLE far (id int, v text) SERVER files OPTIONS (program 'echo 7,x', format 'csv');
    CREATE TABLE parted (id int, v text) PARTITION BY LIST (id);
    CREATE TABLE near PARTITION OF parted FOR VALUES IN (1);
    CREATE FOREIGN TABLE far_part PARTITION OF parted FOR VALUES IN (2) SERVER files OPTIONS (program 'echo 2,y', format 'csv');
    INSERT INTO parted VALUES (1, 'z'))");
  const auto source = open_source(database.uri());
  const Schema& schema = source->schema();
  EXPECT_EQ(schema.at("far").kind, TableKind::foreign);
  const auto session = source->open();
  EXPECT_EQ(rows_of(*session, query_of("far", {"v"}, {"id"})), Names{"x"});
  EXPECT_EQ(rows_of(*session, query_of("parted", {"v"}, {"id"})), (Names{"z", "y"}));
  EXPECT_EQ(session->fingerprint(schema.at("far")), "");
  EXPECT_EQ(session->fingerprint(schema.at("parted")), "");
}

TEST(PostgresqlSchema, NamesMayHoldAnything) {
  QUIRE_NEEDS_POSTGRESQL(database);
  database.run(R"(
    CREATE SCHEMA "Audit Log";
    CREATE TABLE "Audit Log"."select" ("order" int PRIMARY KEY, "a.b" text, "$x" text, "q""t" text, "😀" text, "Ünï'x" text);
    INSERT INTO "Audit Log"."select" VALUES (1, 'dot', 'dollar', 'quote', 'emoji', 'umlaut');
    CREATE TABLE "User.Accounts" ("Id" int PRIMARY KEY);
    INSERT INTO "User.Accounts" VALUES (7))");
  const auto source = open_source(database.uri());
  EXPECT_EQ(tables_of(source->schema()), (Names{"Audit Log.select", "User.Accounts"}));
  const auto session = source->open();
  auto query = query_of("Audit Log.select", {"a.b", "$x", "q\"t", "😀", "Ünï'x"}, {"order"});
  query.until = bson::Value(std::int32_t{1});
  query.where = "\"a.b\" = 'dot'";
  EXPECT_EQ(rows_of(*session, query), Names{"dot|dollar|quote|emoji|umlaut"});
  EXPECT_EQ(rows_of(*session, query_of("User.Accounts", {"Id"}, {"Id"})), Names{"7"});
}

TEST(PostgresqlSchema, TheFirstSchemaOfTheSearchPathHasNoPrefix) {
  QUIRE_NEEDS_POSTGRESQL(database);
  database.run(
      "CREATE SCHEMA app; CREATE TABLE app.t (id int PRIMARY KEY); CREATE TABLE public.t (id int "
      "PRIMARY KEY)");
  const auto source = open_source(database.uri() + "?options=-csearch_path%3Dapp,public");
  EXPECT_EQ(tables_of(source->schema()), (Names{"public.t", "t"}));
}

TEST(PostgresqlSchema, WhatRightsKeepFromUsIsTold) {
  QUIRE_NEEDS_POSTGRESQL(database);
  const std::string user = database.name() + "_reader";
  database.run("CREATE USER " + user + " PASSWORD 'only-reads';" + R"(
    CREATE TABLE open (id int PRIMARY KEY, v text); INSERT INTO open VALUES (1, 'x');
    CREATE TABLE closed (id int PRIMARY KEY);
    CREATE TABLE partly (id int PRIMARY KEY, shown text, secret text); INSERT INTO partly VALUES (1, 's', 'no');
    CREATE TABLE by_row (id int PRIMARY KEY); ALTER TABLE by_row ENABLE ROW LEVEL SECURITY;
    CREATE SCHEMA hidden; CREATE TABLE hidden.t (id int);
    GRANT SELECT ON open, by_row, hidden.t TO )" +
               user + "; GRANT SELECT (id, shown) ON partly TO " + user);
  {
    const auto source = open_source(database.uri_of(user, "only-reads"));
    const Schema& schema = source->schema();
    EXPECT_EQ(tables_of(schema), (Names{"open", "partly"}));
    EXPECT_EQ(schema.at("partly").find("secret"), nullptr);
    EXPECT_TRUE(tells(schema.left_out, "closed: no right"));
    EXPECT_TRUE(tells(schema.left_out, "hidden.t: no right"));
    EXPECT_TRUE(tells(schema.left_out, "by_row: row security"));
    EXPECT_TRUE(tells(schema.left_out, "partly.secret: no right"));
    const auto session = source->open();
    EXPECT_EQ(rows_of(*session, query_of("partly", {"shown"}, {"id"})), Names{"s"});
    EXPECT_NE(session->fingerprint(schema.at("open")), "");
    EXPECT_EQ(session->fingerprint(schema.at("partly")), "");
  }
  database.run("DROP OWNED BY " + user + "; DROP USER " + user);
}

TEST(PostgresqlSchema, LargeObjectsAreTold) {
  QUIRE_NEEDS_POSTGRESQL(database);
  database.run("SELECT lo_from_bytea(0, 'x')");
  EXPECT_TRUE(tells(open_source(database.uri())->schema().left_out, "1 large objects"));
}

TEST(PostgresqlRows, ComeOf300ColumnsOf2MegabytesAndOfNone) {
  QUIRE_NEEDS_POSTGRESQL(database);
  std::string columns = "id int PRIMARY KEY", values = "1";
  Names names;
  for (int i = 0; i < 300; ++i) {
    names.push_back("c" + std::to_string(i));
    columns += ", " + names.back() + " int";
    values += "," + std::to_string(i);
  }
  database.run("CREATE TABLE wide (" + columns + "); INSERT INTO wide VALUES (" + values + ")");
  database.run(
      "CREATE TABLE large (id int PRIMARY KEY, v text); "
      "INSERT INTO large SELECT i, repeat(chr(64 + i), 2 * 1024 * 1024) FROM generate_series(1, "
      "20) i");
  database.run("CREATE TABLE none (id int PRIMARY KEY)");
  const auto source = open_source(database.uri());
  const auto session = source->open();
  {
    const auto rows = session->read(query_of("wide", names, {"id"}));
    const auto row = rows->next();
    ASSERT_EQ(row.size(), 300U);
    for (int i = 0; i < 300; ++i) EXPECT_EQ(row[static_cast<std::size_t>(i)].integer, i);
  }
  const auto rows = session->read(query_of("large", {"v"}, {"id"}));
  for (int i = 1; i <= 20; ++i)
    EXPECT_EQ(rows->next()[0].text, std::string(2 * 1024 * 1024, static_cast<char>(64 + i)));
  EXPECT_TRUE(rows->next().empty());
  EXPECT_TRUE(rows_of(*session, query_of("none", {"id"}, {"id"})).empty());
  EXPECT_EQ(session->count(query_of("none", {"id"}, {"id"})), 0);
  EXPECT_FALSE(session->key_at(query_of("none", {"id"}, {"id"}), 1).has_value());
}

TEST(PostgresqlRows, OfAnOwnerComeInItsOrder) {
  QUIRE_NEEDS_DATABASE(uri, "postgresql_chinook");
  // [postgresql_read]
  const auto source = importer::open_source(uri);
  const auto session = source->open();
  RowQuery query;
  query.table = "album";
  query.columns = {"title"};
  query.owner = Owner{.table = "artist",
                      .key = {"artist_id"},
                      .columns = {"artist_id"},
                      .referenced = {"artist_id"}};
  query.key = {"album_id"};
  query.until = bson::Value(std::int32_t{2});
  // [/postgresql_read]
  EXPECT_EQ(rows_of(*session, query),
            (Names{"1|For Those About To Rock We Salute You", "1|Let There Be Rock",
                   "2|Balls to the Wall", "2|Restless and Wild"}));
}

}  // namespace
}  // namespace quire::importer

#endif
