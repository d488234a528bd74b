#pragma once

#include <memory>

#include "importer/postgresql/catalogue.hpp"
#include "importer/postgresql/snapshot.hpp"

namespace quire::importer::postgresql {

/// Rows of a statement by "COPY … TO STDOUT" in binary: one row is held at a time, and the server
/// goes on while it is looked at. Has a connection for itself. A reader that goes before its end
/// cancels the statement.
class CopyReader : public RowReader {
 public:
  /// `table` is named in errors.
  CopyReader(std::shared_ptr<Snapshot> snapshot, const Catalogue& catalogue, const Select& select,
             const std::string& table);
  ~CopyReader() override;
  [[nodiscard]] std::span<const Cell> next() override;

 private:
  struct Target {
    const Type* type;
    std::string scratch;
  };
  [[nodiscard]] std::string_view next_piece();
  void decode_row(std::string_view row);
  [[noreturn]] void malformed() const;

  std::shared_ptr<Snapshot> snapshot_;
  std::unique_ptr<Connection> connection_;
  std::string doing_;
  std::vector<Target> targets_;
  std::vector<Cell> cells_;
  char* piece_ = nullptr;
  bool begun_ = false;
};

}  // namespace quire::importer::postgresql
