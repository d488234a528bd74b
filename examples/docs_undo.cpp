#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <quire/migrate/maintenance.hpp>
#include <quire/migrate/safe_run.hpp>
#include <quire/migrate/tenants.hpp>
#include <quire/quire.hpp>
namespace q = quire;

struct Price {
  std::int64_t id = 0;
  double amount = 0;
};

void undo(q::Database db) {
  for (std::int64_t id = 1; id <= 3; ++id)
    db.collection<Price>("prices").insert({id, 0.5 + static_cast<double>(id)});
  // [keep]
  q::Migrations all;
  all.add({.id = "2026_06_round_prices",
           .keep_preimages = true,
           .up = q::each<Price>("prices", [](Price& p) {
             p.amount = static_cast<double>(static_cast<std::int64_t>(p.amount));
           })});
  const auto up = q::MigrationRunner{db, all}.run();
  std::printf("%lld kept\n", static_cast<long long>(up.migrations[0].preimages));
  db.collection<Price>("prices").replace({2, 9.99});  // edited since

  const auto down = q::MigrationRunner{db, all}.rollback("2026_06_round_prices");
  std::printf("%lld restored, %lld rejected\n", static_cast<long long>(down.migrations[0].changed),
              static_cast<long long>(down.migrations[0].rejected));
  // [/keep]
  std::printf("%.2f %.2f\n", db.collection<Price>("prices").get(1).amount,
              db.collection<Price>("prices").get(2).amount);
}

void safe(q::Database db, const q::Migrations& all, const std::filesystem::path& folder) {
  // [safe]
  q::migrate::SafeRunOptions options;
  options.backup = folder / "before";
  options.maintenance = true;
  options.validate = {{"no negative price", [](q::Database& own) -> std::string {
                         const auto bad = q::bson::from_json(R"({"amount": {"$lt": 0}})");
                         const auto n = own.store().count(own.ns("prices"), bad, {});
                         return n == 0 ? "" : std::to_string(n) + " are negative";
                       }}};
  const auto report = q::migrate::safe_run(db, all, options);
  if (!report.ok()) std::fprintf(stderr, "%s\n", report.json().c_str());
  // [/safe]
  std::printf("%s, exit code %d\n", std::string(to_string(report.result)).c_str(),
              report.exit_code());
}

void maintenance(q::Database db) {
  // [maintenance]
  db.set_hooks(q::migrate::refuse_writes(db));  // in each program, at its start

  const q::migrate::Maintenance maintenance(db);
  maintenance.on("moving the prices");
  try {
    db.collection<Price>("prices").insert({4, 1});
  } catch (const q::StoreError& error) {
    std::printf("%s\n", to_string(error.code()));
  }
  maintenance.off();
  // [/maintenance]
  db.set_hooks(nullptr);
}

void tenants(q::Database db, const q::Migrations& all) {
  // [tenants]
  const std::vector<std::string> names{"north", "south", "west"};
  q::migrate::TenantOptions options;
  options.canaries = 1;
  options.parallel = 2;
  const auto report = q::migrate::run_tenants(
      names, [&](const std::string& name) { return db.with_name(name); }, all, options);
  std::printf("%zu tenants, exit code %d\n", report.tenants.size(), report.exit_code());
  // [/tenants]
}

int main() {
  const auto folder =
      std::filesystem::temp_directory_path() / ("quire-docs-undo-" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  q::Database db = q::open(":memory:");
  undo(db);
  q::Migrations all;
  all.add({.id = "2026_07_currency", .up = q::add_field("prices", "currency", "EUR")});
  safe(db, all, folder);
  maintenance(db);
  tenants(db, all);
  std::filesystem::remove_all(folder);
}
