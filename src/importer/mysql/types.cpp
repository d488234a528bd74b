#include "importer/mysql/types.hpp"

#include <charconv>

#include "importer/mysql/dialect.hpp"

namespace quire::importer::mysql {
namespace {

struct Named {
  std::string_view name;
  ColumnType type;
};

constexpr Named types[] = {
    {"tinyint", ColumnType::int32},     {"smallint", ColumnType::int32},
    {"mediumint", ColumnType::int32},   {"year", ColumnType::int32},
    {"decimal", ColumnType::decimal},   {"float", ColumnType::real},
    {"double", ColumnType::real},       {"char", ColumnType::text},
    {"varchar", ColumnType::text},      {"tinytext", ColumnType::text},
    {"text", ColumnType::text},         {"mediumtext", ColumnType::text},
    {"longtext", ColumnType::text},     {"binary", ColumnType::binary},
    {"varbinary", ColumnType::binary},  {"tinyblob", ColumnType::binary},
    {"blob", ColumnType::binary},       {"mediumblob", ColumnType::binary},
    {"longblob", ColumnType::binary},   {"vector", ColumnType::binary},
    {"date", ColumnType::date},         {"datetime", ColumnType::wall_time},
    {"timestamp", ColumnType::instant}, {"time", ColumnType::time},
    {"enum", ColumnType::enumerated},   {"set", ColumnType::array},
    {"json", ColumnType::json},         {"uuid", ColumnType::uuid},
    {"inet4", ColumnType::text},        {"inet6", ColumnType::text},
};

/// The number in "bit(12)"; 1 where there is none.
int width_of(std::string_view declared) {
  const auto begin = declared.find('(');
  int width = 1;
  if (begin != declared.npos) {
    std::from_chars(declared.data() + begin + 1, declared.data() + declared.size(), width);
  }
  return width;
}

ColumnType bit_type(int width) {
  if (width == 1) return ColumnType::boolean;
  if (width < 32) return ColumnType::int32;
  return width < 64 ? ColumnType::int64 : ColumnType::uint64;
}

ColumnType type_of(std::string_view data_type, std::string_view declared) {
  const bool is_unsigned = declared.find("unsigned") != declared.npos;
  if (data_type == "int") return is_unsigned ? ColumnType::int64 : ColumnType::int32;
  if (data_type == "bigint") return is_unsigned ? ColumnType::uint64 : ColumnType::int64;
  if (data_type == "bit") return bit_type(width_of(declared));
  if (declared.starts_with("tinyint(1)")) return ColumnType::boolean;
  for (const Named& one : types) {
    if (one.name == data_type) return one.type;
  }
  return ColumnType::other;
}

}  // namespace

std::vector<std::string> quoted_values(std::string_view declared) {
  std::vector<std::string> out;
  for (auto at = declared.find('\''); at < declared.size(); at = declared.find('\'', at)) {
    std::string& value = out.emplace_back();
    for (++at; at < declared.size(); ++at) {
      if (declared[at] == '\'') {
        if (at + 1 >= declared.size() || declared[at + 1] != '\'') break;
        ++at;
      }
      value += declared[at];
    }
    ++at;
  }
  return out;
}

void set_type(Column& column, std::string_view data_type) {
  column.type = type_of(data_type, column.declared);
  if (data_type == "enum" || data_type == "set")
    column.enum_values = quoted_values(column.declared);
  if (data_type == "set") column.element = ColumnType::enumerated;
}

}  // namespace quire::importer::mysql
