#include "migrate/safe_restore.hpp"

#include <algorithm>

#include "migrate/history.hpp"
#include "migrate/jobs.hpp"
#include "migrate/kept_images.hpp"
#include "migrate/lock.hpp"
#include "migrate/support.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using enum MigrationState;

bool is_own(std::string_view name) {
  return name.starts_with("_quire") || name.starts_with("system.");
}

void restore_under_lock(Database& db, const std::filesystem::path& folder,
                        const std::string& reference, const TouchedCollections& touched,
                        const std::vector<std::string>& ids, backup::RestoreReport& report) {
  // One transaction of a file may keep the beat from being written for long.
  Lock lock(db, std::chrono::minutes(2), "");
  if (!lock.wait(std::chrono::minutes(5), {}, true, [](bson::View) {})) {
    throw MigrationError(ErrorCode::lock_busy,
                         "another process holds the migration lock; nothing was restored");
  }
  Transactions transactions(db);
  transactions.use(db.store().capabilities().transactions);
  Journal journal(db, transactions, Uuid::generate().str());

  std::set<std::string> saved;
  const auto checked = backup::verify(folder);
  for (const auto& one : checked.or_throw().collections) saved.insert(one.name);
  const History history = read_history(db);
  for (const std::string& id : ids) {
    const auto row = history.find(id);
    if (row == history.end()) continue;
    journal.move(
        {id, row->second.state, attention, lock.token(), {}, "", "restoring " + reference});
  }
  backup::RestoreOptions how;
  how.drop = true;
  for (const std::string& name : saved)
    if (!is_own(name) && touched.names.contains(name)) how.collections.push_back(name);
  if (!how.collections.empty()) report = backup::restore(db, folder, how);
  if (!report.ok()) return;
  for (const std::string& name : db.collection_names()) {
    if (is_own(name) || saved.contains(name)) continue;
    if (!touched.all && !touched.names.contains(name)) continue;
    lock.check();
    (void)db.store().drop_collection(db.ns(name), safe<store::OperationOptions>());
  }
  lock.check();
  const std::string note = "restored from " + reference;
  for (const std::string& id : ids) {
    if (!history.contains(id)) continue;
    (void)db.store().drop_collection(db.ns(kept_collection(id)), safe<store::OperationOptions>());
    transactions.run([&](store::Session* session) {
      remove_jobs(db, id, lock.token(), session);
      remove_kept(db, id, lock.token(), session);
      journal.move({id, attention, reverted, lock.token(), {}, "finished", note}, session);
    });
  }
}

}  // namespace

backup::RestoreReport restore_run(const Database& db, const std::filesystem::path& folder,
                                  const std::string& reference, const TouchedCollections& touched,
                                  const std::vector<std::string>& ids) {
  Database own = db;
  backup::RestoreReport report;
  report.folder = reference;
  report.database = db.name();
  try {
    restore_under_lock(own, folder, reference, touched, ids, report);
  } catch (const Error& error) {
    report.result = backup::Result::failed;
    report.error = error;
  } catch (...) {
    const Caught caught = current_failure();
    report.result = backup::Result::failed;
    report.error = MigrationError(caught.code, caught.text);
  }
  return report;
}

}  // namespace quire::migrate
