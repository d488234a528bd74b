#include "quire/importer/typed.hpp"

#include "importer/value_rules.hpp"
#include "quire/core/error.hpp"

namespace quire::importer::detail {

FieldRule typed_rule(std::string to, const FieldOptions& options, Convert as, bool nullable) {
  FieldRule rule;
  rule.to = std::move(to);
  rule.as = options.as.value_or(as);
  rule.null = options.null.value_or(options.fallback ? NullPolicy::fallback
                                    : nullable       ? NullPolicy::keep
                                                     : NullPolicy::reject);
  take_value_rules(rule, options);
  rule.fallback = options.fallback;
  rule.on_insert = options.on_insert;
  return rule;
}

IdRule typed_id(const FieldRule& rule) {
  if (rule.fallback || rule.null == NullPolicy::omit || rule.on_insert)
    throw ImportError(ErrorCode::invalid_mapping, FieldPath("_id"),
                      "an _id has no `fallback`, `null` or `on_insert`: a row without it is put "
                      "aside");
  IdRule id{.kind = rule.from.empty() ? IdKind::format : IdKind::columns};
  if (!rule.from.empty()) id.columns = {rule.from};
  id.format = rule.format;
  id.as = rule.as;
  take_value_rules(id, rule);
  return id;
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
