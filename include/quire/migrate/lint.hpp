#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "quire/collection/database.hpp"
#include "quire/migrate/finding.hpp"
#include "quire/migrate/migration.hpp"
#include "quire/model/info.hpp"

/// What is dangerous about migrations, told from their steps before they run. For tools: quire.hpp
/// does not include it.
namespace quire::migrate {

struct LintCode {
  std::string_view code;
  std::string_view title;
};
/// All codes, in order. A code keeps its meaning.
inline constexpr std::array<LintCode, 16> lint_codes{{
    {"Q101", "a collection is dropped"},
    {"Q102", "a field is taken away that a model maps"},
    {"Q201", "a unique index on data that may have duplicates"},
    {"Q202", "values get a type that may not hold them"},
    {"Q203", "a validator that documents do not pass"},
    {"Q301", "fields move while programs of the release before read them"},
    {"Q302", "a contract migration without min_app"},
    {"Q303", "a contract migration that depends on nothing"},
    {"Q401", "many documents in one transaction"},
    {"Q402", "a filter without an index on a large collection"},
    {"Q403", "an index is built while writers wait"},
    {"Q501", "no way back and no backup"},
    {"Q601", "code without a revision"},
    {"Q602", "code of which nobody knows what a crash leaves"},
    {"Q603", "code that does not say what it touches"},
    {"Q701", "it cannot run on this store"},
}};

struct LintOptions {
  bool applied = false;  ///< also migrations that are applied; they are looked at without data
  /// For Q102: the models of this program.
  std::vector<const ModelInfo*> models = {};
  /// For Q501: the folder of a backup. One that can be read whole counts.
  std::filesystem::path backup = {};
  /// Documents from which a collection is large.
  std::int64_t large = 10'000;
  /// Look at documents: duplicates, values, what does not pass. Off: only counts, indexes, names.
  bool data = true;
};

/// A value; threads: as a std::vector.
struct LintReport {
  std::vector<Finding> findings;   ///< in the order of the migrations and their steps
  std::vector<Finding> assured;    ///< those that an assurance silences
  std::vector<std::string> notes;  ///< what could not be found out, and why
  std::int64_t migrations = 0;     ///< that were looked at
  bool with_database = false;

  /// Whether nothing is dangerous; warnings may be there.
  [[nodiscard]] bool ok() const noexcept { return worst(findings) != Severity::danger; }
  /// For main(): 0, or 12 when something is dangerous.
  [[nodiscard]] int exit_code() const noexcept { return ok() ? 0 : 12; }
  /// For people: a line a finding.
  [[nodiscard]] std::string str() const;
  /// One line: {"schema": "quire.migrate/1", "op": "lint", "result": "clean" | "warnings" |
  /// "danger", "exit", "migrations", "with_database", "findings": [{code, severity, migration,
  /// step, collection, where, text, next, assured}], "assured", "notes", "next"}.
  [[nodiscard]] std::string json() const;
};

/// What their steps alone say: all are taken for pending, and of data the worst is assumed where a
/// look at them could tell more; Q402, Q403 and Q701 need a database. Throws MigrationError for
/// migrations that make no sense.
[[nodiscard]] LintReport lint(const Migrations& migrations, const LintOptions& options = {});
/// Those that are pending, beside the data that they would meet: where a look at them shows that
/// there is no danger there is no finding. Reads collections that pending migrations check or
/// convert, once or twice; writes nothing and takes no lock. Throws also StoreError.
[[nodiscard]] LintReport lint(const Database& db, const Migrations& migrations,
                              const LintOptions& options = {});

}  // namespace quire::migrate
