#include "importer/mysql/statement.hpp"

#include <errmsg.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "importer/mysql/dialect.hpp"
#include "quire/bson/types.hpp"

namespace quire::importer::mysql {
namespace {

constexpr std::size_t batch_target_bytes = 512UL * 1024;
constexpr unsigned long most_in_batch = 2048;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<signed char>(c) >= 0; });
}

}  // namespace

Statement::Statement(Connection& connection, const Select& select, Rows rows, std::string doing)
    : connection_(connection), doing_(std::move(doing)), cursor_(rows == Rows::cursor) {
  connection_.speak("utf8mb4");
  statement_ = mysql_stmt_init(connection_.handle());
  if (statement_ == nullptr) throw std::bad_alloc();
  try {
    if (mysql_stmt_prepare(statement_, select.text.data(), select.text.size()) != 0) fail();
    if (cursor_) {
      const unsigned long type = CURSOR_TYPE_READ_ONLY;
      mysql_stmt_attr_set(statement_, STMT_ATTR_CURSOR_TYPE, &type);
      mysql_stmt_attr_set(statement_, STMT_ATTR_PREFETCH_ROWS, &batch_);
    }
    bind_parameters(select);
    execute();
    prepare_result(select);
  } catch (...) {
    mysql_stmt_close(statement_);
    throw;
  }
}

Statement::~Statement() { mysql_stmt_close(statement_); }

void Statement::bind_parameters(const Select& select) {
  const std::size_t count = select.parameters.size();
  if (count == 0) return;
  std::vector<MYSQL_BIND> binds(count);
  texts_.resize(count);
  numbers_.resize(count);
  reals_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    MYSQL_BIND& bind = binds[i];
    std::memset(&bind, 0, sizeof bind);
    Parameter value = parameter_of(select.parameters[i]);
    bind.buffer_type = value.type;
    bind.is_unsigned = value.is_unsigned ? 1 : 0;
    if (value.type == MYSQL_TYPE_LONGLONG) {
      numbers_[i] = value.number;
      bind.buffer = &numbers_[i];
    } else if (value.type == MYSQL_TYPE_DOUBLE) {
      reals_[i] = value.real;
      bind.buffer = &reals_[i];
    } else {
      if (value.type == MYSQL_TYPE_STRING && !is_ascii(value.text)) text_beyond_ascii_ = true;
      texts_[i] = std::move(value.text);
      bind.buffer = texts_[i].data();
      bind.buffer_length = texts_[i].size();
    }
  }
  if (mysql_stmt_bind_param(statement_, binds.data()) != 0) fail();
}

/// With another charset text of keys came in it, and goes back in it; the statement itself is
/// UTF-8.
void Statement::execute() {
  if (text_beyond_ascii_) connection_.speak(connection_.options().charset);
  if (mysql_stmt_execute(statement_) != 0) fail();
}

void Statement::prepare_result(const Select& select) {
  MYSQL_FIELD* const fields = mariadb_stmt_fetch_fields(statement_);
  const unsigned count = mysql_stmt_field_count(statement_);
  if (fields == nullptr || count != select.cells.size()) {
    connection_.fail(0, "the statement gives " + std::to_string(count) + " columns", doing_);
  }
  cells_.resize(count);
  decoders_.reserve(count);
  for (unsigned i = 0; i < count; ++i) decoders_.emplace_back(fields[i], select.cells[i]);
  // Nothing is bound: the callback takes each value where it lies in the packet.
  const void* self = this;
  const auto callback = &Statement::take_value;
  if (mysql_stmt_attr_set(statement_, STMT_ATTR_CB_USER_DATA, self) != 0 ||
      mysql_stmt_attr_set(statement_, STMT_ATTR_CB_RESULT,
                          reinterpret_cast<const void*>(callback)) != 0) {
    fail();
  }
}

void Statement::take_value(void* self, unsigned column, unsigned char** row) {
  auto& statement = *static_cast<Statement*>(self);
  ++statement.taken_;
  if (row == nullptr) {
    statement.cells_[column] = Cell{};
    return;
  }
  statement.cells_[column] = statement.decoders_[column].decode(*row);
}

std::span<const Cell> Statement::next() {
  if (ended_) return {};
  taken_ = 0;
  const int result = mysql_stmt_fetch(statement_);
  if (result == MYSQL_NO_DATA) {
    ended_ = true;
    return {};
  }
  if (result == 1) fail();
  taken_all();
  if (cursor_) size_batches();
  return cells_;
}

void Statement::taken_all() {
  if (taken_ == cells_.size()) return;
  ended_ = true;
  connection_.fail(0, "libmariadb gives no values to a callback; use Connector/C 3.0 or later",
                   doing_);
}

/// So many rows at a time that they are about batch_target_bytes.
void Statement::size_batches() {
  for (const Decoder& one : decoders_) batch_bytes_ += one.size();
  if (++in_batch_ < batch_) return;
  const std::size_t each = std::max<std::size_t>(batch_bytes_ / in_batch_, 1);
  const unsigned long wanted = std::max<unsigned long>(batch_target_bytes / each, 1);
  batch_ = std::min({wanted, batch_ * 4, most_in_batch});
  in_batch_ = 0;
  batch_bytes_ = 0;
  mysql_stmt_attr_set(statement_, STMT_ATTR_PREFETCH_ROWS, &batch_);
}

unsigned Statement::drain() noexcept {
  while (!ended_) {
    const int result = mysql_stmt_fetch(statement_);
    if (result == 0 || result == MYSQL_DATA_TRUNCATED) continue;
    ended_ = true;
    if (result == 1) return error_number();
  }
  return 0;
}

/// Where a connection ends amid its rows, the library leaves the statement's error empty, and at
/// times the connection's too.
unsigned Statement::error_number() const noexcept {
  if (const unsigned number = mysql_stmt_errno(statement_); number != 0) return number;
  const unsigned number = mysql_errno(connection_.handle());
  return number != 0 ? number : CR_SERVER_LOST;
}

void Statement::fail() {
  ended_ = true;
  std::string message = mysql_stmt_error(statement_);
  if (message.empty()) message = mysql_error(connection_.handle());
  if (message.empty()) message = "the connection to the server was lost";
  connection_.fail(error_number(), message, doing_);
}

}  // namespace quire::importer::mysql
