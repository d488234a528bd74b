#include <algorithm>
#include <array>
#include <string>

#include "quire/core/error.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/json_schema_node.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

constexpr int bad_value = 2;
constexpr int failed_to_parse = 9;
constexpr int type_mismatch = 14;

constexpr auto known_keywords = std::to_array<std::string_view>({"additionalItems",
                                                                 "additionalProperties",
                                                                 "allOf",
                                                                 "anyOf",
                                                                 "bsonType",
                                                                 "dependencies",
                                                                 "description",
                                                                 "encrypt",
                                                                 "encryptMetadata",
                                                                 "enum",
                                                                 "exclusiveMaximum",
                                                                 "exclusiveMinimum",
                                                                 "items",
                                                                 "maxItems",
                                                                 "maxLength",
                                                                 "maxProperties",
                                                                 "maximum",
                                                                 "minItems",
                                                                 "minLength",
                                                                 "minProperties",
                                                                 "minimum",
                                                                 "multipleOf",
                                                                 "not",
                                                                 "oneOf",
                                                                 "pattern",
                                                                 "patternProperties",
                                                                 "properties",
                                                                 "required",
                                                                 "title",
                                                                 "type",
                                                                 "uniqueItems"});
static_assert(std::ranges::is_sorted(known_keywords));

constexpr auto unsupported_keywords =
    std::to_array<std::string_view>({"$ref", "$schema", "default", "definitions", "format", "id"});

std::string quoted(std::string_view keyword) {
  return "$jsonSchema keyword '" + std::string(keyword) + "'";
}

/// One schema; `where_` is its place, for messages.
class SchemaParser {
 public:
  SchemaParser(View schema, bool at_root, std::string where)
      : schema_(schema), where_(std::move(where)), node_(std::make_unique<SchemaNode>()) {
    node_->source = schema;
    node_->at_root = at_root;
  }

  std::unique_ptr<SchemaNode> parse() {
    check_keywords();
    types();
    scalars();
    arrays();
    objects();
    logic();
    return std::move(node_);
  }

 private:
  [[noreturn]] void fail(std::string_view keyword, int code, const std::string& what) const {
    throw QueryError(ErrorCode::invalid_query, FieldPath(place(keyword)), what, code);
  }
  [[nodiscard]] std::string place(std::string_view keyword) const {
    return where_ + "." + std::string(keyword);
  }
  [[nodiscard]] std::optional<ValueView> get(std::string_view keyword) const {
    return schema_.find(keyword);
  }
  void need(bool fits, std::string_view keyword, std::string_view must) const {
    if (!fits) fail(keyword, type_mismatch, quoted(keyword) + " must be " + std::string(must));
  }

  std::unique_ptr<SchemaNode> nested(View schema, bool at_root, std::string_view keyword,
                                     std::string_view step = {}) const {
    std::string where = place(keyword);
    if (!step.empty()) where += "." + std::string(step);
    return SchemaParser(schema, at_root, std::move(where)).parse();
  }

  void check_keywords() const {
    std::array<bool, known_keywords.size()> seen{};
    for (const auto& element : schema_) {
      const auto found = std::ranges::lower_bound(known_keywords, element.key);
      if (found == known_keywords.end() || *found != element.key) {
        if (std::ranges::find(unsupported_keywords, element.key) != unsupported_keywords.end())
          fail(element.key, failed_to_parse, quoted(element.key) + " is not currently supported");
        fail(element.key, failed_to_parse,
             "Unknown $jsonSchema keyword: " + std::string(element.key));
      }
      bool& before = seen[static_cast<std::size_t>(found - known_keywords.begin())];
      if (before)
        fail(element.key, failed_to_parse,
             "Duplicate $jsonSchema keyword: " + std::string(element.key));
      before = true;
    }
    for (const auto* keyword : {"description", "title"}) {
      if (const auto value = get(keyword)) need(value->is_string(), keyword, "of type string");
    }
    for (const auto* keyword : {"encrypt", "encryptMetadata"}) {
      if (get(keyword))
        throw StoreError(ErrorCode::unsupported, FieldPath(place(keyword)),
                         quoted(keyword) + " is not supported by the embedded store");
    }
  }

  // ---------------------------------------------------------------- type, bsonType

