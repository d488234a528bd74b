#include <atomic>
#include <cstdio>
#include <quire/observe/observe.hpp>
#include <quire/quire.hpp>
#include <string>

namespace q = quire;
using q::field;
using namespace std::chrono_literals;

struct User {
  q::ObjectId id = {};
  std::string email = {};
  std::string city = {};
  int age = 0;
  static auto model() {
    return q::model<User>("users")
        .index(field<&User::email>.asc(), q::unique)
        .index(field<&User::age>.asc());
  }
};
constexpr auto email = field<&User::email>;
constexpr auto city = field<&User::city>;
constexpr auto age = field<&User::age>;

int main() {
  auto db = q::open(":memory:");
  auto users = db.collection<User>();
  users.sync_indexes();
  // [events]
  std::atomic<int> failures = 0;
  auto watching = q::observe::on_command(db, [&](const q::store::CommandEvent& event) {
    if (!event.ok) ++failures;  // event.command, .duration, .code …; called by many threads
  });
  // [/events]
  // [slow]
  auto slow = q::observe::slow_log(db, {.threshold = 100ms, .max_per_second = 10});  // to stderr
  // [/slow]
  // [metrics]
  auto metrics = std::make_shared<q::observe::Metrics>();
  auto counting = q::observe::attach(db, metrics);
  // [/metrics]
  // [log]
  auto queries = std::make_shared<q::observe::QueryLog>();
  auto logging = q::observe::attach(db, queries);
  // [/log]
  users.insert(User{.email = "ada@example.org", .city = "London", .age = 36});
  try {
    users.insert(User{.email = "ada@example.org"});
  } catch (const q::StoreError&) {
    std::puts("the address is taken");
  }
  (void)users.find_one(email == "ada@example.org");
  (void)users.find(city == "London" && age >= 18).sort(email.asc()).to_vector();
  (void)users.find(city == "Paris").to_vector();
  watching.end();  // no call is under way after this
  std::printf("%d failed\n", failures.load());

  // [snapshot]
  for (const auto& one : metrics->snapshot().operations) {
    std::printf("%s %s: %d, %d failed\n", one.command.c_str(), one.collection.c_str(),
                static_cast<int>(one.operations), static_cast<int>(one.failures));
    if (one.p99() > 1.0) std::puts("  too slow");  // seconds
  }
  const std::string body = metrics->prometheus(db);  // text/plain; version=0.0.4
  // [/snapshot]
  std::puts(body.substr(0, body.find("\n# HELP quire_operation_failures")).c_str());

  // [health]
  const auto report = q::observe::health(db, 500ms);
  std::puts(report.ok() ? "200" : "503");
  const std::string probe = report.json();  // {"ok":true,"writable":true,"kind":"embedded",…}
  // [/health]
  std::printf("%d\n", probe.find("embedded") != std::string::npos);

  // [indexes]
  const auto indexes = q::observe::analyze_indexes<User>(db, *queries);
  std::puts(indexes.str(false).c_str());  // str() has the times, too
  for (const auto& proposal : indexes.proposals())
    std::puts(q::observe::sort_shape(proposal.keys).c_str());
  // [/indexes]
}
