#include "store/embedded/engine/keys.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/numbers.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

/// The first byte of a key: the type's bracket, in the order of type_rank. Never 0x00 or 0xFF, so
/// that ends and complements stay apart. Part of the file format (docs/formats/keys.md).
std::uint8_t class_byte(Type type) {
  switch (type) {
    case Type::min_key:
      return 10;
    case Type::undefined:
      return 20;
    case Type::null:
      return 30;
    case Type::double_:
    case Type::int32:
    case Type::int64:
    case Type::decimal128:
      return 40;
    case Type::string:
    case Type::symbol:
      return 50;
    case Type::document:
      return 60;
    case Type::array:
      return 70;
    case Type::binary:
      return 80;
    case Type::object_id:
      return 90;
    case Type::boolean:
      return 100;
    case Type::date_time:
      return 110;
    case Type::timestamp:
      return 120;
    case Type::regex:
      return 130;
    case Type::db_pointer:
      return 140;
    case Type::code:
      return 150;
    case Type::code_with_scope:
      return 160;
    case Type::max_key:
      return 250;
  }
  return 250;
}

template <class T>
void put_big_endian(std::string& out, T value) {
  char bytes[sizeof value];
  for (std::size_t i = 0; i < sizeof value; ++i) {
    bytes[i] = static_cast<char>(value >> (8 * (sizeof value - 1 - i)) & 0xFF);
  }
  out.append(bytes, sizeof value);
}

/// Ends with a zero byte; 0x00 and 0x01 within are 0x01 0x01 and 0x01 0x02.
void put_text(std::string& out, std::string_view text) {
  for (;;) {
    std::size_t run = 0;
    while (run < text.size() && static_cast<unsigned char>(text[run]) > 1) ++run;
    out.append(text, 0, run);
    if (run == text.size()) break;
    out += '\x01';
    out += text[run] == 0 ? '\x01' : '\x02';
    text.remove_prefix(run + 1);
  }
  out += '\0';
}

std::uint64_t ordered_bits(double value) {
  if (std::isnan(value)) return 0;
  if (value == 0) value = 0.0;
  const auto bits = std::bit_cast<std::uint64_t>(value);
  return (bits >> 63) != 0 ? ~bits : bits | 0x8000000000000000ULL;
}

/// Behind the floor: what tells numbers of one floor apart. All are on the same side of zero.
void put_residual(std::string& out, const ExactDecimal& number) {
  out += '\x01';
  const auto start = out.size();
  put_big_endian(out, static_cast<std::uint16_t>(number.exponent + 0x8000));
  out += number.digits;
  out += '\0';
  if (number.negative) {
    for (auto i = start; i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
  }
}

/// A double that is the number itself, the commonest: one append.
void put_exact(std::string& out, double value) {
  auto bits = ordered_bits(value);
  char bytes[9];
  for (int i = 7; i >= 0; --i, bits >>= 8) bytes[i] = static_cast<char>(bits & 0xFF);
  bytes[8] = '\0';
  out.append(bytes, sizeof bytes);
}

void put_number(std::string& out, ValueView value) {
  switch (value.type()) {
    case Type::int32:
      return put_exact(out, value.as_int32());
    case Type::double_:
      return put_exact(out, value.as_double());
    case Type::int64: {
      const auto floor = floor_double(value.as_int64());
      put_big_endian(out, ordered_bits(floor.value));
      if (floor.exact) {
        out += '\0';
      } else {
        put_residual(out, ExactDecimal::of(value.as_int64()));
      }
      return;
    }
    default: {
      const auto decimal = value.as_decimal128();
      const auto floor = floor_double(decimal);
      put_big_endian(out, ordered_bits(floor.value));
      if (floor.exact) {
        out += '\0';
      } else {
        put_residual(out, ExactDecimal::of(decimal));
      }
    }
  }
}

void put_value(std::string& out, ValueView value);

void put_fields(std::string& out, View fields, bool names) {
  for (const auto& element : fields) {
    out += static_cast<char>(class_byte(element.value.type()));
    if (names) put_text(out, element.key);
    put_value(out, element.value);
  }
  out += '\0';
}

/// The key behind its class byte.
void put_value(std::string& out, ValueView value) {
  switch (value.type()) {
    case Type::min_key:
    case Type::max_key:
    case Type::undefined:
    case Type::null:
      return;
    case Type::double_:
    case Type::int32:
    case Type::int64:
    case Type::decimal128:
      return put_number(out, value);
    case Type::string:
    case Type::symbol:
    case Type::code:
      return put_text(out, value.text());
    case Type::document:
      return put_fields(out, value.as_document(), true);
    case Type::array:
      return put_fields(out, value.as_array(), false);
    case Type::binary: {
      const auto binary = value.as_binary();
      put_big_endian(out, static_cast<std::uint32_t>(binary.size));
      out += static_cast<char>(binary.subtype);
      out.append(reinterpret_cast<const char*>(binary.data), binary.size);
      return;
    }
    case Type::object_id:
      out.append(reinterpret_cast<const char*>(value.data()), 12);
      return;
    case Type::boolean:
      out += static_cast<char>(*value.data());
      return;
    case Type::date_time:
      put_big_endian(out, static_cast<std::uint64_t>(bson::load<std::int64_t>(value.data())) ^
                              0x8000000000000000ULL);
      return;
    case Type::timestamp:
      put_big_endian(out, bson::load<std::uint64_t>(value.data()));
      return;
    case Type::regex: {
      const auto regex = value.as_regex();
      put_text(out, regex.pattern);
      put_text(out, regex.options);
      return;
    }
    case Type::db_pointer:
      put_big_endian(out, static_cast<std::uint32_t>(value.size()));
      out.append(reinterpret_cast<const char*>(value.data()), value.size());
      return;
    case Type::code_with_scope: {
      const auto length = bson::load<std::uint32_t>(value.data() + 4);
      put_text(out, {reinterpret_cast<const char*>(value.data()) + 8, length - 1});
      put_fields(out, View(value.data() + 8 + length, value.size() - 8 - length), true);
      return;
    }
  }
}

}  // namespace

