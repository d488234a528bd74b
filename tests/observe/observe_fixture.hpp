#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <ostream>
#include <string>
#include <vector>

#include "quire/bson/json.hpp"
#include "quire/observe/observe.hpp"
#include "quire/quire.hpp"
#include "servers.hpp"

/// The same tests on the embedded store and on servers.
namespace quire::observe::test {

struct StoreUnderTest {
  std::string name;
  std::string (*make_uri)();  ///< "" when there is none on this machine
};
inline void PrintTo(const StoreUnderTest& store, std::ostream* out) { *out << store.name; }

inline std::vector<StoreUnderTest> all_stores() {
  using namespace quire::test;
  return {
#ifdef QUIRE_TEST_EMBEDDED
      {"Memory", [] { return std::string(":memory:"); }},
#endif
#ifdef QUIRE_TEST_MONGODB
      {"ReplicaSet", [] { return with_database(server("replica_set"), fresh_database()); }},
      {"Standalone", [] { return with_database(server("standalone"), fresh_database()); }},
#endif
  };
}
inline std::string store_name(const ::testing::TestParamInfo<StoreUnderTest>& row) {
  return row.param.name;
}

struct Person {
  ObjectId id = {};
  std::string email = {};
  int age = 0;
  std::string city = {};
  static auto model() {
    return quire::model<Person>("people")
        .index(field<&Person::email>.asc(), unique)
        .index(field<&Person::age>.asc());
  }
};
inline constexpr auto email = field<&Person::email>;
inline constexpr auto age = field<&Person::age>;
inline constexpr auto city = field<&Person::city>;

/// An event with its views copied.
struct Seen {
  std::string command, database, collection, error, server, filter, sort;
  std::chrono::microseconds duration{0};
  bool ok = false;
  ErrorCode code{};
  int backend_code = 0;
};

/// Keeps all events. Threads: safe.
class Recorder {
 public:
  explicit Recorder(const Database& db)
      : subscription_(on_command(db, [this](const store::CommandEvent& event) {
          Seen seen{std::string(event.command),
                    std::string(event.database),
                    std::string(event.collection),
                    std::string(event.error),
                    std::string(event.server),
                    bson::to_json(event.filter),
                    bson::to_json(event.sort),
                    event.duration,
                    event.ok,
                    event.code,
                    event.backend_code};
          const std::lock_guard lock(mutex_);
          events_.push_back(std::move(seen));
        })) {}

  [[nodiscard]] std::vector<Seen> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(events_, {});
  }
  /// Those of one command, and forgets all.
  [[nodiscard]] std::vector<Seen> take(std::string_view command) {
    auto all = take();
    std::erase_if(all, [&](const Seen& one) { return one.command != command; });
    return all;
  }
  void end() { subscription_.end(); }

 private:
  std::mutex mutex_;
  std::vector<Seen> events_;
  Subscription subscription_;
};

class ObservedStore : public ::testing::TestWithParam<StoreUnderTest> {
 protected:
  void SetUp() override {
    uri_ = GetParam().make_uri();
    if (uri_.empty()) GTEST_SKIP() << GetParam().name << ": no such store here";
    db_.emplace(open(uri_));
    people_.emplace(db_->collection<Person>());
    people_->sync_indexes();
  }
  void TearDown() override {
    if (!db_) return;
    if (db_->store().kind() == "mongodb") db_->store().drop_database(db_->name());
    db_->close();
  }
  [[nodiscard]] bool embedded() const { return db_->store().kind() == "embedded"; }

  std::string uri_;
  std::optional<Database> db_;
  std::optional<Collection<Person>> people_;
};

template <class F>
ErrorCode code_of(F&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::internal;
}

/// An event made by hand.
inline store::CommandEvent event(std::string_view command, std::string_view collection,
                                 std::chrono::microseconds duration) {
  store::CommandEvent out;
  out.command = command;
  out.database = "app";
  out.collection = collection;
  out.duration = duration;
  return out;
}

}  // namespace quire::observe::test
