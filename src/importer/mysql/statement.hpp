#pragma once

#include <mysql.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "importer/mysql/connection.hpp"
#include "importer/mysql/decode.hpp"
#include "importer/sql/sql_source.hpp"

namespace quire::importer::mysql {

/// A prepared statement and its rows, in the binary protocol. Belongs to its connection.
class Statement {
 public:
  enum class Rows {
    unbuffered,  ///< as they come from the server: the connection does nothing else until the end
    cursor       ///< in batches that the server keeps: other statements may run in between
  };
  /// Prepares and executes. `doing` is for errors.
  Statement(Connection& connection, const Select& select, Rows rows, std::string doing);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// The next row's cells, empty at the end; valid until the next call.
  [[nodiscard]] std::span<const Cell> next();
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  /// Reads on without looking until the end or an error, whose number it gives.
  unsigned drain() noexcept;
  /// The connection was closed: nothing is said to the server any more.
  void forget() noexcept { ended_ = true; }

 private:
  static void take_value(void* self, unsigned column, unsigned char** row);
  void bind_parameters(const Select& select);
  void execute();
  void prepare_result(const Select& select);
  void taken_all();
  void size_batches();
  [[nodiscard]] unsigned error_number() const noexcept;
  [[noreturn]] void fail();

  Connection& connection_;
  std::string doing_;
  MYSQL_STMT* statement_ = nullptr;
  bool cursor_;
  bool ended_ = false;
  std::vector<Decoder> decoders_;
  std::vector<Cell> cells_;
  std::size_t taken_ = 0;  ///< cells of the row that the library has given
  std::vector<std::string> texts_;
  std::vector<std::int64_t> numbers_;
  std::vector<double> reals_;
  bool text_beyond_ascii_ = false;
  unsigned long batch_ = 16;     ///< rows that a cursor brings at a time
  unsigned long in_batch_ = 0;   ///< of them seen
  std::size_t batch_bytes_ = 0;  ///< of the rows seen
};

}  // namespace quire::importer::mysql
