// One job, many processes: killed ones, slow ones, zombies.
#include <sys/mman.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <mutex>
#include <thread>

#include "data_fixture.hpp"

namespace quire::migrate::test::data_share {

using std::chrono::milliseconds;

constexpr int people = 120;

/// A flag that processes share.
class SharedFlag {
 public:
  SharedFlag()
      : flag_(static_cast<std::atomic<int>*>(::mmap(nullptr, sizeof(std::atomic<int>),
                                                    PROT_READ | PROT_WRITE,
                                                    MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
  ~SharedFlag() { ::munmap(flag_, sizeof(std::atomic<int>)); }
  SharedFlag(const SharedFlag&) = delete;
  SharedFlag& operator=(const SharedFlag&) = delete;
  void raise() noexcept { *flag_ = 1; }
  [[nodiscard]] bool raised() const noexcept { return *flag_ != 0; }

 private:
  std::atomic<int>* flag_;
};

/// In a child process: works on the job with two threads. It kills itself when it mapped `fatal`
/// documents, or, with 0, goes on only when the other one is dead.
pid_t start_worker(const SharedStore& file, int fatal, bool move, const SharedFlag& other_is_dead) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  int code = 1;
  try {
    Database db = file.open();
    std::atomic<int> mapped{0};
    auto job = small_job(db, db);
    job.workers(2).lease(milliseconds(400)).map([&](bson::View document) {
      if (++mapped == fatal) ::kill(::getpid(), SIGKILL);
      while (fatal == 0 && mapped > 4 && !other_is_dead.raised())
        std::this_thread::sleep_for(milliseconds(1));
      return std::optional(bson::Document(document));
    });
    if (move) job.move();
    const auto report = job.run();
    code = report.ok() ? 0 : 2;
    if (!report.ok()) std::fprintf(stderr, "%s\n", report.json().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  ::_exit(code);
}

void share_with_one_killed(bool move) {
  const SharedStore file(move ? "move" : "share");
  std::vector<std::string> expected;
  {
    Database db = file.open();
    put_people(db, people);
    expected = all(db, "people");
    db.close();
  }
  SharedFlag first_is_dead;
  const pid_t first = start_worker(file, 25, move, first_is_dead);
  const pid_t second = start_worker(file, 0, move, first_is_dead);
  int status = 0;
  ::waitpid(first, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  first_is_dead.raise();
  ::waitpid(second, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  Database db = file.open();
  EXPECT_EQ(without_stamps(db, "users"), expected);
  const auto report = small_job(db, db).status();
  EXPECT_EQ(report.result, DataResult::complete) << report.json();
  EXPECT_EQ(report.counts.read, people);
  EXPECT_EQ(report.counts.written, people);
  EXPECT_EQ(report.counts.removed, move ? people : 0);
  EXPECT_EQ(count(db, "people"), move ? 0 : people);
}

TEST(DataShare, TwoProcessesOfTwoThreadsCopyEachDocumentOnceThoughOneIsKilled) {
  share_with_one_killed(false);
}
TEST(DataShare, AMoveSharedSoLosesNothing) { share_with_one_killed(true); }

/// A worker whose partition is taken over while it computes writes nothing any more.
TEST(DataShare, TheLateWriteOfAPartitionsFormerWorkerChangesNothing) {
  auto db = empty_database();
  put_people(db, 4);
  std::atomic<bool> taken{false}, waits{false};
  DataReport late;
  std::thread zombie([&] {
    auto job = small_job(db, db);
    late = job.workers(1)
               .map([&](bson::View document) {
                 waits = true;
                 while (!taken) std::this_thread::sleep_for(milliseconds(2));
                 return std::optional(bson::make_document("_id", document["_id"], "by", "zombie"));
               })
               .run();
  });
  while (!waits) std::this_thread::sleep_for(milliseconds(2));
  // Its process seems to have gone: its sign of life stands still, and it is another's.
  const auto body = bson::from_json(
      R"({"$set":{"beat":{"$numberLong":"7"},"process":"","lease_ms":{"$numberLong":"60"}}})");
  (void)db.store().update(db.ns("_quire_jobs"), bson::from_json(R"({"kind":"run"})"), {body.view()},
                          {});
  const auto report =
      small_job(db, db)
          .workers(1)
          .lease(milliseconds(60))
          .map([&](bson::View document) {
            return std::optional(bson::make_document("_id", document["_id"], "by", "heir"));
          })
          .run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_GE(report.taken_over, 1);
  taken = true;
  zombie.join();
  EXPECT_TRUE(late.ok()) << late.json();
  EXPECT_EQ(late.lost, 1);
  EXPECT_EQ(count(db, "users", R"({"by":"heir"})"), 4);
  EXPECT_EQ(count(db, "users"), 4);
  EXPECT_EQ(report.counts.written, 4);
}

TEST(DataShare, AnIdleHolderKeepsItsPartitionWhileItGivesSignsOfLife) {
  auto db = empty_database();
  put_people(db, 4);
  std::atomic<int> mapped{0};
  const auto slow = [&](bson::View document) {
    if (++mapped == 1) std::this_thread::sleep_for(milliseconds(1300));
    return std::optional(bson::Document(document));
  };
  DataReport first;
  std::thread holder(
      [&] { first = small_job(db, db).workers(1).lease(milliseconds(800)).map(slow).run(); });
  while (mapped == 0) std::this_thread::sleep_for(milliseconds(2));
  const auto second = small_job(db, db).workers(1).lease(milliseconds(800)).map(slow).run();
  holder.join();
  ASSERT_TRUE(first.ok()) << first.json();
  ASSERT_TRUE(second.ok()) << second.json();
  EXPECT_EQ(first.lost + second.lost + first.taken_over + second.taken_over, 0);
  EXPECT_EQ(mapped, 4);
}

TEST(DataMove, LeavesRejectsDroppedOnesAndWhatChangedMeanwhileIsCopiedAnew) {
  auto db = empty_database();
  put_people(db, 9);
  std::atomic<bool> changed{false};
  auto report = small_job(db, db)
                    .workers(1)
                    .move()
                    .rejects(RejectPolicy::reject)
                    .map([&](bson::View document) -> std::optional<bson::Document> {
                      const auto id = document["_id"].as_int64();
                      if (id == 2) return std::nullopt;
                      if (id == 5) throw std::runtime_error("no");
                      // The application writes while its copy is under way.
                      if (id == 7 && !changed.exchange(true))
                        set(db, "people", R"({"_id":7})", R"({"$set":{"name":"new"}})");
                      return bson::Document(document);
                    })
                    .run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.counts.removed, 7);
  EXPECT_EQ(report.counts.rejected, 1);
  EXPECT_EQ(count(db, "people"), 2);
  EXPECT_EQ(count(db, "users"), 7);
  EXPECT_EQ(count(db, "users", R"({"_id":7,"name":"new"})"), 1);
}

}  // namespace quire::migrate::test::data_share
