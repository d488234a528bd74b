#include "store/embedded/storage/read_locks.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "file_fixture.hpp"
#include "quire/bson/writer.hpp"
#include "quire/store/embedded/embedded.hpp"
#include "quire/store/store.hpp"

namespace quire::store::embedded {
namespace {

using namespace std::chrono_literals;

/// A connection of SQLite's own.
class Plain {
 public:
  explicit Plain(const std::string& path, ReadLocks* locks = nullptr) {
    EXPECT_EQ(
        sqlite3_open_v2(path.c_str(), &db_,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr),
        SQLITE_OK);
    if (locks != nullptr) locks->attach(db_);
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF");
    run("CREATE TABLE IF NOT EXISTS t(a INTEGER)");
  }
  ~Plain() { EXPECT_EQ(sqlite3_close(db_), SQLITE_OK); }
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain&) = delete;

  int run(const char* sql) { return sqlite3_exec(db_, sql, nullptr, nullptr, nullptr); }
  std::int64_t number(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr), SQLITE_OK);
    EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW);
    const auto out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return out;
  }
  /// Whether the whole log was copied and begun anew.
  bool checkpoint() {
    return sqlite3_wal_checkpoint_v2(db_, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr) ==
           SQLITE_OK;
  }
  void wait_for_others(int ms) { sqlite3_busy_timeout(db_, ms); }

 private:
  sqlite3* db_ = nullptr;
};

class ReadLocksTest : public FileTest {};

TEST_F(ReadLocksTest, ALockStaysAfterAReadAndGoesSoon) {
  ReadLocks locks;
  Plain writer(path_, &locks);
  Plain reader(path_, &locks);
  writer.run("INSERT INTO t VALUES(1)");
  EXPECT_EQ(reader.number("SELECT a FROM t"), 1);
  EXPECT_GE(locks.kept(), 1U);
  for (int i = 0; i < 200 && locks.kept() > 0; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(locks.kept(), 0U);
  // And comes back with the next read.
  EXPECT_EQ(reader.number("SELECT a FROM t"), 1);
  EXPECT_EQ(locks.kept(), 1U);
}

TEST_F(ReadLocksTest, ALockThatIsUsedStays) {
  ReadLocks locks;
  Plain reader(path_, &locks);
  reader.run("INSERT INTO t VALUES(1)");
  const auto end = std::chrono::steady_clock::now() + 150ms;
  int reads = 0, gone = 0;
  while (std::chrono::steady_clock::now() < end) {
    EXPECT_EQ(reader.number("SELECT a FROM t"), 1);
    gone += locks.kept() == 0 ? 1 : 0;
    ++reads;
  }
  // Only a thread that was stopped between the two calls finds it gone.
  EXPECT_LE(gone * 10, reads);
}

TEST_F(ReadLocksTest, ACheckpointOfTheGroupDoesNotWait) {
  ReadLocks locks;
  Plain writer(path_, &locks);
  Plain reader(path_, &locks);
  int kept = 0;
  for (int i = 1; i <= 200; ++i) {
    ASSERT_EQ(writer.run("INSERT INTO t VALUES(1)"), SQLITE_OK);
    ASSERT_EQ(reader.number("SELECT count(*) FROM t"), i);
    kept += locks.kept() > 0 ? 1 : 0;
    ASSERT_TRUE(writer.checkpoint()) << i;  // no busy time-out is set
    EXPECT_EQ(std::filesystem::file_size(path_ + "-wal"), 0U);
  }
  EXPECT_GE(kept, 150);
}

TEST_F(ReadLocksTest, ACheckpointOfOthersWaitsForAMomentOnly) {
  ReadLocks locks;
  Plain reader(path_, &locks);
  Plain other(path_);  // as of another process
  other.wait_for_others(2000);
  for (int i = 1; i <= 5; ++i) {
    ASSERT_EQ(other.run("INSERT INTO t VALUES(1)"), SQLITE_OK);
    ASSERT_EQ(reader.number("SELECT count(*) FROM t"), i);
    ASSERT_EQ(other.run("INSERT INTO t VALUES(1); DELETE FROM t WHERE rowid % 2 = 0"), SQLITE_OK);
    ASSERT_TRUE(other.checkpoint()) << i;
    ASSERT_EQ(reader.number("SELECT count(*) FROM t"), other.number("SELECT count(*) FROM t"));
    ASSERT_EQ(other.run("DELETE FROM t"), SQLITE_OK);
    for (int k = 0; k < i; ++k) other.run("INSERT INTO t VALUES(1)");
  }
}

TEST_F(ReadLocksTest, AReadSeesWhatWasCommittedBeforeItByAnybody) {
  ReadLocks locks;
  Plain first(path_, &locks);
  Plain second(path_);
  first.wait_for_others(5000);
  second.wait_for_others(5000);
  first.run("INSERT INTO t VALUES(0)");
  std::atomic<std::int64_t> committed = 0;
  std::atomic<bool> over = false;
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([&] {
      Plain reader(path_, &locks);
      reader.wait_for_others(5000);
      while (!over) {
        const std::int64_t before = committed;
        const std::int64_t seen = reader.number("SELECT max(a) FROM t");
        EXPECT_GE(seen, before);
        EXPECT_LE(seen, committed + 1);
      }
    });
  }
  for (std::int64_t i = 1; i <= 400; ++i) {
    Plain& writer = i % 3 == 0 ? second : first;
    ASSERT_EQ(writer.run(("UPDATE t SET a=" + std::to_string(i)).c_str()), SQLITE_OK);
    committed = i;
    if (i % 40 == 0) (void)writer.run("PRAGMA wal_checkpoint(RESTART)");
  }
  over = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(second.number("SELECT a FROM t"), 400);
}

