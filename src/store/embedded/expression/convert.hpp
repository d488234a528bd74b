#pragma once

#include <optional>
#include <string_view>

#include "store/embedded/expression/expression.hpp"

/// Conversions between types, as $convert, $toInt … make them.
/// Source: MongoDB manual, "$convert (aggregation)".
namespace quire::store::embedded {

/// A conversion that cannot be: `onError` of $convert stands in for it.
inline constexpr int conversion_failure = 241;

/// How bytes are written as text.
enum class TextFormat : std::uint8_t { none, automatic, base64, base64url, hex, utf8, uuid };

struct Conversion {
  bson::Type to = bson::Type::null;  ///< 0 for a target that nothing converts to
  bson::BinarySubtype subtype = bson::BinarySubtype::generic;
  TextFormat format = TextFormat::none;
  bool big_endian = false;
};

/// `value` is not null. Throws QueryError 241 for what cannot be converted, 4341115 where a format
/// is missing.
[[nodiscard]] bson::ValueView convert_value(bson::ValueView value, const Conversion& conversion,
                                            Evaluation& e);

// convert_text.cpp
/// The shortest text that reads back as the same number: 3, 0.1, 1e+16, NaN, Infinity.
[[nodiscard]] std::string double_text(double value);
/// 2024-06-15T12:30:45.123Z. Throws QueryError 18537 outside of the years 0 … 9999.
[[nodiscard]] std::string date_iso_text(std::int64_t ms);
/// Throw QueryError 241.
[[nodiscard]] std::int64_t parse_integer(std::string_view text, bson::Type type);
[[nodiscard]] double parse_double(std::string_view text);
[[nodiscard]] bson::Decimal128 parse_decimal(std::string_view text);
[[noreturn]] void fail_conversion(std::string_view detail);

// convert_binary.cpp
[[nodiscard]] bson::ValueView binary_from_text(std::string_view text, const Conversion& conversion,
                                               Evaluation& e);
[[nodiscard]] bson::ValueView text_from_binary(bson::ValueView value, const Conversion& conversion,
                                               Evaluation& e);
/// The bytes of a number, int32, int64 or double.
[[nodiscard]] bson::ValueView binary_from_number(bson::ValueView value,
                                                 const Conversion& conversion, Evaluation& e);
/// A number of conversion.to out of 1, 2, 4 or 8 bytes.
[[nodiscard]] bson::ValueView number_from_binary(bson::ValueView value,
                                                 const Conversion& conversion, Evaluation& e);

}  // namespace quire::store::embedded
