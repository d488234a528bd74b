#include "importer/mysql/dialect.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"

namespace quire::importer::mysql {
namespace {

constexpr std::string_view geometries[] = {
    "geometry",        "point",        "linestring",         "polygon",       "multipoint",
    "multilinestring", "multipolygon", "geometrycollection", "geomcollection"};

[[noreturn]] void refuse(const Select::Parameter& parameter) {
  throw ImportError(ErrorCode::unreadable_value,
                    bson::to_json(parameter.value) + " is no key of the column " +
                        parameter.column.name + ", which is " + parameter.column.declared);
}

Parameter number(std::int64_t value) { return {.type = MYSQL_TYPE_LONGLONG, .number = value}; }

Parameter unsigned_number(const Select::Parameter& parameter, std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) refuse(parameter);
  return {
      .type = MYSQL_TYPE_LONGLONG, .is_unsigned = true, .number = static_cast<std::int64_t>(value)};
}

/// Rows are ordered by a value's place in the declaration, and compared by it with a number. The
/// empty text has the place 0 where it is not declared: the server put it in for what was none.
Parameter place_in_enum(const Select::Parameter& parameter, std::string_view text) {
  const auto& values = parameter.column.enum_values;
  const auto at = std::find(values.begin(), values.end(), text);
  if (at != values.end()) return number(at - values.begin() + 1);
  if (!text.empty()) refuse(parameter);
  return number(0);
}

Parameter text_of(const Select::Parameter& parameter, std::string_view text) {
  constexpr std::string_view utc = "+00:00";
  switch (parameter.column.type) {
    case ColumnType::uint64:
      return unsigned_number(parameter, text);
    case ColumnType::enumerated:
      return place_in_enum(parameter, text);
    case ColumnType::decimal:
      return {.type = MYSQL_TYPE_NEWDECIMAL, .text = std::string(text)};
    case ColumnType::instant:  // the session's zone is UTC
      if (text.ends_with(utc)) text.remove_suffix(utc.size());
      return {.type = MYSQL_TYPE_STRING, .text = std::string(text)};
    default:
      return {.type = MYSQL_TYPE_STRING, .text = std::string(text)};
  }
}

Parameter bytes_of(const Select::Parameter& parameter, bson::BinaryView value) {
  const std::string_view bytes(reinterpret_cast<const char*>(value.data), value.size);
  if (value.subtype == bson::BinarySubtype::uuid && parameter.column.type == ColumnType::uuid) {
    bson::Uuid uuid;
    if (bytes.size() != uuid.bytes.size()) refuse(parameter);
    std::memcpy(uuid.bytes.data(), bytes.data(), bytes.size());
    return {.type = MYSQL_TYPE_STRING, .text = uuid.str()};
  }
  const bool text = value.subtype == bson::BinarySubtype::user;  // text that is not UTF-8
  return {.type = text ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB, .text = std::string(bytes)};
}

}  // namespace

bool is_geometry(std::string_view declared) noexcept {
  return std::any_of(std::begin(geometries), std::end(geometries), [&](std::string_view one) {
    return declared.starts_with(one) &&
           (declared.size() == one.size() || declared[one.size()] == ' ');
  });
}

std::string MysqlDialect::quoted(std::string_view name) const {
  std::string out = "`";
  for (const char c : name) {
    if (c == '`') out += c;
    out += c;
  }
  return out + "`";
}

std::string MysqlDialect::selected(const Column& column, std::string_view expression) const {
  if (!is_geometry(column.declared)) return std::string(expression);
  const std::string name(expression);
  return "CONCAT(IF(ST_SRID(" + name + ") = 0, '', CONCAT('SRID=', ST_SRID(" + name +
         "), ';')), ST_AsText(" + name + "))";
}

std::string MysqlDialect::ordered(std::string_view expression, const OrderBy& by) const {
  std::string out;
  // Nulls are the least values here.
  if (by.nulls_last != by.descending) {
    out = std::string(expression) + (by.nulls_last ? " IS NULL, " : " IS NOT NULL, ");
  }
  return out + std::string(expression) + (by.descending ? " DESC" : "");
}

Parameter parameter_of(const Select::Parameter& parameter) {
  const bson::ValueView value = parameter.value.view();
  switch (value.type()) {
    case bson::Type::boolean:
      return number(value.as_bool() ? 1 : 0);
    case bson::Type::int32:
      return number(value.as_int32());
    case bson::Type::int64:
      return number(value.as_int64());
    case bson::Type::double_:
      return {.type = MYSQL_TYPE_DOUBLE, .real = value.as_double()};
    case bson::Type::string:
      return text_of(parameter, value.as_string());
    case bson::Type::decimal128:
      return {.type = MYSQL_TYPE_NEWDECIMAL, .text = value.as_decimal128().str()};
    case bson::Type::binary:
      return bytes_of(parameter, value.as_binary());
    default:
      refuse(parameter);
  }
}

}  // namespace quire::importer::mysql
