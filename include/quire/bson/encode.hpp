#pragma once

#include <string_view>

#include "quire/bson/detail/write.hpp"
#include "quire/bson/writer.hpp"

namespace quire::bson {

struct EncodeOptions {
  /// Refuse text that is not UTF-8: MappingError invalid_utf8. The price is in docs/mapping.md.
  bool utf8 = true;
};

namespace detail {
/// Takes over what write_document wrote up to `end`; throws document_too_large.
void finish_document(Out& out, const std::uint8_t* end);
}  // namespace detail

/// Encodes one mapped struct as one BSON document behind what `buffer` holds. A buffer that is
/// cleared and kept makes further documents without an allocation. On an exception the buffer is as
/// before. Otherwise as encode().
template <class T>
void encode_into(const T& value, Buffer& buffer, const EncodeOptions& options = {}) {
  (void)sizeof(detail::explain_document<T>());
  if constexpr (detail::MappedDocument<T>) {
    detail::Out out{buffer, buffer.size(), 0, options.utf8};
    detail::finish_document(out, detail::write_document(value, out));
  }
}

/// Encodes one mapped struct as one BSON document.
/// Shape:   struct Visit { ObjectId id; std::chrono::milliseconds stay; std::optional<int> seats; }
///          becomes {_id: ObjectId, stay: int64, seats: int32 or absent}; docs/mapping.md has all.
/// Units:   durations are int64 ms; time_points are BSON datetimes, ms since 1970-01-01 UTC.
/// Limits:  max_document_bytes (16 MiB), max_depth (100 levels).
/// Throws:  MappingError integer_overflow, invalid_utf8, invalid_key, unknown_enum_value,
///          conversion_failed, too_deep, document_too_large; path() names the field.
/// Threads: no shared state. Cost: two passes over the members, one allocation.
/// Source:  BSON 1.1, bsonspec.org; MongoDB manual, "MongoDB Limits and Thresholds".
template <class T>
[[nodiscard]] Document encode(const T& value, const EncodeOptions& options = {}) {
  Buffer buffer;
  encode_into(value, buffer, options);
  return Document(std::move(buffer));
}

/// Any mapped value alone: an operand of a filter, an id. An empty optional is null.
template <class V>
[[nodiscard]] Value encode_value(const V& value, const EncodeOptions& options = {}) {
  (void)sizeof(detail::explain_value<V>());
  if constexpr (std::is_same_v<V, Value>) {
    return value;
  } else if constexpr (detail::can_map<V>()) {
    Buffer buffer;
    detail::Out out{buffer, 0, 0, options.utf8, false};
    auto* at = detail::grow(out, nullptr, detail::measure(value, 1) + 2);
    const auto* end =
        detail::write_element(at, detail::TextKey{{}}, value, out, 1, WhenEmpty::null);
    const auto* begin = buffer.data();
    return Value(
        ValueView(static_cast<Type>(*begin), begin + 2, static_cast<std::size_t>(end - begin) - 2));
  } else {
    return Value();
  }
}

/// Any mapped value as a field of a document that is being written.
template <class V>
Writer& append_value(Writer& writer, std::string_view key, const V& value,
                     const EncodeOptions& options = {}) {
  return writer.append(key, encode_value(value, options).view());
}

}  // namespace quire::bson