  void types() {
    const auto type = get("type");
    const auto bson_type = get("bsonType");
    if (type && bson_type)
      fail("type", failed_to_parse,
           "Cannot specify both $jsonSchema keywords 'type' and 'bsonType'");
    if (!type && !bson_type) return;
    const std::string_view keyword = type ? "type" : "bsonType";
    const ValueView value = type ? *type : *bson_type;
    need(value.is_string() || value.is_array(), keyword, "either a string or an array of strings");
    std::vector<std::string_view> names;
    const auto add = [&](std::string_view name) {
      if (name == "integer")
        fail(keyword, failed_to_parse, "$jsonSchema type 'integer' is not currently supported.");
      if (std::ranges::find(names, name) != names.end())
        fail(keyword, failed_to_parse,
             quoted(keyword) + " has duplicate value: " + std::string(name));
      names.push_back(name);
    };
    if (value.is_string()) {
      add(value.as_string());
    } else {
      for (const auto& element : value.as_array()) {
        if (!element.value.is_string())
          fail(keyword, type_mismatch, quoted(keyword) + " array elements must be strings");
        add(element.value.as_string());
      }
    }
    if (names.empty())
      fail(keyword, failed_to_parse, quoted(keyword) + " must name at least one type");
    std::uint32_t bits = 0;
    for (const auto name : names) {
      const auto bit = type ? bits_of_json_type(name) : bits_of_bson_type(name);
      if (bit == 0) fail(keyword, bad_value, "Unknown type name alias: " + std::string(name));
      bits |= bit;
    }
    node_->types = bits;
    node_->type_keyword = keyword;
  }

  // ---------------------------------------------------------------- numbers and text

  std::optional<std::int64_t> natural(std::string_view keyword) const {
    const auto value = get(keyword);
    if (!value) return std::nullopt;
    const auto part = value->is_number() ? integer_part(*value) : std::nullopt;
    if (!part || !part->whole)
      fail(keyword, failed_to_parse, quoted(keyword) + " must be a 64-bit whole number");
    if (part->value < 0) fail(keyword, failed_to_parse, quoted(keyword) + " must not be negative");
    return part->value;
  }

  std::optional<SchemaNode::Bound> bound(std::string_view keyword, std::string_view exclusive) {
    const auto value = get(keyword);
    const auto flag = get(exclusive);
    if (!value) {
      if (flag)
        fail(exclusive, failed_to_parse,
             quoted(keyword) + " must be a present if " + std::string(exclusive) + " is present");
      return std::nullopt;
    }
    SchemaNode::Bound out;
    if (flag) {
      need(flag->type() == Type::boolean, exclusive, "a boolean");
      out.exclusive = flag->as_bool();
    }
    need(value->is_number(), keyword, "a number");
    out.value = *value;
    return out;
  }

  void scalars() {
    if (const auto value = get("pattern")) {
      need(value->is_string(), "pattern", "a string");
      const std::string pattern(value->as_string());
      if (pattern.find('\0') != std::string::npos)
        fail("pattern", bad_value, "a regular expression holds a zero character");
      // The whole document is no text: there a server does not look at it.
      if (!node_->at_root)
        node_->pattern = std::make_unique<CompiledRegex>(pattern, "", place("pattern"));
    }
    node_->max_length = natural("maxLength");
    node_->min_length = natural("minLength");
    if (const auto value = get("multipleOf")) {
      need(value->is_number(), "multipleOf", "a number");
      node_->multiple_of = to_divisor(*value);
      const bool zero = node_->multiple_of->number.digits.empty() && !node_->multiple_of->nan &&
                        !node_->multiple_of->infinite;
      if (zero || node_->multiple_of->number.negative)
        fail("multipleOf", failed_to_parse, quoted("multipleOf") + " must have a positive value");
    }
    node_->maximum = bound("maximum", "exclusiveMaximum");
    node_->minimum = bound("minimum", "exclusiveMinimum");
  }

  // ---------------------------------------------------------------- arrays

  void arrays() {
    node_->min_items = natural("minItems");
    node_->max_items = natural("maxItems");
    if (const auto value = get("uniqueItems")) {
      need(value->type() == Type::boolean, "uniqueItems", "a boolean");
      node_->unique_items = value->as_bool();
    }
    if (const auto value = get("items")) {
      need(value->is_array() || value->is_document(), "items", "an array or an object");
      if (value->is_document()) {
        node_->items = nested(value->as_document(), false, "items");
      } else {
        auto& list = node_->item_list.emplace();
        for (const auto& element : value->as_array()) {
          need(element.value.is_document(), "items", "an array of objects");
          list.push_back(nested(element.value.as_document(), false, "items", element.key));
        }
      }
    }
    node_->additional_items = additional("additionalItems");
  }

  SchemaNode::Additional additional(std::string_view keyword) const {
    SchemaNode::Additional out;
    const auto value = get(keyword);
    if (!value) return out;
    need(value->type() == Type::boolean || value->is_document(), keyword, "an object or a boolean");
    out.given = true;
    if (value->is_document())
      out.schema = nested(value->as_document(), false, keyword);
    else
      out.allowed = value->as_bool();
    return out;
  }

  // ---------------------------------------------------------------- objects

