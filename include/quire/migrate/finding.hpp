#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/document.hpp"

namespace quire::migrate {

enum class Severity {
  ok,       ///< looked at, and as it should be
  warning,  ///< to be known before a run
  danger    ///< data, or the run itself, are at stake
};
[[nodiscard]] std::string_view to_string(Severity value) noexcept;

/// What lint(), preflight() and plan() found. A value.
struct Finding {
  std::string code;  ///< "Q101" of lint, "P104" of preflight
  Severity severity = Severity::warning;
  std::string migration = {};   ///< empty: of no single one
  int step = 0;                 ///< from 1; 0 = the migration as a whole
  std::string collection = {};  ///< empty: of no single one
  std::string where = {};       ///< "users.email", "users (email_1)"; may be empty
  bson::Document keys = {};     ///< of the index that it is about, {"email": 1}; empty: of none
  std::string text = {};
  std::string next = {};     ///< what would help; may be empty
  std::string assured = {};  ///< why it is no danger here, as the migration says

  /// For people: "Q101 danger, 2026_02_tidy step 1, old_users: …; …".
  [[nodiscard]] std::string str() const;
};

/// Severity::ok for none.
[[nodiscard]] Severity worst(const std::vector<Finding>& findings) noexcept;

}  // namespace quire::migrate