void append_key(std::string& out, ValueView value, bool descending) {
  const auto start = out.size();
  out += static_cast<char>(class_byte(value.type()));
  put_value(out, value);
  if (descending) {
    for (auto i = start; i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
  }
}

void append_bracket(std::string& low, std::string& high, Type type, bool descending) {
  const auto first = descending ? static_cast<std::uint8_t>(~class_byte(type)) : class_byte(type);
  low += static_cast<char>(first);
  high += static_cast<char>(first + 1);
}

void to_prefix_end(std::string& key) {
  while (!key.empty() && static_cast<unsigned char>(key.back()) == 0xFF) key.pop_back();
  if (!key.empty()) key.back() = static_cast<char>(key.back() + 1);
}

namespace {

constexpr ValueView null_part{Type::null, nullptr, 0};
constexpr ValueView undefined_value{Type::undefined, nullptr, 0};

/// A field of the index while a document is taken apart.
struct Part {
  std::string_view rest;  // of the path, still to go
  ValueView value;        // found so far
  bool done = false;      // value is final
  bool found = false;     // the document has the field
};

bool is_position(std::string_view step, std::size_t& position) {
  if (step.empty() || step.size() > 9 || (step.size() > 1 && step.front() == '0')) return false;
  const auto result = std::from_chars(step.data(), step.data() + step.size(), position);
  return result.ec == std::errc{} && result.ptr == step.data() + step.size();
}

class KeyBuilder {
 public:
  KeyBuilder(const std::vector<IndexField>& fields, std::vector<std::string>& keys)
      : fields_(fields), keys_(keys) {}

  /// Goes on from `parts`, whose undone ones continue in `document`.
  void expand(std::vector<Part> parts, std::optional<View> document) {
    ValueView array;
    bool has_array = false;
    std::vector<std::size_t> through;  // parts whose path leads into `array`
    for (std::size_t i = 0; i < parts.size(); ++i) {
      auto& part = parts[i];
      if (part.done) continue;
      walk(part, document);
      if (part.done || !part.value.is_array()) continue;
      if (has_array && part.value.data() != array.data()) {
        throw StoreError(
            ErrorCode::invalid_argument, FieldPath(fields_[i].path),
            "cannot index parallel arrays: two fields of one index are arrays in this document",
            171);
      }
      has_array = true;
      array = part.value;
      through.push_back(i);
    }
    if (!has_array) {
      emit(parts);
      return;
    }
    multikey = true;
    const View elements = array.as_array();
    if (elements.empty()) {
      for (const auto i : through) {
        parts[i].value = parts[i].rest.empty() ? undefined_value : null_part;
        parts[i].done = true;
        if (parts[i].rest.empty()) parts[i].found = true;
      }
      expand(std::move(parts), std::nullopt);
      return;
    }
    for (const auto& element : elements) {
      auto copy = parts;
      for (const auto i : through) {
        if (copy[i].rest.empty()) {
          copy[i].value = element.value;
          copy[i].done = copy[i].found = true;
        }
      }
      expand(std::move(copy), element.value.is_document()
                                  ? std::optional<View>(element.value.as_document())
                                  : std::nullopt);
    }
  }

  bool multikey = false;
  bool any_found = false;

 private:
  /// A step that is a position in an array must not be a field of the array's documents as well.
  static void refuse_name(View elements, std::string_view position) {
    for (const auto& element : elements) {
      if (!element.value.is_document() || !element.value.as_document().contains(position)) continue;
      throw StoreError(ErrorCode::invalid_argument, FieldPath(std::string(position)),
                       "ambiguous in an array: it is a position and a field of an element; name no "
                       "fields of elements by numbers",
                       16746);
    }
  }

  /// Follows the path until its end, a missing field, or an array.
  static void walk(Part& part, std::optional<View> document) {
    auto here = document;
    for (;;) {
      const auto dot = part.rest.find('.');
      const auto step = part.rest.substr(0, dot);
      const auto next = here ? here->find(step) : std::nullopt;
      if (!next) {
        part.value = null_part;
        part.done = true;
        return;
      }
      part.rest = dot == std::string_view::npos ? std::string_view{} : part.rest.substr(dot + 1);
      part.value = *next;
      // "a.0": a position in the array, when there is one.
      while (part.value.is_array() && !part.rest.empty()) {
        const auto inner_dot = part.rest.find('.');
        std::size_t position = 0;
        if (!is_position(part.rest.substr(0, inner_dot), position)) return;
        const auto element = part.value.as_array().find(part.rest.substr(0, inner_dot));
        if (!element) return;
        refuse_name(part.value.as_array(), part.rest.substr(0, inner_dot));
        part.value = *element;
        part.rest = inner_dot == std::string_view::npos ? std::string_view{}
                                                        : part.rest.substr(inner_dot + 1);
      }
      if (part.value.is_array()) return;
      if (part.rest.empty()) {
        part.done = part.found = true;
        return;
      }
      here =
          part.value.is_document() ? std::optional<View>(part.value.as_document()) : std::nullopt;
    }
  }

  void emit(const std::vector<Part>& parts) {
    std::string key;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      append_key(key, parts[i].value, fields_[i].descending);
      any_found |= parts[i].found;
    }
    keys_.push_back(std::move(key));
  }

  const std::vector<IndexField>& fields_;
  std::vector<std::string>& keys_;
};

}  // namespace