/// The size of the log after 6,000 transactions beside two constant readers.
std::uintmax_t log_beside_readers(const std::string& path) {
  const auto db = quire::store::open(path + "?durability=normal");
  const Namespace ns{"main", "c"};
  const auto insert = bson::make_document("_id", 1, "n", 0, "pad", std::string(3000, 'x'));
  (void)db->insert(ns, std::vector<bson::View>{insert}, {});
  std::atomic<bool> over = false;
  std::vector<std::thread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      while (!over)
        EXPECT_TRUE(db->find_one(ns, bson::make_document("_id", 1), {}, [](bson::View) {}));
    });
  }
  const auto update = bson::make_document("$inc", bson::make_document("n", 1));
  for (int i = 0; i < 6000; ++i)
    EXPECT_EQ(db->update(ns, bson::make_document("_id", 1), {update, false}, {}).modified, 1);
  over = true;
  for (auto& reader : readers) reader.join();
  EXPECT_TRUE(check(*db).ok());
  return std::filesystem::file_size(path + "-wal");
}

TEST_F(ReadLocksTest, ALogIsBegunAnewBesideConstantReaders) {
  // Each transaction writes at least one page of 8 KiB: 48 MiB, were the log never begun anew. A
  // reader that the machine stops within a read holds it up, with kept locks or without.
  std::uintmax_t least = 0;
  for (int round = 0; round < 20; ++round) {
    const auto size = log_beside_readers(path_ + std::to_string(round));
    least = round == 0 ? size : std::min(least, size);
    if (least < 32U << 20) break;
  }
  EXPECT_LT(least, 32U << 20);
}

TEST_F(ReadLocksTest, FilesWithoutSharedMemoryAreLeftAlone) {
  ReadLocks locks;
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(":memory:", &db), SQLITE_OK);
  locks.attach(db);
  EXPECT_EQ(sqlite3_exec(db, "CREATE TABLE t(a); SELECT * FROM t", nullptr, nullptr, nullptr),
            SQLITE_OK);
  EXPECT_EQ(locks.kept(), 0U);
  EXPECT_EQ(sqlite3_close(db), SQLITE_OK);
}

TEST_F(ReadLocksTest, AChildOfAForkLetsTheStoreGoWithoutWaiting) {
  auto db = quire::store::open(path_ + "?ttl_interval_ms=1");
  const Namespace ns{"main", "c"};
  const auto index = bson::make_document("key", bson::make_document("t", 1), "name", "t_1",
                                         "expireAfterSeconds", 1000);
  db->create_indexes(ns, std::vector<bson::View>{index}, {});
  (void)db->find_one(ns, bson::make_document("_id", 1), {}, [](bson::View) {});
  // Threads that hold the locks of SQLite and of the store at the moments of the forks.
  std::atomic<bool> stop{false};
  std::vector<std::thread> others;
  for (int i = 0; i < 2; ++i)
    others.emplace_back([&, i] {
      UpdateOptions options;
      options.upsert = true;
      for (int n = 0; !stop; ++n) {
        const auto set = bson::make_document("$set", bson::make_document("n", n));
        (void)db->update(ns, bson::make_document("_id", i), {set, false}, options);
      }
    });
  for (int round = 0; round < 30; ++round) {
    auto cursor = db->find(ns, {}, {});
    auto session = db->start_session({});
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(60);  // a child that waits for a thread that it has not ends with a signal
      cursor = {};
      session.reset();
      db->close();
      db.reset();
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << round << ": " << status;
  }
  stop = true;
  for (auto& other : others) other.join();
  EXPECT_TRUE(db->find_one(ns, bson::make_document("_id", 1), {}, [](bson::View) {}));
}

}  // namespace
}  // namespace quire::store::embedded
