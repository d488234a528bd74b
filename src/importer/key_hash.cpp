#include "importer/key_hash.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "importer/cell_identity.hpp"
#include "importer/column_kinds.hpp"
#include "importer/value_text.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

enum class HashClass { number, text, uuid, bytes, other };
HashClass hash_class(ColumnType type) noexcept {
  if (is_number(type)) return HashClass::number;
  if (is_text(type)) return HashClass::text;
  if (type == ColumnType::uuid) return HashClass::uuid;
  return type == ColumnType::binary ? HashClass::bytes : HashClass::other;
}

/// With dashes or without them, in braces too. False: it is none.
bool uuid_of(std::string_view text, bson::Uuid& out) {
  std::array<char, 36> spelt{};
  std::size_t n = 0;
  for (const char c : text) {
    if (c == '-' || c == '{' || c == '}') continue;
    if (n == 8 || n == 13 || n == 18 || n == 23) spelt[n++] = '-';
    if (n == spelt.size()) return false;
    spelt[n++] = c;
  }
  if (n != spelt.size()) return false;
  try {
    out = bson::Uuid::from_string({spelt.data(), spelt.size()});
    return true;
  } catch (const Error&) {
    return false;
  }
}

bool is_whole(double value) noexcept {
  constexpr double largest = 9.2e18;
  return std::abs(value) < largest && value == std::floor(value);
}

}  // namespace

HashAs hash_as(const Column* key) noexcept {
  if (key == nullptr) return HashAs::is;
  if (key->type == ColumnType::uuid) return HashAs::uuid;
  if (!is_text(key->type)) return HashAs::is;
  return key->declared.starts_with("character(") ? HashAs::padded : HashAs::text;
}

bool hash_alike(const Column* key, const Column* other) noexcept {
  // A number that the source gives its rows is no column.
  const ColumnType own = key == nullptr ? ColumnType::int64 : key->type;
  const ColumnType of_other = other == nullptr ? ColumnType::int64 : other->type;
  if (own == of_other || own == ColumnType::any || of_other == ColumnType::any) return true;
  const HashClass mine = hash_class(own);
  const HashClass theirs = hash_class(of_other);
  if (mine == HashClass::uuid) return theirs == HashClass::text || theirs == HashClass::bytes;
  if (mine == HashClass::text && theirs == HashClass::uuid) return true;
  return mine == theirs && mine != HashClass::other;
}

void KeyHash::add(char kind, std::string_view text) {
  // Length before text, so that "ab", "c" is not "a", "bc".
  std::array<char, 24> head{kind};
  char* end = std::to_chars(head.data() + 1, head.data() + head.size(), text.size()).ptr;
  *end++ = ':';
  hash_.update({reinterpret_cast<const std::uint8_t*>(head.data()),
                static_cast<std::size_t>(end - head.data())});
  hash_.update({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void KeyHash::add(const Cell& cell, HashAs as, std::string& scratch) {
  using Kind = Cell::Kind;
  if (as == HashAs::uuid && (cell.kind == Kind::text || cell.kind == Kind::binary)) {
    bson::Uuid id;
    const bool bytes = cell.kind == Kind::binary && cell.text.size() == id.bytes.size();
    if (bytes) std::memcpy(id.bytes.data(), cell.text.data(), id.bytes.size());
    if (bytes || (cell.kind == Kind::text && uuid_of(cell.text, id))) {
      add(Cell::of_uuid(id.bytes), HashAs::is, scratch);
      return;
    }
  }
  scratch.clear();
  switch (cell.kind) {
    case Kind::null:
    case Kind::absent:
      add('0', {});
      return;
    case Kind::boolean:
      if (as == HashAs::text && !cell.text.empty()) break;
      add('n', cell.integer != 0 ? "1" : "0");
      return;
    case Kind::int32:
    case Kind::int64:
    case Kind::uint64:
      append_text(scratch, cell);
      add('n', scratch);
      return;
    case Kind::decimal:
      add('n', plain_digits(cell.text));
      return;
    case Kind::real:
      if (is_whole(cell.real)) {
        append_text(scratch, Cell::of_integer(Kind::int64, static_cast<std::int64_t>(cell.real)));
        add('n', scratch);
      } else {
        append_text(scratch, cell);
        add('r', scratch);
      }
      return;
    case Kind::binary:
      add('b', cell.text);
      return;
    case Kind::text: {
      std::string_view text = cell.text;
      while (as == HashAs::padded && text.ends_with(' ')) text.remove_suffix(1);
      add('t', text);
      return;
    }
    default:
      break;
  }
  // What a source has as text keeps that.
  if (as == HashAs::text && !cell.text.empty())
    scratch = cell.text;
  else
    append_text(scratch, cell);
  add('t', scratch);
}

ObjectId KeyHash::finish() {
  const auto digest = hash_.finish();
  ObjectId id;
  std::memcpy(id.bytes.data(), digest.data(), id.bytes.size());
  return id;
}

}  // namespace quire::importer
