#ifdef QUIRE_WITH_POSTGRESQL

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "own_databases.hpp"
#include "postgresql.hpp"
#include "quire/core/error.hpp"
#include "quire/importer/source.hpp"

namespace quire::importer {
namespace {

using Names = std::vector<std::string>;

RowQuery query_of(const std::string& table, const Names& columns, const Names& key) {
  RowQuery out;
  out.table = table;
  out.columns = columns;
  out.key = key;
  return out;
}

Names rest_of(RowReader& rows) {
  Names out;
  for (auto row = rows.next(); !row.empty(); row = rows.next()) out.push_back(display(row[0]));
  return out;
}

/// Neither ended nor waited for by its parent.
bool runs(int process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string line;
  if (!std::getline(stat, line)) return false;
  const auto name = line.rfind(") ");
  return name == std::string::npos || line.compare(name + 2, 1, "Z") != 0;
}

/// What is thrown, as text; fails where nothing is.
template <class Action>
std::string refused(ErrorCode code, Action action) {
  try {
    action();
  } catch (const ImportError& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

TEST(PostgresqlSnapshot, AllSessionsSeeTheSourceAtOneMoment) {
  QUIRE_NEEDS_POSTGRESQL(database);
  database.run(
      "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, i FROM "
      "generate_series(1, 5000) i");
  const auto source = open_source(database.uri());
  EXPECT_EQ(source->snapshot(), "single");
  const auto first = source->open();
  const auto query = query_of("t", {"v"}, {"id"});
  const auto begun = first->read(query);
  EXPECT_EQ(display(begun->next()[0]), "1");
  database.run(
      "DELETE FROM t WHERE id % 2 = 0; UPDATE t SET v = -v; INSERT INTO t VALUES (10000, 1)");
  const auto second = source->open();
  EXPECT_EQ(second->count(query), 5000);
  EXPECT_EQ(first->count(query), 5000);
  const auto later = second->read(query);
  for (int i = 1; i <= 5000; ++i) {
    if (i > 1) {
      ASSERT_EQ(begun->next()[0].integer, i);
    }
    ASSERT_EQ(later->next()[0].integer, i);
  }
  EXPECT_TRUE(begun->next().empty());
  EXPECT_TRUE(later->next().empty());
  std::thread([&] { EXPECT_EQ(source->open()->count(query), 5000); }).join();
  EXPECT_EQ(open_source(database.uri())->open()->count(query), 2501);
}

TEST(PostgresqlSnapshot, ReadersOfOneSessionDoNotDisturbEachOther) {
  QUIRE_NEEDS_POSTGRESQL(database);
  database.run(
      "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, repeat('x', 500) || i "
      "FROM generate_series(1, 20000) i");
  const auto source = open_source(database.uri());
  const auto session = source->open();
  const auto query = query_of("t", {"id"}, {"id"});
  const auto one = session->read(query);
  const auto two = session->read(query);
  for (int i = 1; i <= 100; ++i) {
    ASSERT_EQ(one->next()[0].integer, i);
    ASSERT_EQ(two->next()[0].integer, i);
    if (i % 10 == 0) {
      // One that goes before its end is cancelled, and its connection is used again.
      const auto gone = session->read(query_of("t", {"v"}, {"id"}));
      ASSERT_EQ(gone->next().size(), 1U);
      ASSERT_EQ(session->count(query), 20000);
    }
  }
  EXPECT_EQ(rest_of(*one).size(), 19900U);
  EXPECT_EQ(rest_of(*two).size(), 19900U);
  const std::string connections = database.value(
      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
      "application_name = 'quire'");
  EXPECT_LE(std::stoi(connections), 5);
}

TEST(PostgresqlSource, IsNeverWritten) {
  QUIRE_NEEDS_POSTGRESQL(database);
  database.run(
      "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); "
      "CREATE FUNCTION wipe() RETURNS bool LANGUAGE sql AS 'DELETE FROM t; SELECT true'");
  const auto source = open_source(database.uri());
  const auto session = source->open();
  auto query = query_of("t", {"id"}, {"id"});
  query.where = "wipe()";
  const std::string why =
      refused(ErrorCode::source_failed, [&] { (void)rest_of(*session->read(query)); });
  EXPECT_NE(why.find("25006"), std::string::npos) << why;
  query.where.clear();
  EXPECT_EQ(session->count(query), 1);
}

TEST(PostgresqlFingerprint, ChangesWithEveryCommittedChange) {
  QUIRE_NEEDS_POSTGRESQL(database);
  database.run(
      "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, i FROM "
      "generate_series(1, 100) i; CREATE TABLE other (id int)");
  const auto source = open_source(database.uri());
  const auto session = source->open();
  const Table& table = source->schema().at("t");
  std::string before = session->fingerprint(table);
  EXPECT_NE(before, "");
  EXPECT_EQ(session->fingerprint(table), before);
  database.run("INSERT INTO other VALUES (1)");
  EXPECT_EQ(session->fingerprint(table), before);
  for (const char* change :
       {"INSERT INTO t VALUES (1000, 1)", "UPDATE t SET v = v WHERE id = 5",
        "DELETE FROM t WHERE id = 7",
        "BEGIN; DELETE FROM t WHERE id = 8; INSERT INTO t VALUES (8, 8); COMMIT", "TRUNCATE t"}) {
    database.run(change);
    const std::string after = session->fingerprint(table);
    EXPECT_NE(after, before) << change;
    before = after;
  }
}

TEST(PostgresqlFingerprint, SeesAnOlderTransactionThatEndsLater) {
  QUIRE_NEEDS_POSTGRESQL(database);
  database.run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
  test::PgClient older(database.uri());
  older.run("BEGIN; SELECT pg_current_xact_id()");
  database.run("INSERT INTO t VALUES (3)");
  const auto source = open_source(database.uri());
  const auto session = source->open();
  const Table& table = source->schema().at("t");
  const std::string before = session->fingerprint(table);
  older.run("DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (4)");
  EXPECT_EQ(session->fingerprint(table), before);
  older.run("COMMIT");
  EXPECT_NE(session->fingerprint(table), before);
}

TEST(PostgresqlErrors, NeverShowThePassword) {
  QUIRE_NEEDS_POSTGRESQL(database);
  const std::string host =
      test::database("postgresql_host") + ":" + test::database("postgresql_port");
  const std::string secret = "hush-hush-42";
  for (const std::string& uri : {"postgresql://quire:" + secret + "@" + host + "/quire",
                                 "postgresql://" + secret + "x:" + secret + "@" + host + "/quire",
                                 "postgresql://quire:a?" + secret + "@" + host + "/quire",
                                 "postgresql://quire:" + secret + "@127.0.0.1:1/quire",
                                 "postgresql://quire:" + secret + "@no-such-host.invalid/quire",
                                 "postgresql://" + host + "/quire?user=quire&password=" + secret}) {
    const std::string why = refused(ErrorCode::source_failed, [&] { (void)open_source(uri); });
    EXPECT_EQ(why.find(secret), std::string::npos) << why;
  }
  for (const std::string& uri : {"postgresql://quire:a@" + secret + "@" + host + "/quire",
                                 "postgresql://quire:a/" + secret + "@" + host + "/quire",
                                 "postgresql://quire:" + secret + "%zz@" + host + "/quire",
                                 "postgresql://quire@" + host + "/quire?passwort=" + secret,
                                 "postgresql://quire:a#" + secret + "@[::1/quire"}) {
    const std::string why = refused(ErrorCode::invalid_source, [&] { (void)open_source(uri); });
    EXPECT_EQ(why.find(secret), std::string::npos) << why;
  }
  const auto source = open_source(database.uri() + "?application_name=x");
  EXPECT_EQ(source->location(), "postgresql://" + host + "/" + database.name());
  EXPECT_EQ(source->kind(), "postgresql");
}

TEST(PostgresqlErrors, PasswordsComeFromTheEnvironment) {
  QUIRE_NEEDS_POSTGRESQL(database);
  const std::string bare = "postgresql://quire@" + test::database("postgresql_host") + ":" +
                           test::database("postgresql_port") + "/quire";
  ::setenv("PGPASSWORD", test::database("postgresql_password").c_str(), 1);
  EXPECT_EQ(open_source(bare)->kind(), "postgresql");
  ::setenv("PGPASSWORD", "another-secret", 1);
  const std::string why = refused(ErrorCode::source_failed, [&] { (void)open_source(bare); });
  EXPECT_EQ(why.find("another-secret"), std::string::npos) << why;
  EXPECT_NE(why.find("PGPASSWORD"), std::string::npos) << why;
  ::unsetenv("PGPASSWORD");
}

TEST(PostgresqlErrors, AConnectionThatTheServerEndsIsTold) {
  QUIRE_NEEDS_POSTGRESQL(database);
  database.run(
      "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, repeat('x', 1000) FROM "
      "generate_series(1, 50000) i");
  const auto source = open_source(database.uri());
  const auto session = source->open();
  const auto rows = session->read(query_of("t", {"id", "v"}, {"id"}));
  ASSERT_EQ(rows->next().size(), 2U);
  database.run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'quire' AND "
      "datname = current_database()");
  const std::string why = refused(ErrorCode::source_failed, [&] { (void)rest_of(*rows); });
  EXPECT_NE(why.find("reading table t"), std::string::npos) << why;
  // The snapshot went with it: no session shows another moment as if it were the same.
  (void)refused(ErrorCode::source_failed,
                [&] { (void)source->open()->count(query_of("t", {"id"}, {"id"})); });
  EXPECT_EQ(open_source(database.uri())->open()->count(query_of("t", {"id"}, {"id"})), 50000);
}

TEST(PostgresqlErrors, WrongConditionsAreToldAndHarmNothing) {
  QUIRE_NEEDS_POSTGRESQL(database);
  database.run("CREATE TABLE t (id int PRIMARY KEY)");
  const auto source = open_source(database.uri());
  const auto session = source->open();
  auto query = query_of("t", {"id"}, {"id"});
  query.where = "no_such_column = 1";
  const std::string why = refused(ErrorCode::source_failed, [&] { (void)session->read(query); });
  EXPECT_NE(why.find("42703"), std::string::npos) << why;
  query.where.clear();
  EXPECT_EQ(session->count(query), 0);
}

TEST(PostgresqlErrors, AServerThatSaysNothingIsNotWaitedForWithoutEnd) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  SourceOptions options;
  options.connect_timeout = std::chrono::milliseconds(100);
  const std::string uri =
      "postgresql://u@127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/d";
  const std::string why =
      refused(ErrorCode::source_failed, [&] { (void)open_source(uri, options); });
  EXPECT_NE(why.find("timeout"), std::string::npos) << why;
  ::close(listener);
}

TEST(PostgresqlErrors, AServerThatIsKilledIsToldAndReadAgainWhenItIsBack) {
  if (test::database("postgresql").empty()) GTEST_SKIP() << test::no_database("postgresql");
  const test::OwnDatabases own("postgresql");
  const std::string uri = own.text("postgresql");
  ASSERT_FALSE(uri.empty());
  test::PgClient(uri).run(
      "CREATE TABLE t (id int PRIMARY KEY, v text); "
      "INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 20000) i");
  test::PgClient(uri).run("CHECKPOINT");  // behind the commit, which does not wait for the disk
  const auto query = query_of("t", {"id", "v"}, {"id"});
  const auto source = open_source(uri);
  const auto session = source->open();
  {
    const auto rows = session->read(query);
    ASSERT_EQ(rows->next().size(), 2U);
    const int server = own.number("postgresql_pid");
    std::vector<int> all{server};
    const std::string pid = std::to_string(server);
    std::ifstream children("/proc/" + pid + "/task/" + pid + "/children");
    for (int child = 0; children >> child;) all.push_back(child);
    ASSERT_EQ(::kill(server, SIGKILL), 0);
    // What sends the rows goes on until it hears of it; all of them, to one who reads meanwhile.
    for (const int one : all)
      for (int i = 0; i < 3000 && runs(one); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const std::string why = refused(ErrorCode::source_failed, [&] { (void)rest_of(*rows); });
    EXPECT_NE(why.find("reading table t"), std::string::npos) << why;
  }
  for (int i = 0;; ++i) {
    try {
      EXPECT_EQ(open_source(uri)->open()->count(query), 20000);
      break;
    } catch (const ImportError& error) {
      ASSERT_LT(i, 600) << "the server does not come back: " << error.what();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
  (void)refused(ErrorCode::source_failed, [&] { (void)session->count(query); });
}

}  // namespace
}  // namespace quire::importer

#endif
