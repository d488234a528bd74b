#pragma once

#include <optional>
#include <string>
#include <vector>

#include "quire/collection/database.hpp"
#include "quire/importer/mapping.hpp"

/// Which rows a later pass reads of a table whose mapping names a change column.
namespace quire::importer {

/// Whether a column's values can grow with each change: times, dates, whole numbers, and text,
/// which has to be a time.
[[nodiscard]] bool rises(const Column& column) noexcept;

/// The value that lies `margin` before the highest of the column, so as the source compares it.
/// Nothing: there is no row with a value, or the highest is none that is counted back from.
[[nodiscard]] std::optional<bson::Value> lowered_highest(SourceSession& session,
                                                         const std::string& table,
                                                         const ChangeColumn& rule);
/// `margin` before `cell`, as key_value() makes it.
[[nodiscard]] std::optional<bson::Value> lowered(const Cell& cell, std::int64_t margin);

/// How a part stood when a pass began; outlives a process that is killed:
///   {_id: "import-part:JOB", kind: "import-part", job, epoch, fingerprints: […], column, bound,
///    since}
/// bound: where the next pass has to begin; since: where this one did, absent: at the first row.
struct PassStart {
  std::vector<std::string> fingerprints;
  std::string column = {};
  std::optional<bson::Value> bound = {};
  std::optional<bson::Value> since = {};
};
/// That of the pass `epoch`, written where it begins here; then `since` is the bound of the pass
/// before, if that is of the same column and `by_change` is asked for. Who joins a pass that others
/// began may have opened the source before them: the bound is the lower one. `is_begun`: rows of it
/// may have been read, which is then gone on with; else it takes all rows unless `by_change`.
[[nodiscard]] PassStart begin_pass(Database& to, const std::string& job, std::int64_t epoch,
                                   bool is_begun, const PassStart& now, bool by_change);

}  // namespace quire::importer
