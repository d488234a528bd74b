#include <algorithm>

#include "importer/column_kinds.hpp"
#include "importer/names.hpp"
#include "importer/validate.hpp"

namespace quire::importer {
namespace {

using Names = std::vector<std::string>;

enum class Class { number, text, bytes, time, other };
Class class_of(ColumnType type) {
  if (is_number(type)) return Class::number;
  if (is_text(type)) return Class::text;
  switch (type) {
    case ColumnType::binary:
    case ColumnType::uuid:
      return Class::bytes;
    case ColumnType::instant:
    case ColumnType::wall_time:
    case ColumnType::date:
    case ColumnType::time:
      return Class::time;
    default:
      return Class::other;
  }
}

bool can_equal(const Column* a, const Column* b) {
  if (a == nullptr || b == nullptr) return true;  // a row's number, or told before
  const Class left = class_of(a->type);
  const Class right = class_of(b->type);
  return left == right || left == Class::other || right == Class::other;
}

/// Two lists of columns that are compared with each other.
void check_join(const Problems& problems, const Table& from, const Names& columns,
                const std::string& key, const Table& to, const Names& referenced) {
  if (columns.empty()) {
    problems.add("`" + key + "` is empty: it names what refers to " + in_quotes(to.name));
    return;
  }
  for (const std::string& name : columns) problems.expect_column(from, name, "`" + key + "`");
  for (const std::string& name : referenced)
    problems.expect_column(to, name, "what `" + key + "` refers to");
  if (columns.size() != referenced.size()) {
    problems.add("`" + key + "` has " + std::to_string(columns.size()) +
                 " columns, and refers to " + std::to_string(referenced.size()) + " of " +
                 in_quotes(to.name) + ": " + listed(referenced));
    return;
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Column* a = from.find(columns[i]);
    const Column* b = to.find(referenced[i]);
    if (!can_equal(a, b))
      problems.add(in_quotes(from.name + "." + columns[i]) + " is " +
                   std::string(to_string(a->type)) + " and " +
                   in_quotes(to.name + "." + referenced[i]) + " is " +
                   std::string(to_string(b->type)) + ": they are never equal");
  }
}

/// Whether the columns hold a unique key of the table.
bool unique_by(const Table& table, const Names& columns) {
  const auto holds = [&](const Names& key) {
    return !key.empty() && std::all_of(key.begin(), key.end(),
                                       [&](const auto& one) { return contains(columns, one); });
  };
  return holds(table.primary_key) || std::any_of(table.unique.begin(), table.unique.end(), holds);
}

/// Of a parent that is one of several documents of a row: what the unpivot adds is compared too,
/// and the rest is what rows are read by.
void check_made(const Problems& problems, const RowShape& parent, const Table& table,
                const ChildRule& rule) {
  const Names& referenced = referenced_of(rule, parent.table());
  Names columns, rest;
  for (std::size_t i = 0; i < referenced.size(); ++i) {
    const bool made = parent.is_made(referenced[i]);
    if (i >= rule.columns.size()) {
      if (!made) rest.push_back(referenced[i]);
      continue;
    }
    if (!made) {
      columns.push_back(rule.columns[i]);
      rest.push_back(referenced[i]);
      continue;
    }
    problems.expect_column(table, rule.columns[i], "`columns`");
    const Column* own = table.find(rule.columns[i]);
    const Column* of_parent = parent.column(referenced[i]);
    if (!can_equal(own, of_parent))
      problems.add(in_quotes(table.name + "." + rule.columns[i]) + " is " +
                   std::string(to_string(own->type)) + " and " + in_quotes(referenced[i]) + " is " +
                   std::string(to_string(of_parent->type)) + ": they are never equal");
  }
  for (std::size_t i = referenced.size(); i < rule.columns.size(); ++i)
    columns.push_back(rule.columns[i]);
  if (columns.empty() && rest.empty()) {
    problems.add("`referenced` has only columns that `unpivot` adds; one of " +
                 in_quotes(parent.table().name) + " itself has to be among them");
    return;
  }
  check_join(problems, table, columns, "columns", parent.table(), rest);
}

void check_link(const Problems& problems, const Schema& schema, const RowShape& parent,
                const Table& table, const ChildRule& rule) {
  const Table* link = schema.find(rule.link);
  if (link == nullptr) {
    Names names;
    for (const Table& one : schema.tables) names.push_back(one.name);
    problems.add("`link`: the source has no table " + in_quotes(rule.link) +
                 near_names(rule.link, names));
    return;
  }
  for (const std::string& name : rule.referenced) {
    if (!parent.is_made(name)) continue;
    problems.add("`referenced`: a `link` refers to columns of " + in_quotes(parent.table().name) +
                 " itself, not to " + in_quotes(name) + ", which `unpivot` adds");
    return;
  }
  check_join(problems, *link, rule.columns, "columns", parent.table(),
             referenced_of(rule, parent.table()));
  ChildRule of_link;
  of_link.referenced = rule.link_referenced;
  check_join(problems, *link, rule.link_columns, "link_columns", table,
             referenced_of(of_link, table));
  for (const std::string& name : rule.link_taken) {
    problems.expect_column(*link, name, "`link_taken`");
    if (table.find(name) != nullptr)
      problems.add("`link_taken`: " + in_quotes(table.name) + " has a column " + in_quotes(name) +
                   " of its own");
  }
  Names both = rule.columns;
  both.insert(both.end(), rule.link_columns.begin(), rule.link_columns.end());
  if (!rule.children.empty() && !unique_by(*link, both))
    problems.add("`children` of rows that " + in_quotes(rule.link) +
                 " may name twice for one parent: a unique key over " + listed(both) +
                 " would exclude it");
}

void check_shape(const Problems& problems, const ChildRule& rule, const RowShape& shape,
                 const RuleScope& scope) {
  Targets targets(problems);
  check_fields(problems, targets, shape, rule.fields, true, scope);
  check_skip(problems, shape, rule.skip, rule.fields);
  if (rule.value.empty()) {
    if (!rule.others) return;
    for (const std::string& name : shape.others(scope.types)) targets.add_name(name);
    return;
  }
  const bool named = std::any_of(rule.fields.begin(), rule.fields.end(),
                                 [&](const FieldRule& one) { return one.to == rule.value; });
  if (!named && !shape.has(rule.value))
    problems.add("`value`: there is neither a field nor a column " + in_quotes(rule.value) +
                 near_names(rule.value, shape.names()));
  if (!rule.children.empty()) problems.add("elements that are one `value` have no `children`");
}

void check_child(const Problems& problems, const RowShape& parent, const ChildRule& rule,
                 const RuleScope& scope) {
  const Schema& schema = scope.schema;
  const Table* table = schema.find(rule.table);
  if (table == nullptr) {
    Names names;
    for (const Table& one : schema.tables) names.push_back(one.name);
    problems.add("the source has no table " + in_quotes(rule.table) +
                 near_names(rule.table, names));
    return;
  }
  RowShape shape(*table);
  if (rule.link.empty()) {
    check_made(problems, parent, *table, rule);
    if (!rule.link_columns.empty() || !rule.link_referenced.empty() || !rule.link_taken.empty())
      problems.add("`link_columns`, `link_referenced` and `link_taken` are for a `link`");
    for (const std::string& name : rule.columns) shape.take(name);
  } else {
    check_link(problems, schema, parent, *table, rule);
    if (const Table* link = schema.find(rule.link)) shape.set_link(*link, rule.link_taken);
  }
  if (rule.many && rule.or_null) problems.add("`or_null` is for a child that is not `many`");
  for (const OrderBy& by : rule.order) {
    const Table* link = rule.link.empty() ? nullptr : schema.find(rule.link);
    if (link == nullptr || link->find(by.column) == nullptr)
      problems.expect_column(*table, by.column, "`order`");
  }
  shape.take_rules(rule.fields, rule.skip);
  check_shape(problems, rule, shape, scope);
  if (rule.children.empty() || !rule.value.empty()) return;
  if (table->key.empty())
    problems.add("the table " + in_quotes(table->name) +
                 " has no key to tell its rows by, which `children` are sorted into");
  // Their names were told with the fields: here only what is inside of them.
  Targets targets(problems);
  for (const FieldRule& field : rule.fields) targets.add(field.to, "field " + in_quotes(field.to));
  check_children(problems, targets, shape, rule.children, scope);
}

}  // namespace

void check_children(const Problems& problems, Targets& targets, const RowShape& parent,
                    const std::vector<ChildRule>& children, const RuleScope& scope) {
  for (const ChildRule& rule : children) {
    const std::string name = "child " + in_quotes(rule.to);
    targets.add(rule.to, name);
    check_child(problems.in(name), parent, rule, scope);
  }
}

}  // namespace quire::importer
