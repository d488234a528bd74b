#pragma once

#include "importer/sql/sql_source.hpp"

namespace quire::importer {

struct KeyColumn {
  std::string expression;
  Column column;
};

/// Conditions on a key of one or more columns, nulls last. Their values become parameters of
/// `select`, in the order in which they are asked for. An empty condition is one that all rows
/// meet.
class KeyRange {
 public:
  /// What it is given must outlive it. `table` is named in errors.
  KeyRange(const Dialect& dialect, const std::string& table, const std::vector<KeyColumn>& key,
           Select& select)
      : dialect_(dialect), table_(table), key_(key), select_(select) {}

  [[nodiscard]] std::string behind(const bson::Value& key);
  [[nodiscard]] std::string up_to(const bson::Value& key);
  [[nodiscard]] std::string one_of(std::span<const bson::Value> keys);

 private:
  using Values = std::vector<bson::Value>;
  Values values_of(const bson::Value& key) const;
  std::string parameter(std::size_t column, const bson::Value& value);
  std::string equal(std::size_t column, const bson::Value& value);
  std::string compared(std::size_t column, std::string_view with, const bson::Value& value);
  std::string row_compared(std::string_view with, const Values& values);
  bool by_row(const Values& values) const;
  std::string behind(const Values& values, std::size_t from);
  std::string up_to(const Values& values, std::size_t from);
  std::string any_of(std::span<const bson::Value> keys);

  const Dialect& dialect_;
  const std::string& table_;
  const std::vector<KeyColumn>& key_;
  Select& select_;
};

}  // namespace quire::importer
