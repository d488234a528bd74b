#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "quire/bson/view.hpp"

/// Values as expressions compute them: bson::ValueView, and one more that stands for "no value".
namespace quire::store::embedded {

/// What a path gives that leads nowhere, and $$REMOVE: not null, and no BSON value. Its payload is
/// empty; it is never written to a document.
inline constexpr bson::ValueView missing{static_cast<bson::Type>(0), nullptr, 0};

[[nodiscard]] constexpr bool is_missing(bson::ValueView value) noexcept {
  return value.type() == static_cast<bson::Type>(0);
}
/// Missing, null or undefined.
[[nodiscard]] constexpr bool is_nullish(bson::ValueView value) noexcept {
  return is_missing(value) || value.type() == bson::Type::null ||
         value.type() == bson::Type::undefined;
}
/// int32 or int64.
[[nodiscard]] constexpr bool is_integer(bson::ValueView value) noexcept {
  return value.type() == bson::Type::int32 || value.type() == bson::Type::int64;
}
/// The value of an int32 or int64.
[[nodiscard]] inline std::int64_t integer_of(bson::ValueView value) noexcept {
  return value.type() == bson::Type::int32 ? bson::load<std::int32_t>(value.data())
                                           : bson::load<std::int64_t>(value.data());
}
/// As a condition: false for missing, null, undefined, false and zeros; NaN is true.
[[nodiscard]] bool is_true(bson::ValueView value) noexcept;
/// A number of any type as the nearest double.
[[nodiscard]] double to_double(bson::ValueView number) noexcept;

/// compare() of compare.hpp, and missing beside undefined, below null.
[[nodiscard]] int compare_values(bson::ValueView a, bson::ValueView b);
[[nodiscard]] inline bool same_value(bson::ValueView a, bson::ValueView b) {
  return compare_values(a, b) == 0;
}
/// Bytes that are equal exactly for values that compare as equal (missing is a value of its own):
/// the keys of groups and sets. Appended to `out`.
void append_group_key(std::string& out, bson::ValueView value);

/// type_name(), and "missing": as errors and $type name a value's type.
[[nodiscard]] std::string_view value_type_name(bson::ValueView value) noexcept;
/// The value as errors show it: relaxed Extended JSON, cut where it is long; "MISSING".
[[nodiscard]] std::string show(bson::ValueView value);

inline constexpr std::uint8_t false_byte = 0;
inline constexpr std::uint8_t true_byte = 1;
[[nodiscard]] constexpr bson::ValueView boolean_value(bool value) noexcept {
  return {bson::Type::boolean, value ? &true_byte : &false_byte, 1};
}
inline constexpr bson::ValueView null_value{};

}  // namespace quire::store::embedded
