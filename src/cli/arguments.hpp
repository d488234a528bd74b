#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quire/core/error.hpp"

namespace quire::cli {

/// A mistake in the arguments, or a "no" to a question: exit code 2.
class UsageError : public Error {
 public:
  explicit UsageError(std::string_view detail) : Error(ErrorCode::invalid_argument, detail) {}
};

struct OptionSpec {
  std::string_view name;   ///< "--token", "-n"
  std::string_view value;  ///< "N"; empty: a flag
  std::string_view text;
  bool repeats = false;
};

/// What follows a command: options by their names, and the rest in order. "--name=value", "--name
/// value"; "--" ends the options.
class Arguments {
 public:
  /// Throws UsageError for an option that is none of `known`, comes twice, lacks its value or has
  /// one too many, and for more than `most` other arguments or fewer than `least`.
  Arguments(std::span<const std::string> given, std::span<const OptionSpec> known,
            std::size_t least, std::size_t most);

  [[nodiscard]] bool has(std::string_view name) const { return options_.contains(name); }
  /// The value, or `otherwise`.
  [[nodiscard]] std::string text(std::string_view name, std::string_view otherwise = {}) const;
  [[nodiscard]] const std::vector<std::string>& all(std::string_view name) const;
  /// Throws UsageError for what is no whole number of that range.
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view name, std::int64_t least,
                                                   std::int64_t most) const;
  [[nodiscard]] std::size_t count() const noexcept { return rest_.size(); }
  /// The i-th argument that is no option; empty when there is none.
  [[nodiscard]] std::string at(std::size_t i) const { return i < rest_.size() ? rest_[i] : ""; }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> options_;
  std::vector<std::string> rest_;
};

/// An argument as it may be shown: of what looks like a connection string the scheme only.
[[nodiscard]] std::string without_secrets(std::string_view argument);
/// The one of `names` that was probably meant; empty when none is near.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string_view> names);

}  // namespace quire::cli
