#include "store/embedded/engine/regex.hpp"

#include "quire/core/error.hpp"

namespace quire::store::embedded {

namespace {

Pattern compile(std::string_view pattern, std::string_view options, const Regex::Codes& codes,
                std::string_view path) {
  try {
    return {pattern, options, {.steps = 1'000'000, .depth = 10'000}};
  } catch (const PatternError& error) {
    if (error.option())
      throw QueryError(ErrorCode::invalid_query, FieldPath(std::string(path)),
                       std::string("invalid flag in regex options: ") + *error.option(),
                       codes.options);
    throw QueryError(ErrorCode::invalid_query, FieldPath(std::string(path)),
                     std::string("Regular expression is invalid: ") + error.what(), codes.pattern);
  }
}

}  // namespace

Regex::Regex(std::string_view pattern, std::string_view options, const Codes& codes,
             std::string_view path)
    : pattern_(compile(pattern, options, codes, path)), path_(path), steps_code_(codes.steps) {}

bool Regex::is_match(Pattern::Found found) const {
  if (found == Pattern::Found::too_many_steps)
    throw QueryError(
        ErrorCode::invalid_query, FieldPath(path_),
        "the regular expression needs too many steps on a stored text; make it simpler",
        steps_code_);
  return found == Pattern::Found::one;
}

bool Regex::matches(std::string_view text) const { return is_match(pattern_.search(text)); }

bool Regex::search(std::string_view text, std::size_t from, std::vector<Span>& out) const {
  return is_match(pattern_.search(text, from, out));
}

}  // namespace quire::store::embedded
