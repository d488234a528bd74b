#include "model/schema_node.hpp"

#include <algorithm>
#include <cstdlib>

namespace quire::model_detail {

using bson::Value;
using bson::ValueView;
using bson::Writer;

SchemaNode* SchemaNode::find(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return &properties[i];
  }
  return nullptr;
}
SchemaNode& SchemaNode::add(std::string_view name) {
  names.emplace_back(name);
  return properties.emplace_back();
}
bool SchemaNode::has_type(std::string_view alias) const {
  return std::find(types.begin(), types.end(), alias) != types.end();
}
void SchemaNode::add_type(std::string_view alias) {
  if (!has_type(alias)) types.emplace_back(alias);
}
void SchemaNode::allow_null() {
  if (!any_of.empty()) {
    for (const auto& one : any_of) {
      if (one.has_type("null")) return;
    }
    any_of.emplace_back().types = {"null"};
    return;
  }
  if (types.empty()) return;
  if (!values.empty() && !has_type("null")) values.emplace_back();
  add_type("null");
}
bool SchemaNode::accepts_anything() const {
  return types.empty() && values.empty() && any_of.empty();
}
bool SchemaNode::only_types() const {
  return !types.empty() && values.empty() && properties.empty() && items.empty() && tuple.empty() &&
         additional.empty() && !least_items && !closed;
}

void SchemaNode::write(Writer& writer) const {
  const auto list = [&](const char* name, const auto& all) {
    writer.begin_array(name);
    for (const auto& one : all) writer.push(one);
    writer.end();
  };
  const auto bound = [&](const char* name, const auto& value) {
    if (value) writer.append(name, *value);
  };
  if (!values.empty())
    list("enum", values);
  else if (types.size() == 1)
    writer.append("bsonType", types.front());
  else if (!types.empty())
    list("bsonType", types);
  bound("minimum", minimum);
  bound("maximum", maximum);
  bound("minLength", least_length);
  bound("maxLength", most_length);
  bound("minItems", least_items);
  bound("maxItems", most_items);
  bound("minProperties", least_properties);
  bound("maxProperties", most_properties);
  if (patterns.size() == 1) writer.append("pattern", patterns.front());
  if (!required.empty()) list("required", required);
  if (!properties.empty()) {
    writer.begin_document("properties");
    for (std::size_t i = 0; i < names.size(); ++i) {
      writer.begin_document(names[i]);
      properties[i].write(writer);
      writer.end();
    }
    writer.end();
  }
  const auto one = [&](const char* name, const SchemaNode& node) {
    writer.begin_document(name);
    node.write(writer);
    writer.end();
  };
  const auto several = [&](const char* name, const std::vector<SchemaNode>& nodes) {
    writer.begin_array(name);
    for (const auto& node : nodes) {
      writer.push_document_begin();
      node.write(writer);
      writer.end();
    }
    writer.end();
  };
  if (!items.empty() && !items.front().is_empty()) one("items", items.front());
  if (!tuple.empty()) several("items", tuple);
  if (closed)
    writer.append("additionalProperties", false);
  else if (!additional.empty() && !additional.front().is_empty())
    one("additionalProperties", additional.front());
  if (!any_of.empty()) several("anyOf", any_of);
  if (patterns.size() > 1) {
    writer.begin_array("allOf");
    for (const auto& pattern : patterns) {
      writer.push_document_begin();
      writer.append("pattern", pattern).end();
    }
    writer.end();
  }
}

