#pragma once

#include <regex>
#include <string>
#include <vector>

namespace quire::differential {

/// Differences that MongoDB's documentation has settled: three columns between tabs, a regular
/// expression (ECMAScript) that is found in the case's JSON, one for the answers' JSON, the reason.
/// Lines that begin with # are comments. Throws std::runtime_error for a line of another form.
class KnownDifferences {
 public:
  void read(const std::string& path);
  /// The reason of the first line that fits, or null.
  [[nodiscard]] const std::string* reason(const std::string& case_json,
                                          const std::string& answers_json) const;

 private:
  struct Line {
    std::regex of_case;
    std::regex of_answers;
    std::string reason;
  };
  std::vector<Line> lines_;
};

}  // namespace quire::differential
