#include "store/embedded/engine/json_schema_explain.hpp"

#include <algorithm>

#include "store/embedded/engine/json_schema.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;
using bson::Writer;

void SchemaExplainer::rules(const SchemaNode& node, const ValueView* value) {
  if (value != nullptr && !node.at_root) {
    if (value->is_string())
      text(node, *value);
    else if (value->is_number())
      number(node, *value);
    else if (value->is_array())
      array(node, *value);
  }
  if (value != nullptr && value->is_document()) object(node, *value);
  logic(node, value);
  type(node, value);
}

void SchemaExplainer::details(const SchemaNode& node, const ValueView* value) {
  if (node.at_root && !allows_documents(node)) {
    out_.begin_document("details");
    impossible(node);
    out_.end();
    return;
  }
  out_.begin_array("details");
  rules(node, value);
  out_.end();
}

void SchemaExplainer::annotations(View source) {
  for (const auto* keyword : {"title", "description"}) {
    if (const auto text = source.find(keyword); text && text->is_string())
      out_.append(keyword, *text);
  }
}

void SchemaExplainer::impossible(const SchemaNode& node) {
  out_.append("operatorName", "$jsonSchema");
  if (!brief_) out_.begin_document("specifiedAs").append("$jsonSchema", node.source).end();
  out_.append("reason", "expression always evaluates to false");
}

bool SchemaExplainer::allows_documents(const SchemaNode& node) {
  return !node.types || (*node.types & type_bit(Type::document)) != 0;
}

void SchemaExplainer::begin(std::string_view keyword) {
  out_.push_document_begin().append("operatorName", keyword);
}

void SchemaExplainer::specified(const SchemaNode& node, std::string_view keyword) {
  if (brief_) return;
  out_.begin_document("specifiedAs").append(keyword, node.source[keyword]).end();
}

void SchemaExplainer::considered(ValueView value) {
  if (!brief_) out_.append("consideredValue", value);
}

void SchemaExplainer::leaf(const SchemaNode& node, std::string_view keyword, const char* reason,
                           ValueView value) {
  begin(keyword);
  specified(node, keyword);
  out_.append("reason", reason);
  considered(value);
  end();
}

void SchemaExplainer::text(const SchemaNode& node, ValueView value) {
  if (node.pattern != nullptr && !node.pattern->matches(value.as_string()))
    leaf(node, "pattern", "regular expression did not match", value);
  const auto length = code_points(value.as_string());
  constexpr auto reason = "specified string length was not satisfied";
  if (node.max_length && length > *node.max_length) leaf(node, "maxLength", reason, value);
  if (node.min_length && length < *node.min_length) leaf(node, "minLength", reason, value);
}

void SchemaExplainer::number(const SchemaNode& node, ValueView value) {
  if (node.multiple_of && !is_multiple(value, *node.multiple_of))
    leaf(node, "multipleOf", "considered value is not a multiple of the specified value", value);
  if (node.maximum && !within(value, *node.maximum, true))
    bound(*node.maximum, "maximum", "exclusiveMaximum", value);
  if (node.minimum && !within(value, *node.minimum, false))
    bound(*node.minimum, "minimum", "exclusiveMinimum", value);
}

void SchemaExplainer::bound(const SchemaNode::Bound& bound, std::string_view keyword,
                            std::string_view exclusive, ValueView value) {
  begin(keyword);
  if (!brief_) {
    out_.begin_document("specifiedAs").append(keyword, bound.value);
    if (bound.exclusive) out_.append(exclusive, true);
    out_.end();
  }
  out_.append("reason", "comparison failed");
  considered(value);
  end();
}

void SchemaExplainer::array(const SchemaNode& node, ValueView value) {
  const View elements = value.as_array();
  const auto count = static_cast<std::int64_t>(elements.count());
  const auto length = [&](std::string_view keyword) {
    begin(keyword);
    specified(node, keyword);
    out_.append("reason", "array did not match specified length");
    considered(value);
    out_.append("numberOfItems", static_cast<std::int32_t>(count));
    end();
  };
  if (node.min_items && count < *node.min_items) length("minItems");
  if (node.max_items && count > *node.max_items) length("maxItems");
  if (const auto twice = node.unique_items ? first_duplicate(elements) : std::nullopt) {
    begin("uniqueItems");
    specified(node, "uniqueItems");
    out_.append("reason", "found a duplicate item");
    considered(value);
    if (!brief_) out_.append("duplicatedValue", *twice);
    end();
  }
  if (node.items != nullptr)
    all_items("items", "At least one item did not match the sub-schema", *node.items, elements, 0);
  if (!node.item_list) return;
  item_list(node, elements);
  const auto from = node.item_list->size();
  if (node.additional_items.schema != nullptr) {
    all_items("additionalItems", "At least one additional item did not match the sub-schema",
              *node.additional_items.schema, elements, from);
  } else if (!node.additional_items.allowed && static_cast<std::size_t>(count) > from) {
    begin("additionalItems");
    specified(node, "additionalItems");
    out_.append("reason", "found additional items").begin_array("additionalItems");
    std::size_t i = 0;
    for (const auto& element : elements) {
      if (i++ >= from && !brief_) out_.push(element.value);
    }
    out_.end();
    end();
  }
}

