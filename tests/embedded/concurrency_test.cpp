#include <sys/wait.h>

#include <thread>

#include "file_fixture.hpp"

#if defined(__has_feature)
#define QUIRE_THREAD_SANITIZER __has_feature(thread_sanitizer)
#elif defined(__SANITIZE_THREAD__)
#define QUIRE_THREAD_SANITIZER 1
#else
#define QUIRE_THREAD_SANITIZER 0
#endif

namespace quire::store::embedded {
namespace {

using Concurrency = FileTest;

TEST_F(Concurrency, EightThreadsLeaveACleanFile) {
  auto store = open(path_ + "?durability=normal&busy_timeout_ms=60000");
  create_index(*store, R"({"key":{"n":1},"name":"n_1"})");
  create_index(*store, R"({"key":{"tags":1},"name":"tags_1"})");
  constexpr int per_thread = 60;
  std::atomic<std::int64_t> inserted{0}, removed{0};
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      try {
        for (int i = 0; i < per_thread; ++i) {
          const std::string id = std::to_string(t * 1000 + i);
          insert(*store, "{\"_id\":" + id + ",\"n\":" + std::to_string(i) + ",\"tags\":[1,2]}");
          inserted.fetch_add(1);
          update(*store, "{\"_id\":" + id + "}", R"({"$inc":{"n":1},"$push":{"tags":3}})");
          (void)count(*store, R"({"n":{"$gte":10,"$lt":20}})");
          if (i % 5 == 0) {
            const auto filter = json("{\"_id\":" + id + "}");
            removed.fetch_add(store->remove({"main", "c"}, filter, {}));
          }
          if (i % 20 == 7) {  // a transaction
            auto session = store->start_session();
            session->start_transaction();
            insert(*store, "{\"_id\":\"s" + id + "\"}", session.get());
            if (i % 40 == 7) {
              session->abort_transaction();
            } else {
              session->commit_transaction();
              inserted.fetch_add(1);
            }
          }
        }
      } catch (const std::exception& error) {
        failures.fetch_add(1);
        ADD_FAILURE() << error.what();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures.load(), 0);
  EXPECT_EQ(count(*store), inserted.load() - removed.load());
  expect_clean(*store);
}

TEST_F(Concurrency, TwoProcessesShareAFile) {
  constexpr int each = 200;
  // The child begins before this process has opened anything.
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  const auto work = [&](int base) {
    auto store = open(path_ + "?durability=normal&busy_timeout_ms=60000");
    for (int i = 0; i < each; ++i) {
      insert(*store, "{\"_id\":" + std::to_string(base + i) + ",\"a\":" + std::to_string(i) + "}");
      // An index appears in the midst of the other's writes.
      if (i == 50 && base == 0) create_index(*store, R"({"key":{"a":1},"name":"a_1"})");
    }
    return store;
  };
  if (child == 0) {
    int code = 0;
    try {
      work(1000)->close();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child: %s\n", error.what());
      code = 1;
    }
    ::_exit(code);
  }
  auto store = work(0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(count(*store), 2 * each);
  EXPECT_EQ(count(*store, R"({"a":7})"), 2);
  expect_clean(*store);
}

TEST_F(Concurrency, AnotherStoresIndexIsSeenAndFed) {
  auto a = open(path_), b = open(path_);
  insert(*a, R"({"_id":1,"a":1})");
  EXPECT_EQ(count(*b, R"({"_id":1})"), 1);
  create_index(*b, R"({"key":{"a":1},"name":"a_1","unique":true})");
  EXPECT_EQ(insert(*a, R"({"_id":2,"a":1})").errors.size(), 1U);
  EXPECT_EQ(insert(*a, R"({"_id":3,"a":[5,6]})").inserted, 1);  // multikey now, for both
  EXPECT_EQ(count(*b, R"({"a":{"$gte":5}})"), 1);
  b->drop_collection({"main", "c"}, {});
  EXPECT_EQ(count(*a, R"({"_id":1})"), 0);
  const auto one = json(R"({"_id":1})");
  EXPECT_FALSE(a->find_one({"main", "c"}, one, {}, [](bson::View) {}));
  insert(*b, R"({"_id":1,"again":true})");
  EXPECT_TRUE(
      a->find_one({"main", "c"}, one, {}, [](bson::View v) { EXPECT_TRUE(v.contains("again")); }));
  expect_clean(*a);
}

TEST_F(Concurrency, AForkedChildIsRefusedWhatItsParentHasOpen) {
  auto store = open(path_);
  insert(*store, R"({"_id":1})");
  const auto refused = [](auto&& use) {
    try {
      use();
      return false;
    } catch (const Error& error) {
      return error.code() == ErrorCode::transaction_state;
    }
  };
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 0;
    if (!refused([&] { (void)count(*store); })) code |= 1;
    if (!refused([&] { (void)open(path_); })) code |= 2;
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(count(*store), 1);
}

TEST_F(Concurrency, AForkedChildOpensAnotherFile) {
#if QUIRE_THREAD_SANITIZER
  GTEST_SKIP() << "the thread sanitizer allows no threads in the child of a program with threads";
#endif
  auto store = open(path_);
  insert(*store, R"({"_id":1})");
  const pid_t child = ::fork();
  if (child == 0) {
    insert(*open(path_ + ".other"), R"({"_id":1})");
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(count(*open(path_ + ".other")), 1);
}

TEST_F(Concurrency, AForkedChildOpensWhatWasClosedBefore) {
  insert(*open(path_), R"({"_id":1})");
  const pid_t child = ::fork();
  if (child == 0) {
    insert(*open(path_), R"({"_id":2})");
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(count(*open(path_)), 2);
}

TEST_F(Concurrency, BackupWhileOthersWriteIsWhole) {
  auto store = open(path_ + "?durability=normal");
  create_index(*store, R"({"key":{"a":1},"name":"a_1"})");
  for (int i = 0; i < 200; ++i) insert(*store, "{\"_id\":" + std::to_string(i) + ",\"a\":1}");
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 1000; !stop; ++i) insert(*store, "{\"_id\":" + std::to_string(i) + ",\"a\":2}");
  });
  const std::string copy = (folder_ / "copy.quire").string();
  backup(*store, copy);
  stop = true;
  writer.join();
  auto other = open(copy);
  EXPECT_GE(count(*other), 200);
  expect_clean(*other);
}

TEST_F(Concurrency, CompactGivesSpaceBack) {
  auto store = open(path_);
  for (int i = 0; i < 300; ++i)
    insert(*store, "{\"_id\":" + std::to_string(i) + ",\"a\":\"" + std::string(2000, 'x') + "\"}");
  const auto all = json(R"({"_id":{"$gt":10}})");
  RemoveOptions many;
  many.multi = true;
  EXPECT_EQ(store->remove({"main", "c"}, all, many), 289);
  EXPECT_GT(statistics(*store).free_bytes, 100'000);
  compact(*store);
  EXPECT_EQ(statistics(*store).free_bytes, 0);
  EXPECT_LT(statistics(*store).file_bytes, 200'000);
  EXPECT_EQ(count(*store), 11);
  expect_clean(*store);
}

TEST_F(Concurrency, ExpiredDocumentsGoWithASweep) {
  auto store = open(path_);
  create_index(*store, R"({"key":{"at":1},"name":"at_1","expireAfterSeconds":60})");
  insert(*store, R"({"_id":1,"at":{"$date":"2001-01-01T00:00:00Z"}})");
  insert(*store, R"({"_id":2,"at":{"$date":"2901-01-01T00:00:00Z"}})");
  insert(*store, R"({"_id":3})");
  insert(*store, R"({"_id":4,"at":"2001"})");
  EXPECT_EQ(sweep_expired(*store), 1);
  EXPECT_EQ(count(*store), 3);
}

TEST_F(Concurrency, TheBackgroundSweepNeedsNoCall) {
  auto store = open(path_ + "?ttl_interval_ms=20");
  create_index(*store, R"({"key":{"at":1},"name":"at_1","expireAfterSeconds":0})");
  insert(*store, R"({"_id":1,"at":{"$date":"2001-01-01T00:00:00Z"}})");
  for (int i = 0; i < 200 && count(*store) != 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(count(*store), 0);
}

}  // namespace
}  // namespace quire::store::embedded
