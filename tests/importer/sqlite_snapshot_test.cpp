#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "quire/core/error.hpp"
#include "shared_data.hpp"
#include "sqlite_fixture.hpp"

namespace quire::importer {
namespace {

using test::Lines;
using test::rows_of;
using test::SqliteFile;

RowQuery all_of(std::string table) {
  RowQuery out;
  out.table = std::move(table);
  out.columns = {"id", "v"};
  out.key = {"id"};
  return out;
}

constexpr const char* two_tables =
    "CREATE TABLE a(id INTEGER PRIMARY KEY, v); CREATE TABLE b(id INTEGER PRIMARY KEY, v);"
    "INSERT INTO a VALUES(1, 0); INSERT INTO b VALUES(1, 0);";

/// Another process that counts both tables up together until it is ended.
class Writer {
 public:
  explicit Writer(const std::string& path) {
    process_ = ::fork();
    if (process_ != 0) return;
    sqlite3* db = nullptr;
    if (sqlite3_open(path.c_str(), &db) != SQLITE_OK) ::_exit(1);
    sqlite3_busy_timeout(db, 10000);
    for (;;)
      if (sqlite3_exec(db,
                       "BEGIN IMMEDIATE; UPDATE a SET v = v + 1; UPDATE b SET v = v + 1;"
                       "INSERT INTO a(v) SELECT v FROM a WHERE id = 1; COMMIT",
                       nullptr, nullptr, nullptr) != SQLITE_OK)
        ::_exit(2);
  }
  ~Writer() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }

 private:
  pid_t process_;
};

TEST(SqliteSnapshot, IsOneForAllSessionsWhileAnotherProcessWrites) {
  SqliteFile file("a.db", "PRAGMA journal_mode = WAL");
  file.run(two_tables);
  file.close();
  const Writer writer(file.path());
  for (int round = 0; round < 5; ++round) {
    const auto source = file.source();
    ASSERT_EQ(source->snapshot(), "single");
    // More than there are connections of their own: some share one.
    std::vector<std::unique_ptr<SourceSession>> sessions;
    for (int i = 0; i < 16; ++i) sessions.push_back(source->open());
    const std::int64_t rows = sessions[0]->count(all_of("a"));
    const Lines first = rows_of(*sessions[0], all_of("b"));
    std::vector<std::thread> threads;
    std::atomic<int> wrong = 0;
    for (const auto& session : sessions)
      threads.emplace_back([&, one = session.get()] {
        for (int i = 0; i < 5; ++i) {
          if (rows_of(*one, all_of("b")) != first) ++wrong;
          if (static_cast<std::int64_t>(rows_of(*one, all_of("a")).size()) != rows) ++wrong;
          if (one->count(all_of("a")) != rows) ++wrong;
        }
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ("1|" + std::to_string(rows - 1), first.at(0));
  }
}

TEST(SqliteSnapshot, HoldsWhileOthersWriteAndIsNewWithANewSource) {
  SqliteFile file("a.db", "PRAGMA journal_mode = WAL");
  file.run(two_tables);
  const auto before = file.source();
  const auto session = before->open();
  file.run("UPDATE a SET v = 7; PRAGMA wal_checkpoint(PASSIVE); UPDATE a SET v = 8");
  EXPECT_EQ(rows_of(*session, all_of("a")), Lines{"1|0"});
  EXPECT_EQ(rows_of(*before->open(), all_of("a")), Lines{"1|0"});
  EXPECT_EQ(rows_of(*file.source()->open(), all_of("a")), Lines{"1|8"});
  const auto multi = open_source(file.uri() + "?snapshot=multi");
  EXPECT_EQ(multi->snapshot(), "multi");
  const auto loose = multi->open();
  EXPECT_EQ(rows_of(*loose, all_of("a")), Lines{"1|8"});
  file.run("UPDATE a SET v = 9");
  EXPECT_EQ(rows_of(*loose, all_of("a")), Lines{"1|9"});
}

TEST(SqliteSnapshot, KeepsWritersOutOfAFileWithoutWalUnlessAskedNotTo) {
  SqliteFile file("a.db", two_tables);
  sqlite3_busy_timeout(file.db(), 0);
  {
    const auto source = file.source();
    EXPECT_THROW(file.run("UPDATE a SET v = 7"), std::runtime_error);
  }
  const auto source = open_source(file.uri() + "?snapshot=multi");
  const auto session = source->open();
  EXPECT_EQ(rows_of(*session, all_of("a")), Lines{"1|0"});
  file.run("UPDATE a SET v = 7");
  EXPECT_EQ(rows_of(*session, all_of("a")), Lines{"1|7"});
}

TEST(SqliteSnapshot, WaitsForALockAndThenSaysWhoHasIt) {
  SqliteFile file("a.db", two_tables);
  file.run("BEGIN EXCLUSIVE");
  SourceOptions options;
  options.connect_timeout = std::chrono::milliseconds(50);
  try {
    (void)open_source(file.uri(), options);
    FAIL();
  } catch (const ImportError& error) {
    EXPECT_EQ(error.code(), ErrorCode::source_failed);
    EXPECT_EQ(error.backend_code() & 0xff, SQLITE_BUSY);
    EXPECT_NE(error.detail().find("another process"), std::string::npos);
  }
}

TEST(SqliteFingerprint, IsAnotherOneAfterEachWrite) {
  for (const char* mode : {"WAL", "DELETE"}) {
    SCOPED_TRACE(mode);
    SqliteFile file("a.db", (std::string("PRAGMA journal_mode = ") + mode).c_str());
    file.run(two_tables);
    const auto source = open_source(file.uri() + "?snapshot=multi");
    const auto session = source->open();
    const auto print = [&] { return session->fingerprint(source->schema().at("a")); };
    std::vector<std::string> seen{print()};
    EXPECT_FALSE(seen[0].empty());
    EXPECT_EQ(print(), seen[0]);
    for (const char* sql :
         {"UPDATE a SET v = 1", "UPDATE a SET v = 0", "INSERT INTO a VALUES(2, 0)",
          "DELETE FROM a WHERE id = 2", "UPDATE a SET v = 5 WHERE id = 1"}) {
      file.run(sql);
      const std::string now = print();
      EXPECT_EQ(std::count(seen.begin(), seen.end(), now), 0) << sql;
      EXPECT_EQ(print(), now);
      seen.push_back(now);
    }
    file.run("BEGIN; UPDATE a SET v = 6; ROLLBACK");
    EXPECT_EQ(print(), seen.back());
    const auto other = open_source(file.uri() + "?snapshot=multi");
    EXPECT_EQ(other->open()->fingerprint(other->schema().at("a")), seen.back());
  }
}

TEST(SqliteFingerprint, SeesWritersInWalModeThatHaveGone) {
  SqliteFile file("a.db", "PRAGMA journal_mode = WAL");
  file.run(two_tables);
  file.close();
  const auto print = [&] {
    const auto source = file.source();
    return source->open()->fingerprint(source->schema().at("a"));
  };
  const std::string before = print();
  file.open();
  file.run("UPDATE a SET v = 3");
  file.close();  // moves the log into the file
  EXPECT_NE(print(), before);
}

TEST(SqliteSource, IsNeverWritten) {
  for (const char* mode : {"WAL", "DELETE"}) {
    SCOPED_TRACE(mode);
    SqliteFile file("a.db", (std::string("PRAGMA journal_mode = ") + mode).c_str());
    file.run(two_tables);
    file.run("CREATE TABLE c(id TEXT PRIMARY KEY); INSERT INTO c VALUES(NULL)");
    const std::string log = file.path().string() + "-wal";
    const std::string bytes = quire::test::read_file(file.path());
    const std::string logged = quire::test::read_file(log);
    {
      const auto source = file.source();
      const auto session = source->open();
      (void)rows_of(*session, all_of("a"));
      (void)session->fingerprint(source->schema().at("a"));
      RowQuery writing = all_of("a");
      writing.where = "id IN (SELECT 1) RETURNING 1";
      EXPECT_THROW((void)session->read(writing), ImportError);
    }
    EXPECT_EQ(quire::test::read_file(file.path()), bytes);
    EXPECT_EQ(quire::test::read_file(log), logged);
  }
}

/// Runs `check` as a user who may not write the folder; root may write any.
int as_another_user(const std::function<bool()>& check) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(3);
    try {
      ::_exit(check() ? 0 : 1);
    } catch (const std::exception& error) {
      ::write(2, error.what(), std::string_view(error.what()).size());
      ::_exit(2);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(SqliteSource, ReadsAFileInWalModeWhoseFolderCannotBeWritten) {
  SqliteFile file("a.db", "PRAGMA journal_mode = WAL");
  file.run(two_tables);
  file.close();
  namespace fs = std::filesystem;
  fs::permissions(file.path(),
                  fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read);
  const auto folder = fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read |
                      fs::perms::others_exec;
  fs::permissions(file.folder(), folder);
  EXPECT_EQ(as_another_user([&] {
              const auto source = file.source();
              return source->snapshot() == "multi" && source->schema().left_out.size() == 1 &&
                     rows_of(*source->open(), all_of("a")) == Lines{"1|0"} &&
                     !source->open()->fingerprint(source->schema().at("a")).empty();
            }),
            0);
  // With a log beside it that nobody may share, what it holds would be missed: it is refused.
  fs::permissions(file.folder(), fs::perms::owner_all);
  std::ofstream(file.path().string() + "-wal") << std::string(100, 'x');
  fs::permissions(file.folder(), folder);
  EXPECT_EQ(as_another_user([&] {
              try {
                (void)file.source();
              } catch (const ImportError& error) {
                return error.code() == ErrorCode::source_failed;
              }
              return false;
            }),
            0);
  fs::permissions(file.folder(), fs::perms::owner_all);
}

}  // namespace
}  // namespace quire::importer
