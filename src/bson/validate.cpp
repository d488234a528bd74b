#include <string>
#include <unordered_set>

#include "quire/bson/view.hpp"
#include "quire/core/error.hpp"

namespace quire::bson {

bool is_utf8(std::string_view text) noexcept {
  const auto* at = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto* end = at + text.size();
  const auto continues = [](std::uint8_t byte) { return (byte & 0xC0) == 0x80; };
  while (at != end) {
    while (end - at >= 8 && (load<std::uint64_t>(at) & 0x8080808080808080ULL) == 0) at += 8;
    if (at == end) break;
    const std::uint8_t lead = *at;
    const auto left = end - at;
    if (lead < 0x80) {
      ++at;
    } else if (lead >= 0xC2 && lead < 0xE0) {
      if (left < 2 || !continues(at[1])) return false;
      at += 2;
    } else if (lead >= 0xE0 && lead < 0xF0) {
      if (left < 3 || !continues(at[1]) || !continues(at[2])) return false;
      if (lead == 0xE0 && at[1] < 0xA0) return false;   // overlong
      if (lead == 0xED && at[1] >= 0xA0) return false;  // a surrogate
      at += 3;
    } else if (lead >= 0xF0 && lead < 0xF5) {
      if (left < 4 || !continues(at[1]) || !continues(at[2]) || !continues(at[3])) return false;
      if (lead == 0xF0 && at[1] < 0x90) return false;   // overlong
      if (lead == 0xF4 && at[1] >= 0x90) return false;  // beyond U+10FFFF
      at += 4;
    } else {
      return false;
    }
  }
  return true;
}

namespace {

/// Where the walk is; made into a path only when something is wrong.
struct Place {
  const Place* outer;
  std::string_view key;
  bool in_array;
};

FieldPath path_of(const Place* place) {
  FieldPath path;
  for (; place != nullptr; place = place->outer) {
    if (place->in_array && place->key.find_first_not_of("0123456789") == std::string_view::npos &&
        place->key.size() < 10 && !place->key.empty()) {
      path.prepend_index(std::stoul(std::string(place->key)));
    } else {
      path.prepend(place->key);
    }
  }
  return path;
}

class Validator {
 public:
  explicit Validator(const ValidateOptions& options) : options_(options) {}

  void walk(View view, bool is_array, int depth, const Place* outer) {
    if (depth > options_.depth) {
      throw MappingError(ErrorCode::too_deep, path_of(outer),
                         "nested over " + std::to_string(options_.depth) + " levels");
    }
    std::unordered_set<std::string_view> keys;
    std::size_t index = 0;
    auto it = view.begin();
    Place place{outer, {}, is_array};
    while (it != view.end()) {
      place.key = it->key;
      check_text(it->key, &place);
      if (options_.unique_keys && !keys.insert(it->key).second) {
        throw MappingError(ErrorCode::duplicate_field, path_of(&place),
                           "the field stands twice in one document");
      }
      if (options_.array_keys && is_array && it->key != std::to_string(index)) {
        throw FormatError(ErrorCode::malformed_bson, path_of(&place),
                          "an array whose positions do not count 0, 1, …");
      }
      value(it->value, depth, &place);
      ++index;
      try {
        ++it;
      } catch (const FormatError& error) {
        throw FormatError(error.code(), path_of(&place), "behind this field: " + error.detail());
      }
    }
  }

 private:
  void check_text(std::string_view text, const Place* place) const {
    if (options_.utf8 && !is_utf8(text)) {
      throw MappingError(ErrorCode::invalid_utf8, path_of(place),
                         "text that is not UTF-8; store bytes as Binary");
    }
  }

  void nested(const std::uint8_t* data, std::size_t size, bool is_array, int depth,
              const Place* place) {
    try {
      walk(View(data, size), is_array, depth + 1, place);
    } catch (const FormatError& error) {
      if (!error.path().empty()) throw;
      throw FormatError(error.code(), path_of(place), error.detail());
    }
  }

