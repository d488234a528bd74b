#include "store/embedded/engine/regex.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "quire/core/error.hpp"

namespace quire::store::embedded {

namespace {

using MatchData = std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)>;

/// One a thread: match data and limits are not shareable.
struct Scratch {
  MatchData whole{pcre2_match_data_create(1, nullptr), &pcre2_match_data_free};
  MatchData groups{nullptr, &pcre2_match_data_free};
  std::uint32_t room = 0;  ///< of `groups`
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  Scratch() {
    pcre2_set_match_limit(context, 1'000'000);
    pcre2_set_depth_limit(context, 10'000);
  }
  ~Scratch() { pcre2_match_context_free(context); }
};
Scratch& scratch() {
  thread_local Scratch out;
  return out;
}

std::uint32_t flags_of(std::string_view options, int code, std::string_view path) {
  std::uint32_t flags = PCRE2_UTF;
  for (const char option : options) {
    switch (option) {
      case 'i':
        flags |= PCRE2_CASELESS;
        break;
      case 'm':
        flags |= PCRE2_MULTILINE;
        break;
      case 's':
        flags |= PCRE2_DOTALL;
        break;
      case 'x':
        flags |= PCRE2_EXTENDED;
        break;
      case 'u':
        break;  // UTF-8 is on anyway
      default:
        throw QueryError(ErrorCode::invalid_query, FieldPath(std::string(path)),
                         std::string("invalid flag in regex options: ") + option, code);
    }
  }
  return flags;
}

}  // namespace

Regex::Regex(std::string_view pattern, std::string_view options, const Codes& codes,
             std::string_view path)
    : path_(path), steps_code_(codes.steps) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                             flags_of(options, codes.options, path), &error, &offset, nullptr);
  if (code == nullptr) {
    PCRE2_UCHAR text[200];
    pcre2_get_error_message(error, text, sizeof text);
    throw QueryError(
        ErrorCode::invalid_query, FieldPath(std::string(path)),
        "Regular expression is invalid: " + std::string(reinterpret_cast<const char*>(text)) +
            " at offset " + std::to_string(offset),
        codes.pattern);
  }
  code_ =
      std::shared_ptr<void>(code, [](void* p) { pcre2_code_free(static_cast<pcre2_code*>(p)); });
  pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups_);
}

std::size_t Regex::run(std::string_view text, std::size_t from, void* data) const {
  const int result = pcre2_match(static_cast<const pcre2_code*>(code_.get()),
                                 reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from, 0,
                                 static_cast<pcre2_match_data*>(data), scratch().context);
  if (result >= 0) return result == 0 ? groups_ + 1 : static_cast<std::size_t>(result);
  if (result == PCRE2_ERROR_MATCHLIMIT || result == PCRE2_ERROR_DEPTHLIMIT ||
      result == PCRE2_ERROR_HEAPLIMIT) {
    throw QueryError(
        ErrorCode::invalid_query, FieldPath(path_),
        "the regular expression needs too many steps on a stored text; make it simpler",
        steps_code_);
  }
  return 0;
}

bool Regex::matches(std::string_view text) const {
  return run(text, 0, scratch().whole.get()) != 0;
}

bool Regex::search(std::string_view text, std::size_t from, std::vector<Span>& out) const {
  Scratch& s = scratch();
  if (s.room < groups_ + 1) {
    s.room = groups_ + 1;
    s.groups.reset(pcre2_match_data_create(s.room, nullptr));
  }
  const std::size_t found = run(text, from, s.groups.get());
  if (found == 0) return false;
  out.clear();
  const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(s.groups.get());
  // Groups behind the last that took part are not counted.
  for (std::size_t i = 0; i <= groups_; ++i) {
    const bool set = i < found && ends[2 * i] != PCRE2_UNSET;
    out.push_back(set ? Span{ends[2 * i], ends[2 * i + 1]}
                      : Span{std::string_view::npos, std::string_view::npos});
  }
  return true;
}

}  // namespace quire::store::embedded
