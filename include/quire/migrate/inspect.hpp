#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/value.hpp"
#include "quire/collection/database.hpp"
#include "quire/migrate/data_report.hpp"

/// What migrations keep in a database, read without the program's migrations: for tools. Nothing
/// here writes but unlock(). quire.hpp does not include it.
/// Fields that are absent, or of another type because somebody edited them, are empty; the document
/// itself is always there. Reads go to the primary. All throw StoreError. Threads: safe.
namespace quire::migrate {

/// The document of _quire_lock.
struct LockInfo {
  bool held = false;
  std::int64_t token = 0;  ///< grows with each holder
  std::int64_t beat = 0;   ///< grows while the holder lives
  std::chrono::milliseconds lease{0};
  std::string host;
  std::int64_t pid = 0;
  std::string application;
  std::string progress;  ///< what the holder says of itself, as text or JSON; may be empty
  /// The holder ran on this machine and is not there any more.
  bool process_gone = false;
  bson::Document document;

  /// One line: {held, token, beat, lease_ms, host, pid, app, progress, process_gone}.
  [[nodiscard]] std::string json() const;
};
/// Nothing: no run ever took the lock of this database.
[[nodiscard]] std::optional<LockInfo> lock_info(const Database& db);

/// A document of _quire_history: where one migration stands.
struct HistoryEntry {
  std::string id;
  std::string title;
  std::string state;  ///< as stored: "applied", "partial" …; also one that this quire does not know
  std::string direction;  ///< "up", "down"
  std::string atomicity;
  std::string guarantee;
  std::string checksum;
  std::string application;  ///< the program that ran it last
  std::string run;
  std::string host;
  std::int64_t pid = 0;
  std::string user;
  std::string error;
  std::string assured;        ///< why what lint() found was no danger
  std::int64_t sequence = 0;  ///< order of application
  std::int64_t fence = 0;
  std::int64_t ms = 0;
  std::int64_t matched = 0;
  std::int64_t changed = 0;
  std::int64_t removed = 0;
  bool out_of_order = false;
  std::optional<bson::DateTime> started;  ///< the store's clock, for people
  std::optional<bson::DateTime> finished;
  bson::Document document;

  [[nodiscard]] std::string json() const;  ///< the document on one line
};
/// In the order of application.
[[nodiscard]] std::vector<HistoryEntry> history(const Database& db);

/// A document of _quire_events: an edge between two states, or what was done to the lock.
struct EventEntry {
  std::optional<bson::DateTime> at;  ///< the store's clock
  std::string what;                  ///< "state" of a migration, "unlock"
  std::string migration;             ///< empty for the lock's
  std::string from, to;
  std::string run;
  std::string note;
  std::int64_t fence = 0;
  std::string host;
  std::int64_t pid = 0;
  std::string user;
  bson::Document document;

  [[nodiscard]] std::string json() const;  ///< the document on one line
};
struct EventsOptions {
  std::int64_t most = 100;     ///< the latest of them; 0 = all
  std::string migration = {};  ///< only of this one
};
/// The earliest first.
[[nodiscard]] std::vector<EventEntry> events(const Database& db, const EventsOptions& options = {});

/// A document of _quire_jobs: how far a step is.
struct JobEntry {
  std::string id;  ///< "2026_split_name:up:1"
  std::string migration;
  std::string direction;
  std::int64_t number = 0;
  std::string state;  ///< "running", "begun", "complete"
  std::int64_t fence = 0;
  std::int64_t saves = 0;  ///< batches so far
  std::int64_t matched = 0;
  std::int64_t changed = 0;
  std::int64_t removed = 0;
  std::optional<bson::Value> cursor;
  bson::Document document;

  [[nodiscard]] std::string json() const;  ///< the document on one line
};
/// By id.
[[nodiscard]] std::vector<JobEntry> jobs(const Database& db);

/// A process that works, or worked, on a data job.
struct DataJobProcess {
  std::string run;
  std::string host;
  std::int64_t pid = 0;
  std::int64_t beat = 0;  ///< grows while it lives
  std::chrono::milliseconds lease{0};
  bool gone = false;  ///< it ran on this machine and is not there any more
};
/// A job of DataMigrator, or of one table of an import, as all its processes left it.
struct DataJobEntry {
  std::string job;
  /// By this one look: without rate and time left, which take two. `reason` is that of the control
  /// document where that makes the job wait or stop.
  DataProgress progress;
  DataCounts counts;
  std::int64_t partitions = 0;
  std::int64_t partitions_done = 0;  ///< copied, or compared while it verifies
  Desired desired = Desired::run;
  std::int64_t rate_limit = 0;            ///< documents a second of each process; 0 = none
  std::vector<DataJobProcess> processes;  ///< that did not end by themselves
  bson::Document document;

  /// Whether it is not complete, and a process is there that is not known to be gone.
  [[nodiscard]] bool runs() const noexcept;
  /// One line: the fields of DataProgress::json(), counts, partitions, desired, processes.
  [[nodiscard]] std::string json() const;
};
/// By name. Reads the partitions of each.
[[nodiscard]] std::vector<DataJobEntry> data_jobs(const Database& db);

struct UnlockOptions {
  /// Do not look whether the holder still lives. It stops at its next batch; what it writes until
  /// then is caught by the fence, but for code of class manual or idempotent.
  bool force = false;
  std::stop_token stop = {};
  /// Told once when the holder's beat is about to be watched, with the time that takes at most.
  std::function<void(std::chrono::milliseconds)> watching = {};
};
/// Takes the lock away from a holder that is gone. `token`: as lock_info() showed it. Without force
/// the beat is watched for 1.25 leases first, unless the holder's process is surely gone; one that
/// beats is left alone. Compare-and-set on token and beat: a lock that changed since you looked is
/// not broken. Token and beat grow, so that a holder which wakes up sees that it lost. The reason
/// goes to _quire_events. What runs next takes over by itself after 1.25 leases, so this is for
/// those who cannot wait for it.
/// Throws MigrationError lock_busy for a lock with another token, one that is free, and one whose
/// holder lives; invalid_migration without a reason; migration_partial when asked to stop.
void unlock(const Database& db, std::int64_t token, std::string_view reason,
            const UnlockOptions& options = {});

}  // namespace quire::migrate
