#include "cli/arguments.hpp"

#include <algorithm>
#include <charconv>

namespace quire::cli {
namespace {

const OptionSpec* find(std::span<const OptionSpec> known, std::string_view name) {
  const auto at = std::find_if(known.begin(), known.end(),
                               [&](const OptionSpec& one) { return one.name == name; });
  return at == known.end() ? nullptr : &*at;
}

[[noreturn]] void unknown_option(std::string_view name, std::span<const OptionSpec> known) {
  std::vector<std::string_view> names;
  for (const OptionSpec& one : known) names.push_back(one.name);
  std::string text = "there is no option " + without_secrets(name);
  if (const auto meant = nearest(name, names); !meant.empty())
    text += "; did you mean " + std::string(meant) + "?";
  throw UsageError(text);
}

/// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t before = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, before + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      before = above;
    }
  }
  return row[b.size()];
}

}  // namespace

Arguments::Arguments(std::span<const std::string> given, std::span<const OptionSpec> known,
                     std::size_t least, std::size_t most) {
  bool options = true;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string& word = given[i];
    if (!options || word.size() < 2 || word[0] != '-') {
      rest_.push_back(word);
      continue;
    }
    if (word == "--") {
      options = false;
      continue;
    }
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const OptionSpec* spec = find(known, name);
    if (spec == nullptr) unknown_option(name, known);
    auto& values = options_[name];
    if (!values.empty() && !spec->repeats) throw UsageError(name + " is given twice");
    if (spec->value.empty()) {
      if (equals != std::string::npos) throw UsageError(name + " takes no value");
      values.emplace_back();
    } else if (equals != std::string::npos) {
      values.push_back(word.substr(equals + 1));
    } else if (i + 1 < given.size()) {
      values.push_back(given[++i]);
    } else {
      throw UsageError(name + " needs a value: " + name + " " + std::string(spec->value));
    }
  }
  if (rest_.size() > most)
    throw UsageError("one argument too many: \"" + without_secrets(rest_[most]) + "\"");
  if (rest_.size() < least) throw UsageError("an argument is missing");
}

std::string Arguments::text(std::string_view name, std::string_view otherwise) const {
  const auto at = options_.find(name);
  return at == options_.end() ? std::string(otherwise) : at->second.front();
}

const std::vector<std::string>& Arguments::all(std::string_view name) const {
  static const std::vector<std::string> none;
  const auto at = options_.find(name);
  return at == options_.end() ? none : at->second;
}

std::optional<std::int64_t> Arguments::number(std::string_view name, std::int64_t least,
                                              std::int64_t most) const {
  const auto at = options_.find(name);
  if (at == options_.end()) return std::nullopt;
  const std::string& word = at->second.front();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || value < least || value > most) {
    throw UsageError(std::string(name) + " takes a number from " + std::to_string(least) + " to " +
                     std::to_string(most) + ", not \"" + without_secrets(word) + "\"");
  }
  return value;
}

std::string without_secrets(std::string_view argument) {
  const auto scheme = argument.find("://");
  return std::string(argument.substr(0, scheme)) + (scheme == argument.npos ? "" : "://…");
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> names) {
  std::string_view best;
  std::size_t least = word.size() < 4 ? 2 : 3;  // not as far as that
  for (const std::string_view name : names) {
    if (const auto d = distance(word.substr(0, 40), name); d < least) {
      least = d;
      best = name;
    }
  }
  return best;
}

}  // namespace quire::cli
