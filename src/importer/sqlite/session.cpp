#include "importer/sqlite/session.hpp"

#include "core/sqlite_page_map.hpp"
#include "importer/sqlite/types.hpp"

namespace quire::importer::sqlite {
namespace {

constexpr std::size_t most_idle = 64;
/// Of files in the memory of the process, before what was read of the source is let go.
constexpr std::size_t most_mapped = std::size_t{128} << 20;
/// What is read of them for a row, about: how much there is takes as long to ask as a few rows.
constexpr std::size_t of_row = page_map::scattered_row / 4;

class SqliteDialect final : public Dialect {
 public:
  std::string quoted(std::string_view name) const override { return sqlite::quoted(name); }
  std::string quoted_table(const Table& table) const override { return sqlite::quoted(table.name); }
  std::string parameter(int, const Column&) const override { return "?"; }
  std::string ordered(std::string_view expression, const OrderBy& by) const override {
    return std::string(expression) + (by.descending ? " DESC" : " ASC") +
           (by.nulls_last ? " NULLS LAST" : " NULLS FIRST");
  }
  bool seeks_by_row() const override { return true; }
  std::string is_number(std::string_view expression) const override {
    return "typeof(" + std::string(expression) + ") = 'integer'";
  }
};
const SqliteDialect dialect;

/// Text and bytes are not copied: `value` lives as long as the statement is used.
int bind(sqlite3_stmt* statement, int number, const bson::Value& value) {
  const bson::ValueView view = value.view();
  switch (view.type()) {
    case bson::Type::null:
      return sqlite3_bind_null(statement, number);
    case bson::Type::boolean:
      return sqlite3_bind_int64(statement, number, view.as_bool() ? 1 : 0);
    case bson::Type::int32:
      return sqlite3_bind_int64(statement, number, view.as_int32());
    case bson::Type::int64:
      return sqlite3_bind_int64(statement, number, view.as_int64());
    case bson::Type::double_:
      return sqlite3_bind_double(statement, number, view.as_double());
    case bson::Type::string: {
      const std::string_view text = view.as_string();
      return sqlite3_bind_text64(statement, number, text.data(), text.size(), SQLITE_STATIC,
                                 SQLITE_UTF8);
    }
    case bson::Type::binary: {
      const bson::BinaryView bytes = view.as_binary();
      if (bytes.subtype == bson::BinarySubtype::user)  // text that is not UTF-8, see key_value()
        return sqlite3_bind_text64(statement, number, reinterpret_cast<const char*>(bytes.data),
                                   bytes.size, SQLITE_STATIC, SQLITE_UTF8);
      if (bytes.size == 0) return sqlite3_bind_zeroblob(statement, number, 0);
      return sqlite3_bind_blob64(statement, number, bytes.data, bytes.size, SQLITE_STATIC);
    }
    default:
      return SQLITE_MISMATCH;
  }
}

/// Holds a connection that several threads share while a row is read; of another one there is
/// nothing to hold.
class Turn {
 public:
  explicit Turn(sqlite3* db) : mutex_(sqlite3_db_mutex(db)) { sqlite3_mutex_enter(mutex_); }
  ~Turn() { sqlite3_mutex_leave(mutex_); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  sqlite3_mutex* mutex_;
};

/// One step that goes over many rows and gives none of them: without a map, of which nothing could
/// be let go in between.
class Passing {
 public:
  explicit Passing(sqlite3* db) : turn_(db), aside_(db) {}

 private:
  Turn turn_;
  page_map::Aside aside_;
};

class Reader final : public RowReader {
 public:
  Reader(std::shared_ptr<Statements> statements, Select select, std::string what)
      : statements_(std::move(statements)),
        select_(std::move(select)),
        what_(std::move(what)),
        statement_(statements_->take(select_, what_)),
        cells_(select_.cells.size()),
        digits_(select_.cells.size()) {
    for (const Column& column : select_.cells) types_.push_back(column.type);
  }
  ~Reader() override {
    const Turn turn(db());
    statements_->give_back(select_.text, std::move(statement_));
  }

