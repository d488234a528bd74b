#include "testing/support.hpp"

#include <algorithm>

#include "quire/core/error.hpp"

namespace quire::testing {

Database open_for(ScratchDatabases& databases, const Subject& subject, const std::string& uri,
                  HookedStore::Hook hook) {
  Database db = databases.open(uri);
  if (!hook && !subject.without_transactions) return db;
  if (!hook) hook = [](const StoreCall&) {};
  auto hooked = std::make_shared<HookedStore>(db.shared_store(), std::move(hook));
  hooked->without_transactions = subject.without_transactions;
  return {std::move(hooked), db.name()};
}

Database prepared(ScratchDatabases& databases, const Subject& subject, const std::string& uri) {
  Database db = open_for(databases, subject, uri);
  if (subject.prepare) subject.prepare(db);
  return db;
}

migrate::MigrationRunner runner_for(const Subject& subject, const Database& db) {
  migrate::MigrationRunner runner{db, subject.migrations};
  if (subject.configure) subject.configure(runner);
  return runner;
}

migrate::MigrationReport go(const Subject& subject, const Database& db, bool down,
                            const std::string& down_to) {
  auto runner = runner_for(subject, db);
  if (!down) return runner.run();
  if (!down_to.empty()) return runner.rollback(down_to);
  return runner.rollback(static_cast<int>(subject.migrations.items.size()));
}

void expect_ok(const migrate::MigrationReport& report, const std::string& what) {
  if (!report.ok()) refute(what + " failed: " + report.json());
}

Straight look(const Subject& subject, const Database& db) {
  return {DatabaseImage(db, subject.compare), history_image(db)};
}

void expect_same(const Straight& wanted, const Straight& got, const std::string& when) {
  auto text = wanted.data.difference(got.data, "a straight run", "this one");
  if (!text.empty()) refute(when + ": " + text);
  if (wanted.history == got.history) return;
  const auto [a, b] = std::mismatch(wanted.history.begin(), wanted.history.end(),
                                    got.history.begin(), got.history.end());
  refute(when + ": history differs: a straight run has \"" +
         (a == wanted.history.end() ? "nothing" : *a) + "\", this one \"" +
         (b == got.history.end() ? "nothing" : *b) + "\"");
}

}  // namespace quire::testing
