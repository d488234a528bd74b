// What an import has of the server that it reads: its moment, and its connections.
#include "fixture.hpp"
#ifdef QUIRE_WITH_MYSQL
#include "mysql.hpp"
#endif
#ifdef QUIRE_WITH_POSTGRESQL
#include "postgresql.hpp"
#endif

namespace quire::importer::test {
namespace {

Mapping users_and_places() {
  Mapping mapping = one(users_mapping());
  mapping.tables.push_back({.table = "places", .into = "places"});
  return mapping;
}

template <class Database>
void make_tables(Database& old, const std::string& text) {
  old.run("CREATE TABLE users(id INTEGER PRIMARY KEY, name " + text + ")");
  old.run("INSERT INTO users VALUES (1, 'a'), (2, 'b')");
  old.run("CREATE TABLE places(id INTEGER PRIMARY KEY, name " + text + ")");
  old.run("INSERT INTO places VALUES (1, 'a'), (2, 'b')");
}

/// A row that is written behind the snapshot and in front of the first look at its table is not
/// imported, and that is told; the next pass brings it.
template <class Old>
void expect_gap_told(Old& old, const std::string& uri, bool of_the_file) {
  Database db = empty_database();
  const auto at = [](const ImportReport& report, std::string_view name) -> const ImportPart& {
    for (const ImportPart& part : report.parts) {
      if (part.name == name) return part;
    }
    throw std::logic_error("no such part");
  };
  {
    const auto source = open_source(uri);
    (void)source->open();  // takes the snapshot where opening the source did not
    ASSERT_EQ(source->snapshot(), "single");
    old.run("INSERT INTO places VALUES (3, 'late')");
    const auto report = Importer(*source, db, users_and_places(), small()).run();
    ASSERT_TRUE(report.ok()) << report.json();
    EXPECT_EQ(count(db, "places"), 2);
    EXPECT_TRUE(at(report, "places").changed_meanwhile) << report.json();
    EXPECT_EQ(at(report, "people").changed_meanwhile, of_the_file) << report.json();
    EXPECT_FALSE(report.next.empty());
  }
  const auto source = open_source(uri);
  const auto later = Importer(*source, db, users_and_places(), small()).run();
  ASSERT_TRUE(later.ok()) << later.json();
  EXPECT_EQ(count(db, "places"), 3);
  EXPECT_FALSE(at(later, "places").changed_meanwhile) << later.json();
  EXPECT_FALSE(at(later, "people").changed_meanwhile) << later.json();
}

TEST(ImportMoment, AWriteBeforeTheFirstLookAtATableIsToldOfSqlite) {
  QUIRE_ON_ONE_STORE();
  Legacy old("gap");
  make_tables(old, "TEXT");
  expect_gap_told(old, old.uri(), true);
}

#ifdef QUIRE_WITH_POSTGRESQL

TEST(ImportMoment, AWriteBeforeTheFirstLookAtATableIsToldOfPostgresql) {
  QUIRE_ON_ONE_STORE();
  QUIRE_NEEDS_DATABASE(server, "postgresql");
  quire::test::PgSchema old(server);
  make_tables(old, "text");
  expect_gap_told(old, old.uri(), false);
}

/// The text of the error of an import, with two workers that read users with their orders.
std::string error_of_import(const std::string& uri) {
  Database db = empty_database();
  TableMapping users = users_mapping();
  ChildRule orders;
  orders.to = orders.table = "orders";
  orders.columns = {"user_id"};
  users.children = {orders};
  try {
    const auto source = open_source(uri);
    const auto report = Importer(*source, db, one(users), small()).run();
    return report.error ? report.error->what() : "";
  } catch (const ImportError& error) {
    return error.what();
  }
}

TEST(ImportConnections, OfPostgresqlAreAsManyAsTheUriAndTheServerAllow) {
  QUIRE_ON_ONE_STORE();
  QUIRE_NEEDS_DATABASE(server, "postgresql");
  quire::test::PgDatabase old(server);
  make_tables(old, "text");
  old.run("CREATE TABLE orders(id int PRIMARY KEY, user_id int REFERENCES users)");
  old.run("INSERT INTO orders SELECT i, 1 + i % 2 FROM generate_series(1, 100) i");
  const std::string uri = old.uri() + "?";
  EXPECT_EQ(error_of_import(uri + "connections=7&connect_timeout=20"), "");
  EXPECT_EQ(error_of_import(uri + "connect_timeout=20&connections=7"), "");
  const std::string few = error_of_import(uri + "connections=3");
  EXPECT_NE(few.find("all 3 connections are in use"), std::string::npos) << few;
  EXPECT_NE(few.find("fewer workers"), std::string::npos) << few;
  for (const char* wrong : {"2", "", "x", "7x", "-1", "10001", "99999999999999999999"}) {
    const std::string why = error_of_import(uri + "connections=" + wrong);
    EXPECT_NE(why.find("from 3 to 10000"), std::string::npos) << wrong << ": " << why;
  }
  const std::string user = "limited_" + std::to_string(::getpid());
  old.run("CREATE ROLE " + user + " LOGIN PASSWORD 'secret' CONNECTION LIMIT 2");
  old.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + user);
  const std::string refused = error_of_import(old.uri_of(user, "secret"));
  EXPECT_NE(refused.find("connections of this source were open"), std::string::npos) << refused;
  EXPECT_EQ(refused.find("secret"), std::string::npos) << refused;
  old.run("DROP OWNED BY " + user + "; DROP ROLE " + user);
}

#endif
#ifdef QUIRE_WITH_MYSQL

TEST(ImportMoment, AWriteBeforeTheFirstLookAtATableIsToldOfMariadb) {
  QUIRE_ON_ONE_STORE();
  QUIRE_NEEDS_DATABASE(server, "mysql");
  quire::test::MysqlDatabase old(server);
  make_tables(old, "VARCHAR(20)");
  expect_gap_told(old, old.uri(), false);
}

TEST(ImportConnections, OfMariadbAreAsManyAsTheServerAllows) {
  QUIRE_ON_ONE_STORE();
  QUIRE_NEEDS_DATABASE(server, "mysql");
  quire::test::MysqlDatabase old(server);
  make_tables(old, "VARCHAR(20)");
  const std::string user = old.user();
  old.run("GRANT SELECT ON " + quire::test::MysqlDatabase::quoted(old.name()) + ".* TO " + user);
  old.run("ALTER USER " + user + " WITH MAX_USER_CONNECTIONS 1");
  const auto source = open_source(old.uri({}, user));
  try {
    (void)open_source(old.uri({}, user));
    ADD_FAILURE() << "a second connection was let in";
  } catch (const ImportError& error) {
    EXPECT_EQ(error.code(), ErrorCode::source_failed);
    EXPECT_NE(std::string(error.what()).find("?connections=N"), std::string::npos) << error.what();
  }
  Database db = empty_database();
  const auto report = Importer(*source, db, users_and_places(), small()).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(count(db, "places"), 2);
}

#endif

}  // namespace
}  // namespace quire::importer::test