  std::span<const Cell> next() override {
    if (ended_) return {};
    const Turn turn(db());
    const int result = sqlite3_step(statement_.get());
    if (result == SQLITE_ROW) {
      page_map::went_over(db(), of_row, most_mapped);
      for (std::size_t i = 0; i < cells_.size(); ++i) read(i);
      return cells_;
    }
    ended_ = true;
    if (result != SQLITE_DONE) statements_->connection().fail(what_);
    sqlite3_reset(statement_.get());
    return {};
  }

 private:
  sqlite3* db() const { return statements_->connection().handle(); }

  void read(std::size_t i) {
    Cell& cell = cells_[i];
    // One look at the register instead of one for type, value and size each. The value is not
    // protected against other threads; none comes near it, see Turn.
    sqlite3_value* const value = sqlite3_column_value(statement_.get(), static_cast<int>(i));
    switch (sqlite3_value_type(value)) {
      case SQLITE_INTEGER:
        cell = cell_of_integer(sqlite3_value_int64(value), types_[i], digits_[i]);
        return;
      case SQLITE_FLOAT:
        cell = cell_of_real(sqlite3_value_double(value), types_[i], digits_[i]);
        return;
      case SQLITE_TEXT: {
        const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
        if (text == nullptr) throw std::bad_alloc();
        const std::string_view view(text, static_cast<std::size_t>(sqlite3_value_bytes(value)));
        if (types_[i] == ColumnType::text)
          cell = Cell::of_text(Cell::Kind::text, view);
        else
          cell = cell_of_text(view, types_[i]);
        return;
      }
      case SQLITE_BLOB: {
        const auto* bytes = static_cast<const char*>(sqlite3_value_blob(value));
        cell =
            cell_of_bytes({bytes, static_cast<std::size_t>(sqlite3_value_bytes(value))}, types_[i]);
        return;
      }
      default:
        cell = Cell{};
        return;
    }
  }

  std::shared_ptr<Statements> statements_;
  Select select_;
  std::string what_;
  StatementPtr statement_;
  std::vector<Cell> cells_;
  std::vector<Digits> digits_;
  std::vector<ColumnType> types_;
  bool ended_ = false;
};

std::string reading(const RowQuery& query) { return "reading table " + query.table; }

}  // namespace

StatementPtr Statements::take(const Select& select, std::string_view what) {
  const Turn turn(connection().handle());
  StatementPtr out;
  if (const auto found = idle_.find(select.text); found != idle_.end()) {
    out = std::move(found->second);
    idle_.erase(found);
  } else {
    out = connection().prepare(select.text, what);
  }
  int number = 0;
  for (const Select::Parameter& one : select.parameters) {
    const int result = bind(out.get(), ++number, one.value);
    if (result == SQLITE_MISMATCH)
      throw ImportError(ErrorCode::source_changed, "sqlite: " + std::string(what) + ": column " +
                                                       one.column.name +
                                                       " has no values of the type of this key");
    if (result != SQLITE_OK) connection().fail(what);
  }
  return out;
}

void Statements::give_back(const std::string& text, StatementPtr statement) {
  if (statement == nullptr || idle_.size() >= most_idle) return;
  sqlite3_reset(statement.get());
  sqlite3_clear_bindings(statement.get());
  idle_.emplace(text, std::move(statement));
}

std::unique_ptr<RowReader> Session::read(const RowQuery& query) {
  return std::make_unique<Reader>(statements_, select_rows(dialect, schema_, query),
                                  reading(query));
}

std::int64_t Session::count(const RowQuery& query) {
  const Passing passing(statements_->connection().handle());
  Reader reader(statements_, select_count(dialect, schema_, query), reading(query));
  return reader.next()[0].integer;
}

std::optional<bson::Value> Session::key_at(const RowQuery& query, std::int64_t distance) {
  const Passing passing(statements_->connection().handle());
  Reader reader(statements_, select_key_at(dialect, schema_, query, distance), reading(query));
  const std::span<const Cell> row = reader.next();
  if (row.empty()) return std::nullopt;
  return key_of(row, query.owner ? outermost(*query.owner).key : query.key);
}

std::string Session::fingerprint(const Table&) { return set_.state(); }
std::string Session::fingerprint_of_snapshot(const Table&) { return set_.state_of_snapshot(); }

}  // namespace quire::importer::sqlite
