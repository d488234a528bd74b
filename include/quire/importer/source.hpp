#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quire/importer/cell.hpp"
#include "quire/importer/schema.hpp"

namespace quire::importer {

struct OrderBy {
  std::string column;
  bool descending = false;
  bool nulls_last = true;
};

/// Rows of a table come with those of the parent they belong to: the parent's key, and how the two
/// are joined.
struct Owner {
  std::string table;
  std::vector<std::string> key;      ///< of the parent: rows come in its order, and start with it
  std::vector<std::string> columns;  ///< of the rows' own table, or of `link`
  std::vector<std::string> referenced;  ///< of the parent, one for each of `columns`
  /// Many-to-many: this table's `link_columns` are the rows' `link_referenced`.
  std::string link = {};
  std::vector<std::string> link_columns = {};
  std::vector<std::string> link_referenced = {};
  std::vector<std::string> link_taken = {};  ///< columns of the link that come behind the rows' own
  /// A condition on the parent, as RowQuery::where: only the rows of such parents come.
  std::string where = {};
  /// The parent's own parent, and so on up to the table whose rows are documents. Rows then come in
  /// the order of the outermost key, below it of each inner parent's `order` and key, and start
  /// with all these keys, the outermost first. Bounds are of the outermost key.
  std::shared_ptr<const Owner> owner = {};
  std::vector<OrderBy> order = {};  ///< of the parent's rows; counts where it has an owner
};

/// What is read of a table. Cells come in the order: owners' keys, `columns`, owner's link_taken.
struct RowQuery {
  std::string table;
  std::vector<std::string> columns;
  /// Together unique. Rows come in their order, ascending, by the source's own rules; with an
  /// owner: in the order of the owner's key, then by `order`, then by `key`. May be empty then.
  /// Nulls come last. With an outermost owner whose key is one integer, rows may come whose owner
  /// is not there, at their number's place.
  std::vector<std::string> key;
  std::vector<OrderBy> order = {};  ///< of the rows of one owner; its link's columns too
  std::optional<Owner> owner = {};
  /// Bounds by the key (the outermost owner's where there is one): behind `after`, up to and with
  /// `until`. A value for one column, a document of them in their order for several.
  std::optional<bson::Value> after = {};
  std::optional<bson::Value> until = {};
  std::span<const bson::Value> keys = {};  ///< not empty: only these
  std::string where = {};  ///< a condition in the source's own language on the table
  std::int64_t limit = 0;  ///< 0 = no limit
  /// Of databases: only rows with at least this value in a column, or with null in it; with owners,
  /// rows of the outermost one.
  struct Since {
    std::string column;
    bson::Value value;  ///< as key_value() makes it
  };
  std::optional<Since> since = {};
  /// Of databases, alone: the row with the highest value in this column.
  std::string highest_of = {};
};

/// Rows, forward only. Belongs to one thread. Errors are ImportError source_failed.
class RowReader {
 public:
  virtual ~RowReader() = default;
  RowReader() = default;
  RowReader(const RowReader&) = delete;
  RowReader& operator=(const RowReader&) = delete;
  /// The next row's cells, or an empty span at the end; valid until the next call. A value that
  /// cannot be read is a cell `unreadable`, and does not end the rows.
  [[nodiscard]] virtual std::span<const Cell> next() = 0;
};

/// A reader's connection to a source. Belongs to one thread; sessions of one source see the same
/// snapshot where Source::snapshot() says "single".
class SourceSession {
 public:
  virtual ~SourceSession() = default;
  SourceSession() = default;
  SourceSession(const SourceSession&) = delete;
  SourceSession& operator=(const SourceSession&) = delete;
  /// Several readers of one session may be open at the same time.
  [[nodiscard]] virtual std::unique_ptr<RowReader> read(const RowQuery& query) = 0;
  /// Rows within the query's bounds.
  [[nodiscard]] virtual std::int64_t count(const RowQuery& query) = 0;
  /// The key of the row number `distance` (1 = the first) behind `after`; nothing: there are fewer.
  [[nodiscard]] virtual std::optional<bson::Value> key_at(const RowQuery& query,
                                                          std::int64_t distance) = 0;
  /// Something of the table that is another one after its rows changed, or an empty text where the
  /// source has nothing of the kind. Not of the snapshot: of the time of the call.
  [[nodiscard]] virtual std::string fingerprint(const Table& table) = 0;
};

/// Tables, files or collections that are imported. Opened read-only and never changed. Thread-safe.
class Source {
 public:
  virtual ~Source() = default;
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  /// "sqlite", "postgresql", "mysql", "json", "csv", "bson", "quire".
  [[nodiscard]] virtual std::string_view kind() const noexcept = 0;
  /// Where it is, for people and for headers of jobs: without user, password and options.
  [[nodiscard]] virtual std::string location() const = 0;
  /// Read once, at the first call.
  [[nodiscard]] virtual const Schema& schema() = 0;
  [[nodiscard]] virtual std::unique_ptr<SourceSession> open() = 0;
  /// "single": all sessions see the source as it was at one moment; "multi": each reads what is
  /// there when it reads.
  [[nodiscard]] virtual std::string_view snapshot() const noexcept = 0;
};

struct SourceOptions {
  std::chrono::milliseconds connect_timeout{10000};
  std::string encoding = {};  ///< of text in files: "utf-8" (default), "latin1", "windows-1252", …
};

/// Opens a source by its URI:
///   sqlite:PATH                                        an SQLite file, also while others write it
///   postgresql://USER@HOST:PORT/DATABASE?…             libpq's own options; password from
///   PGPASSWORD,
///                                                      ~/.pgpass or the URI
///   mysql://USER@HOST:PORT/DATABASE?ssl=…              MySQL and MariaDB; password from MYSQL_PWD,
///                                                      ~/.my.cnf or the URI; ?socket=PATH
///   json:PATH   ndjson:PATH   csv:PATH?header=1&delimiter=;   a file, .gz and .zst too, or a
///   folder bson:FOLDER                                        a dump folder quire:FILE?db=NAME
///   mongodb://…                   another quire store
/// Throws ImportError invalid_source for a URI that cannot be read or a client that this build
/// lacks, source_failed where nobody answers. No text of an error has a password.
[[nodiscard]] std::unique_ptr<Source> open_source(std::string_view uri,
                                                  const SourceOptions& options = {});

}  // namespace quire::importer
