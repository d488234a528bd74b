#include <charconv>
#include <cmath>

#include "importer/postgresql/catalogue.hpp"
#include "importer/value_text.hpp"

namespace quire::importer::postgresql {
namespace {

/// Stands around a parameter's number: no name and no condition has it.
constexpr char mark = '\x01';

/// Years as PostgreSQL reads them: "-0043-03-15" is "0044-03-15 BC", "+10000-…" has no sign.
std::string readable_time(std::string text) {
  if (!text.empty() && text[0] == '+') return text.substr(1);
  const bool before_christ = !text.empty() && (text[0] == '-' || text.starts_with("0000-"));
  if (!before_christ) return text;
  const std::size_t from = text[0] == '-' ? 1 : 0;
  const std::size_t end = text.find('-', from);
  if (end == std::string::npos) return text;
  std::string year = std::to_string(std::stol(text.substr(from, end - from)) + 1);
  if (year.size() < 4) year.insert(0, 4 - year.size(), '0');
  return year + text.substr(end) + " BC";
}

std::string real_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  char digits[40];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

std::string quoted_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

/// Text that is not UTF-8: the bytes come into being behind the server's check of what is sent.
std::string escaped_text(std::string_view bytes) {
  std::string out = "E'";
  for (std::size_t i = 0; i < bytes.size(); ++i) out += "\\x" + hex_of(bytes.substr(i, 1));
  return out + "'";
}

std::string literal(const Select::Parameter& parameter) {
  const bson::ValueView value = parameter.value.view();
  switch (value.type()) {
    case bson::Type::null:
      return "NULL";
    case bson::Type::boolean:
      return value.as_bool() ? "'t'" : "'f'";
    case bson::Type::int32:
      return "'" + std::to_string(value.as_int32()) + "'";
    case bson::Type::int64:
      return "'" + std::to_string(value.as_int64()) + "'";
    case bson::Type::double_:
      return "'" + real_text(value.as_double()) + "'";
    case bson::Type::binary: {
      const bson::BinaryView bytes = value.as_binary();
      const std::string_view raw(reinterpret_cast<const char*>(bytes.data), bytes.size);
      if (bytes.subtype == bson::BinarySubtype::user) return escaped_text(raw);
      if (parameter.column.type == ColumnType::uuid) return "'" + hex_of(raw) + "'";
      return "'\\x" + hex_of(raw) + "'";
    }
    case bson::Type::string: {
      const ColumnType type = parameter.column.type;
      const bool time =
          type == ColumnType::date || type == ColumnType::instant || type == ColumnType::wall_time;
      std::string text(value.as_string());
      return quoted_text(time ? readable_time(std::move(text)) : text);
    }
    default:
      throw ImportError(ErrorCode::unreadable_value, "no row of column " + parameter.column.name +
                                                         " has a key like " +
                                                         parameter.column.declared + " can be");
  }
}

}  // namespace

std::string PostgresqlDialect::parameter(int number, const Column& column) const {
  return mark + std::to_string(number) + mark + "::" + catalogue_.type_of(column).cast;
}

std::string PostgresqlDialect::ordered(std::string_view expression, const OrderBy& by) const {
  return std::string(expression) + (by.descending ? " DESC" : " ASC") +
         (by.nulls_last ? " NULLS LAST" : " NULLS FIRST");
}

std::string bound(const Select& select) {
  std::string out;
  std::string_view rest = select.text;
  for (std::size_t at = 0; (at = rest.find(mark)) != rest.npos;) {
    const std::size_t end = rest.find(mark, at + 1);
    std::size_t number = 0;
    std::from_chars(rest.data() + at + 1, rest.data() + end, number);
    out += rest.substr(0, at);
    out += literal(select.parameters.at(number - 1));
    rest.remove_prefix(end + 1);
  }
  out += rest;
  return out;
}

}  // namespace quire::importer::postgresql
