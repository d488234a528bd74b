#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "core/ascii.hpp"
#include "importer/convert.hpp"
#include "importer/value_text.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {

using Kind = Cell::Kind;

namespace {

/// A number as its text writes it: digits times 10 to the power of exponent.
struct DecimalText {
  bool negative = false;
  std::string digits;  ///< no zeros in front
  int exponent = 0;
};

bool read_decimal(std::string_view text, DecimalText& out) {
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    out.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  bool point = false;
  bool any = false;
  while (!text.empty() && (is_digit(text.front()) || (text.front() == '.' && !point))) {
    if (text.front() == '.') {
      point = true;
    } else {
      any = true;
      if (point) --out.exponent;
      if (text.front() != '0' || !out.digits.empty()) out.digits += text.front();
    }
    text.remove_prefix(1);
  }
  if (!any) return false;
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error != std::errc() || end != text.data() + text.size() || std::abs(exponent) > 10'000)
    return false;
  out.exponent += exponent;
  return true;
}

bool whole_of_real(double value, std::int64_t& out) {
  if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0)) return false;
  if (std::trunc(value) != value) return false;
  out = static_cast<std::int64_t>(value);
  return true;
}

bool real_of_text(std::string_view text, double& out) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  if (text.empty() || !(is_digit(text.front()) || text.front() == '-' || text.front() == '.'))
    return false;
  if (text.front() == '-' && (text.size() < 2 || !(is_digit(text[1]) || text[1] == '.')))
    return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

bool special_real(std::string_view text, double& out) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (text == "NaN")
    out = std::numeric_limits<double>::quiet_NaN();
  else if (text == "Infinity")
    out = infinity;
  else if (text == "-Infinity")
    out = -infinity;
  else
    return false;
  return true;
}

bool parse_decimal(const std::string& text, bson::Decimal128& out) {
  try {
    out = bson::Decimal128::from_string(text);
    return true;
  } catch (const FormatError&) {
    return false;
  }
}

/// Up to 18 digits and a point, which is what nearly all columns have.
bool short_decimal(std::string_view text, bson::Decimal128& out) {
  if (text.empty() || text.size() > 20) return false;
  const bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  std::uint64_t value = 0;
  std::uint64_t scale = 0;
  std::size_t digits = 0;
  bool point = false;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
    } else if (is_digit(c) && ++digits <= 18) {
      value = value * 10 + static_cast<std::uint64_t>(c - '0');
      if (point) ++scale;
    } else {
      return false;
    }
  }
  if (digits == 0) return false;
  out.low = value;  // IEEE 754-2008 binary encoding: sign, exponent + 6176, coefficient
  out.high = (negative ? 1ULL << 63 : 0) | (6176 - scale) << 49;
  return true;
}

bool equals_word(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c =
        text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
    if (c != word[i]) return false;
  }
  return true;
}

bool boolean_word(std::string_view text, bool& out) {
  for (const std::string_view word : {"1", "t", "true", "y", "yes", "on"}) {
    if (equals_word(text, word)) return out = true;
  }
  for (const std::string_view word : {"0", "f", "false", "n", "no", "off"}) {
    if (!equals_word(text, word)) continue;
    out = false;
    return true;
  }
  return false;
}

}  // namespace

bool shifted_whole(std::string_view text, int shift, std::int64_t& out, bool& cut) {
  DecimalText number;
  cut = false;
  if (!read_decimal(text, number)) return false;
  number.exponent += shift;
  std::string& digits = number.digits;
  for (; number.exponent < 0; ++number.exponent) {
    if (digits.empty()) break;
    if (digits.back() != '0') cut = true;
    digits.pop_back();
  }
  if (digits.empty()) {
    out = cut && number.negative ? -1 : 0;
    return true;
  }
  if (digits.size() + static_cast<std::size_t>(number.exponent) > 19) return false;
  digits.append(static_cast<std::size_t>(number.exponent), '0');
  if (number.negative) digits.insert(0, 1, '-');
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (error != std::errc()) return false;
  if (cut && number.negative) {
    if (out == std::numeric_limits<std::int64_t>::min()) return false;
    --out;
  }
  return true;
}

