#include <cstdio>
#include <quire/migrate/lint.hpp>
#include <quire/migrate/preflight.hpp>
#include <quire/quire.hpp>

namespace q = quire;
using q::field;

struct User {
  std::int64_t id = 0;
  std::string email = {};
  std::string name = {};
  static auto model() {
    return q::model<User>("users").index(field<&User::email>.asc(), q::unique);
  }
};

// [migrations]
q::Migrations migrations() {
  q::Migrations all;
  all.add({.id = "2026_03_01_email",
           .title = "one e-mail each",
           .up = q::create_index("users", q::bson::make_document("email", 1), {.unique = true})});
  all.add({.id = "2026_03_02_name",
           .title = "one name",
           .up = q::merge_fields("users", {"first", "last"}, "name")});
  all.add({.id = "2026_03_03_sessions",
           .title = "sessions are kept elsewhere",
           .assured = q::assured("no release since 41 reads them"),
           .up = q::drop_collection("sessions")});
  return all;
}
// [/migrations]

// [lint]
int check(const q::Database& db) {
  q::migrate::LintOptions options;
  options.models = {&q::model_of<User>()};
  const q::migrate::LintReport report = q::migrate::lint(db, migrations(), options);
  for (const q::migrate::Finding& one : report.findings)
    std::printf("%s %s\n  %s: %s\n", one.code.c_str(), one.migration.c_str(), one.where.c_str(),
                one.text.c_str());
  for (const q::migrate::Finding& one : report.assured)
    std::printf("%s %s, assured: %s\n", one.code.c_str(), one.migration.c_str(),
                one.assured.c_str());
  return report.exit_code();
}
// [/lint]

// [preflight]
bool ready(const q::Database& db) {
  q::migrate::PreflightOptions options;
  options.models = {&q::model_of<User>()};
  options.more = [](const q::Database& of, std::vector<q::migrate::Finding>& findings) {
    if (of.store().count(of.ns("jobs"), {}, {}) > 0)
      findings.push_back({.code = "shop1", .text = "jobs are in the queue"});
  };
  const auto report = q::migrate::preflight(db, migrations(), options);
  for (const auto& one : report.findings)
    if (one.severity == q::migrate::Severity::danger)
      std::printf("%s %s\n", one.code.c_str(), one.text.c_str());
  return report.ok();
}
// [/preflight]

// [plan]
void show(const q::Database& db) {
  q::migrate::PlanOptions options;
  options.in_transactions = true;  // write the sample, and roll it back
  const q::MigrationPlan plan = q::MigrationRunner{db, migrations()}.plan(options);
  for (const auto& one : plan.migrations)
    for (const auto& part : one.parts)
      std::printf("%s %s: %lld documents, %s; %s\n", one.id.c_str(), part.op.c_str(),
                  static_cast<long long>(part.matched.value_or(0)), part.how.c_str(),
                  part.locks.c_str());
  std::printf("%s\n", plan.seconds.value_or(0) < 60 ? "less than a minute" : "take a break");
}
// [/plan]

int main() {
  const auto db = q::open(":memory:");
  const auto users = db.collection<q::bson::Document>("users");
  for (const char* json : {R"({"_id": 1, "email": "ada@x", "first": "Ada", "last": "King"})",
                           R"({"_id": 2, "email": "bob@x", "first": "Bob", "last": "Hall"})",
                           R"({"_id": 3, "email": "bob@x", "name": "Bo"})"})
    users.insert(q::bson::from_json(json));
  std::printf("exit code %d\n\n", check(db));
  std::printf("%s\n\n", ready(db) ? "ready" : "not ready");
  show(db);
}
