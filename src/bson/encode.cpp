#include "quire/bson/encode.hpp"

#include <charconv>
#include <exception>
#include <string>

#include "quire/core/error.hpp"

namespace quire::bson::detail {

namespace {

/// The path of what is being written at `at`: through all that is open, to the last key.
FieldPath open_path(const std::uint8_t* document, const std::uint8_t* at) {
  std::string path;
  bool in_array = false;
  const std::uint8_t* element = document + 4;
  while (element < at) {
    const auto* key = element + 1;
    const auto* zero = key >= at ? nullptr
                                 : static_cast<const std::uint8_t*>(
                                       std::memchr(key, 0, static_cast<std::size_t>(at - key)));
    if (zero == nullptr) break;
    const auto* payload = zero + 1;
    const auto left = static_cast<std::size_t>(at - payload);
    const auto type = static_cast<Type>(*element);
    const bool nested = type == Type::document || type == Type::array;
    const bool open = left == 0 || (nested && left >= 4 && load<std::int32_t>(payload) == 0);
    if (!open) {
      element = payload + payload_size(*element, payload, left);
      continue;
    }
    const std::string_view name(reinterpret_cast<const char*>(key),
                                static_cast<std::size_t>(zero - key));
    if (in_array) {
      path.append("[").append(name).append("]");
    } else {
      if (!path.empty()) path += '.';
      path += name;
    }
    if (left == 0) break;
    in_array = type == Type::array;
    element = payload + 4;
  }
  return FieldPath(std::move(path));
}

FieldPath path_of(const Out& out, const std::uint8_t* at) {
  try {
    return out.whole ? open_path(out.buffer.data() + out.root, at) : FieldPath();
  } catch (const FormatError&) {  // a raw document inside is not one: the rest is unknown
    return {};
  }
}

}  // namespace

void fail_write(const Out& out, const std::uint8_t* at, ErrorCode code, std::string_view detail) {
  throw MappingError(code, path_of(out, at), detail);
}

void fail_map_key(Out& out, Bytes at, std::string_view key, ErrorCode code,
                  std::string_view detail) {
  key = key.substr(0, key.find('\0'));
  at = grow(out, at, key.size() + 2);
  at = TextKey{key}.put(at, Type::null);
  fail_write(out, at, code, detail);
}

void fail_converter_write(const Out& out, const std::uint8_t* at) {
  try {
    throw;
  } catch (const std::exception& error) {
    throw MappingError(ErrorCode::conversion_failed, path_of(out, at), error.what());
  } catch (...) {
    throw MappingError(ErrorCode::conversion_failed, path_of(out, at),
                       "the converter threw something that is no std::exception");
  }
}

Bytes grow(Out& out, Bytes at, std::size_t more) {
  // An upper bound may exceed the limit where the document does not; far beyond it does.
  constexpr std::size_t most = 8 * max_document_bytes;
  if (more > most || out.promised + more > most)
    throw MappingError(ErrorCode::document_too_large, "the document is far above 16 MiB");
  const auto offset = at == nullptr ? out.root : static_cast<std::size_t>(at - out.buffer.data());
  out.promised += more;
  (void)out.buffer.reserve(out.promised);
  return out.buffer.data() + offset;
}

Bytes put_integer_text(Bytes at, std::int64_t value, bool is_unsigned) {
  auto* text = reinterpret_cast<char*>(at);
  const auto end = is_unsigned
                       ? std::to_chars(text, text + 20, static_cast<std::uint64_t>(value)).ptr
                       : std::to_chars(text, text + 20, value).ptr;
  return reinterpret_cast<Bytes>(end);
}

Bytes write_extra(Bytes at, View extra, const std::uint8_t* document, Out& out) {
  for (auto it = extra.begin(); it != extra.end(); ++it) {
    const std::uint8_t* own = document + 4;
    while (own < at) {
      const std::string_view key(reinterpret_cast<const char*>(own + 1));
      if (key == it->key)
        throw MappingError(ErrorCode::duplicate_field, FieldPath(std::string(key)),
                           "an extra field has the name of a member");
      const auto* payload = own + key.size() + 2;
      own = payload + payload_size(*own, payload, static_cast<std::size_t>(at - payload));
    }
  }
  (void)out;
  return put_bytes(at, extra.data() + 4, extra.size() - 5);
}

void finish_document(Out& out, const std::uint8_t* end) {
  const auto size = static_cast<std::size_t>(end - out.buffer.data()) - out.root;
  if (size > max_document_bytes)
    throw MappingError(ErrorCode::document_too_large,
                       "the document has " + std::to_string(size) + " bytes, the limit is 16 MiB");
  out.buffer.set_end(end);
}

}  // namespace quire::bson::detail
