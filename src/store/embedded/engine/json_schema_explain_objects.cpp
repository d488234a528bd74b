#include <algorithm>

#include "store/embedded/engine/json_schema_explain.hpp"

namespace quire::store::embedded {

using bson::ValueView;
using bson::View;
using bson::Writer;

void SchemaExplainer::object(const SchemaNode& node, ValueView value) {
  const View fields = value.as_document();
  properties(node, fields);
  additional_properties(node, fields);
  pattern_properties(node, fields);
  if (!node.has_required(fields)) {
    begin("required");
    specified(node, "required");
    missing(node.required, fields);
    end();
  }
  const auto count = static_cast<std::int64_t>(fields.count());
  const auto number = [&](std::string_view keyword) {
    begin(keyword);
    specified(node, keyword);
    out_.append("reason", "specified number of properties was not satisfied")
        .append("numberOfProperties", static_cast<std::int32_t>(count));
    end();
  };
  if (node.min_properties && count < *node.min_properties) number("minProperties");
  if (node.max_properties && count > *node.max_properties) number("maxProperties");
  dependencies(node, value);
}

void SchemaExplainer::missing(const std::vector<std::string_view>& names, View fields) {
  out_.begin_array("missingProperties");
  for (const auto name : names) {
    if (!find_property(fields, name)) out_.push(name);
  }
  out_.end();
}

void SchemaExplainer::properties(const SchemaNode& node, View fields) {
  RuleList wrong(out_, "properties", "propertiesNotSatisfied");
  for (const auto& property : node.properties) {
    const auto value = find_property(fields, property.name);
    if (value ? property.schema->matches(*value) : !says_of_missing(node, property)) continue;
    wrong.entry().append("propertyName", property.name);
    annotations(property.schema->source);
    details(*property.schema, value ? &*value : nullptr);
    out_.end();
  }
  wrong.close();
}

bool SchemaExplainer::says_of_missing(const SchemaNode& node,
                                      const SchemaNode::Property& property) {
  if (!std::ranges::binary_search(node.required, property.name) ||
      property.schema->matches(nullptr))
    return false;
  Writer probe;
  SchemaExplainer(probe, true).rules(*property.schema, nullptr);
  return !probe.finish().empty();
}

void SchemaExplainer::additional_properties(const SchemaNode& node, View fields) {
  const auto& additional = node.additional_properties;
  if (additional.schema != nullptr) {
    for (const auto& field : fields) {
      if (!node.is_additional(field.key) || additional.schema->matches(field.value)) continue;
      begin("additionalProperties");
      annotations(additional.schema->source);
      out_.append("reason", "at least one additional property did not match the subschema")
          .append("failingProperty", field.key);
      details(*additional.schema, &field.value);
      return end();
    }
    return;
  }
  if (additional.allowed) return;
  const auto is_more = [&](const auto& field) { return node.is_additional(field.key); };
  bool any = false;
  for (const auto& field : fields) any = any || is_more(field);
  if (!any) return;
  begin("additionalProperties");
  specified(node, "additionalProperties");
  out_.begin_array("additionalProperties");
  for (const auto& field : fields) {
    if (is_more(field)) out_.push(field.key);
  }
  out_.end();
  end();
}

void SchemaExplainer::pattern_properties(const SchemaNode& node, View fields) {
  RuleList wrong(out_, "patternProperties", "details");
  for (const auto& one : node.pattern_properties) {
    if (one.regex == nullptr) continue;
    for (const auto& field : fields) {
      if (!one.regex->matches(field.key) || one.schema->matches(field.value)) continue;
      wrong.entry().append("propertyName", field.key);
      annotations(one.schema->source);
      out_.append("regexMatched", one.pattern);
      details(*one.schema, &field.value);
      out_.end();
      break;
    }
  }
  wrong.close();
}

void SchemaExplainer::dependencies(const SchemaNode& node, ValueView value) {
  const auto fails = [&](const auto& one) { return !node.dependency_holds(one, value); };
  if (std::ranges::none_of(node.dependencies, fails)) return;
  begin("dependencies");
  annotations(node.source["dependencies"].as_document());
  out_.begin_array("failingDependencies");
  for (const auto& one : node.dependencies) {
    if (!fails(one)) continue;
    out_.push_document_begin().append("conditionalProperty", one.name);
    if (one.schema != nullptr)
      details(*one.schema, &value);
    else
      missing(one.properties, value.as_document());
    out_.end();
  }
  out_.end();
  end();
}

}  // namespace quire::store::embedded
