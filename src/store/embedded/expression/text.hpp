#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/embedded/expression/expression.hpp"
#include "store/embedded/expression/numeric.hpp"

/// What operators on strings share.
namespace quire::store::embedded {

[[nodiscard]] constexpr bool is_continuation(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}
/// Bytes of the code point that begins at `at`, as far as there are any.
[[nodiscard]] constexpr std::size_t code_point_size(std::string_view text,
                                                    std::size_t at) noexcept {
  std::size_t n = 1;
  while (at + n < text.size() && is_continuation(text[at + n])) ++n;
  return n;
}
[[nodiscard]] constexpr std::size_t count_code_points(std::string_view text) noexcept {
  std::size_t n = 0;
  for (const char c : text) n += is_continuation(c) ? 0 : 1;
  return n;
}

/// A number, date, timestamp, string, symbol or code as text, "" for what is nullish. `buffer`
/// holds it where it is not text already. Throws QueryError 16007 for other types, 18537 for a date
/// whose year has not four digits.
[[nodiscard]] std::string_view coerce_to_text(bson::ValueView value, std::string& buffer);
/// A whole number of any numeric type that an int32 can hold.
[[nodiscard]] bool is_int32(bson::ValueView value, std::int32_t& out);
/// A whole number of any numeric type that an int64 can hold.
[[nodiscard]] std::optional<std::int64_t> whole_number(bson::ValueView value);
/// A number as int64: doubles are cut, decimals are rounded half to even, those that are no int64
/// give its least. Throws QueryError 31109 for a double that is no int64.
[[nodiscard]] std::int64_t coerce_to_int64(bson::ValueView number);

/// Throws QueryError 16493 for a string of 16 MiB or more, as the server does.
void check_string_size(std::size_t bytes);

namespace string_detail {
[[nodiscard]] bson::ValueView index_of_bytes(const Call& call);
[[nodiscard]] bson::ValueView index_of_code_points(const Call& call);
[[nodiscard]] bson::ValueView split(const Call& call);
[[nodiscard]] ExpressionPtr parse_replace(const Operator& op, bson::ValueView argument,
                                          ParseScope& scope);
[[nodiscard]] ExpressionPtr parse_trim(const Operator& op, bson::ValueView argument,
                                       ParseScope& scope);
}  // namespace string_detail

}  // namespace quire::store::embedded
