#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "quire/core/error_code.hpp"
#include "quire/core/field_path.hpp"

namespace quire {

/// Base of all exceptions that quire throws.
/// what(): "quire 101 type_mismatch at geo[1]: expected double, found string".
/// Copying never throws. Threads: immutable after construction.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, FieldPath path, std::string_view detail, int backend_code = 0,
        std::vector<std::string> labels = {});
  Error(ErrorCode code, std::string_view detail, int backend_code = 0)
      : Error(code, FieldPath{}, detail, backend_code) {}

  [[nodiscard]] ErrorCode code() const noexcept { return info_->code; }
  [[nodiscard]] const FieldPath& path() const noexcept { return info_->path; }
  /// The sentence without code and path.
  [[nodiscard]] const std::string& detail() const noexcept { return info_->detail; }
  /// The number that the server or SQLite gave; 0 = none.
  [[nodiscard]] int backend_code() const noexcept { return info_->backend_code; }
  /// MongoDB's error labels, "TransientTransactionError" …: what may be done about it.
  [[nodiscard]] const std::vector<std::string>& labels() const noexcept { return info_->labels; }
  [[nodiscard]] bool has_label(std::string_view label) const noexcept;

 private:
  struct Info {
    ErrorCode code;
    FieldPath path;
    std::string detail;
    int backend_code;
    std::vector<std::string> labels;
  };
  static std::string compose(ErrorCode code, const FieldPath& path, std::string_view detail);
  std::shared_ptr<const Info> info_;
};

/// A C++ value and a document do not fit each other (1xx).
class MappingError : public Error {
 public:
  using Error::Error;
};
/// Bytes or text are not a document (2xx).
class FormatError : public Error {
 public:
  using Error::Error;
};
/// A store could not do it (3xx).
class StoreError : public Error {
 public:
  using Error::Error;
};
/// A filter, update, projection, sort or index definition means nothing (4xx). backend_code() is
/// the code that MongoDB gives for the same mistake.
class QueryError : public Error {
 public:
  using Error::Error;
};
/// A model contradicts itself or the database (5xx).
class ModelError : public Error {
 public:
  using Error::Error;
};
/// A migration cannot be planned, run or undone (6xx).
class MigrationError : public Error {
 public:
  using Error::Error;
};
/// A source cannot be read, or its rows do not become documents (7xx).
class ImportError : public Error {
 public:
  using Error::Error;
};

}  // namespace quire
