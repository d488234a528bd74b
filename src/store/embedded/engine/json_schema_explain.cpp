#include <algorithm>
#include <string>

#include "store/embedded/engine/json_schema.hpp"
#include "store/embedded/engine/json_schema_node.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;
using bson::Writer;

namespace {

/// A rule with a list of what is wrong, which is begun at the first.
class Listing {
 public:
  Listing(Writer& out, std::string_view keyword, std::string_view list)
      : out_(out), keyword_(keyword), list_(list) {}
  /// Opens one entry; the caller closes it.
  Writer& entry() {
    if (!open_) out_.push_document_begin().append("operatorName", keyword_).begin_array(list_);
    open_ = true;
    return out_.push_document_begin();
  }
  void close() {
    if (open_) out_.end().end();
  }

 private:
  Writer& out_;
  std::string_view keyword_;
  std::string_view list_;
  bool open_ = false;
};

/// Why a value does not match a schema, keyword by keyword in a server's order. Each rule is a
/// document in the array that is open in `out_`.
class Explainer {
 public:
  Explainer(Writer& out, bool brief) : out_(out), brief_(brief) {}

  /// Into the array that is open. `value` null = the field is missing.
  void rules(const SchemaNode& node, const ValueView* value) {
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

  /// The fields of a schema that did not match: `details`, as a list of rules.
  void details(const SchemaNode& node, const ValueView* value) {
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

  /// title and description, as they stand in a schema.
  void annotations(View source) {
    for (const auto* keyword : {"title", "description"}) {
      if (const auto text = source.find(keyword); text && text->is_string())
        out_.append(keyword, *text);
    }
  }

  /// Of a schema for the whole document that wants it to be no document.
  void impossible(const SchemaNode& node) {
    out_.append("operatorName", "$jsonSchema");
    if (!brief_) out_.begin_document("specifiedAs").append("$jsonSchema", node.source).end();
    out_.append("reason", "expression always evaluates to false");
  }

  static bool allows_documents(const SchemaNode& node) {
    return !node.types || (*node.types & type_bit(Type::document)) != 0;
  }

 private:
  void begin(std::string_view keyword) {
    out_.push_document_begin().append("operatorName", keyword);
  }
  void end() { out_.end(); }
  /// The keyword, and another that belongs to it, as they stand in the schema.
  void specified(const SchemaNode& node, std::string_view keyword) {
    if (brief_) return;
    out_.begin_document("specifiedAs").append(keyword, node.source[keyword]).end();
  }
  void considered(ValueView value) {
    if (!brief_) out_.append("consideredValue", value);
  }
  void leaf(const SchemaNode& node, std::string_view keyword, const char* reason, ValueView value) {
    begin(keyword);
    specified(node, keyword);
    out_.append("reason", reason);
    considered(value);
    end();
  }

  void text(const SchemaNode& node, ValueView value) {
    if (node.pattern != nullptr && !node.pattern->matches(value.as_string()))
      leaf(node, "pattern", "regular expression did not match", value);
    const auto length = code_points(value.as_string());
    constexpr auto reason = "specified string length was not satisfied";
    if (node.max_length && length > *node.max_length) leaf(node, "maxLength", reason, value);
    if (node.min_length && length < *node.min_length) leaf(node, "minLength", reason, value);
  }

  void number(const SchemaNode& node, ValueView value) {
    if (node.multiple_of && !is_multiple(value, *node.multiple_of))
      leaf(node, "multipleOf", "considered value is not a multiple of the specified value", value);
    if (node.maximum && !within(value, *node.maximum, true))
      bound(*node.maximum, "maximum", "exclusiveMaximum", value);
    if (node.minimum && !within(value, *node.minimum, false))
      bound(*node.minimum, "minimum", "exclusiveMinimum", value);
  }
  void bound(const SchemaNode::Bound& bound, std::string_view keyword, std::string_view exclusive,
             ValueView value) {
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

  void array(const SchemaNode& node, ValueView value) {
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
      all_items("items", "At least one item did not match the sub-schema", *node.items, elements,
                0);
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

  void all_items(std::string_view keyword, const char* reason, const SchemaNode& schema,
                 View elements, std::size_t from) {
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

  void item_list(const SchemaNode& node, View elements) {
    Listing items(out_, "items", "details");
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

  void object(const SchemaNode& node, ValueView value) {
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

  void missing(const std::vector<std::string_view>& names, View fields) {
    out_.begin_array("missingProperties");
    for (const auto name : names) {
      if (!find_property(fields, name)) out_.push(name);
    }
    out_.end();
  }

  void properties(const SchemaNode& node, View fields) {
    Listing wrong(out_, "properties", "propertiesNotSatisfied");
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

  /// A required property that is missing does not match its schema either; what that says of
  /// values of some type is not told, but branches of anyOf and the like are.
  bool says_of_missing(const SchemaNode& node, const SchemaNode::Property& property) {
    if (!std::ranges::binary_search(node.required, property.name) ||
        property.schema->matches(nullptr))
      return false;
    Writer probe;
    Explainer(probe, true).rules(*property.schema, nullptr);
    return !probe.finish().empty();
  }

  void additional_properties(const SchemaNode& node, View fields) {
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

  void pattern_properties(const SchemaNode& node, View fields) {
    Listing wrong(out_, "patternProperties", "details");
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

  void dependencies(const SchemaNode& node, ValueView value) {
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

  void logic(const SchemaNode& node, const ValueView* value) {
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

  void branches(std::string_view keyword, const std::vector<SchemaNode::Child>& all,
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

  void one_of(const SchemaNode& node, const ValueView* value) {
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

  void enumeration(const SchemaNode& node, const ValueView* value) {
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

  void type(const SchemaNode& node, const ValueView* value) {
    if (!node.types || value == nullptr || node.at_root) return;
    if ((*node.types & type_bit(value->type())) != 0) return;
    begin(node.type_keyword);
    specified(node, node.type_keyword);
    out_.append("reason", "type did not match");
    considered(*value);
    out_.append("consideredType", bson::type_name(value->type()));
    end();
  }

  Writer& out_;
  bool brief_;
};

}  // namespace

void JsonSchema::explain(View document, bool brief, Writer& out) const {
  Explainer explainer(out, brief);
  if (!Explainer::allows_documents(*root_)) return explainer.impossible(*root_);
  const ValueView value(Type::document, document.data(), document.size());
  out.append("operatorName", "$jsonSchema");
  explainer.annotations(root_->source);
  out.begin_array("schemaRulesNotSatisfied");
  explainer.rules(*root_, &value);
  out.end();
}

}  // namespace quire::store::embedded
