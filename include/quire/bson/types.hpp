#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace quire::bson {

/// The element types of BSON 1.1 (bsonspec.org), by their byte on the wire.
enum class Type : std::uint8_t {
  double_ = 0x01,
  string = 0x02,
  document = 0x03,
  array = 0x04,
  binary = 0x05,
  undefined = 0x06,  ///< deprecated
  object_id = 0x07,
  boolean = 0x08,
  date_time = 0x09,
  null = 0x0A,
  regex = 0x0B,
  db_pointer = 0x0C,  ///< deprecated
  code = 0x0D,
  symbol = 0x0E,           ///< deprecated
  code_with_scope = 0x0F,  ///< deprecated
  int32 = 0x10,
  timestamp = 0x11,
  int64 = 0x12,
  decimal128 = 0x13,
  max_key = 0x7F,
  min_key = 0xFF,
};

/// The alias that MongoDB's $type takes: "double", "objectId", "date", "int", "long", "decimal" …
[[nodiscard]] std::string_view type_name(Type type) noexcept;

inline constexpr std::size_t max_document_bytes = 16 * 1024 * 1024;
inline constexpr int max_depth = 100;  ///< levels of nesting; the document itself is the first

/// Milliseconds since 1970-01-01 UTC, may be negative.
using DateTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// 12 bytes: seconds since 1970, 5 random bytes of the process, a counter. All zero = empty (not
/// yet given).
struct ObjectId {
  std::array<std::uint8_t, 12> bytes{};

  /// A new id; unique across threads and processes. Thread-safe.
  [[nodiscard]] static ObjectId generate();
  /// From 24 hexadecimal digits. Throws FormatError invalid_object_id.
  [[nodiscard]] static ObjectId from_string(std::string_view hex);
  [[nodiscard]] std::string str() const;
  [[nodiscard]] bool empty() const noexcept { return bytes == std::array<std::uint8_t, 12>{}; }
  /// When it was made, to the second.
  [[nodiscard]] std::chrono::sys_seconds time() const noexcept;
  friend auto operator<=>(const ObjectId&, const ObjectId&) = default;
};

/// IEEE 754-2008 decimal, 34 digits, in the binary integer encoding. == compares bits: 5.0 is
/// not 5.00.
struct Decimal128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0x3040000000000000ULL;  ///< so that a default one is 0

  /// Throws FormatError invalid_decimal for text that is no decimal or would be rounded.
  [[nodiscard]] static Decimal128 from_string(std::string_view text);
  [[nodiscard]] std::string str() const;
  [[nodiscard]] bool is_nan() const noexcept { return (high >> 58 & 0x1F) == 0x1F; }
  [[nodiscard]] bool is_infinite() const noexcept { return (high >> 58 & 0x1F) == 0x1E; }
  [[nodiscard]] bool is_negative() const noexcept { return (high >> 63) != 0; }
  friend bool operator==(const Decimal128&, const Decimal128&) = default;
};

/// A type of MongoDB's own replication: seconds and an ordinal. Not for application time; use
/// DateTime.
struct Timestamp {
  std::uint32_t increment = 0;
  std::uint32_t seconds = 0;
  friend bool operator==(const Timestamp&, const Timestamp&) = default;
  friend auto operator<=>(const Timestamp& a, const Timestamp& b) {
    if (auto order = a.seconds <=> b.seconds; order != 0) return order;
    return a.increment <=> b.increment;
  }
};

/// 16 bytes, stored as binary of subtype 4.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  /// A random one (version 4). Thread-safe.
  [[nodiscard]] static Uuid generate();
  /// From 8-4-4-4-12 hexadecimal digits. Throws FormatError invalid_argument.
  [[nodiscard]] static Uuid from_string(std::string_view text);
  [[nodiscard]] std::string str() const;
  [[nodiscard]] bool empty() const noexcept { return bytes == std::array<std::uint8_t, 16>{}; }
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

enum class BinarySubtype : std::uint8_t {
  generic = 0,
  function = 1,
  binary_old = 2,
  uuid_old = 3,
  uuid = 4,
  md5 = 5,
  encrypted = 6,
  column = 7,
  sensitive = 8,
  vector = 9,
  user = 0x80,
};

struct Binary {
  std::vector<std::uint8_t> bytes;
  BinarySubtype subtype = BinarySubtype::generic;
  friend bool operator==(const Binary&, const Binary&) = default;
};
struct BinaryView {
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;
  BinarySubtype subtype = BinarySubtype::generic;
};

struct Regex {
  std::string pattern;
  std::string options;  ///< of "imsxu", in alphabetical order
  friend bool operator==(const Regex&, const Regex&) = default;
};
struct RegexView {
  std::string_view pattern;
  std::string_view options;
};

struct Code {
  std::string source;
  friend bool operator==(const Code&, const Code&) = default;
};
struct Symbol {
  std::string text;
  friend bool operator==(const Symbol&, const Symbol&) = default;
};
struct DbPointer {
  std::string collection;
  ObjectId id;
  friend bool operator==(const DbPointer&, const DbPointer&) = default;
};
struct Null {
  friend bool operator==(Null, Null) = default;
};
struct Undefined {
  friend bool operator==(Undefined, Undefined) = default;
};
struct MinKey {
  friend bool operator==(MinKey, MinKey) = default;
};
struct MaxKey {
  friend bool operator==(MaxKey, MaxKey) = default;
};

}  // namespace quire::bson

namespace quire {
using bson::DateTime;
using bson::Decimal128;
using bson::ObjectId;
using bson::Timestamp;
using bson::Uuid;
/// The present, in milliseconds UTC.
[[nodiscard]] inline DateTime now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}
}  // namespace quire