  void objects() {
    if (const auto value = get("required")) node_->required = names(*value, "required");
    std::ranges::sort(node_->required);
    if (const auto value = get("properties")) {
      need(value->is_document(), "properties", "an object");
      for (const auto& property : value->as_document()) {
        if (!property.value.is_document())
          fail("properties", type_mismatch,
               "Nested schema for $jsonSchema property '" + std::string(property.key) +
                   "' must be an object");
        node_->properties.push_back({property.key, nested(property.value.as_document(), false,
                                                          "properties", property.key)});
      }
    }
    if (const auto value = get("patternProperties")) {
      need(value->is_document(), "patternProperties", "an object");
      for (const auto& property : value->as_document()) {
        if (!property.value.is_document())
          fail("patternProperties", type_mismatch,
               quoted("patternProperties") + " has property '" + std::string(property.key) +
                   "' which is not an object");
        node_->pattern_properties.push_back(
            {property.key, name_pattern(property.key),
             nested(property.value.as_document(), false, "patternProperties", property.key)});
      }
    }
    node_->additional_properties = additional("additionalProperties");
    node_->min_properties = natural("minProperties");
    node_->max_properties = natural("maxProperties");
    dependencies();
  }

  /// A server takes one that is no regular expression and lets it match no name.
  std::unique_ptr<CompiledRegex> name_pattern(std::string_view pattern) const {
    try {
      return std::make_unique<CompiledRegex>(std::string(pattern), "", place("patternProperties"));
    } catch (const QueryError&) {
      return nullptr;
    }
  }

  /// A list of names, none twice.
  std::vector<std::string_view> names(ValueView value, std::string_view keyword) const {
    need(value.is_array(), keyword, "an array");
    std::vector<std::string_view> out;
    for (const auto& element : value.as_array()) {
      need(element.value.is_string(), keyword, "an array of strings");
      out.push_back(element.value.as_string());
    }
    if (out.empty()) fail(keyword, failed_to_parse, quoted(keyword) + " cannot be an empty array");
    auto sorted = out;
    std::ranges::sort(sorted);
    if (std::ranges::adjacent_find(sorted) != sorted.end())
      fail(keyword, failed_to_parse, quoted(keyword) + " array cannot contain duplicate values");
    return out;
  }

  void dependencies() {
    const auto value = get("dependencies");
    if (!value) return;
    need(value->is_document(), "dependencies", "an object");
    for (const auto& one : value->as_document()) {
      const bool comment = one.key == "title" || one.key == "description";
      if (comment && one.value.is_string()) continue;
      SchemaNode::Dependency dependency;
      dependency.name = one.key;
      if (one.value.is_array())
        dependency.properties = names(one.value, "dependencies");
      else if (one.value.is_document())
        dependency.schema =
            nested(one.value.as_document(), node_->at_root, "dependencies", one.key);
      else
        fail("dependencies", type_mismatch,
             "property '" + std::string(one.key) + "' in " + quoted("dependencies") +
                 " must be either an object or an array");
      node_->dependencies.push_back(std::move(dependency));
    }
  }

  // ---------------------------------------------------------------- logic

  std::vector<SchemaNode::Child> branches(std::string_view keyword) const {
    std::vector<SchemaNode::Child> out;
    const auto value = get(keyword);
    if (!value) return out;
    need(value->is_array(), keyword, "an array");
    if (value->as_array().empty())
      fail(keyword, bad_value, quoted(keyword) + " must be a non-empty array");
    for (const auto& element : value->as_array()) {
      need(element.value.is_document(), keyword, "an array of objects");
      out.push_back(nested(element.value.as_document(), node_->at_root, keyword, element.key));
    }
    return out;
  }

  void logic() {
    node_->all_of = branches("allOf");
    node_->any_of = branches("anyOf");
    node_->one_of = branches("oneOf");
    if (const auto value = get("not")) {
      need(value->is_document(), "not", "an object");
      node_->negated = nested(value->as_document(), node_->at_root, "not");
    }
    const auto value = get("enum");
    if (!value) return;
    need(value->is_array(), "enum", "an array");
    auto& values = node_->values.emplace();
    for (const auto& element : value->as_array()) values.push_back(element.value);
    if (values.empty()) fail("enum", failed_to_parse, quoted("enum") + " cannot be an empty array");
    std::ranges::sort(values, [](ValueView a, ValueView b) { return compare_unordered(a, b) < 0; });
    const auto same = [](ValueView a, ValueView b) { return compare_unordered(a, b) == 0; };
    if (std::ranges::adjacent_find(values, same) != values.end())
      fail("enum", failed_to_parse, quoted("enum") + " array cannot contain duplicate values.");
  }

  View schema_;
  std::string where_;
  std::unique_ptr<SchemaNode> node_;
};

}  // namespace

std::unique_ptr<SchemaNode> parse_schema(View schema) {
  return SchemaParser(schema, true, "$jsonSchema").parse();
}

}  // namespace quire::store::embedded
