#pragma once

#include <cstdint>
#include <string_view>

namespace quire::migrate {

/// What holds when a migration is interrupted. Known before anything runs.
enum class Atomicity {
  transactional,  ///< its writes and its history row are one transaction: all or nothing
  resumable,      ///< done in batches; goes on at its cursor
  idempotent,     ///< gives the same result when it is run again, so it is run again
  manual          ///< unknown: a person has to look (state `attention`)
};

/// schema: shape and indexes, fast. data: touches documents. contract: takes away what older
/// programs need.
enum class MigrationKind { schema, data, contract };

/// Where a migration stands. The first eleven are stored in _quire_history; the rest are
/// conclusions drawn when history and program are compared.
enum class MigrationState {
  running,
  applied,
  failed,     ///< nothing was left behind; the next run tries again
  partial,    ///< stopped at its last batch; the next run goes on there
  paused,     ///< as partial, on request
  attention,  ///< outcome unknown: look, then MigrationRunner::mark
  reverting,
  reverted,
  skipped,
  baselined,
  superseded,
  pending,  ///< not stored: never run
  blocked,  ///< not stored: pending behind something that is not applied, or refused as too late
  future,   ///< not stored: in history, unknown to this program
  drifted   ///< not stored: applied, then changed in the program
};

/// What to do with a pending migration that stands before one which is applied already.
enum class OutOfOrder {
  if_independent,  ///< run it when it touches nothing that those after it touched
  apply,           ///< run it
  reject           ///< stop
};

/// What to do when an applied migration was changed in the program.
enum class ChecksumPolicy { fail, warn };

[[nodiscard]] std::string_view to_string(Atomicity value) noexcept;
[[nodiscard]] std::string_view to_string(MigrationKind value) noexcept;
[[nodiscard]] std::string_view to_string(MigrationState value) noexcept;

}  // namespace quire::migrate
