#ifdef QUIRE_WITH_MYSQL
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "mysql.hpp"
#include "own_databases.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

void fill(test::MysqlDatabase& database) {
  database.run("CREATE TABLE a (id INT PRIMARY KEY, v INT)");
  database.run("CREATE TABLE b (id INT PRIMARY KEY, v INT)");
  database.run("INSERT INTO a SELECT seq, 0 FROM seq_1_to_1000");
  database.run("INSERT INTO b SELECT seq, 0 FROM seq_1_to_1000");
}

std::int64_t sum(SourceSession& session, const Table& table) {
  const auto reader = session.read(test::whole(table));
  std::int64_t out = 0;
  for (auto cells = reader->next(); !cells.empty(); cells = reader->next()) out += cells[1].integer;
  return out;
}

TEST(MysqlSnapshot, IsOneForAllSessionsWhileAnotherWrites) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  fill(database);
  const std::string user = database.user();
  const std::string name = test::MysqlDatabase::quoted(database.name());
  database.run("GRANT SELECT, LOCK TABLES ON " + name + ".* TO " + user);
  // By the lock of all tables, and of these.
  for (const std::string& uri :
       {database.uri("connections=4"), database.uri("connections=4", user)}) {
    // Each transaction changes both tables by one: a snapshot has the same sum of both.
    std::atomic<bool> end{false};
    std::atomic<int> written{0};
    std::thread writer([&] {
      mysql::Connection other(database.connection().options());
      other.execute("SET SESSION TRANSACTION READ WRITE", "");
      other.execute("USE " + name, "");
      while (!end) {
        other.execute("START TRANSACTION", "");
        other.execute("UPDATE a SET v = v + 1 WHERE id = " + std::to_string(1 + written % 1000),
                      "");
        other.execute("UPDATE b SET v = v + 1 WHERE id = " + std::to_string(1 + written % 1000),
                      "");
        other.execute("COMMIT", "");
        ++written;
      }
    });
    while (written < 20) std::this_thread::yield();
    {
      const auto source = open_source(uri);
      EXPECT_EQ(source->snapshot(), "single");
      const Table& a = source->schema().at("a");
      const Table& b = source->schema().at("b");
      const auto first = source->open();
      const std::int64_t total = sum(*first, a);
      const int before = written;
      while (written < before + 50) std::this_thread::yield();
      const auto second = source->open();
      std::vector<std::unique_ptr<RowReader>> held;
      for (int i = 0; i < 5; ++i) {  // so that each connection is asked, and the shared one too
        EXPECT_EQ(sum(*second, b), total);
        held.push_back(second->read(test::whole(a)));
        ASSERT_FALSE(held.back()->next().empty());
      }
      held.clear();  // ending a statement leaves the snapshot as it is
      for (int i = 0; i < 5; ++i) EXPECT_EQ(sum(*first, i % 2 == 0 ? a : b), total);
    }
    end = true;
    writer.join();
  }
}

TEST(MysqlSnapshot, IsToldToBeManyWhereItIs) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  fill(database);
  const std::string user = database.user();
  const std::string name = test::MysqlDatabase::quoted(database.name());
  database.run("GRANT SELECT ON " + name + ".* TO " + user);
  if (database.value("SELECT @@log_bin") == "0") {
    EXPECT_EQ(open_source(database.uri({}, user))->snapshot(), "multi");  // it may lock nothing
  }
  EXPECT_EQ(open_source(database.uri("connections=1", user))->snapshot(), "single");
  EXPECT_EQ(open_source(database.uri())->snapshot(), "single");
  database.run("CREATE TABLE old (id INT PRIMARY KEY) ENGINE=MyISAM");
  EXPECT_EQ(open_source(database.uri())->snapshot(), "multi");
}

TEST(MysqlSnapshot, GivesUpALockThatOthersHoldBack) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  fill(database);
  const std::string user = database.user();
  const std::string name = test::MysqlDatabase::quoted(database.name());
  database.run("GRANT SELECT, LOCK TABLES ON " + name + ".* TO " + user);
  database.run("LOCK TABLES a WRITE");
  // b alone can be read meanwhile, but the tables are locked together.
  const auto source = open_source(database.uri("connections=2", user));
  EXPECT_EQ(source->snapshot(), "multi");
  database.run("UNLOCK TABLES");
  EXPECT_EQ(sum(*source->open(), source->schema().at("a")), 0);
}

TEST(MysqlSnapshot, NothingCanBeWritten) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  fill(database);
  const auto source = open_source(database.uri());
  const auto session = source->open();
  database.run("CREATE FUNCTION writes() RETURNS INT BEGIN UPDATE a SET v = 9; RETURN 1; END");
  RowQuery query = test::whole(source->schema().at("b"));
  query.where = "writes() = 1";
  try {
    (void)test::rows_of(*session->read(query));
    ADD_FAILURE() << "written";
  } catch (const ImportError& error) {
    EXPECT_EQ(error.backend_code(), 1792) << error.what();  // in a read-only transaction
  }
  EXPECT_EQ(database.value("SELECT SUM(v) FROM a"), "0");
}

