// References by the hash of a key, against what their targets are hashes of.
#include <algorithm>

#include "importer/enum_names.hpp"
#include "importer/hashed_part.hpp"
#include "importer/key_hash.hpp"
#include "importer/names.hpp"
#include "importer/validate.hpp"

namespace quire::importer {
namespace {

using Names = std::vector<std::string>;

void check_columns(const Problems& problems, const RowShape& shape, const HashOf& rule,
                   const HashedPart& to) {
  bool found = true;
  for (const std::string& name : rule.columns) {
    if (shape.has(name)) continue;
    found = false;
    problems.add("`columns`: the table " + in_quotes(shape.table().name) + " has no column " +
                 in_quotes(name) + near_names(name, shape.names()));
  }
  if (rule.columns.size() != to.key.size()) {
    problems.add("`columns` has " + std::to_string(rule.columns.size()) +
                 " columns, and the _id of " + in_quotes(rule.part) + " is a hash of " +
                 std::to_string(to.key.size()) + ": " + listed(to.key));
    return;
  }
  for (std::size_t i = 0; found && i < to.key.size(); ++i) {
    const Column* own = shape.column(rule.columns[i]);
    const Column* key = to.column(to.key[i]);
    if (hash_alike(key, own)) continue;
    const auto type = [](const Column* column) {
      return std::string(to_string(column == nullptr ? ColumnType::int64 : column->type));
    };
    problems.add(in_quotes(shape.table().name + "." + rule.columns[i]) + " is " + type(own) +
                 " and " + in_quotes(to.table.name + "." + to.key[i]) + " is " + type(key) +
                 ": their hashes are never equal");
  }
}

/// Which of the documents that a row became.
void check_unpivoted(const Problems& problems, const HashOf& rule, const HashedPart& to,
                     const TableMapping& from) {
  const Names parts = to.parts();
  if (!to.has_parts()) {
    if (!rule.unpivoted.empty())
      problems.add("`unpivoted` is for a part with `unpivot`, which " + in_quotes(rule.part) +
                   " has not");
    return;
  }
  if (!rule.unpivoted.empty()) {
    if (!contains(parts, rule.unpivoted))
      problems.add("`unpivoted`: the `unpivot` of " + in_quotes(rule.part) + " has no column " +
                   in_quotes(rule.unpivoted) + near_names(rule.unpivoted, parts));
    return;
  }
  if (!from.unpivot) {
    problems.add("a row of " + in_quotes(to.table.name) + " becomes several documents of " +
                 in_quotes(rule.part) + ": `unpivoted` says which, one of " + listed(parts));
    return;
  }
  for (const UnpivotRule::Part& one : from.unpivot->parts)
    if (!contains(parts, one.column))
      problems.add("the column " + in_quotes(one.column) + " of `unpivot` has no document of " +
                   in_quotes(rule.part) + ", which is made of " + listed(parts) +
                   "; `unpivoted` names one for all");
}

}  // namespace

void check_hash_of(const Problems& problems, const RowShape& shape, const HashOf& rule,
                   const RuleScope& scope) {
  const TableMapping* part = find_part(scope.mapping, rule.part);
  if (part == nullptr) {
    Names names;
    for (const TableMapping& one : scope.mapping.tables) names.push_back(part_name(one));
    problems.add("there is no part " + in_quotes(rule.part) + near_names(rule.part, names));
    return;
  }
  if (part->id.kind != IdKind::hash) {
    problems.add("the _id of " + in_quotes(rule.part) + " is no hash but of the kind " +
                 in_quotes(name_of(id_names, part->id.kind)) +
                 "; a reference to it comes by `from` or `format`, or its `id` becomes a \"hash\"");
    return;
  }
  const Table* table = scope.schema.find(part->table);
  if (table == nullptr) return;  // told of that part
  const HashedPart to{*part, *table, hashed_columns(*part, *table)};
  check_columns(problems, shape, rule, to);
  check_unpivoted(problems, rule, to, scope.part);
}

}  // namespace quire::importer
