#include "core/pattern.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace quire {

namespace {

using MatchData = std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)>;
using MatchContext = std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)>;

/// One a thread: match data and limits are not shareable.
struct Scratch {
  MatchData whole{pcre2_match_data_create(1, nullptr), &pcre2_match_data_free};
  MatchData groups{nullptr, &pcre2_match_data_free};
  std::uint32_t room = 0;  ///< of `groups`
  MatchContext context{pcre2_match_context_create(nullptr), &pcre2_match_context_free};
  Pattern::Settings limits;  ///< of `context`; 0 = as made
};
Scratch& scratch() {
  thread_local Scratch out;
  return out;
}

/// PCRE2's own limit of that kind.
std::uint32_t built_in(std::uint32_t what) {
  std::uint32_t limit = 0;
  pcre2_config(what, &limit);
  return limit;
}

void set_limits(Scratch& s, const Pattern::Settings& wanted) {
  if (s.limits.steps != wanted.steps) {
    pcre2_set_match_limit(s.context.get(),
                          wanted.steps != 0 ? wanted.steps : built_in(PCRE2_CONFIG_MATCHLIMIT));
    s.limits.steps = wanted.steps;
  }
  if (s.limits.depth != wanted.depth) {
    pcre2_set_depth_limit(s.context.get(),
                          wanted.depth != 0 ? wanted.depth : built_in(PCRE2_CONFIG_DEPTHLIMIT));
    s.limits.depth = wanted.depth;
  }
}

std::uint32_t flags_of(std::string_view options) {
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
        break;
      default:
        throw PatternError(option);
    }
  }
  return flags;
}

Pattern::Found found(int result) {
  if (result >= 0) return Pattern::Found::one;
  if (result == PCRE2_ERROR_MATCHLIMIT || result == PCRE2_ERROR_DEPTHLIMIT ||
      result == PCRE2_ERROR_HEAPLIMIT)
    return Pattern::Found::too_many_steps;
  return Pattern::Found::none;
}

}  // namespace

Pattern::Pattern(std::string_view pattern, std::string_view options, const Settings& settings)
    : settings_(settings) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                             flags_of(options), &error, &offset, nullptr);
  if (code == nullptr) {
    PCRE2_UCHAR text[256];
    pcre2_get_error_message(error, text, sizeof text);
    throw PatternError(std::string(reinterpret_cast<const char*>(text)) + " at offset " +
                       std::to_string(offset));
  }
  code_ =
      std::shared_ptr<void>(code, [](void* p) { pcre2_code_free(static_cast<pcre2_code*>(p)); });
  pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups_);
  // Where the machine has no such code, it is searched as before.
  if (settings_.machine_code) (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
}

int Pattern::run(std::string_view text, std::size_t from, void* data) const noexcept {
  Scratch& s = scratch();
  set_limits(s, settings_);
  return pcre2_match(static_cast<const pcre2_code*>(code_.get()),
                     reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from, 0,
                     static_cast<pcre2_match_data*>(data), s.context.get());
}

Pattern::Found Pattern::search(std::string_view text) const noexcept {
  return found(run(text, 0, scratch().whole.get()));
}

Pattern::Found Pattern::search(std::string_view text, std::size_t from,
                               std::vector<Span>& out) const {
  Scratch& s = scratch();
  if (s.room < groups_ + 1) {
    s.room = groups_ + 1;
    s.groups.reset(pcre2_match_data_create(s.room, nullptr));
  }
  const int result = run(text, from, s.groups.get());
  if (result < 0) return found(result);
  // Groups behind the last that took part are not counted.
  const std::size_t set = static_cast<std::size_t>(result);
  const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(s.groups.get());
  out.clear();
  for (std::size_t i = 0; i <= groups_; ++i) {
    const bool known = i < set && ends[2 * i] != PCRE2_UNSET;
    out.push_back(known ? Span{ends[2 * i], ends[2 * i + 1]}
                        : Span{std::string_view::npos, std::string_view::npos});
  }
  return Found::one;
}

}  // namespace quire
