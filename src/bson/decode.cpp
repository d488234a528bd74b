#include "quire/bson/decode.hpp"

#include <charconv>
#include <cmath>
#include <exception>
#include <string>

#include "quire/core/error.hpp"

namespace quire::bson::detail {

namespace {

/// The path of the element that holds `target`; as far as the bytes can be walked.
std::string path_text(const In& in, ConstBytes target) {
  std::string path;
  if (in.root == nullptr) return path;
  ConstBytes document = in.root;
  ConstBytes last = in.root + in.size - 1;
  bool in_array = false;
  for (;;) {
    ConstBytes at = document + 4;
    for (;;) {
      if (at >= last || at >= target) return path;
      const auto* zero =
          static_cast<ConstBytes>(std::memchr(at + 1, 0, static_cast<std::size_t>(last - at) - 1));
      if (zero == nullptr) return path;
      const auto* payload = zero + 1;
      // A payload that is not well-formed is where the error is, so that it reaches to the end.
      auto size = static_cast<std::size_t>(last - payload);
      bool whole = true;
      try {
        size = payload_size(*at, payload, size);
      } catch (const FormatError&) {
        whole = false;
      }
      if (target > payload + size) {
        at = payload + size;
        continue;
      }
      const std::string_view key(reinterpret_cast<const char*>(at + 1),
                                 static_cast<std::size_t>(zero - at) - 1);
      if (in_array) {
        path.append("[").append(key).append("]");
      } else {
        if (!path.empty()) path += '.';
        path += key;
      }
      const auto type = static_cast<Type>(*at);
      if (!whole || target <= payload + 4 || (type != Type::document && type != Type::array))
        return path;
      in_array = type == Type::array;
      document = payload;
      last = payload + size - 1;
      break;
    }
  }
}

FieldPath path_of(const In& in, ConstBytes at) { return FieldPath(path_text(in, at)); }

}  // namespace

void fail_read(const In& in, ConstBytes at, ErrorCode code, std::string_view detail) {
  throw MappingError(code, path_of(in, at), detail);
}

void fail_type(const In& in, ConstBytes at, const char* wanted, Type found) {
  throw MappingError(
      ErrorCode::type_mismatch, path_of(in, at),
      "expected " + std::string(wanted) + ", found " + std::string(type_name(found)));
}

void fail_malformed(const In& in, ConstBytes at, const char* what) {
  throw FormatError(ErrorCode::malformed_bson, path_of(in, at), what);
}

void fail_member(const In& in, ConstBytes document, std::string_view name, ErrorCode code,
                 std::string_view detail) {
  std::string path = path_text(in, document);
  if (!path.empty()) path += '.';
  path += name;
  throw MappingError(code, FieldPath(std::move(path)), detail);
}

void fail_length(const In& in, ConstBytes at, std::size_t wanted) {
  throw MappingError(ErrorCode::wrong_length, path_of(in, at),
                     "expected exactly " + std::to_string(wanted) + " elements");
}

void fail_converter_read(const In& in, ConstBytes at) {
  try {
    throw;
  } catch (const std::exception& error) {
    throw MappingError(ErrorCode::conversion_failed, path_of(in, at), error.what());
  } catch (...) {
    throw MappingError(ErrorCode::conversion_failed, path_of(in, at),
                       "the converter threw something that is no std::exception");
  }
}

namespace {

constexpr double two_to_63 = 9223372036854775808.0;

std::int64_t double_to_int64(const In& in, ValueView value, double number, bool lossy) {
  if (std::isnan(number))
    fail_read(in, value.data(), ErrorCode::lossy_conversion, "NaN is no integer");
  const double whole = std::trunc(number);
  if (whole < -two_to_63 || whole >= two_to_63)
    fail_read(in, value.data(), ErrorCode::integer_overflow, "the number does not fit 64 bits");
  if (!lossy && whole != number)
    fail_read(in, value.data(), ErrorCode::lossy_conversion,
              "the number has a fraction, which an integer would lose");
  return static_cast<std::int64_t>(whole);
}

double decimal_to_double(const std::string& text) {
  double number = 0;
  if (text == "NaN") return std::nan("");
  if (text == "Infinity") return HUGE_VAL;
  if (text == "-Infinity") return -HUGE_VAL;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec == std::errc::result_out_of_range) {
    const auto e = text.find('E');
    if (e != std::string::npos && e + 1 < text.size() && text[e + 1] == '-') return 0;
    return text.front() == '-' ? -HUGE_VAL : HUGE_VAL;
  }
  return number;
}

/// The decimal as an integer, if it is one of 64 bits.
bool decimal_to_int64(const std::string& text, std::int64_t& out) {
  // digits [. digits] [E exponent]: all digits, and by how many places the point is moved.
  std::string digits;
  int places = 0;
  bool point = false;
  std::size_t i = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) ++i;
  for (; i < text.size() && text[i] != 'E'; ++i) {
    if (text[i] == '.') {
      point = true;
      continue;
    }
    if (text[i] < '0' || text[i] > '9') return false;
    digits += text[i];
    if (point) --places;
  }
  if (i < text.size()) {
    int exponent = 0;
    const char* begin = text.data() + i + 1;
    if (*begin == '+') ++begin;
    (void)std::from_chars(begin, text.data() + text.size(), exponent);
    places += exponent;
  }
  while (!digits.empty() && digits.front() == '0') digits.erase(0, 1);
  if (digits.empty()) {
    out = 0;
    return true;
  }
  for (; places < 0; ++places) {
    if (digits.empty() || digits.back() != '0') return false;
    digits.pop_back();
  }
  if (digits.size() + static_cast<std::size_t>(places) > 19) return false;
  digits.append(static_cast<std::size_t>(places), '0');
  if (negative) digits.insert(0, 1, '-');
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return result.ec == std::errc();
}

}  // namespace

