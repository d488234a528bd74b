#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "quire/bson/value.hpp"
#include "quire/core/function_ref.hpp"
#include "quire/migrate/runner.hpp"

namespace quire::migrate {

inline constexpr std::string_view history_collection = "_quire_history";
inline constexpr std::string_view events_collection = "_quire_events";
inline constexpr std::string_view jobs_collection = "_quire_jobs";
inline constexpr std::string_view lock_collection = "_quire_lock";
inline constexpr std::string_view lock_id = "migrate";  ///< of the one document of it
inline constexpr std::string_view undo_collection = "_quire_undo";

/// Options of a call that migrations make, whatever concerns and preference the program's
/// connection has: reads by the primary; writes wait for the majority's journals. In a transaction
/// its own hold.
template <class Options>
[[nodiscard]] Options safe(store::Session* session = nullptr) {
  static const ReadPreference primary;
  static const WriteConcern durable{.w = "majority", .journal = true};
  Options options;
  options.session = session;
  if (session != nullptr && session->in_transaction()) return options;
  options.read_preference = &primary;
  options.write_concern = &durable;
  return options;
}

/// Runs `work` in a transaction where the store has them (session non-null), else plainly. A
/// conflict with another writer rolls back and runs `work` again, up to ten times.
void in_transaction(Database& db, bool transactions, FunctionRef<void(store::Session*)> work);

/// Ends at the server what these sessions of processes that are gone have open: it would keep that,
/// and what it has locked with it, for up to a minute. Gives what could not be done; empty:
/// nothing.
[[nodiscard]] std::string end_sessions(Database& db, const std::vector<bson::Document>& ids);

/// The transactions of one run, or of one worker of a data job, on one session: the lock, or the
/// job, tells its id, so that who takes over can end what a dead process left open. One thread.
class Transactions {
 public:
  explicit Transactions(Database db) : db_(std::move(db)) {}
  /// Whether the store has them. Before the first run().
  void use(bool on);
  [[nodiscard]] bool are_used() const noexcept { return session_ != nullptr; }
  /// The session's id on a server; empty elsewhere.
  [[nodiscard]] bson::Document session_id() const;
  /// As in_transaction().
  void run(FunctionRef<void(store::Session*)> work) { run(are_used(), work); }
  /// `whole`: in a transaction.
  void run(bool whole, FunctionRef<void(store::Session*)> work);
  /// As run(), but a conflict with another writer is thrown at once.
  void try_run(FunctionRef<void(store::Session*)> work);
  /// The session for code that may begin transactions itself: one of its own where there are none.
  /// What the code leaves open is rolled back. Not within run().
  void lend(FunctionRef<void(store::Session&)> work);

 private:
  Database db_;
  std::unique_ptr<store::Session> session_;
};

/// Time since boot that goes on while the machine sleeps, so that a lease is a lease.
[[nodiscard]] std::chrono::milliseconds boot_time() noexcept;
/// Whether the two numbers by which somebody shows that he lives stood still for 1.25 of his
/// leases, by one clock of this machine alone: any change begins the time anew.
class StandStill {
 public:
  [[nodiscard]] bool lasts(std::int64_t token, std::int64_t beat, std::int64_t lease_ms,
                           std::chrono::milliseconds now) noexcept;

 private:
  std::int64_t token_ = -1;
  std::int64_t beat_ = -1;
  std::chrono::milliseconds since_{0};
};
/// Sleeps, but wakes up when asked to stop.
void sleep_or_stop(std::chrono::milliseconds time, const std::stop_token& token);

// Reading documents of quire's own that somebody may have edited: absent or of another type = the
// default.
[[nodiscard]] std::int64_t get_int(bson::View document, std::string_view key,
                                   std::int64_t otherwise = 0);
[[nodiscard]] std::string get_text(bson::View document, std::string_view key);
[[nodiscard]] bool get_flag(bson::View document, std::string_view key);
[[nodiscard]] std::optional<bson::DateTime> get_time(bson::View document, std::string_view key);
[[nodiscard]] std::optional<bson::Document> find_document(Database& db, std::string_view collection,
                                                          bson::View filter,
                                                          store::Session* session = nullptr,
                                                          bson::View sort = {});

struct Who {
  std::string host;
  std::int64_t pid = 0;
  std::string user;
  static const Who& me();
};

/// A failure inside a step: what went wrong and at which document.
class StepError : public Error {
 public:
  StepError(ErrorCode code, std::string_view detail, std::string collection,
            std::optional<bson::Value> id, int backend_code = 0)
      : Error(code, detail, backend_code),
        collection_(std::make_shared<std::string>(std::move(collection))),
        id_(id ? std::make_shared<bson::Value>(std::move(*id)) : nullptr) {}
  [[nodiscard]] const std::string& collection() const noexcept { return *collection_; }
  [[nodiscard]] const bson::Value* id() const noexcept { return id_.get(); }

 private:
  std::shared_ptr<const std::string> collection_;
  std::shared_ptr<const bson::Value> id_;
};
/// The exception being handled, whatever it is. Only inside a catch block.
struct Caught {
  ErrorCode code = ErrorCode::internal;
  std::string text;
  int backend_code = 0;
};
[[nodiscard]] Caught current_failure() noexcept;

}  // namespace quire::migrate