  void value(ValueView v, int depth, const Place* place) {
    switch (v.type()) {
      case Type::document:
      case Type::array:
        nested(v.data(), v.size(), v.type() == Type::array, depth, place);
        break;
      case Type::string:
      case Type::code:
      case Type::symbol:
        check_text(v.text(), place);
        break;
      case Type::regex: {
        const auto regex = v.as_regex();
        check_text(regex.pattern, place);
        check_text(regex.options, place);
        break;
      }
      case Type::db_pointer:
        check_text({reinterpret_cast<const char*>(v.data()) + 4, load<std::uint32_t>(v.data()) - 1},
                   place);
        break;
      case Type::code_with_scope: {
        const auto length = load<std::uint32_t>(v.data() + 4);
        check_text({reinterpret_cast<const char*>(v.data()) + 8, length - 1}, place);
        nested(v.data() + 8 + length, v.size() - 8 - length, false, depth, place);
        break;
      }
      default:
        break;
    }
  }

  const ValidateOptions& options_;
};

}  // namespace

namespace {

/// The same walk without a place to tell of: true only for what Validator accepts. What it is not
/// sure of (rare types, keys to compare) it leaves to Validator, as it does all errors.
bool is_valid_for_sure(const std::uint8_t* at, const std::uint8_t* end, int depth, bool utf8) {
  if (depth < 1) return false;
  while (at != end) {
    const auto type = static_cast<Type>(*at++);
    const auto* const key = at;
    std::uint8_t bits = 0;
    while (at != end && *at != 0) bits |= *at++;
    if (at == end) return false;
    if (utf8 && bits >= 0x80 &&
        !is_utf8({reinterpret_cast<const char*>(key), static_cast<std::size_t>(at - key)})) {
      return false;
    }
    ++at;
    const auto left = static_cast<std::size_t>(end - at);
    std::size_t size = 0;
    switch (type) {
      case Type::int32:
        size = 4;
        break;
      case Type::double_:
      case Type::int64:
      case Type::date_time:
      case Type::timestamp:
        size = 8;
        break;
      case Type::object_id:
        size = 12;
        break;
      case Type::decimal128:
        size = 16;
        break;
      case Type::null:
      case Type::min_key:
      case Type::max_key:
        break;
      case Type::boolean:
        if (left < 1 || *at > 1) return false;
        size = 1;
        break;
      case Type::string: {
        if (left < 5) return false;
        const auto length = load<std::uint32_t>(at);
        if (length < 1 || length > left - 4 || at[3 + length] != 0) return false;
        size = std::size_t{length} + 4;
        if (utf8 && !is_utf8({reinterpret_cast<const char*>(at) + 4, length - 1})) return false;
        break;
      }
      case Type::binary: {
        constexpr std::size_t head = 5;
        if (left < head || at[4] == static_cast<std::uint8_t>(BinarySubtype::binary_old))
          return false;
        const auto length = load<std::uint32_t>(at);
        if (length > left - head) return false;
        size = std::size_t{length} + head;
        break;
      }
      case Type::document:
      case Type::array: {
        if (left < 5) return false;
        size = load<std::uint32_t>(at);
        if (size < 5 || size > left || at[size - 1] != 0) return false;
        if (!is_valid_for_sure(at + 4, at + size - 1, depth - 1, utf8)) return false;
        break;
      }
      default:
        return false;
    }
    if (size > left) return false;
    at += size;
  }
  return true;
}

}  // namespace

void validate(View document, const ValidateOptions& options) {
  if (document.size() <= options.max_bytes && !options.unique_keys && !options.array_keys &&
      is_valid_for_sure(document.data() + 4, document.data() + document.size() - 1, options.depth,
                        options.utf8)) {
    return;
  }
  if (document.size() > options.max_bytes) {
    throw MappingError(ErrorCode::document_too_large,
                       "the document has " + std::to_string(document.size()) + " bytes; at most " +
                           std::to_string(options.max_bytes));
  }
  Validator(options).walk(document, false, 1, nullptr);
}

}  // namespace quire::bson
