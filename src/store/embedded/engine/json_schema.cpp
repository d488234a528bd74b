#include "store/embedded/engine/json_schema.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/json_schema_node.hpp"
#include "store/embedded/engine/numbers.hpp"

namespace quire::store::embedded {

using bson::Element;
using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

std::vector<Element> by_name(View document) {
  std::vector<Element> out;
  for (const auto& element : document) out.push_back(element);
  std::ranges::sort(out, {}, &Element::key);
  return out;
}

const std::uint32_t number_bits = type_bit(Type::double_) | type_bit(Type::int32) |
                                  type_bit(Type::int64) | type_bit(Type::decimal128);

int sign(int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

}  // namespace

std::uint32_t bits_of_json_type(std::string_view name) {
  constexpr std::pair<std::string_view, Type> names[] = {{"array", Type::array},
                                                         {"boolean", Type::boolean},
                                                         {"null", Type::null},
                                                         {"object", Type::document},
                                                         {"string", Type::string}};
  if (name == "number") return number_bits;
  const auto found = std::ranges::find(names, name, &std::pair<std::string_view, Type>::first);
  return found == std::end(names) ? 0 : type_bit(found->second);
}

std::uint32_t bits_of_bson_type(std::string_view name) {
  if (name == "number") return number_bits;
  for (int code = 1; code < 256 && name != "unknown"; ++code) {
    const auto type = static_cast<Type>(code);
    if (bson::type_name(type) == name) return type_bit(type);
  }
  return 0;
}

std::optional<ValueView> find_property(View object, std::string_view name) {
  for (;;) {
    const auto dot = name.find('.');
    const auto value = object.find(name.substr(0, dot));
    if (!value || dot == std::string_view::npos) return value;
    if (!value->is_document()) return std::nullopt;
    object = value->as_document();
    name.remove_prefix(dot + 1);
  }
}

int compare_unordered(ValueView a, ValueView b) {
  if (a.is_document() && b.is_document()) {
    const auto left = by_name(a.as_document());
    const auto right = by_name(b.as_document());
    for (std::size_t i = 0; i < left.size() && i < right.size(); ++i) {
      if (const int order = left[i].key.compare(right[i].key); order != 0) return sign(order);
      if (const int order = compare_unordered(left[i].value, right[i].value); order != 0)
        return order;
    }
    return left.size() < right.size() ? -1 : left.size() > right.size() ? 1 : 0;
  }
  if (a.is_array() && b.is_array()) {
    const View left = a.as_array();
    const View right = b.as_array();
    auto i = left.begin();
    auto k = right.begin();
    for (; i != left.end() && k != right.end(); ++i, ++k) {
      if (const int order = compare_unordered(i->value, k->value); order != 0) return order;
    }
    if (i != left.end()) return 1;
    return k != right.end() ? -1 : 0;
  }
  return compare(a, b);
}

std::optional<ValueView> first_duplicate(View array) {
  const auto less = [](ValueView a, ValueView b) { return compare_unordered(a, b) < 0; };
  std::set<ValueView, decltype(less)> seen(less);
  for (const auto& element : array) {
    if (!seen.insert(element.value).second) return element.value;
  }
  return std::nullopt;
}

std::int64_t code_points(std::string_view text) noexcept {
  return std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

bool within(ValueView value, const SchemaNode::Bound& bound, bool at_most) {
  if (is_nan(value) || is_nan(bound.value))
    return is_nan(value) && is_nan(bound.value) && !bound.exclusive;
  const int order = compare_numbers(value, bound.value);
  if (order == 0) return !bound.exclusive;
  return at_most ? order < 0 : order > 0;
}

Divisor to_divisor(ValueView number) {
  Divisor out;
  out.nan = is_nan(number);
  if (out.nan) return out;
  if (number.type() == Type::int32) {
    out.number = ExactDecimal::of(std::int64_t{number.as_int32()});
  } else if (number.type() == Type::int64) {
    out.number = ExactDecimal::of(number.as_int64());
  } else if (number.type() == Type::decimal128) {
    const auto value = number.as_decimal128();
    out.infinite = value.is_infinite();
    if (!out.infinite) out.number = ExactDecimal::of(value);
    out.number.negative = value.is_negative();
  } else {
    const double value = number.as_double();
    out.infinite = std::isinf(value);
    if (!out.infinite) out.number = ExactDecimal::of(value, 15);
    out.number.negative = std::signbit(value);
  }
  return out;
}

bool is_multiple(ValueView value, const Divisor& divisor) {
  const Divisor number = to_divisor(value);
  if (number.nan || number.infinite || divisor.nan) return false;
  if (number.number.digits.empty()) return true;
  if (divisor.infinite) return false;
  // Both as whole numbers times a power of ten; neither ends in a zero.
  const auto power = [](const ExactDecimal& n) {
    return n.exponent - static_cast<int>(n.digits.size());
  };
  const int zeros = power(number.number) - power(divisor.number);
  if (zeros < 0) return false;
  unsigned __int128 by = 0;
  for (const char digit : divisor.number.digits) by = by * 10 + static_cast<unsigned>(digit - '0');
  unsigned __int128 rest = 0;
  for (const char digit : number.number.digits)
    rest = (rest * 10 + static_cast<unsigned>(digit - '0')) % by;
  for (int i = 0; i < zeros && rest != 0; ++i) rest = rest * 10 % by;
  return rest == 0;
}

// ---------------------------------------------------------------- SchemaNode

bool SchemaNode::is_additional(std::string_view name) const {
  if (std::ranges::find(properties, name, &Property::name) != properties.end()) return false;
  return std::ranges::none_of(pattern_properties, [&](const PatternProperty& one) {
    return one.regex != nullptr && one.regex->matches(name);
  });
}

bool SchemaNode::has_required(View object) const {
  return std::ranges::all_of(
      required, [&](std::string_view name) { return find_property(object, name).has_value(); });
}

std::optional<std::size_t> SchemaNode::first_mismatch(const SchemaNode& schema, View array,
                                                      std::size_t from) {
  std::size_t i = 0;
  for (const auto& element : array) {
    if (i >= from && !schema.matches(element.value)) return i;
    ++i;
  }
  return std::nullopt;
}

bool SchemaNode::dependency_holds(const Dependency& dependency, const ValueView& value) const {
  const View object = value.as_document();
  if (!find_property(object, dependency.name)) return true;
  if (dependency.schema != nullptr) return dependency.schema->matches(&value);
  return std::ranges::all_of(dependency.properties, [&](std::string_view name) {
    return find_property(object, name).has_value();
  });
}

namespace {

bool text_matches(const SchemaNode& node, std::string_view text) {
  if (node.pattern != nullptr && !node.pattern->matches(text)) return false;
  if (!node.max_length && !node.min_length) return true;
  const auto length = code_points(text);
  return length <= node.max_length.value_or(length) && length >= node.min_length.value_or(length);
}

bool number_matches(const SchemaNode& node, ValueView value) {
  return (!node.multiple_of || is_multiple(value, *node.multiple_of)) &&
         (!node.maximum || within(value, *node.maximum, true)) &&
         (!node.minimum || within(value, *node.minimum, false));
}

bool array_matches(const SchemaNode& node, View array) {
  if (node.min_items || node.max_items) {
    const auto length = static_cast<std::int64_t>(array.count());
    if (length < node.min_items.value_or(length) || length > node.max_items.value_or(length))
      return false;
  }
  if (node.unique_items && first_duplicate(array)) return false;
  if (node.items != nullptr && SchemaNode::first_mismatch(*node.items, array, 0)) return false;
  if (!node.item_list) return true;
  std::size_t i = 0;
  for (const auto& element : array) {
    if (i < node.item_list->size()) {
      if (!(*node.item_list)[i]->matches(element.value)) return false;
    } else if (!node.additional_items.allowed) {
      return false;
    }
    ++i;
  }
  return node.additional_items.schema == nullptr ||
         !SchemaNode::first_mismatch(*node.additional_items.schema, array, node.item_list->size());
}

bool names_allowed(const SchemaNode& node, View object) {
  const auto& additional = node.additional_properties;
  const bool free = additional.allowed && additional.schema == nullptr;
  if (node.pattern_properties.empty() && free) return true;
  for (const auto& element : object) {
    for (const auto& one : node.pattern_properties) {
      if (one.regex != nullptr && one.regex->matches(element.key) &&
          !one.schema->matches(element.value))
        return false;
    }
    if (free || !node.is_additional(element.key)) continue;
    if (additional.schema == nullptr || !additional.schema->matches(element.value)) return false;
  }
  return true;
}

bool object_matches(const SchemaNode& node, ValueView value) {
  const View object = value.as_document();
  if (!node.has_required(object)) return false;
  for (const auto& property : node.properties) {
    const auto found = find_property(object, property.name);
    if (found && !property.schema->matches(*found)) return false;
  }
  if (!names_allowed(node, object)) return false;
  if (node.min_properties || node.max_properties) {
    const auto count = static_cast<std::int64_t>(object.count());
    if (count < node.min_properties.value_or(count) || count > node.max_properties.value_or(count))
      return false;
  }
  return std::ranges::all_of(node.dependencies, [&](const SchemaNode::Dependency& one) {
    return node.dependency_holds(one, value);
  });
}

}  // namespace

bool SchemaNode::matches(const ValueView* value) const {
  if (types && (value == nullptr || (*types & type_bit(value->type())) == 0)) return false;
  if (value != nullptr) {
    if (value->is_document()) {
      if (!object_matches(*this, *value)) return false;
    } else if (value->is_string()) {
      if (!text_matches(*this, value->as_string())) return false;
    } else if (value->is_number()) {
      if (!number_matches(*this, *value)) return false;
    } else if (value->is_array()) {
      if (!array_matches(*this, value->as_array())) return false;
    }
  }
  const auto branch_matches = [&](const Child& branch) { return branch->matches(value); };
  if (!std::ranges::all_of(all_of, branch_matches)) return false;
  if (!any_of.empty() && std::ranges::none_of(any_of, branch_matches)) return false;
  if (!one_of.empty() && std::ranges::count_if(one_of, branch_matches) != 1) return false;
  if (negated != nullptr && negated->matches(value)) return false;
  if (!values) return true;
  if (value == nullptr) return false;
  const auto at = std::ranges::lower_bound(
      *values, *value, [](ValueView a, ValueView b) { return compare_unordered(a, b) < 0; });
  return at != values->end() && compare_unordered(*at, *value) == 0;
}

// ---------------------------------------------------------------- JsonSchema

JsonSchema::JsonSchema(View schema)
    : source_(std::make_shared<const bson::Document>(schema)), root_(parse_schema(*source_)) {}

bool JsonSchema::matches(View document) const {
  return root_->matches(ValueView(Type::document, document.data(), document.size()));
}

}  // namespace quire::store::embedded
