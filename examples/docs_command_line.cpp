#include <cstdio>
#include <quire/cli/migrate.hpp>
#include <quire/quire.hpp>
#include <vector>

namespace q = quire;
using q::field;

struct User {
  std::int64_t id = 0;
  std::string email = {};
  std::string status = "active";
  static auto model() {
    return q::model<User>("users").index(field<&User::email>.asc(), q::unique);
  }
};

q::Migrations migrations() {
  q::Migrations all;
  all.add({.id = "2026_02_10_status",
           .title = "users have a status",
           .up = q::add_field("users", "status", "active")});
  return all;
}

// [main]
int migrate_main(int argc, const char* const* argv, const q::Database& db) {
  q::MigrateCliOptions options;
  options.models = q::cli::models<User>();  // for diff, new and types
  options.application = "shop 1.4";         // kept in history
  options.configure = [](q::MigrationRunner& runner) { runner.batch_size(1000); };
  return q::migrate_cli(argc, argv, db, migrations(), options);
}
// [/main]

int main() {
  const auto db = q::open(":memory:");
  const auto users = db.collection<q::bson::Document>("users");
  users.insert(q::bson::from_json(R"({"_id": 1, "email": "ada@x"})"));
  users.insert(q::bson::from_json(R"({"_id": 2, "email": "ada@x"})"));
  const auto shop = [&](std::vector<const char*> words) {
    words.insert(words.begin(), "shop");
    for (const char* word : words) std::printf("%s ", word);
    std::printf("\n");
    std::fflush(stdout);
    const int code = migrate_main(static_cast<int>(words.size()), words.data(), db);
    std::printf("exit code %d\n\n", code);
  };
  shop({"status", "--check"});
  shop({"plan"});
  shop({"up", "--quiet"});
  shop({"status", "--check", "--quiet"});
  shop({"duplicates", "users", "email"});
  shop({"down", "-n", "1", "--yes", "--quiet"});
}