std::int64_t to_int64(const In& in, ValueView value, Numbers numbers) {
  const bool lossy = numbers == Numbers::lossy;
  switch (value.type()) {
    case Type::int32:
      return load<std::int32_t>(value.data());
    case Type::int64:
      if (numbers == Numbers::strict) break;
      return load<std::int64_t>(value.data());
    case Type::double_:
      if (numbers == Numbers::strict) break;
      return double_to_int64(in, value, load<double>(value.data()), lossy);
    case Type::decimal128: {
      if (numbers == Numbers::strict) break;
      const std::string text = value.as_decimal128().str();
      std::int64_t out = 0;
      if (decimal_to_int64(text, out)) return out;
      return double_to_int64(in, value, decimal_to_double(text), lossy);
    }
    case Type::boolean:
      if (lossy) return *value.data();
      break;
    default:
      break;
  }
  fail_type(in, value.data(), "an integer", value.type());
}

double to_double(const In& in, ValueView value, Numbers numbers) {
  const bool lossy = numbers == Numbers::lossy;
  switch (value.type()) {
    case Type::int32:
      return load<std::int32_t>(value.data());
    case Type::int64: {
      if (numbers == Numbers::strict) break;
      const auto whole = load<std::int64_t>(value.data());
      const auto number = static_cast<double>(whole);
      if (!lossy && (number >= two_to_63 || static_cast<std::int64_t>(number) != whole))
        fail_read(in, value.data(), ErrorCode::lossy_conversion,
                  "the integer has more digits than a double");
      return number;
    }
    case Type::double_:
      return load<double>(value.data());
    case Type::decimal128: {
      if (numbers == Numbers::strict) break;
      const Decimal128 decimal = value.as_decimal128();
      const std::string text = decimal.str();
      const double number = decimal_to_double(text);
      std::int64_t whole = 0;
      const bool exact = decimal.is_nan() || decimal.is_infinite() ||
                         (decimal_to_int64(text, whole) && static_cast<double>(whole) < two_to_63 &&
                          static_cast<std::int64_t>(static_cast<double>(whole)) == whole);
      if (!lossy && !exact)
        fail_read(in, value.data(), ErrorCode::lossy_conversion,
                  "a decimal that is no integer has no exact double");
      return number;
    }
    case Type::boolean:
      if (lossy) return *value.data();
      break;
    default:
      break;
  }
  fail_type(in, value.data(), "a number", value.type());
}

bool to_bool(const In& in, ValueView value, Numbers numbers) {
  if (numbers == Numbers::lossy && value.is_number()) return to_double(in, value, numbers) != 0;
  fail_type(in, value.data(), "bool", value.type());
}

Decimal128 to_decimal(const In& in, ValueView value, Numbers numbers) {
  std::int64_t whole = 0;
  switch (value.type()) {
    case Type::int32:
      whole = load<std::int32_t>(value.data());
      break;
    case Type::int64:
      whole = load<std::int64_t>(value.data());
      break;
    case Type::double_: {
      if (numbers == Numbers::strict) fail_type(in, value.data(), "decimal", value.type());
      const double number = load<double>(value.data());
      const bool is_whole = std::trunc(number) == number && std::fabs(number) < two_to_63;
      if (is_whole) {
        whole = static_cast<std::int64_t>(number);
        break;
      }
      if (numbers != Numbers::lossy)
        fail_read(in, value.data(), ErrorCode::lossy_conversion,
                  "a double that is no integer has no short decimal");
      char text[32];
      const auto end = std::to_chars(text, text + sizeof text, number).ptr;
      return Decimal128::from_string({text, static_cast<std::size_t>(end - text)});
    }
    default:
      fail_type(in, value.data(), "decimal", value.type());
  }
  Decimal128 out;
  out.low = whole < 0 ? 0 - static_cast<std::uint64_t>(whole) : static_cast<std::uint64_t>(whole);
  if (whole < 0) out.high |= std::uint64_t{1} << 63;
  return out;
}

std::int64_t key_to_integer(const In& in, std::string_view key, ConstBytes at, bool is_unsigned) {
  const char* end = key.data() + key.size();
  std::int64_t out = 0;
  std::from_chars_result result{};
  if (is_unsigned) {
    std::uint64_t number = 0;
    result = std::from_chars(key.data(), end, number);
    out = static_cast<std::int64_t>(number);
  } else {
    result = std::from_chars(key.data(), end, out);
  }
  if (result.ec == std::errc::result_out_of_range)
    fail_read(in, at, ErrorCode::integer_overflow, "the key does not fit the map's key type");
  if (result.ec != std::errc() || result.ptr != end)
    fail_read(in, at, ErrorCode::invalid_key, "the key is no integer");
  return out;
}

std::size_t find_name(const std::string_view* names, std::size_t n, std::string_view key,
                      std::size_t hint) noexcept {
  for (std::size_t i = hint; i < n; ++i) {
    if (names[i] == key) return i;
  }
  for (std::size_t i = 0; i < hint && i < n; ++i) {
    if (names[i] == key) return i;
  }
  return n;
}

void ExtraFields::add(ConstBytes begin, ConstBytes end) {
  if (buffer_.size() == 0) buffer_.put(std::int32_t{0});
  buffer_.append(begin, static_cast<std::size_t>(end - begin));
}

Document ExtraFields::finish() {
  if (buffer_.size() == 0) return {};
  buffer_.push_back(0);
  const auto size = static_cast<std::int32_t>(buffer_.size());
  std::memcpy(buffer_.data(), &size, sizeof size);
  return Document(std::move(buffer_));
}

}  // namespace quire::bson::detail
