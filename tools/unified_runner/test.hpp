#pragma once

#include <string>

#include "world.hpp"

namespace quire::unified {

enum class Verdict { passed, failed, skipped };
struct Outcome {
  Verdict verdict = Verdict::passed;
  std::string why;      ///< of failed and skipped
  bool events = false;  ///< the commands sent were compared too
};

/// Opens the target and asks what it is.
[[nodiscard]] Deployment connect(const std::string& uri);
/// Runs one test of a file. Never throws.
[[nodiscard]] Outcome run_test(Deployment& deployment, bson::View file, bson::View test);
/// A file of the older CRUD format in the unified one.
[[nodiscard]] bson::Document from_crud_v1(std::string_view title, bson::View file);

}  // namespace quire::unified