TEST(MysqlFingerprint, IsAnotherOneAfterInsertsUpdatesAndDeletesOfOthers) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  database.run("CREATE TABLE parent (id INT PRIMARY KEY, v INT)");
  database.run(
      "CREATE TABLE child (id INT PRIMARY KEY, v INT, FOREIGN KEY (v) REFERENCES parent (id) ON "
      "DELETE CASCADE)");
  database.run(
      "CREATE TABLE parts (id INT PRIMARY KEY, v INT) PARTITION BY HASH (id) PARTITIONS 3");
  database.run("CREATE TABLE old (id INT PRIMARY KEY, v INT) ENGINE=MyISAM");
  database.run("CREATE TABLE quiet (id INT PRIMARY KEY, v INT)");
  for (const char* table : {"parent", "parts", "old", "quiet"})
    database.run(std::string("INSERT INTO ") + table + " VALUES (1, 1), (2, 2), (3, 3)");
  database.run("INSERT INTO child VALUES (1, 1), (2, 2), (3, 2)");
  const auto source = open_source(database.uri());
  const auto session = source->open();
  const auto print = [&](const char* table) {
    return session->fingerprint(source->schema().at(table));
  };
  const std::string quiet = print("quiet");
  for (const char* table : {"parent", "parts", "old", "child"}) {
    SCOPED_TRACE(table);
    const std::string name = table;
    std::string before = print(table);
    EXPECT_FALSE(before.empty());
    EXPECT_EQ(print(table), before);
    // Right behind the fingerprint, within its second as like as not.
    for (const std::string& sql :
         {"UPDATE " + name + " SET id = 7 WHERE id = 3", "INSERT INTO " + name + " VALUES (9, 1)",
          "DELETE FROM " + name + " WHERE id = 9"}) {
      database.run(sql);
      const std::string after = print(table);
      EXPECT_NE(after, before) << sql;
      before = after;
    }
  }
  const std::string child = print("child");
  database.run("DELETE FROM parent WHERE id = 1");  // takes a row of child with it
  EXPECT_NE(print("child"), child);
  EXPECT_EQ(print("quiet"), quiet);
}

TEST(MysqlFingerprint, IsEmptyWhereTheServerDoesNotTell) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  database.run("CREATE TABLE m (id INT PRIMARY KEY) ENGINE=MEMORY");
  database.run("CREATE VIEW v AS SELECT id FROM m");
  const auto source = open_source(database.uri());
  const auto session = source->open();
  EXPECT_EQ(session->fingerprint(source->schema().at("m")), "");
  EXPECT_EQ(session->fingerprint(source->schema().at("v")), "");
}

TEST(MysqlSnapshot, AServerThatIsStartedAgainInTheMiddleIsSourceFailed) {
  QUIRE_NEEDS_DATABASE(shared, "mysql");
  const test::OwnDatabases own("mariadb");
  const std::string server = own.text("mysql");
  ASSERT_FALSE(server.empty());
  std::string uri;
  {
    test::MysqlDatabase database(server);
    uri = database.uri("connections=3");
    database.run("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(1000))");
    // The tests' servers flush their log once a second.
    database.run("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
    database.run("INSERT INTO t SELECT seq, REPEAT('x', 1000) FROM seq_1_to_100000");
    const auto source = open_source(uri);
    const auto session = source->open();
    const Table& table = source->schema().at("t");
    const auto reader = session->read(test::whole(table));
    ASSERT_FALSE(reader->next().empty());
    const std::string before = session->fingerprint(table);
    ::kill(own.number("mysql_pid"), SIGKILL);
    const auto fails = [](const auto& work) {
      try {
        work();
        ADD_FAILURE() << "went on";
      } catch (const ImportError& error) {
        EXPECT_EQ(error.code(), ErrorCode::source_failed);
        EXPECT_NE(error.backend_code(), 0);
        EXPECT_NE(std::string(error.what()).find("open the source again"), std::string::npos)
            << error.what();
        EXPECT_EQ(std::string(error.what()).find("p@ss"), std::string::npos);
      }
    };
    fails([&] { (void)test::rows_of(*reader); });
    // Also of connections that nobody used just then, and of all that come later.
    for (int i = 0; i < 4; ++i) fails([&] { (void)session->read(test::whole(table)); });
    fails([&] { (void)session->count(test::whole(table)); });
    // Opened again it is there, with another fingerprint: what happened meanwhile is not known.
    std::unique_ptr<Source> again;
    for (int i = 0; i < 600 && !again; ++i) {
      try {
        again = open_source(uri);
      } catch (const ImportError&) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
    }
    ASSERT_TRUE(again);
    const auto fresh = again->open();
    EXPECT_EQ(fresh->count(test::whole(table)), 100000);
    EXPECT_NE(fresh->fingerprint(table), before);
  }
}

}  // namespace
}  // namespace quire::importer
#endif
