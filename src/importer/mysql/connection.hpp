#pragma once

#include <mysql.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "importer/mysql/options.hpp"
#include "quire/core/error.hpp"

namespace quire::importer::mysql {

/// source_failed with the server's or the client's number and what can be done about it. `doing`:
/// "reading table x".
[[nodiscard]] ImportError failure(unsigned number, std::string_view message, std::string_view doing,
                                  std::string_view location);
/// The connection is gone: another statement on it means nothing.
[[nodiscard]] bool is_lost(unsigned number) noexcept;

/// One connection, by default read-only, in UTC, and without limits of time. One thread at a time.
class Connection {
 public:
  explicit Connection(const Options& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  using Row = std::vector<std::optional<std::string>>;
  /// Text rows, all kept: for small results. `doing` is for errors.
  [[nodiscard]] std::vector<Row> rows(const std::string& sql, std::string_view doing);
  [[nodiscard]] std::optional<std::string> value(const std::string& sql, std::string_view doing);
  void execute(const std::string& sql, std::string_view doing) { (void)rows(sql, doing); }
  /// The server's number where it refuses, 0 where it does not. Throws only when the connection is
  /// lost.
  unsigned attempt(const std::string& sql);
  /// The character set of what is sent from now on; statements of this class are UTF-8.
  void speak(const std::string& charset);
  [[nodiscard]] std::string literal(std::string_view text);

  [[nodiscard]] MYSQL* handle() noexcept { return handle_; }
  [[nodiscard]] unsigned long id() noexcept { return mysql_thread_id(handle_); }
  [[nodiscard]] bool is_mariadb() noexcept { return mariadb_connection(handle_) != 0; }
  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] bool lost() const noexcept { return lost_; }
  /// Ends it without reading what is still on its way.
  void close() noexcept;
  [[noreturn]] void fail(unsigned number, std::string_view message, std::string_view doing);

 private:
  void check_ssl();
  void prepare_session();
  const Options& options_;
  MYSQL* handle_ = nullptr;
  std::string spoken_ = "utf8mb4";
  bool lost_ = false;
};

}  // namespace quire::importer::mysql
