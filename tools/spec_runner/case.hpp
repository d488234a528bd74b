#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "quire/bson/document.hpp"
#include "quire/store/store.hpp"

/// One case of a case file (the format's README): steps of commands with what each must answer.
namespace quire::spec {

/// `known`: failed, as a list says.
enum class Verdict { passed, failed, refused, known };

struct Outcome {
  Verdict verdict = Verdict::passed;
  bool other_code = false;  ///< passed, with another number of five digits or more
  std::string why;          ///< of failed and refused: step, expected, got
};

struct Case {
  std::string id;
  std::string op;
  bson::Document line;

  /// Reads one line. Throws FormatError or MappingError.
  explicit Case(std::string_view json);
  /// Whether it has transactions: a store in memory has one connection, so others wait for them.
  [[nodiscard]] bool needs_file() const;
  /// Runs it on an empty store. Refused when the store says `unsupported` by name, or the case asks
  /// for a kind of deployment that an embedded store is not.
  [[nodiscard]] Outcome run(store::Store& store) const;
};

}  // namespace quire::spec
