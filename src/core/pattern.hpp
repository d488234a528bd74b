#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace quire {

/// Why a text is no pattern.
class PatternError : public std::runtime_error {
 public:
  explicit PatternError(const std::string& why) : std::runtime_error(why) {}
  explicit PatternError(char option)
      : std::runtime_error(std::string("unknown option ") + option), option_(option) {}
  /// The option that there is not; nothing where the pattern is wrong: what() then tells the
  /// mistake and its place, "missing closing parenthesis at offset 1".
  [[nodiscard]] std::optional<char> option() const noexcept { return option_; }

 private:
  std::optional<char> option_;
};

/// A compiled regular expression: PCRE2 on UTF-8. Immutable; threads may share it, and copies share
/// what is compiled.
class Pattern {
 public:
  struct Settings {
    // What one search may take; 0 = what PCRE2 was built with.
    std::uint32_t steps = 0;
    std::uint32_t depth = 0;    ///< of backtracking
    bool machine_code = false;  ///< takes longer to compile, searches quicker
  };
  /// A stretch of a text, in bytes; npos where a group took no part.
  struct Span {
    std::size_t from;
    std::size_t to;
  };
  /// `none` also for a text that is not UTF-8.
  enum class Found { none, one, too_many_steps };

  /// `options`: of "imsxu"; u is on anyway. Throws PatternError.
  Pattern(std::string_view pattern, std::string_view options, const Settings& settings);

  /// Whether it matches anywhere.
  [[nodiscard]] Found search(std::string_view text) const noexcept;
  /// The first match from byte `from` on: the whole, then each group. `out` is left alone where
  /// there is none.
  [[nodiscard]] Found search(std::string_view text, std::size_t from, std::vector<Span>& out) const;
  [[nodiscard]] std::size_t groups() const noexcept { return groups_; }

 private:
  /// A number of spans, or PCRE2's error.
  [[nodiscard]] int run(std::string_view text, std::size_t from, void* data) const noexcept;
  std::shared_ptr<void> code_;
  Settings settings_;
  std::uint32_t groups_ = 0;
};

}  // namespace quire
