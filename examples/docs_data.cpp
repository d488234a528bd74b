#include <cstdio>
#include <quire/migrate/data_migrator.hpp>
#include <quire/quire.hpp>
#include <stdexcept>

namespace q = quire;
using q::migrate::DataMigrator;

// [structs]
struct PersonV1 {
  std::int64_t id = 0;
  std::string name = {};
};
struct User {
  std::int64_t id = 0;
  std::string first = {};
  std::string last = {};
};
User to_user(const PersonV1& old) {
  const auto space = old.name.find(' ');
  if (space == std::string::npos) throw std::invalid_argument("a name without a space");
  return {old.id, old.name.substr(0, space), old.name.substr(space + 1)};
}
// [/structs]

int main() {
  const q::Database old_db = q::open(":memory:");
  const q::Database new_db = q::open(":memory:");
  const auto people = old_db.collection<PersonV1>("people");
  people.insert({1, "Ada Lovelace"});
  people.insert({2, "Grace Hopper"});
  people.insert({3, "Plato"});

  // [copy]
  DataMigrator job(old_db, "people");
  job.to(new_db, "users")
      .transform<PersonV1, User>(to_user)
      .rejects(q::migrate::RejectPolicy::reject, {.most = 100, .percent = 50})
      .verify(q::migrate::VerifyLevel::digest);
  const auto report = job.run();
  std::printf("%s: %lld copied, %lld put aside\n", std::string(to_string(report.result)).c_str(),
              static_cast<long long>(report.counts.written),
              static_cast<long long>(report.counts.rejected));
  // [/copy]

  // [retry]
  people.replace({3, "Plato Aristocles"});
  const auto again = job.retry_rejects();
  std::printf("%lld more, exit code %d\n", static_cast<long long>(again.counts.written),
              again.exit_code());
  // [/retry]

  // [control]
  DataMigrator::control(new_db, "people-users", q::migrate::Desired::pause, "peak hours");
  DataMigrator::control(new_db, "people-users", q::migrate::Desired::run, "", 5000);
  // [/control]

  // [verify]
  q::migrate::VerifyOptions options;
  options.level = q::migrate::VerifyLevel::full;
  options.references = {{"team", "teams"}};  // each `team` is an _id of teams
  options.check = [](q::bson::View user) {
    return user["last"].as_string().empty() ? std::string("no last name") : std::string();
  };
  const auto compared =
      q::migrate::verify({.from = old_db,
                          .collection = "people",
                          .to = new_db,
                          .into = "users",
                          .map = [](q::bson::View source) -> std::optional<q::bson::Document> {
                            return q::bson::encode(to_user(q::bson::decode<PersonV1>(source)));
                          },
                          .options = options});
  std::printf("alike: %s\n", compared.ok() ? "yes" : "no");
  // [/verify]

  // [inline]
  DataMigrator careful(old_db, "people");
  const auto looked = careful.to(new_db, "people_by_day").inline_verify().run();
  if (looked.result == q::migrate::DataResult::mismatch)
    std::printf("%s\n", looked.error->what());  // … _id 2: …, the first path that differs is "name"
  // [/inline]
  std::printf("looked at: %lld\n", static_cast<long long>(looked.counts.written));

  // [progress]
  q::migrate::ProgressView view;  // on stderr: a bar on a terminal, else lines
  DataMigrator move(new_db, "users");
  const auto moved = move.to(new_db, "members")
                         .move()
                         .throttle({.rate = 10'000, .nice = 0.5})
                         .on_progress([&](const q::migrate::DataProgress& p) { view.show(p); })
                         .run();
  view.finish();
  std::printf("%lld moved, exit code %d\n", static_cast<long long>(moved.counts.removed),
              moved.exit_code());
  // [/progress]
}
