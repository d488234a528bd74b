// Imports that are killed at each boundary of a chunk and at random moments, and whose source is
// started again. A slice; all of it where QUIRE_IMPORT_SOAK is set (scripts/soak.sh).
#include <signal.h>

#include <random>
#include <thread>

#include "crash_bed.hpp"
#include "own_databases.hpp"
#ifdef QUIRE_WITH_MYSQL
#include "mysql.hpp"
#endif
#ifdef QUIRE_WITH_POSTGRESQL
#include "postgresql.hpp"
#endif

namespace quire::importer::test::crash {
namespace {

/// SIGKILL before and after what is_boundary() says, from the `first` on each `every`th, at most
/// `most` times; 0: until the import ends before it. In soak until then.
void kill_at_boundaries(Bed& bed, int first, int every, int most) {
  if (soak()) first = 1, every = soak_every(), most = 0;
  int rounds = 0;
  for (int at = first; most == 0 || rounds < most; at += every) {
    SCOPED_TRACE("killed at boundary " + std::to_string(at));
    const Bed::Target target = bed.prepare();
    const auto end =
        bed.import(target,
                   [seen = std::make_shared<std::atomic<int>>(0), at](const StoreCall& call) {
                     if (is_boundary(call) && ++*seen == at) ::kill(::getpid(), SIGKILL);
                   })
            .wait(limit);
    ASSERT_TRUE(end.finished) << "it hung";
    if (end.signal == 0) {
      EXPECT_EQ(end.code, 0) << end.text;
      bed.remove(target);
      break;
    }
    ASSERT_EQ(end.signal, SIGKILL);
    bed.expect_to_end_well(target);
    bed.remove(target);
    ++rounds;
    if (::testing::Test::HasFailure()) return;
  }
  if (soak()) {
    std::printf("%d kills at boundaries\n", rounds);
    EXPECT_GT(rounds, 40 / every);
  } else {
    EXPECT_GT(rounds, 0);
  }
}

/// Several kills may be of one import.
void kill_at_random(Bed& bed, int kills) {
  if (soak()) kills = 200 / soak_every();
  std::mt19937 random(20261128);
  int killed = 0, imports = 0, ended = 0;
  for (; killed < kills && imports < 20 * kills; ++imports) {
    SCOPED_TRACE("import " + std::to_string(imports));
    const Bed::Target target = bed.prepare();
    for (int left = 1 + static_cast<int>(random() % 4); left > 0 && killed < kills; --left) {
      auto child = bed.import(target, {});
      std::this_thread::sleep_for(bed.took() * (random() % 1000) / 1000);
      child.send(SIGKILL);
      const auto end = child.wait(limit);
      ASSERT_TRUE(end.finished) << "it hung";
      end.signal == SIGKILL ? ++killed : ++ended;
      if (end.signal != SIGKILL) {
        EXPECT_EQ(end.code, 0) << end.text;
      }
    }
    bed.expect_to_end_well(target);
    bed.remove(target);
    if (::testing::Test::HasFailure()) return;
  }
  if (soak()) std::printf("%d kills in %d imports; %d had ended before\n", killed, imports, ended);
  EXPECT_EQ(killed, kills);
}

/// How many rounds are run where it is not the whole: the first, each how manieth, how many; 0:
/// this store has none.
struct Slice {
  int first = 3, every = 29, most = 3, random = 2;
};
Slice slice(bool of_server_source) {
  if (quire::test::on_server()) return {.first = 12, .most = 1, .random = 1};
  if (of_server_source) return {.first = 8, .every = 23, .most = 2, .random = 1};
  return {};
}
void kill_at_all(const std::string& uri, bool of_server_source, bool without_transactions = false) {
  if (of_server_source && quire::test::on_server() && !soak())
    GTEST_SKIP() << "what is written is that of SQLite: with QUIRE_IMPORT_SOAK only";
  Bed bed(uri, without_transactions);
  const Slice part = slice(of_server_source);
  kill_at_boundaries(bed, part.first, part.every, part.most);
  if (!::testing::Test::HasFailure()) kill_at_random(bed, part.random);
}

TEST(ImportMatrix, KillsOfAnImportFromSqlite) {
  Legacy legacy("matrix");
  for (const std::string& sql : statements(false)) legacy.run(sql);
  kill_at_all(legacy.uri(), false);
}

TEST(ImportMatrix, KillsOfAnImportWithoutTransactions) {
  if (quire::test::on_server()) GTEST_SKIP() << "a standalone server has none";
  Legacy legacy("matrix");
  for (const std::string& sql : statements(false)) legacy.run(sql);
  kill_at_all(legacy.uri(), false, true);
}

/// The source dies at some boundaries, by `signal`, and is started again by its keeper.
template <class Database>
void restart_source(const std::string& kind, const std::string& key, bool mysql) {
  if (quire::test::on_server() && !soak())
    GTEST_SKIP() << "the same on each store, and long: with QUIRE_IMPORT_SOAK only";
  if (quire::test::database(key).empty()) GTEST_SKIP() << quire::test::no_database(key);
  quire::test::OwnDatabases own(kind);
  Database old(own.text(key));
  for (const std::string& sql : statements(mysql)) old.run(sql);
  // The tests' servers flush their log late.
  if (mysql) old.run("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
  old.run(mysql ? "INSERT INTO places VALUES (1000, 'last')" : "CHECKPOINT");
  if (mysql) old.run("DELETE FROM places WHERE id = 1000");
  Bed bed(old.uri());
  const auto open_again = [&] {
    for (int i = 0; i < 900; ++i) {
      try {
        return open_source(bed.source());
      } catch (const ImportError&) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
    }
    ADD_FAILURE() << kind << " does not come back";
    return std::unique_ptr<Source>();
  };
  int failed = 0, rounds = 0;
  const int most = soak() ? std::max(20 / soak_every(), 2) : 1;
  for (int at = 4; rounds < most; at += 2, ++rounds) {
    SCOPED_TRACE("source ended at boundary " + std::to_string(at));
    const Bed::Target target = bed.prepare();
    std::atomic<int> seen{0};
    const int signal = rounds % 2 == 0 ? SIGKILL : mysql ? SIGTERM : SIGINT;
    const auto report = bed.run(target.uri, [&](const StoreCall& call) {
      if (!is_boundary(call) || ++seen != at) return;
      const auto server = static_cast<pid_t>(own.number(key + "_pid"));
      ::kill(server, signal);
      // Else a small import may be through before the server is gone.
      for (int i = 0; signal == SIGKILL && i < 500 && ::kill(server, 0) == 0; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    });
    if (!report.ok()) {
      ++failed;
      ASSERT_TRUE(report.error) << report.json();
      EXPECT_EQ(report.error->code(), ErrorCode::source_failed) << report.json();
      EXPECT_EQ(report.json().find("p@ss"), std::string::npos);
    }
    ASSERT_TRUE(open_again());
    bed.expect_to_end_well(target);
    bed.remove(target);
    if (::testing::Test::HasFailure()) return;
  }
  if (soak()) std::printf("%d restarts, %d ended a run\n", rounds, failed);
  EXPECT_GE(failed, std::max(1, most / 2));
}

#ifdef QUIRE_WITH_POSTGRESQL
TEST(ImportMatrix, KillsOfAnImportFromPostgresql) {
  QUIRE_NEEDS_DATABASE(server, "postgresql");
  quire::test::PgSchema old(server);
  for (const std::string& sql : statements(false)) old.run(sql);
  kill_at_all(old.uri(), true);
}
TEST(ImportMatrix, RestartsOfThePostgresqlThatIsImported) {
  restart_source<quire::test::PgDatabase>("postgresql", "postgresql", false);
}
#endif
#ifdef QUIRE_WITH_MYSQL
TEST(ImportMatrix, KillsOfAnImportFromMariadb) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  quire::test::MysqlDatabase old(server);
  for (const std::string& sql : statements(true)) old.run(sql);
  kill_at_all(old.uri(), true);
}
TEST(ImportMatrix, RestartsOfTheMariadbThatIsImported) {
  restart_source<quire::test::MysqlDatabase>("mariadb", "mysql", true);
}
#endif

}  // namespace
}  // namespace quire::importer::test::crash
