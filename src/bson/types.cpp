#include "quire/bson/types.hpp"

#include <bson/bson.h>

#include <random>

#include "quire/core/error.hpp"

namespace quire::bson {

namespace {

constexpr char hex_digits[] = "0123456789abcdef";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Reads 2 * n digits into n bytes; false when one is none.
bool read_hex(std::string_view hex, std::uint8_t* bytes, std::size_t n) {
  if (hex.size() != 2 * n) return false;
  for (std::size_t i = 0; i < n; ++i) {
    const int high = hex_value(hex[2 * i]);
    const int low = hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

void append_hex(std::string& text, std::uint8_t byte) {
  text += hex_digits[byte >> 4];
  text += hex_digits[byte & 15];
}

}  // namespace

ObjectId ObjectId::generate() {
  bson_oid_t oid;
  bson_oid_init(&oid, nullptr);  // libbson's default context is thread-safe and notices a fork
  ObjectId id;
  std::memcpy(id.bytes.data(), oid.bytes, 12);
  return id;
}

ObjectId ObjectId::from_string(std::string_view hex) {
  ObjectId id;
  if (!read_hex(hex, id.bytes.data(), 12)) {
    throw FormatError(ErrorCode::invalid_object_id, "an ObjectId is 24 hexadecimal digits, not \"" +
                                                        std::string(hex.substr(0, 40)) + "\"");
  }
  return id;
}

std::string ObjectId::str() const {
  std::string text;
  text.reserve(24);
  for (const auto byte : bytes) append_hex(text, byte);
  return text;
}

std::chrono::sys_seconds ObjectId::time() const noexcept {
  const std::uint32_t seconds = std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
                                std::uint32_t{bytes[2]} << 8 | std::uint32_t{bytes[3]};
  return std::chrono::sys_seconds{std::chrono::seconds{seconds}};
}

Decimal128 Decimal128::from_string(std::string_view text) {
  const std::string owned(text);
  bson_decimal128_t value;
  // libbson reads "Infinity" and "NaN" for any text that it cannot read but says so.
  if (owned.empty() || owned.size() > 10'000 || owned.find('\0') != std::string::npos ||
      !bson_decimal128_from_string_w_len(owned.c_str(), static_cast<int>(owned.size()), &value)) {
    throw FormatError(ErrorCode::invalid_decimal,
                      "no decimal of at most 34 digits: \"" + owned.substr(0, 60) + "\"");
  }
  return {value.low, value.high};
}

std::string Decimal128::str() const {
  bson_decimal128_t value;
  value.low = low;
  value.high = high;
  char text[BSON_DECIMAL128_STRING];
  bson_decimal128_to_string(&value, text);
  return text;
}

Uuid Uuid::generate() {
  static thread_local std::random_device device;  // the system's source
  Uuid uuid;
  for (std::size_t i = 0; i < 16; i += 4) {
    const std::uint32_t word = device();
    std::memcpy(uuid.bytes.data() + i, &word, 4);
  }
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0F) | 0x40);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3F) | 0x80);
  return uuid;
}

Uuid Uuid::from_string(std::string_view text) {
  Uuid uuid;
  std::string hex;
  bool right = text.size() == 36;
  for (std::size_t i = 0; right && i < 36; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (text[i] == '-')) right = false;
    if (!dash) hex += text[i];
  }
  if (!right || !read_hex(hex, uuid.bytes.data(), 16)) {
    throw FormatError(
        ErrorCode::invalid_argument,
        "a UUID is 8-4-4-4-12 hexadecimal digits, not \"" + std::string(text.substr(0, 40)) + "\"");
  }
  return uuid;
}

std::string Uuid::str() const {
  std::string text;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    append_hex(text, bytes[i]);
  }
  return text;
}

}  // namespace quire::bson