void SchemaExplainer::all_items(std::string_view keyword, const char* reason,
                                const SchemaNode& schema, View elements, std::size_t from) {
  const auto position = SchemaNode::first_mismatch(schema, elements, from);
  if (!position) return;
  begin(keyword);
  annotations(schema.source);
  out_.append("reason", reason).append("itemIndex", static_cast<std::int32_t>(*position));
  std::size_t i = 0;
  for (const auto& element : elements) {
    if (i++ == *position) details(schema, &element.value);
  }
  end();
}

void SchemaExplainer::item_list(const SchemaNode& node, View elements) {
  RuleList items(out_, "items", "details");
  std::size_t i = 0;
  for (const auto& element : elements) {
    if (i == node.item_list->size()) break;
    const auto& schema = *(*node.item_list)[i];
    if (!schema.matches(element.value)) {
      items.entry().append("itemIndex", static_cast<std::int64_t>(i));
      details(schema, &element.value);
      out_.end();
    }
    ++i;
  }
  items.close();
}

void SchemaExplainer::logic(const SchemaNode& node, const ValueView* value) {
  const auto fails = [&](const SchemaNode::Child& branch) { return !branch->matches(value); };
  if (std::ranges::any_of(node.all_of, fails)) branches("allOf", node.all_of, value);
  if (!node.any_of.empty() && std::ranges::all_of(node.any_of, fails))
    branches("anyOf", node.any_of, value);
  one_of(node, value);
  if (node.negated != nullptr && node.negated->matches(value)) {
    begin("not");
    out_.append("reason", "child expression matched");
    end();
  }
  enumeration(node, value);
}

void SchemaExplainer::branches(std::string_view keyword, const std::vector<SchemaNode::Child>& all,
                               const ValueView* value) {
  begin(keyword);
  out_.begin_array("schemasNotSatisfied");
  std::int32_t index = 0;
  for (const auto& branch : all) {
    if (!branch->matches(value)) {
      out_.push_document_begin().append("index", index);
      annotations(branch->source);
      details(*branch, value);
      out_.end();
    }
    ++index;
  }
  out_.end();
  end();
}

void SchemaExplainer::one_of(const SchemaNode& node, const ValueView* value) {
  std::vector<std::int32_t> matching;
  for (std::size_t i = 0; i < node.one_of.size(); ++i) {
    if (node.one_of[i]->matches(value)) matching.push_back(static_cast<std::int32_t>(i));
  }
  if (node.one_of.empty() || matching.size() == 1) return;
  if (matching.empty()) return branches("oneOf", node.one_of, value);
  begin("oneOf");
  out_.append("reason", "more than one subschema matched").begin_array("matchingSchemaIndexes");
  for (const auto index : matching) out_.push(index);
  out_.end();
  end();
}

void SchemaExplainer::enumeration(const SchemaNode& node, const ValueView* value) {
  if (!node.values || value == nullptr) return;
  SchemaNode alone;
  alone.values = node.values;
  if (alone.matches(*value)) return;
  const bool possible = !node.at_root || std::ranges::any_of(*node.values, [](ValueView v) {
    return v.is_document();
  });
  begin("enum");
  specified(node, "enum");
  out_.append("reason",
              possible ? "value was not found in enum" : "expression always evaluates to false");
  if (possible) considered(*value);
  end();
}

void SchemaExplainer::type(const SchemaNode& node, const ValueView* value) {
  if (!node.types || value == nullptr || node.at_root) return;
  if ((*node.types & type_bit(value->type())) != 0) return;
  begin(node.type_keyword);
  specified(node, node.type_keyword);
  out_.append("reason", "type did not match");
  considered(*value);
  out_.append("consideredType", bson::type_name(value->type()));
  end();
}

void JsonSchema::explain(View document, bool brief, Writer& out) const {
  SchemaExplainer explainer(out, brief);
  if (!SchemaExplainer::allows_documents(*root_)) return explainer.impossible(*root_);
  const ValueView value(Type::document, document.data(), document.size());
  out.append("operatorName", "$jsonSchema");
  explainer.annotations(root_->source);
  out.begin_array("schemaRulesNotSatisfied");
  explainer.rules(*root_, &value);
  out.end();
}

}  // namespace quire::store::embedded
