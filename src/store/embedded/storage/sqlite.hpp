#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "quire/bson/view.hpp"
#include "store/embedded/storage/forks.hpp"

/// SQLite's C interface, owned and with typed errors.
namespace quire::store::embedded {

/// The one place where SQLite's codes become quire's.
[[noreturn]] void fail_sqlite(sqlite3* db, int code, std::string_view doing);
/// The tables are not those that quire creates: StoreError corrupt.
[[noreturn]] void fail_tables(sqlite3* db);
[[noreturn]] void fail_body(std::int64_t rid);

inline std::string_view bytes_of(bson::View document) noexcept {
  return {reinterpret_cast<const char*>(document.data()), document.size()};
}

/// A prepared statement that is kept. Bound bytes are not copied: they must live until reset().
class Statement {
 public:
  Statement() = default;
  Statement(sqlite3* db, std::string_view sql);
  Statement(Statement&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)),
        reprepared_(other.reprepared_),
        forks_(other.forks_) {}
  Statement& operator=(Statement&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(reprepared_, other.reprepared_);
    std::swap(forks_, other.forks_);
    return *this;
  }
  /// In the child of a fork, what its parent prepared is left as it is.
  ~Statement() {
    if (handle_ != nullptr && forks_ == fork_count()) sqlite3_finalize(handle_);
  }

  explicit operator bool() const noexcept { return handle_ != nullptr; }
  Statement& bind(int at, std::int64_t value) noexcept {
    sqlite3_bind_int64(handle_, at, value);
    return *this;
  }
  /// As a blob.
  Statement& bind(int at, std::string_view bytes) noexcept {
    static constexpr char nothing = 0;
    sqlite3_bind_blob64(handle_, at, bytes.empty() ? &nothing : bytes.data(), bytes.size(),
                        SQLITE_STATIC);
    return *this;
  }
  Statement& bind_text(int at, std::string_view text) noexcept {
    static constexpr char nothing = 0;
    sqlite3_bind_text64(handle_, at, text.empty() ? &nothing : text.data(), text.size(),
                        SQLITE_STATIC, SQLITE_UTF8);
    return *this;
  }

  /// SQLITE_ROW, SQLITE_DONE or a failure, as it is.
  int step_code() noexcept { return sqlite3_step(handle_); }
  /// True for a row, false at the end (then reset). Throws, reset, otherwise.
  bool step() {
    const int code = sqlite3_step(handle_);
    if (code == SQLITE_ROW) [[likely]]
      return true;
    if (code != SQLITE_DONE) fail(code);
    sqlite3_reset(handle_);
    return false;
  }
  /// To the end, then reset.
  void run() {
    while (step()) {
    }
  }
  void reset() noexcept { sqlite3_reset(handle_); }
  /// Between its first row and its end or reset().
  [[nodiscard]] bool is_busy() const noexcept { return sqlite3_stmt_busy(handle_) != 0; }
  [[noreturn]] void fail(int code);

  [[nodiscard]] std::int64_t integer(int column) noexcept {
    return sqlite3_column_int64(handle_, column);
  }
  [[nodiscard]] std::string_view blob(int column) noexcept {
    const void* data = sqlite3_column_blob(handle_, column);
    return {static_cast<const char*>(data),
            static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
  }
  [[nodiscard]] std::string_view text(int column) noexcept {
    const void* data = sqlite3_column_text(handle_, column);
    return {static_cast<const char*>(data),
            static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
  }
  /// A blob as a document. Throws StoreError corrupt when its frame is wrong.
  [[nodiscard]] bson::View document(int column) {
    const auto bytes = blob(column);
    if (bytes.size() < 5 || bson::load<std::uint32_t>(reinterpret_cast<const std::uint8_t*>(
                                bytes.data())) != bytes.size())
      fail_body(0);
    return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
  }
  /// Whether it was prepared, the first time or anew, since the last call: the catalog that it was
  /// chosen by may then be an old one.
  [[nodiscard]] bool was_reprepared() noexcept {
    const int now = sqlite3_stmt_status(handle_, SQLITE_STMTSTATUS_REPREPARE, 0);
    return std::exchange(reprepared_, now) != now;
  }

 private:
  sqlite3_stmt* handle_ = nullptr;
  int reprepared_ = -1;
  unsigned forks_ = fork_count();
};

/// Opens a private database in the temporary folder, gone when closed, and runs `schema` on it;
/// `purpose` is told when that fails. `out` is to be closed by sqlite3_close_v2 in any case.
void open_temporary(sqlite3*& out, const char* schema, std::string_view purpose);

/// Resets a statement at the end of a block.
class Resetter {
 public:
  explicit Resetter(Statement& statement) noexcept : statement_(&statement) {}
  ~Resetter() { statement_->reset(); }
  Resetter(const Resetter&) = delete;
  Resetter& operator=(const Resetter&) = delete;

 private:
  Statement* statement_;
};

}  // namespace quire::store::embedded
