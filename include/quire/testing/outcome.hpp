#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quire::testing {

/// What a check found. For any test framework:
///   const auto r = quire::testing::up_down_up(databases, subject);
///   EXPECT_TRUE(r) << r.why;
struct [[nodiscard]] Outcome {
  std::string why = {};                 ///< empty: it holds; else what does not, and where
  std::int64_t rounds = 0;              ///< interruptions, starts or migrations that were tried
  std::vector<std::string> notes = {};  ///< what could not be tried, and why
  explicit operator bool() const noexcept { return why.empty(); }
};

}  // namespace quire::testing
