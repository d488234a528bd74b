#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <vector>

#include "bson/base64.hpp"
#include "quire/bson/detail/text.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/expression/convert.hpp"

namespace quire::store::embedded {

using bson::BinarySubtype;
using bson::Type;
using bson::ValueView;

namespace {

constexpr std::size_t uuid_bytes = 16;

[[noreturn]] void fail_text(std::string_view text, std::string_view format) {
  fail_conversion("Failed to parse BinData '" + std::string(text.substr(0, 100)) +
                  "' in $convert with no onError value: Input is not a valid " +
                  std::string(format) + " string.");
}
[[noreturn]] void fail_format(std::string_view from, std::string_view to) {
  fail_expression(4341115, "Format must be specified when converting from '" + std::string(from) +
                               "' to '" + std::string(to) + "'");
}

std::string_view as_text(const std::vector<std::uint8_t>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Standard alphabet with padding, or the URL one with or without.
std::vector<std::uint8_t> decode_base64(std::string_view text, bool url) {
  const std::string_view other = url ? "+/" : "-_";
  std::string whole(text);
  if (url && text.find('=') == text.npos) whole.append((4 - text.size() % 4) % 4, '=');
  const auto bytes = bson::detail::from_base64(whole);
  if (!bytes || text.find_first_of(other) != text.npos)
    fail_text(text, url ? "base64url" : "base64");
  return *bytes;
}

std::string encode_base64(std::string_view bytes, bool url) {
  std::string out;
  bson::detail::append_base64(out, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                              bytes.size());
  if (!url) return out;
  while (out.ends_with('=')) out.pop_back();
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  return out;
}

std::vector<std::uint8_t> decode_hex(std::string_view text) {
  const auto value = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const int high = value(text[i]);
    const int low = value(text[i + 1]);
    if (high < 0 || low < 0) fail_text(text, "hex");
    out.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  if (text.size() % 2 != 0) fail_text(text, "hex");
  return out;
}

std::string encode_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    out += digits[value >> 4];
    out += digits[value & 15];
  }
  return out;
}

template <class T>
std::string bytes_of(T value, bool big_endian) {
  std::array<char, sizeof(T)> bytes{};
  std::memcpy(bytes.data(), &value, sizeof(T));
  static_assert(std::endian::native == std::endian::little);
  if (big_endian) std::reverse(bytes.begin(), bytes.end());
  return {bytes.data(), bytes.size()};
}

template <class T>
T number_of(std::string_view bytes, bool big_endian) {
  std::array<char, sizeof(T)> copy{};
  std::copy(bytes.begin(), bytes.end(), copy.begin());
  if (big_endian) std::reverse(copy.begin(), copy.end());
  T value;
  std::memcpy(&value, copy.data(), sizeof(T));
  return value;
}

}  // namespace

ValueView binary_from_text(std::string_view text, const Conversion& conversion, Evaluation& e) {
  TextFormat format = conversion.format;
  const bool uuid = conversion.subtype == BinarySubtype::uuid;
  if (format == TextFormat::none) fail_format("string", "binData");
  if (format == TextFormat::automatic) format = uuid ? TextFormat::uuid : TextFormat::base64;
  if (uuid != (format == TextFormat::uuid))
    fail_conversion(
        "A binData of subtype 4 is made of a text of format 'uuid', and of no other, in $convert "
        "with no onError value");
  switch (format) {
    case TextFormat::base64:
    case TextFormat::base64url:
      return e.binary(conversion.subtype,
                      as_text(decode_base64(text, format == TextFormat::base64url)));
    case TextFormat::hex:
      return e.binary(conversion.subtype, as_text(decode_hex(text)));
    case TextFormat::uuid:
      try {
        const auto id = bson::Uuid::from_string(text);
        return e.binary(conversion.subtype,
                        {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
      } catch (const FormatError&) {
        fail_text(text, "UUID");
      }
    default:
      return e.binary(conversion.subtype, text);
  }
}

ValueView text_from_binary(ValueView value, const Conversion& conversion, Evaluation& e) {
  const auto binary = value.as_binary();
  const std::string_view bytes(reinterpret_cast<const char*>(binary.data), binary.size);
  const bool uuid = binary.subtype == BinarySubtype::uuid && bytes.size() == uuid_bytes;
  TextFormat format = conversion.format;
  if (format == TextFormat::none) fail_format("binData", "string");
  if (format == TextFormat::automatic) format = uuid ? TextFormat::uuid : TextFormat::base64;
  switch (format) {
    case TextFormat::base64:
    case TextFormat::base64url:
      return e.string(encode_base64(bytes, format == TextFormat::base64url));
    case TextFormat::hex:
      return e.string(encode_hex(bytes));
    case TextFormat::uuid: {
      if (!uuid)
        fail_conversion(
            "Only a binData of subtype 4 and 16 bytes is a UUID in $convert "
            "with no onError value");
      bson::Uuid id;
      std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
      return e.string(id.str());
    }
    default:
      if (!bson::detail::text_is_utf8(bytes))
        fail_conversion("BinData is not valid UTF-8 in $convert with no onError value");
      return e.string(bytes);
  }
}

ValueView binary_from_number(ValueView value, const Conversion& conversion, Evaluation& e) {
  const bool big = conversion.big_endian;
  switch (value.type()) {
    case Type::int32:
      return e.binary(conversion.subtype, bytes_of(bson::load<std::int32_t>(value.data()), big));
    case Type::int64:
      return e.binary(conversion.subtype, bytes_of(bson::load<std::int64_t>(value.data()), big));
    default:
      return e.binary(conversion.subtype, bytes_of(bson::load<double>(value.data()), big));
  }
}

ValueView number_from_binary(ValueView value, const Conversion& conversion, Evaluation& e) {
  const auto binary = value.as_binary();
  const std::string_view bytes(reinterpret_cast<const char*>(binary.data), binary.size);
  const bool big = conversion.big_endian;
  if (conversion.to == Type::double_) {
    if (bytes.size() == sizeof(float))
      return e.number(static_cast<double>(number_of<float>(bytes, big)));
    if (bytes.size() == sizeof(double)) return e.number(number_of<double>(bytes, big));
  } else {
    std::optional<std::int64_t> number;
    if (bytes.size() == 1) number = number_of<std::int8_t>(bytes, big);
    if (bytes.size() == 2) number = number_of<std::int16_t>(bytes, big);
    if (bytes.size() == 4) number = number_of<std::int32_t>(bytes, big);
    if (bytes.size() == 8 && conversion.to == Type::int64)
      number = number_of<std::int64_t>(bytes, big);
    if (number && conversion.to == Type::int64) return e.int64(*number);
    if (number) return e.int32(static_cast<std::int32_t>(*number));
  }
  fail_conversion("Failed to convert a binData of " + std::to_string(bytes.size()) + " bytes to '" +
                  std::string(bson::type_name(conversion.to)) +
                  "' in $convert because of invalid length");
}

}  // namespace quire::store::embedded
