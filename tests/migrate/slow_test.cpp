// Steps that take long are told, also while they do; what a run tells of itself.
#include <condition_variable>
#include <mutex>

#include "fixture.hpp"
#include "quire/testing/testing.hpp"

namespace quire::migrate::test {
namespace {

using namespace std::chrono_literals;
using Kind = MigrationEvent::Kind;

struct Told {
  Kind kind;
  std::string migration, collection, text;
  int step;
  std::int64_t done, token;
  std::chrono::milliseconds elapsed, operation;
};

/// Keeps events; others may wait for one that is slow.
class Listener {
 public:
  void operator()(const MigrationEvent& event) {
    const std::lock_guard guard(mutex_);
    told_.push_back({event.kind, std::string(event.migration), std::string(event.collection),
                     std::string(event.text), event.step, event.done, event.token, event.elapsed,
                     event.operation});
    changed_.notify_all();
  }
  bool wait_for_slow() {
    std::unique_lock guard(mutex_);
    return changed_.wait_for(guard, 60s, [&] { return count(Kind::slow) > 0; });
  }
  [[nodiscard]] std::vector<Told> slow() const {
    const std::lock_guard guard(mutex_);
    std::vector<Told> out;
    for (const Told& one : told_)
      if (one.kind == Kind::slow) out.push_back(one);
    return out;
  }
  [[nodiscard]] std::vector<std::string> kinds() const {
    const std::lock_guard guard(mutex_);
    std::vector<std::string> out;
    for (const Told& one : told_) out.emplace_back(to_string(one.kind));
    return out;
  }
  [[nodiscard]] Told last() const {
    const std::lock_guard guard(mutex_);
    return told_.back();
  }

