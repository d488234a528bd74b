#include "importer/document_cells.hpp"

#include <array>
#include <limits>

namespace quire::importer {
namespace {

using bson::Type;

/// Types by their place in a set: those of BSON 1.1 are 1 to 19, and the two ends.
constexpr std::uint32_t bit_of(Type type) noexcept {
  const auto number = static_cast<std::uint8_t>(type);
  if (type == Type::min_key) return 1U << 30;
  if (type == Type::max_key) return 1U << 31;
  return 1U << (number & 31U);
}
constexpr std::uint32_t uuid_bit = 1U << 29;  ///< binary of subtype 4

constexpr std::array plain_types{
    Type::double_,    Type::string,    Type::document,   Type::array,           Type::binary,
    Type::undefined,  Type::object_id, Type::boolean,    Type::date_time,       Type::regex,
    Type::db_pointer, Type::code,      Type::symbol,     Type::code_with_scope, Type::int32,
    Type::timestamp,  Type::int64,     Type::decimal128, Type::min_key,         Type::max_key};

bool is_uuid(bson::ValueView value) {
  return value.type() == Type::binary && value.size() == 21 && value.data()[4] == 4;
}

std::uint32_t bit_of(bson::ValueView value) {
  return is_uuid(value) ? uuid_bit : bit_of(value.type());
}

ColumnType type_of(std::uint32_t types) {
  types &= ~bit_of(Type::null);
  const std::uint32_t whole = bit_of(Type::int32) | bit_of(Type::int64);
  if (types == bit_of(Type::int32)) return ColumnType::int32;
  if (types != 0 && (types & ~whole) == 0) return ColumnType::int64;
  if (types == bit_of(Type::double_)) return ColumnType::real;
  if (types == bit_of(Type::decimal128)) return ColumnType::decimal;
  if (types == bit_of(Type::string)) return ColumnType::text;
  if (types == bit_of(Type::boolean)) return ColumnType::boolean;
  if (types == bit_of(Type::date_time)) return ColumnType::instant;
  if (types == bit_of(Type::document)) return ColumnType::composite;
  if (types == bit_of(Type::array)) return ColumnType::array;
  if (types == bit_of(Type::binary)) return ColumnType::binary;
  if (types == uuid_bit) return ColumnType::uuid;
  return ColumnType::any;
}

std::string declared(std::uint32_t types) {
  std::string out;
  const auto add = [&](std::string_view name) {
    if (!out.empty()) out += '|';
    out += name;
  };
  for (const Type type : plain_types) {
    if ((types & bit_of(type)) != 0) add(bson::type_name(type));
  }
  if ((types & uuid_bit) != 0) add("uuid");
  if (out.empty()) out = "null";
  return out;
}

}  // namespace

DocumentCells::DocumentCells(std::vector<std::pair<std::string, std::size_t>> fields)
    : fields_(std::move(fields)) {
  for (const auto& [name, slot] : fields_) by_name_.emplace(name, slot);
}

std::ptrdiff_t DocumentCells::slot_of(std::string_view field, std::size_t place) {
  if (place < guesses_.size() && guesses_[place].field == field) return guesses_[place].slot;
  const auto found = by_name_.find(field);
  if (found == by_name_.end()) return -1;
  if (place < 1000) {
    if (guesses_.size() <= place) guesses_.resize(place + 1);
    guesses_[place] = {found->first, static_cast<std::ptrdiff_t>(found->second)};
  }
  return static_cast<std::ptrdiff_t>(found->second);
}

void DocumentCells::fill(bson::View document, std::span<Cell> cells) {
  made_.clear();
  for (const auto& [name, slot] : fields_) cells[slot].kind = Cell::Kind::absent;
  std::size_t place = 0;
  for (const auto& element : document) {
    const auto slot = slot_of(element.key, place++);
    if (slot >= 0) cells[static_cast<std::size_t>(slot)] = cell_of(element.value);
  }
}

Cell DocumentCells::cell_of(bson::ValueView value) {
  using Kind = Cell::Kind;
  const std::string_view payload(reinterpret_cast<const char*>(value.data()), value.size());
  switch (value.type()) {
    case Type::null:
      return {};
    case Type::int32:
      return Cell::of_integer(Kind::int32, value.as_int32());
    case Type::int64:
      return Cell::of_integer(Kind::int64, value.as_int64());
    case Type::double_:
      return Cell::of_real(value.as_double());
    case Type::boolean:
      return Cell::of_integer(Kind::boolean, value.as_bool() ? 1 : 0);
    case Type::string:
      return Cell::of_text(Kind::text, value.text());
    case Type::document:
      return Cell::of_text(Kind::document, payload);
    case Type::array:
      return Cell::of_text(Kind::array, payload);
    case Type::object_id:
      return Cell::of_text(Kind::object_id, payload);
    case Type::decimal128:
      return Cell::of_text(Kind::decimal, made_.emplace_back(value.as_decimal128().str()));
    case Type::date_time: {
      const auto ms = value.as_date_time().time_since_epoch().count();
      constexpr auto most = std::numeric_limits<std::int64_t>::max() / 1000;
      if (ms <= most && ms >= -most) return Cell::of_integer(Kind::instant, ms * 1000);
      break;  // a year that microseconds do not reach
    }
    case Type::binary:
      if (is_uuid(value)) {
        std::array<std::uint8_t, 16> bytes;
        std::memcpy(bytes.data(), value.data() + 5, bytes.size());
        return Cell::of_uuid(bytes);
      }
      if (value.data()[4] == 0) return Cell::of_text(Kind::binary, payload.substr(5));
      break;
    default:
      break;
  }
  return as_it_stands(value);
}

Cell DocumentCells::as_it_stands(bson::ValueView value) {
  auto& whole = made_.emplace_back(1, static_cast<char>(value.type()));
  whole.append(reinterpret_cast<const char*>(value.data()), value.size());
  return Cell::of_text(Cell::Kind::value, whole);
}

void SeenColumns::add(bson::View document) {
  ++documents_;
  std::size_t place = 0;
  for (const auto& element : document) {
    SeenColumn* column = nullptr;
    if (place < order_.size() && order_[place]->name == element.key) {
      column = order_[place];
    } else if (const auto found = by_name_.find(element.key); found != by_name_.end()) {
      column = found->second;
    } else {
      column = &seen_.emplace_back();
      column->name = element.key;
      by_name_.emplace(column->name, column);
    }
    if (place < order_.size()) {
      order_[place] = column;
    } else if (place < 1000) {
      order_.push_back(column);
    }
    ++place;
    column->types |= bit_of(element.value);
    if (column->last != documents_) ++column->documents;
    column->last = documents_;
    if (element.value.is_array()) {
      for (const auto& one : element.value.as_array()) column->elements |= bit_of(one.value);
    }
  }
}

std::vector<Column> SeenColumns::columns() const {
  std::vector<Column> out;
  for (const SeenColumn& seen : seen_) {
    Column column;
    column.name = seen.name;
    column.declared = declared(seen.types);
    column.type = type_of(seen.types);
    column.element = type_of(seen.elements);
    column.nullable = seen.documents < documents_ || (seen.types & bit_of(Type::null)) != 0;
    out.push_back(std::move(column));
  }
  return out;
}

}  // namespace quire::importer
