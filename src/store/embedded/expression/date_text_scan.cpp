#include "store/embedded/expression/date_text_scan.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "quire/core/error.hpp"
#include "store/embedded/expression/date_text_tokens.hpp"
#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {

namespace {

struct Rule {
  std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)> code;
  date_text::Handler handler;
};

/// The rules, compiled once; matching does not change them.
const std::vector<Rule>& rules() {
  static const std::vector<Rule> all = [] {
    std::vector<Rule> out;
    for (const auto& form : date_text::forms()) {
      int error = 0;
      PCRE2_SIZE offset = 0;
      pcre2_code* code =
          pcre2_compile(reinterpret_cast<PCRE2_SPTR>(form.pattern.data()), form.pattern.size(),
                        PCRE2_ANCHORED | PCRE2_NO_AUTO_CAPTURE, &error, &offset, nullptr);
      if (code == nullptr)
        throw StoreError(ErrorCode::internal, "a form of date texts does not compile: " +
                                                  form.pattern + " at " + std::to_string(offset));
      out.push_back({{code, &pcre2_code_free}, form.handler});
    }
    return out;
  }();
  return all;
}

struct Match {
  const Rule* rule = nullptr;
  std::size_t size = 0;
};

/// The rule with the longest match at `at`; of equally long ones the first.
Match longest(std::string_view text, std::size_t at) {
  thread_local const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create(8, nullptr), &pcre2_match_data_free);
  thread_local std::array<int, 1000> workspace;
  Match best;
  for (const Rule& rule : rules()) {
    const int found =
        pcre2_dfa_match(rule.code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                        0, data.get(), nullptr, workspace.data(), workspace.size());
    if (found < 0) continue;
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data.get());
    const std::size_t size = ends[1] - ends[0];
    if (size > best.size) best = {&rule, size};
  }
  return best;
}

}  // namespace

DateParts scan_date_text(std::string_view text) {
  // Longer texts are no dates, and each piece costs a pass over the rules.
  constexpr std::size_t most = 256;
  if (text.size() > most) fail_date_text(text.substr(0, most), "the text is too long for a date");
  DateParts parts;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == ' ' || c == '.' || c == ',' || c == '\t' || c == '\n' || c == '\0') {
      // A fraction or the like begins no piece, so a point here only separates.
      ++at;
      continue;
    }
    if (c == '\xC2' && at + 1 < text.size() && text[at + 1] == '\xA0') {
      at += 2;
      continue;
    }
    const Match match = longest(text, at);
    if (match.rule == nullptr)
      fail_date_text(text, std::to_string(at) + ": Unexpected character '" +
                               std::string(text.substr(at, 1)) + "'");
    const std::string why = match.rule->handler(parts, text.substr(at, match.size));
    if (!why.empty()) fail_date_text(text, std::to_string(at) + ": " + why);
    at += match.size;
  }
  return parts;
}

}  // namespace quire::store::embedded
