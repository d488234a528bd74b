#include <mysqld_error.h>

#include <mutex>
#include <optional>

#include "importer/mysql/dialect.hpp"
#include "importer/mysql/fingerprint.hpp"
#include "importer/mysql/pool.hpp"
#include "importer/mysql/schema_reader.hpp"
#include "importer/mysql/statement.hpp"
#include "importer/open.hpp"
#include "importer/snapshot_print.hpp"

namespace quire::importer {
namespace mysql {
namespace {

constexpr int killed_while_idle = 3;  ///< statements that a late KILL may still hit

/// Rows of a connection that is this reader's alone until their end.
class StreamReader : public RowReader {
 public:
  StreamReader(std::shared_ptr<Pool> pool, Pool::Lease lease, const Select& select,
               std::string doing)
      : pool_(std::move(pool)), lease_(std::move(lease)) {
    statement_.emplace(*lease_, select, Statement::Rows::unbuffered, std::move(doing));
  }
  ~StreamReader() override { stop(); }

  std::span<const Cell> next() override {
    if (!statement_) return {};
    const auto cells = statement_->next();
    if (cells.empty()) finish();
    return cells;
  }

 private:
  void finish() {
    statement_.reset();
    lease_.give_back();
  }

  /// What was not read is still on its way: the server is told to end it, and the little that is in
  /// the buffers is read. Where that fails the connection goes, and its snapshot with it.
  void stop() noexcept {
    if (!statement_) return;
    try {
      if (!statement_->ended() && !end_statement()) {
        statement_->forget();
        lease_->close();
      }
      finish();
    } catch (const std::exception&) {
      lease_->close();
    }
  }

  bool end_statement() {
    if (!pool_->kill_statement(lease_->id())) return false;
    const unsigned number = statement_->drain();
    if (is_lost(number)) return false;
    if (number != 0) return true;
    // It was through before it was told to end: the next statement may be what ends.
    statement_.reset();
    for (int i = 0; i < killed_while_idle; ++i) {
      if (lease_->attempt("DO 0") == 0) break;
    }
    return true;
  }

  std::shared_ptr<Pool> pool_;
  Pool::Lease lease_;
  std::optional<Statement> statement_;
};

/// Rows of the shared connection, in batches, where no other is free.
class CursorReader : public RowReader {
 public:
  CursorReader(std::shared_ptr<Pool> pool, const Select& select, std::string doing)
      : pool_(std::move(pool)) {
    const std::lock_guard lock(pool_->shared_mutex());
    statement_.emplace(pool_->shared(), select, Statement::Rows::cursor, std::move(doing));
  }
  ~CursorReader() override {
    const std::lock_guard lock(pool_->shared_mutex());
    statement_.reset();
  }

  std::span<const Cell> next() override {
    const std::lock_guard lock(pool_->shared_mutex());
    return statement_->next();
  }

 private:
  std::shared_ptr<Pool> pool_;
  std::optional<Statement> statement_;
};

class Session : public SourceSession, public SeesSnapshot {
 public:
  Session(std::shared_ptr<Pool> pool, std::shared_ptr<const Schema> schema)
      : pool_(std::move(pool)), schema_(std::move(schema)) {}

  std::unique_ptr<RowReader> read(const RowQuery& query) override {
    const Select select = select_rows(dialect_, *schema_, query);
    std::string doing = "reading " + query.table;
    if (auto lease = pool_->lend()) {
      return std::make_unique<StreamReader>(pool_, std::move(lease), select, std::move(doing));
    }
    return std::make_unique<CursorReader>(pool_, select, std::move(doing));
  }

  std::int64_t count(const RowQuery& query) override {
    const auto row = one_row(select_count(dialect_, *schema_, query), "counting " + query.table);
    return row ? row->integer : 0;
  }

  std::optional<bson::Value> key_at(const RowQuery& query, std::int64_t distance) override {
    const Select select = select_key_at(dialect_, *schema_, query, distance);
    return pool_->with_any([&](Connection& connection) -> std::optional<bson::Value> {
      Statement statement(connection, select, Statement::Rows::unbuffered,
                          "finding keys of " + query.table);
      const auto cells = statement.next();
      if (cells.empty()) return std::nullopt;
      const auto key = key_of(cells, query.owner ? query.owner->key : query.key);
      statement.drain();
      return key;
    });
  }

  std::string fingerprint(const Table& table) override {
    return pool_->with_any(
        [&](Connection& connection) { return fingerprint_of(connection, table); });
  }

  std::string fingerprint_of_snapshot(const Table& table) override {
    const auto& prints = pool_->prints();
    if (pool_->snapshot() != "single" || !prints) return fingerprint(table);
    const auto at = prints->find(table.name);
    return at == prints->end() ? std::string() : at->second;
  }

 private:
  std::optional<Cell> one_row(const Select& select, const std::string& doing) {
    return pool_->with_any([&](Connection& connection) -> std::optional<Cell> {
      Statement statement(connection, select, Statement::Rows::unbuffered, doing);
      const auto cells = statement.next();
      if (cells.empty()) return std::nullopt;
      const Cell out = cells[0];
      statement.drain();
      return out;
    });
  }

  std::shared_ptr<Pool> pool_;
  std::shared_ptr<const Schema> schema_;
  MysqlDialect dialect_;
};

class MysqlSource : public Source {
 public:
  explicit MysqlSource(Options options) : pool_(std::make_shared<Pool>(std::move(options))) {}

  std::string_view kind() const noexcept override { return "mysql"; }
  std::string location() const override { return pool_->options().location(); }
  std::string_view snapshot() const noexcept override { return pool_->snapshot(); }

  const Schema& schema() override {
    const std::lock_guard lock(mutex_);
    if (!schema_) {
      const std::lock_guard shared(pool_->shared_mutex());
      schema_ = std::make_shared<const Schema>(read_schema(pool_->shared()));
    }
    return *schema_;
  }

  std::unique_ptr<SourceSession> open() override {
    (void)schema();
    return std::make_unique<Session>(pool_, schema_);
  }

 private:
  std::shared_ptr<Pool> pool_;
  std::mutex mutex_;
  std::shared_ptr<const Schema> schema_;
};

}  // namespace
}  // namespace mysql

std::unique_ptr<Source> open_mysql(std::string_view uri, const SourceOptions& options) {
  return std::make_unique<mysql::MysqlSource>(mysql::parse_uri(uri, options.connect_timeout));
}

}  // namespace quire::importer
