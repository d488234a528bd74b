#include <array>

#include "store/embedded/expression/expression.hpp"
#include "store/embedded/expression/text.hpp"
#include "store/embedded/expression/until_null.hpp"

namespace quire::store::embedded {
namespace {

using bson::ValueView;

ValueView concat(const Call& c) {
  std::size_t size = 0;
  for (const ValueView part : c.arguments) {
    if (is_nullish(part)) return null_value;
    if (!part.is_string())
      fail_expression(16702,
                      "$concat only supports strings, not " + std::string(value_type_name(part)));
    size += part.as_string().size();
  }
  check_string_size(size);
  std::string out;
  out.reserve(size);
  for (const ValueView part : c.arguments) out += part.as_string();
  return c.e.string(out);
}

ValueView with_case(const Call& c, char first, char last) {
  std::string buffer;
  std::string text(coerce_to_text(c[0], buffer));
  for (char& letter : text) {
    if (letter >= first && letter <= last) letter = static_cast<char>(letter ^ 0x20);
  }
  return c.e.string(text);
}
ValueView to_lower(const Call& c) { return with_case(c, 'A', 'Z'); }
ValueView to_upper(const Call& c) { return with_case(c, 'a', 'z'); }

ValueView compare_ignoring_case(const Call& c) {
  std::string buffers[2];
  std::string texts[2];
  for (std::size_t i = 0; i < 2; ++i) {
    texts[i] = coerce_to_text(c[i], buffers[i]);
    for (char& letter : texts[i]) {
      if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 0x20);
    }
  }
  const int order = texts[0].compare(texts[1]);
  return c.e.int32(order < 0 ? -1 : order > 0 ? 1 : 0);
}

std::string_view need_string(const Call& c, int code) {
  if (!c[0].is_string())
    fail_expression(code, std::string(c.op.name) + " requires a string argument, found: " +
                              std::string(value_type_name(c[0])));
  return c[0].as_string();
}
ValueView length_in_bytes(const Call& c) {
  return c.e.int32(static_cast<std::int32_t>(need_string(c, 34473).size()));
}
ValueView length_in_code_points(const Call& c) {
  return c.e.int32(static_cast<std::int32_t>(count_code_points(need_string(c, 34471))));
}

[[noreturn]] void fail_range(const Call& c, int code, std::string_view what, ValueView found) {
  fail_expression(code, std::string(c.op.name) + ": " + std::string(what) + ", got " + show(found) +
                            " (" + std::string(value_type_name(found)) + ")");
}

ValueView substring_of_bytes(const Call& c) {
  std::string buffer;
  const auto text = coerce_to_text(c[0], buffer);
  if (!is_number(c[1])) fail_range(c, 16034, "starting index must be a numeric type", c[1]);
  if (!is_number(c[2])) fail_range(c, 16035, "length must be a numeric type", c[2]);
  const std::int64_t start = coerce_to_int64(c[1]);
  if (start < 0) fail_range(c, 50752, "starting index must be non-negative", c[1]);
  const std::int64_t length = coerce_to_int64(c[2]);
  const auto from = static_cast<std::size_t>(start);
  if (from < text.size() && is_continuation(text[from]))
    fail_range(c, 28656, "Invalid range, starting index is a UTF-8 continuation byte", c[1]);
  if (from >= text.size()) return c.e.string("");
  const std::size_t left = text.size() - from;
  const std::size_t n = length < 0 || static_cast<std::size_t>(length) > left
                            ? left
                            : static_cast<std::size_t>(length);
  if (n < left && is_continuation(text[from + n]))
    fail_range(c, 28657, "Invalid range, ending index is in the middle of a UTF-8 character", c[2]);
  return c.e.string(text.substr(from, n));
}

ValueView substring_of_code_points(const Call& c) {
  std::string buffer;
  const auto text = coerce_to_text(c[0], buffer);
  std::int32_t start = 0;
  std::int32_t length = 0;
  if (!is_number(c[1])) fail_range(c, 34450, "starting index must be a numeric type", c[1]);
  if (!is_int32(c[1], start))
    fail_range(c, 34451, "starting index cannot be represented as a 32-bit integral value", c[1]);
  if (!is_number(c[2])) fail_range(c, 34452, "length must be a numeric type", c[2]);
  if (!is_int32(c[2], length))
    fail_range(c, 34453, "length cannot be represented as a 32-bit integral value", c[2]);
  if (length < 0) fail_range(c, 34454, "length must be a nonnegative integer", c[2]);
  if (start < 0) fail_range(c, 34455, "the starting index must be a nonnegative integer", c[1]);
  std::size_t from = 0;
  for (std::int32_t i = 0; i < start && from < text.size(); ++i)
    from += code_point_size(text, from);
  std::size_t to = from;
  for (std::int32_t i = 0; i < length && to < text.size(); ++i) to += code_point_size(text, to);
  return c.e.string(text.substr(from, to - from));
}

using namespace string_detail;
constexpr auto table = std::to_array<Operator>({
    until_null_operator("$concat", concat),
    function_operator("$toLower", to_lower, 1, 1),
    function_operator("$toUpper", to_upper, 1, 1),
    function_operator("$strcasecmp", compare_ignoring_case, 2, 2),
    function_operator("$strLenBytes", length_in_bytes, 1, 1),
    function_operator("$strLenCP", length_in_code_points, 1, 1),
    function_operator("$substr", substring_of_bytes, 3, 3),
    function_operator("$substrBytes", substring_of_bytes, 3, 3),
    function_operator("$substrCP", substring_of_code_points, 3, 3),
    unless_first_null_operator("$indexOfBytes", index_of_bytes, 2, 4),
    unless_first_null_operator("$indexOfCP", index_of_code_points, 2, 4),
    function_operator("$split", split, 2, 2),
    parsed_operator("$replaceOne", parse_replace),
    parsed_operator("$replaceAll", parse_replace),
    parsed_operator("$trim", parse_trim),
    parsed_operator("$ltrim", parse_trim),
    parsed_operator("$rtrim", parse_trim),
});

}  // namespace

std::span<const Operator> string_operators() noexcept { return table; }

}  // namespace quire::store::embedded