namespace {

long double number_of(ValueView v) {
  switch (v.type()) {
    case bson::Type::int32:
      return v.as_int32();
    case bson::Type::int64:
      return static_cast<long double>(v.as_int64());
    case bson::Type::double_:
      return v.as_double();
    default:
      return std::strtold(v.as_decimal128().str().c_str(), nullptr);
  }
}

bool is_numeric(const SchemaNode& node) {
  static constexpr std::string_view numbers[] = {"number", "int", "long", "double", "decimal"};
  bool any = false;
  for (const auto& type : node.types) {
    const bool number =
        std::find(std::begin(numbers), std::end(numbers), type) != std::end(numbers);
    if (!number && type != "null") return false;
    any = any || number;
  }
  return any;
}

template <class T>
void at_least(std::optional<T>& bound, const T& value, bool larger) {
  if (!bound || larger) bound = value;
}

std::string say_between(SchemaNode& node, bson::View bounds) {
  if (!is_numeric(node)) return "a schema compares numbers only";
  auto it = bounds.begin();
  const ValueView low = it->value;
  const ValueView high = (++it)->value;
  if (!low.is_number() || !high.is_number()) return "a schema compares numbers only";
  at_least(node.minimum, Value(low),
           node.minimum && number_of(low) > number_of(node.minimum->view()));
  at_least(node.maximum, Value(high),
           node.maximum && number_of(high) < number_of(node.maximum->view()));
  return {};
}

std::string say_one_of(SchemaNode& node, bson::View values) {
  if (node.types.empty()) return "the field is of no one type";
  std::vector<Value> both;
  for (const auto& value : values) {
    const bool there = node.values.empty() || std::find(node.values.begin(), node.values.end(),
                                                        Value(value.value)) != node.values.end();
    if (there) both.emplace_back(value.value);
  }
  if (both.empty()) return "none of the values is one of the type's";
  if (node.has_type("null")) both.emplace_back();
  node.values = std::move(both);
  return {};
}

std::string say_length(SchemaNode& node, std::int64_t least, std::optional<std::int64_t> most) {
  std::optional<std::int64_t>* low = nullptr;
  std::optional<std::int64_t>* high = nullptr;
  if (node.has_type("string")) {
    low = &node.least_length;
    high = &node.most_length;
  } else if (node.has_type("array")) {
    low = &node.least_items;
    high = &node.most_items;
  } else if (node.has_type("object")) {
    low = &node.least_properties;
    high = &node.most_properties;
  } else {
    return "a schema has lengths of texts, arrays and objects only";
  }
  if (least > 0) at_least(*low, least, *low && least > **low);
  if (most) at_least(*high, *most, *high && *most < **high);
  return {};
}

std::string say_pattern(SchemaNode& node, std::string pattern, std::string_view options) {
  if (!node.has_type("string")) return "the field is no text";
  if (pattern.find('\0') != std::string::npos) return "the pattern holds a zero byte";
  std::string flags;
  for (const char option : options) {
    // 'u' changes nothing: both sides read UTF-8.
    if (option != 'u' && flags.find(option) == std::string::npos) flags += option;
  }
  if (!flags.empty()) {
    if (pattern.starts_with("(*")) return "flags cannot stand before the pattern's own (*…)";
    pattern = "(?" + flags + ")" + pattern;
  }
  node.patterns.push_back(std::move(pattern));
  return {};
}

std::string say(SchemaNode& node, const Rule& rule) {
  if (!node.any_of.empty()) return "the field holds one of several types";
  if (node.types.empty()) return "the field is of no one type";
  if (rule.per_element() && node.has_type("array")) {
    if (node.items.empty()) return "the elements are of several types";
    if (node.items.front().has_type("array")) return "the elements are lists";
    return say(node.items.front(), rule);
  }
  const auto arguments = rule.arguments();
  const auto given = arguments.begin();
  if (rule.kind() == "between") return say_between(node, given->value.as_array());
  if (rule.kind() == "one_of") return say_one_of(node, given->value.as_array());
  if (rule.kind() == "not_empty") return say_length(node, 1, std::nullopt);
  const auto list = given->value.as_array();
  auto it = list.begin();
  const ValueView first = it->value;
  ++it;
  if (rule.kind() == "length") {
    return say_length(
        node, first.as_int64(),
        it == std::default_sentinel ? std::nullopt : std::optional(it->value.as_int64()));
  }
  if (rule.kind() == "matches")
    return say_pattern(node, std::string(first.as_string()), it->value.as_string());
  return "a schema has no such rule";
}

}  // namespace

bool SchemaNode::is_empty() const {
  return accepts_anything() && properties.empty() && items.empty();
}

std::string apply_check(SchemaNode& node, std::string_view path, const Rule& rule) {
  if (path.empty()) return say(node, rule);
  if (!node.items.empty()) return apply_check(node.items.front(), path, rule);
  const auto dot = path.find('.');
  const auto name = path.substr(0, dot);
  const auto rest = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  if (auto* below = node.find(name)) return apply_check(*below, rest, rule);
  if (!node.additional.empty()) {
    SchemaNode value = node.additional.front();
    std::string reason = apply_check(value, rest, rule);
    if (reason.empty()) node.add(name) = std::move(value);
    return reason;
  }
  bool found = false;
  for (auto& one : node.any_of) {
    if (one.find(name) == nullptr) continue;
    found = true;
    if (auto reason = apply_check(one, path, rule); !reason.empty()) return reason;
  }
  return found ? std::string() : "the schema does not describe this field";
}

}  // namespace quire::model_detail