bool whole_of(const Cell& cell, std::int64_t& out) {
  switch (cell.kind) {
    case Kind::boolean:
    case Kind::int32:
    case Kind::int64:
      out = cell.integer;
      return true;
    case Kind::uint64:
      out = static_cast<std::int64_t>(cell.unsigned_integer);
      return out >= 0;
    case Kind::real:
      return whole_of_real(cell.real, out);
    case Kind::text:
    case Kind::json:
    case Kind::decimal: {
      bool cut = false;
      return shifted_whole(cell.text, 0, out, cut) && !cut;
    }
    default:
      return false;
  }
}

bool real_of(const Cell& cell, double& out) {
  std::int64_t whole = 0;
  switch (cell.kind) {
    case Kind::boolean:
    case Kind::int32:
    case Kind::int64:
      out = static_cast<double>(cell.integer);
      return whole_of_real(out, whole) && whole == cell.integer;
    case Kind::uint64:
      out = static_cast<double>(cell.unsigned_integer);
      return out < 18446744073709551616.0 &&
             static_cast<std::uint64_t>(out) == cell.unsigned_integer;
    case Kind::real:
      out = cell.real;
      return true;
    case Kind::text:
    case Kind::json:
      return real_of_text(cell.text, out);
    case Kind::decimal:
      return real_of_text(cell.text, out) || special_real(cell.text, out);
    default:
      return false;
  }
}

bool decimal_of_text(std::string_view text, bson::Decimal128& out) {
  if (short_decimal(text, out)) return true;
  double special = 0;
  if (special_real(text, special)) return parse_decimal(std::string(text), out);
  DecimalText number;
  if (!read_decimal(text, number)) return false;
  // Zeros behind the point say how exact a number is; more of them than fit say nothing more.
  while (number.digits.size() > 34 && number.digits.back() == '0') {
    number.digits.pop_back();
    ++number.exponent;
  }
  if (number.digits.size() > 34) return false;
  if (number.digits.empty()) number.digits = "0";
  return parse_decimal(
      (number.negative ? "-" : "") + number.digits + "E" + std::to_string(number.exponent), out);
}

bool decimal_of(const Cell& cell, bson::Decimal128& out) {
  switch (cell.kind) {
    case Kind::int32:
    case Kind::int64:
      return decimal_of_text(std::to_string(cell.integer), out);
    case Kind::uint64:
      out = {cell.unsigned_integer, bson::Decimal128{}.high};
      return true;
    case Kind::real: {
      if (std::isnan(cell.real)) return parse_decimal("NaN", out);
      if (std::isinf(cell.real))
        return parse_decimal(cell.real < 0 ? "-Infinity" : "Infinity", out);
      std::array<char, 32> digits{};
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), cell.real).ptr;
      return decimal_of_text({digits.data(), static_cast<std::size_t>(end - digits.data())}, out);
    }
    case Kind::decimal:
      return decimal_of_text(cell.text, out);
    case Kind::text:
    case Kind::json: {
      double special = 0;
      return !special_real(cell.text, special) && decimal_of_text(cell.text, out);
    }
    default:
      return false;
  }
}

bool boolean_of(const Cell& cell, bool& out) {
  if (cell.kind == Kind::text || cell.kind == Kind::json) return boolean_word(cell.text, out);
  if (cell.kind == Kind::binary) {  // MySQL's bit(1)
    if (cell.text.size() != 1) return false;
    const char byte = cell.text[0];
    if (byte != '\0' && byte != '\1') return boolean_word(cell.text, out);
    out = byte == '\1';
    return true;
  }
  std::int64_t whole = 0;
  if (!whole_of(cell, whole) || whole < 0 || whole > 1) return false;
  out = whole == 1;
  return true;
}

}  // namespace quire::importer
