#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/pattern.hpp"

namespace quire::store::embedded {

/// A regular expression as a server takes it: PCRE2 on UTF-8, options of "imsxu", bounded steps.
/// Immutable; threads may share it.
class Regex {
 public:
  /// Numbers of the errors, which differ between filters and expressions.
  struct Codes {
    int pattern;  ///< the pattern means nothing
    int options;  ///< an unknown option
    int steps;    ///< the pattern needs too many steps on a text
  };
  using Span = Pattern::Span;

  /// Throws QueryError invalid_query at `path` with the place of the mistake.
  Regex(std::string_view pattern, std::string_view options, const Codes& codes,
        std::string_view path = {});

  /// Whether it matches anywhere. Throws QueryError where it needs too many steps.
  [[nodiscard]] bool matches(std::string_view text) const;
  /// The first match from byte `from` on: the whole, then each group. False where there is none.
  [[nodiscard]] bool search(std::string_view text, std::size_t from, std::vector<Span>& out) const;
  [[nodiscard]] std::size_t groups() const noexcept { return pattern_.groups(); }

 private:
  [[nodiscard]] bool is_match(Pattern::Found found) const;
  Pattern pattern_;
  std::string path_;
  int steps_code_;
};

}  // namespace quire::store::embedded
