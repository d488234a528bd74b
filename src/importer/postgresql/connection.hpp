#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "importer/postgresql/options.hpp"
#include "quire/core/error.hpp"

namespace quire::importer::postgresql {

struct ResultDeleter {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ResultDeleter>;

/// SQLSTATE's five characters as PostgreSQL itself packs them into a number.
[[nodiscard]] int packed_state(std::string_view state) noexcept;

/// One connection, read-only, in UTC and without limits of time but of waits for locks. One thread
/// at a time.
class Connection {
 public:
  /// Throws ImportError source_failed, as all that it does; no text has a secret.
  explicit Connection(const Options& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Text rows, all kept: for small results. `doing` is for errors: "reading table x".
  Result query(const std::string& sql, std::string_view doing);
  /// The first value of the first row.
  [[nodiscard]] std::string value(const std::string& sql, std::string_view doing);
  /// Begins the rows of "COPY … TO STDOUT".
  void begin_copy(const std::string& sql, std::string_view doing);
  /// The next piece of a COPY; null: it is through.
  [[nodiscard]] char* next_piece(int& size, std::string_view doing);
  /// Ends a COPY that is not through: cancels it, and waits until the server has heard.
  void cancel() noexcept;
  /// Ends a transaction that failed, so that another one can begin. False: the connection is gone.
  [[nodiscard]] bool roll_back() noexcept;

  [[nodiscard]] int version() const noexcept { return PQserverVersion(connection_); }
  [[nodiscard]] bool lost() const noexcept { return PQstatus(connection_) != CONNECTION_OK; }

 private:
  [[noreturn]] void fail(const PGresult* result, std::string_view doing) const;
  void drain() noexcept;
  const Options& options_;
  PGconn* connection_;
};

}  // namespace quire::importer::postgresql
