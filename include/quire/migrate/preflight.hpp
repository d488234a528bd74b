#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/collection/database.hpp"
#include "quire/migrate/finding.hpp"
#include "quire/migrate/migration.hpp"
#include "quire/model/info.hpp"

/// Whether a run can go well, asked before it. For tools: quire.hpp does not include it.
namespace quire::migrate {

struct PreflightCode {
  std::string_view code;
  std::string_view title;
};
inline constexpr std::array<PreflightCode, 12> preflight_codes{{
    {"P101", "the store answers, and as what"},
    {"P102", "transactions, and what holds without them"},
    {"P103", "rights"},
    {"P104", "disk space"},
    {"P105", "a backup that can be read"},
    {"P106", "dependencies and history"},
    {"P107", "duplicates that unique indexes to come refuse"},
    {"P108", "stored types that the models do not read"},
    {"P109", "documents near the limit of 16 MiB"},
    {"P110", "names of fields and collections"},
    {"P111", "the lock"},
    {"P112", "what a dead process left running at the server"},
}};

struct PreflightOptions {
  /// Whose types are compared, and whose unique indexes are to come.
  std::vector<const ModelInfo*> models = {};
  /// The folder of a backup, as backup() and mongodump write it; it is read whole.
  std::filesystem::path backup = {};
  /// Documents of a collection that are read for types and names; 0 = all.
  std::int64_t sample = 1000;
  /// Look at documents at all: P107 to P110.
  bool data = true;
  /// Bytes that have to be free; 0 = as much as the database has now.
  std::int64_t free_bytes = 0;
  /// The program's own checks. What it throws passes through.
  std::function<void(const Database&, std::vector<Finding>&)> more = {};
};

/// A value; threads: as a std::vector.
struct PreflightReport {
  std::vector<Finding> findings;  ///< one or more of each code, those that are well too
  std::int64_t pending = 0;       ///< migrations that a run would take

  /// Whether nothing is dangerous; warnings may be there.
  [[nodiscard]] bool ok() const noexcept { return worst(findings) != Severity::danger; }
  /// For main(): 0, or 12 when something is dangerous.
  [[nodiscard]] int exit_code() const noexcept { return ok() ? 0 : 12; }
  /// What is dangerous, a sentence each: what stands in the way of a run.
  [[nodiscard]] std::vector<std::string> problems() const;
  /// For people: a line a finding.
  [[nodiscard]] std::string str() const;
  /// One line: {"schema": "quire.migrate/1", "op": "preflight", "result": "ready" | "warnings" |
  /// "danger", "exit", "pending", "findings": [as of lint], "next"}.
  [[nodiscard]] std::string json() const;
};

/// Asks all that can be known before a run: the store, its rights and disk, a backup, history,
/// data and lock. What cannot be found out is a warning that says so. Writes nothing and takes no
/// lock; of rights that a server does not tell it tries an update that matches nothing. Reads
/// collections that pending migrations touch about three times with `data`. A store that does not
/// answer is a finding, and then the only one; what goes wrong later is thrown: StoreError,
/// MigrationError for migrations that make no sense. Threads: no shared state.
[[nodiscard]] PreflightReport preflight(const Database& db, const Migrations& migrations,
                                        const PreflightOptions& options = {});

}  // namespace quire::migrate
