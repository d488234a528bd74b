#pragma once

#include "quire/bson/detail/read_struct.hpp"

namespace quire::bson {

struct DecodeOptions {
  /// Refuse text that is not UTF-8: MappingError invalid_utf8. The price is in docs/mapping.md.
  bool utf8 = true;
};

/// Reads a document into an object that exists, and reuses the capacity of its strings and
/// containers. Members whose fields are absent get what T's own initialisers say, empty optionals.
/// On an exception the object holds a mixture of old and new, valid but of no use. Otherwise as
/// decode().
template <class T>
void decode_into(View document, T& out, const DecodeOptions& options = {}) {
  (void)sizeof(detail::explain_document<T>());
  if constexpr (detail::MappedDocument<T>) {
    const detail::In in{document.data(), document.size(), options.utf8, false};
    (void)detail::read_document(in, document.data(), document.data() + document.size(), out, {});
  }
}

/// Reads one document as a struct, the inverse of encode(). Fields may come in any order; those in
/// the order of the members are read fastest. What is absent, unknown, null or of another type of
/// number is decided by the model's policies: docs/mapping.md.
/// The bytes need not be trusted: every length and end is checked before it is used.
/// Throws:  MappingError type_mismatch, missing_field, unknown_field, integer_overflow,
///          lossy_conversion, unknown_enum_value, unknown_discriminator, duplicate_field,
///          wrong_length, invalid_utf8, null_value, invalid_key, conversion_failed, too_deep,
///          FormatError malformed_bson; path() names the field as stored, "orders[2].price".
/// Threads: no shared state.
template <class T>
[[nodiscard]] T decode(View document, const DecodeOptions& options = {}) {
  (void)sizeof(detail::explain_document<T>());
  T out{};
  if constexpr (detail::MappedDocument<T>) {
    const detail::In in{document.data(), document.size(), options.utf8, true};
    (void)detail::read_document(in, document.data(), document.data() + document.size(), out, {});
  }
  return out;
}

/// Reads one value alone, the inverse of encode_value().
template <class V>
[[nodiscard]] V decode_value(ValueView value, const DecodeOptions& options = {}) {
  (void)sizeof(detail::explain_value<V>());
  V out{};
  if constexpr (detail::can_map<V>()) {
    const detail::In in{nullptr, 0, options.utf8, true};
    detail::read_value(in, value, out, {});
  }
  return out;
}

}  // namespace quire::bson
