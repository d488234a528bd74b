#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quire/importer/source.hpp"

/// What a source holds, looked at before anything is imported. Reads only; memory does not grow
/// with the tables.
namespace quire::importer {

struct AuditOptions {
  std::vector<std::string> tables = {};  ///< empty: all
  std::int64_t sample = 0;               ///< the first rows of each table alone; 0 = all
  std::size_t examples = 3;              ///< rows that are named of each finding, by their keys
  std::stop_token stop = {};             ///< asked each thousand rows
  /// Told each few thousand rows: rows so far, and the source's estimate of them or -1.
  std::function<void(const std::string& table, std::int64_t rows, std::int64_t of)> progress = {};
};

/// Values of a column, or rows of a table, that deserve a look.
struct AuditFinding {
  /// bad_utf8, zero_byte, zero_date, infinite_date, not_finite (NaN and infinities), beyond_double
  /// (whole numbers of more than 53 bits, which JavaScript and doubles round), beyond_int64,
  /// beyond_decimal128 (over 34 digits), mixed_types, other_type (not what the column declares),
  /// empty_key, null_key, untrimmed_key, unreadable, too_large (16 MiB), orphans, no_key.
  std::string kind;
  std::string column;  ///< several with ", " between; empty: of the whole table
  std::int64_t rows = 0;
  std::string text;                   ///< for people
  std::vector<std::string> examples;  ///< "id 7: 0000-00-00", of the first rows
};

struct AuditColumn {
  std::string name;
  std::string declared;
  ColumnType type = ColumnType::any;
  bool nullable = true;
  std::int64_t nulls = 0;
  std::int64_t absent = 0;   ///< of documents: the field is not there
  std::int64_t longest = 0;  ///< bytes of the longest text or binary
  /// What its values are and how many of each, nulls left out: to_string(Cell::Kind).
  std::vector<std::pair<std::string, std::int64_t>> kinds;
};

/// A foreign key, and rows whose parent is missing.
struct AuditRelation {
  ForeignKey key;
  std::int64_t orphans = 0;           ///< of the rows that were read
  std::vector<std::string> examples;  ///< values of its columns
  std::string unknown = {};           ///< why it was not looked at; empty: it was
};

struct AuditTable {
  std::string name;
  TableKind kind = TableKind::table;
  std::int64_t rows = 0;       ///< that were read
  bool all_read = true;        ///< else counts are of the first rows
  std::int64_t estimate = -1;  ///< what the source says; -1 = it does not
  std::int64_t bytes = -1;     ///< on disk; -1 = not known
  std::vector<std::string> primary_key;
  std::vector<std::string> key;  ///< by which it is imported
  std::vector<std::vector<std::string>> unique;
  std::vector<AuditColumn> columns;
  std::vector<AuditRelation> relations;
  std::vector<AuditFinding> findings;
  std::string failure = {};  ///< why it could not be read; empty: it was
};

struct [[nodiscard]] Audit {
  std::string kind;      ///< of the source
  std::string location;  ///< without secrets
  std::string snapshot;  ///< "single", "multi"
  std::vector<AuditTable> tables;
  std::vector<std::vector<std::string>> circles;  ///< of foreign keys
  std::vector<std::string> left_out;
  bool stopped = false;
  double seconds = 0;

  /// Whether nothing was found and everything was read.
  [[nodiscard]] bool clean() const noexcept;
  /// One line: {"schema": "quire.audit/1", "op": "audit", "result", …, "tables": […]}.
  [[nodiscard]] std::string json() const;
  /// A page for people.
  [[nodiscard]] std::string markdown() const;
};

/// Reads all rows of the tables once, and looks parents up where foreign keys are: by the source's
/// own comparison. A table that cannot be read is told in it. Memory: a row, and a few examples.
/// Throws ImportError table_not_found for a table that is not there, source_failed where the source
/// does not answer. Threads: any number at once, of different sources.
[[nodiscard]] Audit audit(Source& source, const AuditOptions& options = {});

}  // namespace quire::importer
