#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "quire/core/error.hpp"
#include "store/embedded/engine/filter_data.hpp"

namespace quire::store::embedded {

namespace {

/// One a thread: match data and limits are not shareable.
struct Scratch {
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  Scratch() {
    pcre2_set_match_limit(context, 1'000'000);
    pcre2_set_depth_limit(context, 10'000);
  }
  ~Scratch() {
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
  }
};

}  // namespace

CompiledRegex::CompiledRegex(const std::string& pattern, const std::string& options,
                             const std::string& path)
    : path_(path) {
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
        throw QueryError(ErrorCode::invalid_query, FieldPath(path),
                         std::string("invalid flag in regex options: ") + option, 51108);
    }
  }
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), flags,
                             &error, &offset, nullptr);
  if (code == nullptr) {
    PCRE2_UCHAR text[200];
    pcre2_get_error_message(error, text, sizeof text);
    throw QueryError(
        ErrorCode::invalid_query, FieldPath(path),
        "Regular expression is invalid: " + std::string(reinterpret_cast<const char*>(text)) +
            " at offset " + std::to_string(offset),
        51091);
  }
  code_ =
      std::shared_ptr<void>(code, [](void* p) { pcre2_code_free(static_cast<pcre2_code*>(p)); });
}

bool CompiledRegex::matches(std::string_view text) const {
  thread_local Scratch scratch;
  const int result = pcre2_match(static_cast<const pcre2_code*>(code_.get()),
                                 reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0,
                                 scratch.data, scratch.context);
  if (result >= 0) return true;
  if (result == PCRE2_ERROR_MATCHLIMIT || result == PCRE2_ERROR_DEPTHLIMIT ||
      result == PCRE2_ERROR_HEAPLIMIT) {
    throw QueryError(
        ErrorCode::invalid_query, FieldPath(path_),
        "the regular expression needs too many steps on a stored text; make it simpler", 51156);
  }
  return false;
}

}  // namespace quire::store::embedded
