#include "importer/sql/key_range.hpp"

#include <algorithm>

#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

constexpr std::string_view no_row = "1 = 0";

bool is_null(const bson::Value& value) { return value.type() == bson::Type::null; }

}  // namespace

KeyRange::Values KeyRange::values_of(const bson::Value& key) const {
  if (key_.empty())
    throw ImportError(ErrorCode::no_key, "table " + table_ + " is read by key and has none");
  Values out;
  if (key.type() == bson::Type::document)
    for (const auto& [name, value] : key.view().as_document()) out.emplace_back(value);
  else
    out.push_back(key);
  if (out.size() != key_.size())
    throw ImportError(ErrorCode::source_changed,
                      "a key of " + std::to_string(out.size()) + " values is none of table " +
                          table_ + ", whose key has " + std::to_string(key_.size()) + " columns");
  return out;
}

std::string KeyRange::parameter(std::size_t column, const bson::Value& value) {
  select_.parameters.push_back({value, key_[column].column});
  return dialect_.parameter(static_cast<int>(select_.parameters.size()), key_[column].column);
}

std::string KeyRange::compared(std::size_t column, std::string_view with,
                               const bson::Value& value) {
  return key_[column].expression + " " + std::string(with) + " " + parameter(column, value);
}

std::string KeyRange::equal(std::size_t column, const bson::Value& value) {
  return is_null(value) ? key_[column].expression + " IS NULL" : compared(column, "=", value);
}

bool KeyRange::by_row(const Values& values) const {
  return values.size() > 1 && dialect_.seeks_by_row() &&
         std::none_of(key_.begin(), key_.end(),
                      [](const KeyColumn& one) { return one.column.nullable; }) &&
         std::none_of(values.begin(), values.end(), is_null);
}

std::string KeyRange::row_compared(std::string_view with, const Values& values) {
  std::string left;
  std::string right;
  for (std::size_t i = 0; i < values.size(); ++i) {
    left += (i == 0 ? "(" : ", ") + key_[i].expression;
    right += (i == 0 ? "(" : ", ") + parameter(i, values[i]);
  }
  return left + ") " + std::string(with) + " " + right + ")";
}

// Each parameter is asked for in a statement of its own: placeholders without numbers go by the
// order in which they come.
std::string KeyRange::behind(const Values& values, std::size_t from) {
  const bool last = from + 1 == values.size();
  std::string out;
  if (is_null(values[from])) {  // nothing comes behind a null but rows that have one too
    if (last) return std::string(no_row);
    out = "(" + equal(from, values[from]);
    out += " AND " + behind(values, from + 1);
    return out += ")";
  }
  const bool nullable = key_[from].column.nullable;
  // What an index is entered by; what follows needs it no more.
  if (!last && !nullable) out = compared(from, ">=", values[from]) + " AND ";
  if (!last || nullable) out += "(";
  out += compared(from, ">", values[from]);
  if (nullable) out += " OR " + key_[from].expression + " IS NULL";
  if (!last) {
    out += " OR (" + equal(from, values[from]);
    out += " AND " + behind(values, from + 1);
    out += ")";
  }
  return !last || nullable ? out + ")" : out;
}

std::string KeyRange::up_to(const Values& values, std::size_t from) {
  const bool last = from + 1 == values.size();
  std::string out;
  if (is_null(values[from])) {
    if (last) return out;
    out = "(" + key_[from].expression + " IS NOT NULL OR (" + equal(from, values[from]);
    const std::string rest = up_to(values, from + 1);
    return rest.empty() ? rest : out + " AND " + rest + "))";
  }
  out = compared(from, "<=", values[from]);
  if (last) return out;
  out += " AND (" + compared(from, "<", values[from]);
  out += " OR (" + equal(from, values[from]);
  const std::string rest = up_to(values, from + 1);
  return out + (rest.empty() ? "" : " AND " + rest) + "))";
}

std::string KeyRange::behind(const bson::Value& key) {
  const Values values = values_of(key);
  return by_row(values) ? row_compared(">", values) : behind(values, 0);
}

std::string KeyRange::up_to(const bson::Value& key) {
  const Values values = values_of(key);
  return by_row(values) ? row_compared("<=", values) : up_to(values, 0);
}

std::string KeyRange::any_of(std::span<const bson::Value> keys) {
  if (keys.size() > 1) {  // halves, since databases bound how deep a condition is
    const std::size_t half = keys.size() / 2;
    const std::string first = any_of(keys.first(half));
    return "(" + first + " OR " + any_of(keys.subspan(half)) + ")";
  }
  const Values values = values_of(keys[0]);
  std::string out = "(";
  for (std::size_t i = 0; i < values.size(); ++i)
    out += (i == 0 ? "" : " AND ") + equal(i, values[i]);
  return out + ")";
}

std::string KeyRange::one_of(std::span<const bson::Value> keys) {
  if (key_.size() != 1) return any_of(keys);
  std::string list;
  bool null = false;
  for (const bson::Value& key : keys) {
    const Values values = values_of(key);
    if (is_null(values[0]))
      null = true;
    else
      list += (list.empty() ? "" : ", ") + parameter(0, values[0]);
  }
  const std::string& name = key_[0].expression;
  if (!null) return name + " IN (" + list + ")";
  if (list.empty()) return name + " IS NULL";
  return "(" + name + " IN (" + list + ") OR " + name + " IS NULL)";
}

}  // namespace quire::importer
