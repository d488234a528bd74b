#include <map>
#include <mutex>

#include "importer/open.hpp"
#include "importer/postgresql/reader.hpp"
#include "importer/snapshot_print.hpp"

namespace quire::importer {
namespace postgresql {
namespace {

/// Tells whether rows changed: their number, and a sum over where each version of a row lies and
/// which transaction wrote it. Where no transaction wrote anything since the last look, no row is
/// looked at. Thread-safe.
class Fingerprints {
 public:
  explicit Fingerprints(const Options& options) : options_(options) {}

  std::string of(const std::string& sql_name, const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (!connection_ || connection_->lost()) connection_ = std::make_unique<Connection>(options_);
    const std::string doing = looking(name);
    connection_->query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", doing);
    try {
      std::string out = looked(*connection_, sql_name, doing);
      connection_->query("COMMIT", doing);
      return out;
    } catch (const ImportError& error) {
      (void)connection_->roll_back();
      if (has_none(error)) return {};
      throw;
    }
  }

  /// The same of what the snapshot sees.
  std::string of_snapshot(Snapshot& snapshot, const std::string& sql_name,
                          const std::string& name) {
    auto connection = snapshot.take();
    try {
      const std::lock_guard lock(mutex_);
      std::string out = looked(*connection, sql_name, looking(name));
      snapshot.give(std::move(connection));
      return out;
    } catch (const ImportError& error) {
      snapshot.give_failed(std::move(connection));
      if (has_none(error)) return {};
      throw;
    }
  }

 private:
  struct Known {
    std::string seen, print;
  };

  static std::string looking(const std::string& name) {
    return "looking whether table " + name + " changed";
  }
  /// System columns need the right to the whole table, and foreign partitions have none.
  static bool has_none(const ImportError& error) {
    return error.backend_code() == packed_state("42501") ||
           error.backend_code() == packed_state("0A000");
  }

  std::string looked(Connection& connection, const std::string& sql_name,
                     const std::string& doing) {
    const std::string seen = connection.value(
        "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN '' "
        "ELSE pg_catalog.pg_current_snapshot()::pg_catalog.text END",
        doing);
    Known& known = known_[sql_name];
    if (!seen.empty() && known.seen == seen) return known.print;
    const char* hash = connection.version() >= 140000
                           ? "pg_catalog.hash_record_extended(ROW(tableoid, ctid, xmin), 0)"
                           : "pg_catalog.hashtextextended(pg_catalog.concat(tableoid, '/', ctid, "
                             "'/', xmin), 0)";
    std::string print = connection.value(
        std::string("SELECT pg_catalog.concat(pg_catalog.count(*), '/', pg_catalog.sum(") + hash +
            ")) FROM " + sql_name,
        doing);
    known = {seen, print};
    return print;
  }

  const Options& options_;
  std::mutex mutex_;
  std::unique_ptr<Connection> connection_;
  std::map<std::string, Known> known_;
};

class PostgresqlSession : public SourceSession, public SeesSnapshot {
 public:
  PostgresqlSession(const Catalogue& catalogue, std::shared_ptr<Snapshot> snapshot,
                    Fingerprints& fingerprints)
      : catalogue_(catalogue),
        dialect_(catalogue),
        snapshot_(std::move(snapshot)),
        fingerprints_(fingerprints) {}

  std::unique_ptr<RowReader> read(const RowQuery& query) override {
    return rows_of(select_rows(dialect_, catalogue_.schema(), query), query);
  }

  std::int64_t count(const RowQuery& query) override {
    const auto rows = rows_of(select_count(dialect_, catalogue_.schema(), query), query);
    const auto row = rows->next();
    const std::int64_t out = row.empty() ? 0 : row[0].integer;
    while (!rows->next().empty()) continue;
    return out;
  }

  std::optional<bson::Value> key_at(const RowQuery& query, std::int64_t distance) override {
    const Select select = select_key_at(dialect_, catalogue_.schema(), query, distance);
    const auto rows = rows_of(select, query);
    const auto row = rows->next();
    if (row.empty()) return std::nullopt;
    std::vector<std::string> names;
    for (const Column& column : select.cells) names.push_back(column.name);
    bson::Value out = key_of(row, names);
    while (!rows->next().empty()) continue;
    return out;
  }

  std::string fingerprint(const Table& table) override {
    if (!catalogue_.has_rows(table)) return {};
    return fingerprints_.of(catalogue_.read_name(table), table.name);
  }

  std::string fingerprint_of_snapshot(const Table& table) override {
    if (!catalogue_.has_rows(table)) return {};
    return fingerprints_.of_snapshot(*snapshot_, catalogue_.read_name(table), table.name);
  }

 private:
  std::unique_ptr<RowReader> rows_of(const Select& select, const RowQuery& query) {
    return std::make_unique<CopyReader>(snapshot_, catalogue_, select, query.table);
  }

  const Catalogue& catalogue_;
  PostgresqlDialect dialect_;
  std::shared_ptr<Snapshot> snapshot_;
  Fingerprints& fingerprints_;
};

class PostgresqlSource : public Source {
 public:
  explicit PostgresqlSource(Options options)
      : options_(std::move(options)), fingerprints_(options_) {
    catalogue_connection_ = std::make_unique<Connection>(options_);
  }

  std::string_view kind() const noexcept override { return "postgresql"; }
  std::string location() const override { return options_.location; }
  std::string_view snapshot() const noexcept override { return "single"; }

  const Schema& schema() override { return catalogue().schema(); }

  std::unique_ptr<SourceSession> open() override {
    const Catalogue& catalogue_read = catalogue();
    const std::lock_guard lock(mutex_);
    if (!snapshot_) snapshot_ = std::make_shared<Snapshot>(options_);
    return std::make_unique<PostgresqlSession>(catalogue_read, snapshot_, fingerprints_);
  }

 private:
  const Catalogue& catalogue() {
    const std::lock_guard lock(mutex_);
    if (!catalogue_) {
      if (!catalogue_connection_) catalogue_connection_ = std::make_unique<Connection>(options_);
      const auto connection = std::move(catalogue_connection_);
      catalogue_ = std::make_unique<Catalogue>(*connection);
    }
    return *catalogue_;
  }

  const Options options_;
  std::mutex mutex_;
  std::unique_ptr<Connection> catalogue_connection_;  ///< that open_source() answered by
  std::unique_ptr<Catalogue> catalogue_;
  std::shared_ptr<Snapshot> snapshot_;
  Fingerprints fingerprints_;
};

}  // namespace
}  // namespace postgresql

std::unique_ptr<Source> open_postgresql(std::string_view uri, const SourceOptions& options) {
  return std::make_unique<postgresql::PostgresqlSource>(
      postgresql::parse_uri(uri, options.connect_timeout));
}

}  // namespace quire::importer