 private:
  [[nodiscard]] std::ptrdiff_t count(Kind kind) const {
    return std::ranges::count_if(told_, [&](const Told& one) { return one.kind == kind; });
  }
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Told> told_;
};

Migrations only(DeclaredMigration one) {
  Migrations all;
  all.add(std::move(one));
  return all;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(SlowStep, IsToldWhileOneUpdateOfTheStoreGoesOn) {
  SharedStore shared("slow");
  Database plain = shared.open();
  put(plain, "people", R"({"_id": 1})");
  Listener heard;
  bool told = false;
  // The update returns when it was told that it is slow, and not before.
  auto hooked = std::make_shared<testing::HookedStore>(
      plain.shared_store(), [&](const testing::StoreCall& call) {
        if (call.operation == "update" && call.ns.collection == "people" && call.returned)
          told = heard.wait_for_slow();
      });
  Database db(hooked, plain.name());
  const auto report =
      MigrationRunner{db, only({.id = "status", .up = add_field("people", "status", "new")})}
          .slow_after(20ms)
          .on_event([&](const MigrationEvent& event) { heard(event); })
          .run();
  EXPECT_EQ(report.result, MigrationResult::applied) << report.json();
  EXPECT_TRUE(told);
  const auto slow = heard.slow();
  ASSERT_FALSE(slow.empty());
  EXPECT_EQ(slow[0].migration, "status");
  EXPECT_EQ(slow[0].collection, "people");
  EXPECT_EQ(slow[0].step, 1);
  EXPECT_GE(slow[0].elapsed, 20ms);
  EXPECT_EQ(slow[0].operation, slow[0].elapsed);
  EXPECT_TRUE(has(slow[0].text, "one transaction") || has(slow[0].text, "one update"))
      << slow[0].text;
  ASSERT_EQ(report.warnings.size(), 1U);
  EXPECT_TRUE(report.warnings[0].starts_with("status, step 1 (add_field of people): it has taken"))
      << report.warnings[0];
}

TEST(SlowStep, IsToldWhileCodeGoesOn) {
  Database db = empty_database();
  Listener heard;
  bool told = false;
  const auto report =
      MigrationRunner{db,
                      only({.id = "code",
                            .up = run(Atomicity::idempotent,
                                      [&](Database&, Session&) { told = heard.wait_for_slow(); })})}
          .slow_after(20ms)
          .on_event([&](const MigrationEvent& event) { heard(event); })
          .run();
  EXPECT_TRUE(report.ok()) << report.json();
  EXPECT_TRUE(told);
  EXPECT_TRUE(has(heard.slow().at(0).text, "own code")) << heard.slow().at(0).text;
}

/// Each batch of ten takes ten seconds of the clock.
MigrationReport ten_seconds_a_batch(Database& db, testing::FakeClock& clock, Listener& heard,
                                    std::chrono::milliseconds limit, Throttle throttle = {}) {
  const auto slowly = [&](Counter& counter) {
    if (counter.id % 10 == 0) clock.advance(10s);
    ++counter.n;
  };
  return MigrationRunner{db, only({.id = "count", .up = each<Counter>("counters", slowly)})}
      .clock(clock)
      .batch_size(10)
      .slow_after(limit)
      .throttle(std::move(throttle))
      .on_event([&](const MigrationEvent& event) { heard(event); })
      .run();
}

TEST(SlowStep, IsToldAgainWhenItTookTwiceAsLongAndOnceInTheReport) {
  Database db = empty_database();
  put_counters(db, 200);
  testing::FakeClock clock;
  Listener heard;
  const auto report = ten_seconds_a_batch(db, clock, heard, 30s);
  EXPECT_TRUE(report.ok()) << report.json();
  const auto slow = heard.slow();
  std::vector<std::chrono::milliseconds> at;
  for (const Told& one : slow) {
    at.push_back(one.elapsed);
    EXPECT_LT(one.operation, 30s);
    EXPECT_TRUE(has(one.text, "background")) << one.text;
  }
  EXPECT_EQ(at, (std::vector<std::chrono::milliseconds>{30s, 60s, 120s}));
  // The first is told within or behind the third batch.
  EXPECT_TRUE(slow[0].done == 20 || slow[0].done == 30) << slow[0].done;
  ASSERT_EQ(report.warnings.size(), 1U) << report.json();
  EXPECT_TRUE(has(report.warnings[0], "2 min") || has(report.warnings[0], "120 s"))
      << report.warnings[0];
}

TEST(SlowStep, IsNotToldWhenSwitchedOffNorBelowTheLimit) {
  for (const auto limit : {std::chrono::milliseconds(0), std::chrono::milliseconds(300'000)}) {
    Database db = empty_database();
    put_counters(db, 50);
    testing::FakeClock clock;
    Listener heard;
    const auto report = ten_seconds_a_batch(db, clock, heard, limit);
    EXPECT_TRUE(report.ok());
    EXPECT_TRUE(heard.slow().empty());
    EXPECT_TRUE(report.warnings.empty());
  }
}

TEST(SlowStep, WaitingOnRequestIsNoWork) {
  Database db = empty_database();
  put_counters(db, 20);
  testing::FakeClock clock;
  Listener heard;
  bool asked = false;
  Throttle throttle;
  throttle.wait = [&]() -> std::string {
    if (std::exchange(asked, true)) return "";
    clock.advance(1h);
    return "peak hours";
  };
  const auto report = ten_seconds_a_batch(db, clock, heard, 30s, throttle);
  EXPECT_TRUE(report.ok()) << report.json();
  EXPECT_TRUE(asked);
  EXPECT_TRUE(heard.slow().empty());
}

TEST(SlowBatch, OfAFilterWithoutAnIndexSaysSo) {
  for (const bool indexed : {false, true}) {
    SharedStore shared(indexed ? "indexed" : "unindexed");
    Database db = shared.open();
    for (int i = 0; i < 3; ++i)
      put(db, "counters", R"({"_id": )" + std::to_string(i) + R"(, "n": 0, "kind": "x"})");
    if (indexed) {
      const auto index = bson::from_json(R"({"key": {"kind": 1}, "name": "kind_1"})");
      const bson::View spec = index;
      db.store().create_indexes(db.ns("counters"), {&spec, 1}, {});
    }
    testing::FakeClock clock;
    Listener heard;
    const auto slowly = [&](Counter& counter) {
      if (counter.id == 1) clock.advance(40s);
      ++counter.n;
    };
    const auto report =
        MigrationRunner{db,
                        only({.id = "count",
                              .up = each<Counter>("counters", slowly,
                                                  {.filter = bson::make_document("kind", "x")})})}
            .clock(clock)
            .on_event([&](const MigrationEvent& event) { heard(event); })
            .run();
    ASSERT_TRUE(report.ok()) << report.json();
    ASSERT_EQ(heard.slow().size(), 1U);
    const Told slow = heard.slow()[0];
    EXPECT_EQ(slow.operation, 40s);
    EXPECT_EQ(slow.collection, "counters");
    EXPECT_EQ(has(slow.text, R"(no index begins with a field of its filter {"kind":"x"})") ||
                  has(slow.text, R"(no index begins with a field of its filter {"kind": "x"})"),
              !indexed)
        << slow.text;
    if (indexed) {
      EXPECT_TRUE(has(slow.text, "batch_size(250)")) << slow.text;
    }
  }
}

TEST(Events, TellOfTheLockTheMigrationsAndTheEnd) {
  Database db = empty_database();
  put_counters(db, 5);
  Migrations all;
  all.add({.id = "a", .up = add_field("counters", "x", 1)});
  all.add({.id = "b", .up = run(Atomicity::idempotent, [](Database&, Session&) {
                        throw std::runtime_error("no such thing");
                      })});
  Listener heard, also;
  MigrationRunner runner(db, all);
  runner.on_event([&](const MigrationEvent& event) { heard(event); });
  runner.also_on_event([&](const MigrationEvent& event) { also(event); });
  const auto report = runner.run();
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(heard.kinds(), (std::vector<std::string>{"locked", "started", "finished", "started",
                                                     "failed", "ended"}));
  EXPECT_EQ(also.kinds(), heard.kinds());
  EXPECT_EQ(heard.last().text, to_string(report.result));

  Listener back;
  runner.on_event([&](const MigrationEvent& event) { back(event); });
  EXPECT_TRUE(runner.rollback("a").ok());
  EXPECT_EQ(back.kinds(), (std::vector<std::string>{"locked", "started", "finished", "ended"}));
  EXPECT_GT(back.last().token, 0);
  EXPECT_EQ(runner.health().state, RunState::idle);  // and not running for ever
  EXPECT_EQ(also.kinds().size(), 6U);                // on_event() takes the place of both
}

TEST(Events, OfAStartWithNothingToDoTellOnlyTheEnd) {
  Database db = empty_database();
  Migrations all;
  all.add({.id = "a", .up = create_collection("x")});
  EXPECT_TRUE(MigrationRunner(db, all).run().ok());
  Listener heard;
  const MigrationReport* seen = nullptr;
  std::string result;
  EXPECT_TRUE(MigrationRunner(db, all)
                  .on_event([&](const MigrationEvent& event) {
                    heard(event);
                    seen = event.report;
                    if (seen != nullptr) result = to_string(seen->result);
                  })
                  .run()
                  .ok());
  EXPECT_EQ(heard.kinds(), std::vector<std::string>{"ended"});
  EXPECT_NE(seen, nullptr);
  EXPECT_EQ(result, "nothing");
}

}  // namespace
}  // namespace quire::migrate::test
