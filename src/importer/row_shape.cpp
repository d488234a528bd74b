#include "importer/row_shape.hpp"

#include <algorithm>

#include "importer/value_table.hpp"

namespace quire::importer {

bool contains(const std::vector<std::string>& names, std::string_view name) noexcept {
  return std::find(names.begin(), names.end(), name) != names.end();
}
void add_once(std::vector<std::string>& names, const std::string& name) {
  if (!contains(names, name)) names.push_back(name);
}
bool has_column(const Table& table, std::string_view name) noexcept {
  return table.find(name) != nullptr || contains(table.key, name);
}

std::vector<std::string> columns_of_format(std::string_view format) {
  std::vector<std::string> out;
  std::string why;
  const auto pieces = parse_template(format, why);
  if (!pieces) return out;
  for (const Template::Piece& piece : pieces->pieces) {
    if (!piece.column.empty()) add_once(out, piece.column);
  }
  return out;
}

std::vector<std::string> columns_of(const FieldRule& rule) {
  if (!rule.from.empty()) return {rule.from};
  if (rule.hash_of) return rule.hash_of->columns;
  return columns_of_format(rule.format);
}

bool hash_may_be_null(const RowShape& row, const FieldRule& rule) noexcept {
  return std::any_of(rule.hash_of->columns.begin(), rule.hash_of->columns.end(),
                     [&](const std::string& name) {
                       const Column* column = row.column(name);
                       return column != nullptr && column->nullable;
                     });
}

const std::vector<std::string>& referenced_of(const ChildRule& rule, const Table& parent) noexcept {
  if (!rule.referenced.empty()) return rule.referenced;
  return parent.primary_key.empty() ? parent.key : parent.primary_key;
}

void RowShape::add_made(const std::string& name, const Column& like) {
  for (const Column& one : made_) {
    if (one.name == name) return;
  }
  made_.push_back(like);
  made_.back().name = name;
}

void RowShape::set_link(const Table& link, const std::vector<std::string>& taken) {
  link_ = &link;
  link_taken_ = taken;
}

void RowShape::need(const std::string& name) { add_once(needed_, name); }
void RowShape::take(const std::string& name) { add_once(taken_, name); }

void RowShape::need_rules(const std::vector<FieldRule>& fields) {
  for (const FieldRule& rule : fields) {
    for (const std::string& name : columns_of(rule)) need(name);
    if (!rule.compute) continue;
    for (const Column& column : table_.columns) need(column.name);
  }
}

void RowShape::take_rules(const std::vector<FieldRule>& fields,
                          const std::vector<std::string>& skip) {
  for (const FieldRule& rule : fields) {
    if (!rule.from.empty()) take(rule.from);
  }
  for (const std::string& name : skip) take(name);
}

std::vector<std::string> RowShape::others(const TypePolicy& types) const {
  std::vector<std::string> out;
  for (const Column& column : table_.columns) {
    const bool left_out = column.position || (column.type == ColumnType::other &&
                                              types.other == TypePolicy::Other::skip);
    if (!left_out && !contains(taken_, column.name)) out.push_back(column.name);
  }
  for (const Column& column : made_) {
    if (!contains(taken_, column.name)) add_once(out, column.name);
  }
  for (const std::string& name : link_taken_) {
    if (!contains(taken_, name)) add_once(out, name);
  }
  return out;
}

bool RowShape::is_made(std::string_view name) const noexcept {
  return std::any_of(made_.begin(), made_.end(),
                     [&](const Column& one) { return one.name == name; });
}

void RowShape::close() {
  for (const Column& column : table_.columns) {
    if (contains(needed_, column.name) && !is_made(column.name)) read_.push_back(column.name);
  }
  for (const std::string& name : needed_) {
    if (has_column(table_, name) && !is_made(name)) add_once(read_, name);
  }
}

std::size_t RowShape::cell(const std::string& name, std::size_t before) const {
  for (std::size_t i = 0; i < made_.size(); ++i) {
    if (made_[i].name == name) return i;
  }
  for (std::size_t i = 0; i < read_.size(); ++i) {
    if (read_[i] == name) return before + i;
  }
  for (std::size_t i = 0; i < link_taken_.size(); ++i) {
    if (link_taken_[i] == name) return before + read_.size() + i;
  }
  (void)table_.at(name);  // throws
  return 0;
}

const Column* RowShape::column(std::string_view name) const noexcept {
  for (const Column& one : made_) {
    if (one.name == name) return &one;
  }
  if (const Column* own = table_.find(name)) return own;
  if (link_ != nullptr && contains(link_taken_, name)) return link_->find(name);
  return nullptr;
}

bool RowShape::has(std::string_view name) const noexcept {
  return column(name) != nullptr || contains(table_.key, name);
}

std::vector<std::string> RowShape::names() const {
  std::vector<std::string> out;
  for (const Column& one : made_) out.push_back(one.name);
  for (const Column& one : table_.columns) add_once(out, one.name);
  for (const std::string& one : table_.key) add_once(out, one);
  for (const std::string& one : link_taken_) add_once(out, one);
  return out;
}

}  // namespace quire::importer
