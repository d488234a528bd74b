#include <cstdio>
#include <quire/migrate/drift.hpp>
#include <quire/migrate/skeleton.hpp>
#include <quire/quire.hpp>

namespace q = quire;
using q::field;

// [models]
struct User {
  std::int64_t id = 0;
  std::string email = {};
  std::int32_t age = 0;
  bool active = true;

  static auto model() {
    return q::model<User>("users").index(field<&User::email>.asc(), q::unique);
  }
};
struct Visit {
  std::int64_t id = 0;
  std::string page = {};
  static auto model() { return q::model<Visit>("visits"); }
};
// [/models]

int main() {
  auto db = q::open(":memory:");
  const auto raw = db.collection<q::bson::Document>("users");
  raw.insert(q::bson::from_json(R"({"_id": 1, "email": "ada@x", "age": 36, "active": true})"));
  raw.insert(q::bson::from_json(R"({"_id": 2, "email": "eve@x", "age": "41", "nick": "e"})"));

  // [find]
  const auto drift = q::migrate::find_drift<User, Visit>(db);
  std::printf("%s", drift.str().c_str());
  // [/find]

  // [full]
  q::migrate::DriftOptions options;
  options.full = true;                   // all documents, not a sample of 1,000
  options.ignore = {"sessions_of_web"};  // another program's
  const bool in_sync = q::migrate::find_drift<User, Visit>(db, options).empty();
  // [/full]
  std::printf("in sync: %s\n", in_sync ? "yes" : "no");

  // [write]
  using namespace std::chrono;
  const std::string text = q::migrate::migration_skeleton(
      "tidy_users", drift, {.date = year(2026) / February / 10});  // without .date: today
  std::printf("%s", text.c_str());
  // [/write]
}
