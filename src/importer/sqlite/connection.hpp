#pragma once

#include <sqlite3.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "quire/core/error.hpp"

namespace quire::importer::sqlite {

/// What was asked for in a URI: "sqlite:PATH" with "?snapshot=multi".
struct Place {
  std::string path;    ///< absolute
  bool single = true;  ///< all sessions see one snapshot
};
/// Throws ImportError invalid_source.
[[nodiscard]] Place place_of(std::string_view uri);

struct Closer {
  void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using StatementPtr = std::unique_ptr<sqlite3_stmt, Closer>;

/// A connection that reads. One thread at a time, unless it is `shared`.
class Connection {
 public:
  enum class Threads { one, shared };
  /// `immutable`: no lock is taken and no change seen. Throws ImportError source_failed.
  Connection(const std::string& path, std::chrono::milliseconds busy, Threads threads,
             bool immutable);

  [[nodiscard]] sqlite3* handle() const noexcept { return db_.get(); }
  /// `what` says what is done: "reading table users".
  [[nodiscard]] StatementPtr prepare(std::string_view sql, std::string_view what) const;
  void run(const char* sql, std::string_view what) const;
  /// The first column of the first row; 0 where there is none.
  [[nodiscard]] std::int64_t number(std::string_view sql, std::string_view what) const;
  [[nodiscard]] ImportError failure(std::string_view what) const;
  [[noreturn]] void fail(std::string_view what) const { throw failure(what); }

 private:
  std::string path_;
  std::unique_ptr<sqlite3, Closer> db_;
};

[[nodiscard]] std::string quoted(std::string_view name);
[[nodiscard]] inline std::string_view text_of(sqlite3_stmt* row, int column) noexcept {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(row, column))};
}

}  // namespace quire::importer::sqlite
