#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "migrate/support.hpp"

namespace quire::migrate {

/// A document of _quire_history: where one migration stands.
struct HistoryRow {
  std::string id;
  std::string title;
  MigrationState state = MigrationState::applied;
  std::string direction;  ///< "up", "down"
  std::string atomicity;  ///< as it was when it ran
  std::string checksum;
  std::vector<std::string> accepted;  ///< checksums that accept() settled later
  std::string replaced_by;            ///< of a superseded one: the squash
  std::string error;
  std::string verified;  ///< the level; empty: it was not, or not yet
  std::int64_t fence = 0;
  std::int64_t seq = 0;  ///< order of application
  std::int64_t min_app = 0;
  std::int64_t ms = 0;
  bool out_of_order = false;
  bool reverts_partial = false;  ///< goes back from a half-done up
  std::vector<std::string> touches;
  std::optional<DateTime> finished;

  /// Not begun, or nothing is left of it: the next run starts at the beginning.
  [[nodiscard]] bool is_open() const noexcept {
    return state == MigrationState::failed || state == MigrationState::reverted;
  }
  [[nodiscard]] bool has_checksum(std::string_view wanted) const;
  [[nodiscard]] bool counts_as_applied() const noexcept {
    return state == MigrationState::applied || state == MigrationState::baselined ||
           state == MigrationState::superseded || state == MigrationState::skipped;
  }
};
using History = std::map<std::string, HistoryRow, std::less<>>;

/// All of it, in one find. Throws MigrationError history_corrupt for a row without id or with a
/// state that is none.
[[nodiscard]] History read_history(Database& db);

/// Writes an event, which has an _id, with the store's clock as `at`.
void put_event(Database& db, bson::View event, store::Session* session);

/// Writes the edges between states: each a compare-and-set on {_id, state, fence ≤ ours} and one
/// event, together in a transaction where there are any.
class Journal {
 public:
  /// An edge and its event are one where `transactions`, which outlive it, are used.
  Journal(Database db, Transactions& transactions, std::string run_id)
      : db_(std::move(db)), transactions_(&transactions), run_id_(std::move(run_id)) {}

  struct Edge {
    std::string_view id;
    std::optional<MigrationState> from;  ///< nothing: there is no row yet
    MigrationState to = MigrationState::running;
    std::int64_t fence = 0;
    bson::View set = {};          ///< further fields of the row
    std::string_view stamp = {};  ///< "started" or "finished": set to the store's clock
    std::string_view note = {};   ///< kept in the event
    bool drop_error = false;
    std::string_view called = {};  ///< by the event, when it is no change of the state
  };
  /// Throws MigrationError lock_lost when the row is not as `from` says.
  void move(const Edge& edge, store::Session* session = nullptr);

  /// Adds a checksum to those that count as the one that an applied migration had, and an event.
  void accept(const HistoryRow& row, std::string_view checksum, std::string_view reason,
              std::int64_t fence);
  /// Without transactions a row may have been written whose event was not: writes what is missing.
  void complete_events();

  [[nodiscard]] const std::string& run_id() const noexcept { return run_id_; }

 private:
  void write(const Edge& edge, store::Session* session);
  Database db_;
  Transactions* transactions_;
  std::string run_id_;
};

}  // namespace quire::migrate