KeyMaker::KeyMaker(std::vector<IndexField> fields, bool sparse, WildcardPaths wildcard)
    : fields_(std::move(fields)), sparse_(sparse), wildcard_(std::move(wildcard)) {
  for (const auto& field : fields_) special_ = special_ || field.kind != IndexField::Kind::plain;
}

bool KeyMaker::append_single(View document, std::string& key, bool& found) const {
  const auto start = key.size();
  found = false;
  for (const auto& field : fields_) {
    std::string_view rest = field.path;
    std::optional<View> here = document;
    for (;;) {
      const auto dot = rest.find('.');
      const auto value = here ? here->find(rest.substr(0, dot)) : std::nullopt;
      if (value && value->is_array()) {
        key.resize(start);
        return false;
      }
      if (!value || dot == std::string_view::npos) {
        found |= value.has_value();
        append_key(key, value.value_or(null_part), field.descending);
        break;
      }
      rest.remove_prefix(dot + 1);
      here = value->is_document() ? std::optional<View>(value->as_document()) : std::nullopt;
    }
  }
  return true;
}

bool KeyMaker::make(View document, std::vector<std::string>& keys) const {
  if (special_) [[unlikely]]
    return make_special(document, keys);
  // The usual case: no arrays, so one key.
  bool found = false;
  auto& single = keys.emplace_back();
  const bool is_single = append_single(document, single, found);
  if (is_single && (found || !sparse_)) return false;
  keys.pop_back();
  if (is_single) return false;
  std::vector<std::string> made;
  KeyBuilder builder(fields_, made);
  std::vector<Part> parts;
  parts.reserve(fields_.size());
  for (const auto& field : fields_) parts.push_back({.rest = field.path, .value = null_part});
  builder.expand(std::move(parts), document);
  if (sparse_ && !builder.any_found) return builder.multikey;
  std::sort(made.begin(), made.end());
  made.erase(std::unique(made.begin(), made.end()), made.end());
  keys.insert(keys.end(), std::make_move_iterator(made.begin()),
              std::make_move_iterator(made.end()));
  return builder.multikey;
}

}  // namespace quire::store::embedded
