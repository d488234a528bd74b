#include "quire/importer/typed.hpp"

namespace quire::importer::detail {

FieldRule typed_rule(std::string to, const FieldOptions& options, Convert as, bool nullable) {
  FieldRule rule;
  rule.to = std::move(to);
  rule.as = options.as.value_or(as);
  rule.null = options.null.value_or(options.fallback ? NullPolicy::fallback
                                    : nullable       ? NullPolicy::keep
                                                     : NullPolicy::reject);
  rule.lower = options.lower;
  rule.upper = options.upper;
  rule.trim = options.trim;
  rule.values = options.values;
  rule.other = options.other;
  rule.fallback = options.fallback;
  rule.on_insert = options.on_insert;
  rule.types = options.types;
  return rule;
}

ChildRule typed_child(std::string to, std::string table, std::vector<std::string> columns,
                      const ChildOptions& options) {
  ChildRule rule;
  rule.to = std::move(to);
  rule.table = std::move(table);
  rule.columns = std::move(columns);
  rule.referenced = options.referenced;
  rule.order = options.order;
  rule.where = options.where;
  rule.or_null = options.or_null;
  rule.link = options.link;
  rule.link_columns = options.link_columns;
  rule.link_referenced = options.link_referenced;
  rule.link_taken = options.link_taken;
  return rule;
}

}  // namespace quire::importer::detail
