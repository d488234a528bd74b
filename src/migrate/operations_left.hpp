#pragma once

#include <optional>
#include <string>
#include <vector>

#include "quire/collection/database.hpp"
#include "quire/migrate/clock.hpp"

namespace quire::migrate {

/// Whose operations are looked for, by their signature: those of lock holders with a smaller token,
/// or those of one run of a data job.
struct LeftBy {
  std::int64_t below_token = 0;  ///< 0: of none
  std::string run = {};          ///< empty: of none
};

/// An operation that a server runs for a process that is gone.
struct OperationLeft {
  bson::Value id;         ///< as killOp takes it: a number, or "shard:number"
  std::string what;       ///< "update on users, of 2026_add_status"
  bool is_build = false;  ///< of indexes: not to be ended by killOp
};

/// `operation`: a document of $currentOp. Nothing: it is of somebody else, or of another database.
[[nodiscard]] std::optional<OperationLeft> operation_left(bson::View operation,
                                                          std::string_view database,
                                                          const LeftBy& by);

/// What became of them.
struct Drained {
  std::vector<std::string> done;  ///< "waited for update on users, of 2026_add_status"
  std::string failed;             ///< what could not be looked for or ended; empty: nothing
};

/// How long operations are waited for before they are ended.
inline constexpr std::chrono::milliseconds default_drain_wait{1000};

/// Waits for what `by` left running at the server, ends after `wait` what still runs, and returns
/// when none is left, or after a minute more. Index builds are waited for, and then left: who
/// builds the same index waits for it. `me`: the signature of who asks. Does not throw.
[[nodiscard]] Drained drain_operations(Database& db, std::string_view me, const LeftBy& by,
                                       std::chrono::milliseconds wait, const Clock& clock) noexcept;

/// Why drain_operations() would not find or end anything on this store; empty: it would, or nothing
/// can be left.
[[nodiscard]] std::string drain_hindrance(Database& db);

}  // namespace quire::migrate
