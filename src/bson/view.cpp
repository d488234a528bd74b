#include "quire/bson/view.hpp"

#include <bit>
#include <string>

#include "quire/core/error.hpp"

namespace quire::bson {

static_assert(std::endian::native == std::endian::little,
              "quire: BSON is read in place; little-endian only.");

namespace detail {

void fail_bson(const char* what, std::size_t /*offset*/) {
  throw FormatError(ErrorCode::malformed_bson, what);
}

namespace {
/// A zero-terminated text within `left` bytes: its size with the zero, or 0.
std::size_t c_string_size(const std::uint8_t* at, std::size_t left) {
  const auto* zero = static_cast<const std::uint8_t*>(std::memchr(at, 0, left));
  return zero == nullptr ? 0 : static_cast<std::size_t>(zero - at) + 1;
}
/// A length-prefixed text within `left` bytes: its size with prefix and zero, or 0.
std::size_t text_size(const std::uint8_t* at, std::size_t left) {
  if (left < 5) return 0;
  const auto length = load<std::uint32_t>(at);
  if (length < 1 || length > left - 4 || at[3 + length] != 0) return 0;
  return std::size_t{length} + 4;
}
}  // namespace

std::size_t payload_size_slow(std::uint8_t type, const std::uint8_t* at, std::size_t left) {
  switch (static_cast<Type>(type)) {
    case Type::undefined:
    case Type::null:
    case Type::min_key:
    case Type::max_key:
      return 0;
    case Type::boolean:
      if (left < 1) break;
      if (*at > 1) fail_bson("a boolean that is neither 0 nor 1", 0);
      return 1;
    case Type::object_id:
      if (left >= 12) return 12;
      break;
    case Type::timestamp:
      if (left >= 8) return 8;
      break;
    case Type::decimal128:
      if (left >= 16) return 16;
      break;
    case Type::string:
    case Type::code:
    case Type::symbol:
      if (const auto size = text_size(at, left); size != 0) return size;
      fail_bson("a text whose length or end is wrong", 0);
    case Type::document:
    case Type::array:
      fail_bson("a nested document or array whose length or end is wrong", 0);
    case Type::binary: {
      if (left < 5) break;
      const auto length = load<std::uint32_t>(at);
      if (length > left - 5) fail_bson("binary data that reaches beyond its document", 0);
      if (at[4] == static_cast<std::uint8_t>(BinarySubtype::binary_old) &&
          (length < 4 || load<std::uint32_t>(at + 5) != length - 4)) {
        fail_bson("binary data of subtype 2 whose inner length is wrong", 0);
      }
      return std::size_t{length} + 5;
    }
    case Type::regex: {
      const auto pattern = c_string_size(at, left);
      if (pattern == 0) break;
      const auto options = c_string_size(at + pattern, left - pattern);
      if (options == 0) break;
      return pattern + options;
    }
    case Type::db_pointer: {
      const auto size = text_size(at, left);
      if (size == 0 || left - size < 12) break;
      return size + 12;
    }
    case Type::code_with_scope: {
      if (left < 14) break;
      const auto length = load<std::uint32_t>(at);
      if (length < 14 || length > left) break;
      const auto source = text_size(at + 4, length - 4);
      if (source == 0 || length - 4 - source < 5) break;
      const auto* scope = at + 4 + source;
      if (load<std::uint32_t>(scope) != length - 4 - source || at[length - 1] != 0) break;
      return length;
    }
    case Type::double_:
    case Type::date_time:
    case Type::int32:
    case Type::int64:
      break;
    default:
      fail_bson("a value of a type that BSON does not have", 0);
  }
  fail_bson("a value that reaches beyond its document", 0);
}

}  // namespace detail

void View::fail_header(std::size_t size) {
  throw FormatError(ErrorCode::malformed_bson, "a document whose length at the start, size (" +
                                                   std::to_string(size) +
                                                   " bytes) and closing zero byte do not agree");
}

ValueView View::operator[](std::string_view key) const {
  if (auto value = find(key)) return *value;
  throw MappingError(ErrorCode::missing_field, FieldPath(std::string(key)),
                     "the document has no such field");
}

void ValueView::fail_type(Type wanted) const {
  throw MappingError(ErrorCode::type_mismatch, "expected " + std::string(type_name(wanted)) +
                                                   ", found " + std::string(type_name(type_)));
}

ObjectId ValueView::as_object_id() const {
  expect(Type::object_id);
  ObjectId id;
  std::memcpy(id.bytes.data(), data_, 12);
  return id;
}

Decimal128 ValueView::as_decimal128() const {
  expect(Type::decimal128);
  return {load<std::uint64_t>(data_), load<std::uint64_t>(data_ + 8)};
}

Timestamp ValueView::as_timestamp() const {
  expect(Type::timestamp);
  return {load<std::uint32_t>(data_), load<std::uint32_t>(data_ + 4)};
}

BinaryView ValueView::as_binary() const {
  expect(Type::binary);
  const auto subtype = static_cast<BinarySubtype>(data_[4]);
  if (subtype == BinarySubtype::binary_old) return {data_ + 9, size_ - 9U, subtype};
  return {data_ + 5, size_ - 5U, subtype};
}

RegexView ValueView::as_regex() const {
  expect(Type::regex);
  const std::string_view pattern(reinterpret_cast<const char*>(data_));
  const auto rest = pattern.size() + 1;
  return {pattern, {reinterpret_cast<const char*>(data_) + rest, size_ - rest - 1}};
}

View ValueView::as_nested() const {
  if (type_ != Type::array) expect(Type::document);
  return {data_, size_};
}

std::string_view type_name(Type type) noexcept {
  switch (type) {
    case Type::double_:
      return "double";
    case Type::string:
      return "string";
    case Type::document:
      return "object";
    case Type::array:
      return "array";
    case Type::binary:
      return "binData";
    case Type::undefined:
      return "undefined";
    case Type::object_id:
      return "objectId";
    case Type::boolean:
      return "bool";
    case Type::date_time:
      return "date";
    case Type::null:
      return "null";
    case Type::regex:
      return "regex";
    case Type::db_pointer:
      return "dbPointer";
    case Type::code:
      return "javascript";
    case Type::symbol:
      return "symbol";
    case Type::code_with_scope:
      return "javascriptWithScope";
    case Type::int32:
      return "int";
    case Type::timestamp:
      return "timestamp";
    case Type::int64:
      return "long";
    case Type::decimal128:
      return "decimal";
    case Type::max_key:
      return "maxKey";
    case Type::min_key:
      return "minKey";
  }
  return "unknown";
}

}  // namespace quire::bson
