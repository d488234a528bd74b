#include "compare.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace quire::spec {
namespace {

using bson::Type;
using bson::ValueView;
using bson::View;

double number_of(ValueView value) {
  switch (value.type()) {
    case Type::int32:
      return value.as_int32();
    case Type::int64:
      return static_cast<double>(value.as_int64());
    case Type::double_:
      return value.as_double();
    default:
      return std::strtod(value.as_decimal128().str().c_str(), nullptr);
  }
}

bool is_nan(ValueView value) {
  if (value.type() == Type::double_) return std::isnan(value.as_double());
  return value.type() == Type::decimal128 && value.as_decimal128().is_nan();
}

bool near(ValueView expected, ValueView got) {
  if (is_nan(expected) || is_nan(got)) return is_nan(expected) && is_nan(got);
  const double a = number_of(expected);
  const double b = number_of(got);
  if (std::isinf(a) || std::isinf(b)) return a == b;
  return std::abs(a - b) <= std::max(1e-12, 1e-6 * std::max(std::abs(a), std::abs(b)));
}

bool same_multiset(View expected, View got, const Compare& how) {
  std::vector<ValueView> left;
  for (const auto& element : got) left.push_back(element.value);
  for (const auto& element : expected) {
    const auto found = std::ranges::find_if(
        left, [&](const ValueView& value) { return same(element.value, value, how); });
    if (found == left.end()) return false;
    left.erase(found);
  }
  return left.empty();
}

bool same_array(View expected, View got, const Compare& how) {
  auto a = expected.begin();
  auto b = got.begin();
  for (; a != expected.end() && b != got.end(); ++a, ++b) {
    if (!same(a->value, b->value, how)) return false;
  }
  return a == expected.end() && b == got.end();
}

bool covers_value(ValueView expected, ValueView got, const Compare& how) {
  if (expected.is_document() && got.is_document())
    return covers(expected.as_document(), got.as_document(), how);
  if (expected.is_array() && got.is_array()) {
    const View left = expected.as_array();
    const View right = got.as_array();
    auto a = left.begin();
    auto b = right.begin();
    for (; a != left.end() && b != right.end(); ++a, ++b) {
      if (!covers_value(a->value, b->value, how)) return false;
    }
    return a == left.end() && b == right.end();
  }
  return same(expected, got, how);
}

}  // namespace

bool same(ValueView expected, ValueView got, const Compare& how) {
  if (how.approx && expected.is_number() && got.is_number()) return near(expected, got);
  if (expected.type() != got.type()) return false;
  if (expected.is_document()) {
    return same(expected.as_document(), got.as_document(), Compare{{}, how.approx});
  }
  if (expected.is_array())
    return same_array(expected.as_array(), got.as_array(), Compare{{}, how.approx});
  if (is_nan(expected) && is_nan(got)) return true;
  return expected.size() == got.size() &&
         (expected.size() == 0 || std::memcmp(expected.data(), got.data(), got.size()) == 0);
}

bool same(View expected, View got, const Compare& how) {
  std::size_t fields = 0;
  for (const auto& field : expected) {
    const auto other = got.find(field.key);
    if (!other) return false;
    const bool set = std::ranges::find(how.sets, field.key) != how.sets.end();
    if (set && field.value.is_array() && other->is_array()) {
      if (!same_multiset(field.value.as_array(), other->as_array(), Compare{{}, how.approx}))
        return false;
    } else if (!same(field.value, *other, how)) {
      return false;
    }
    ++fields;
  }
  return fields == got.count();
}

bool same_documents(View expected, View got, bool any_order, const Compare& how) {
  std::vector<View> left;
  for (const auto& element : got) left.push_back(element.value.as_document());
  if (expected.count() != left.size()) return false;
  std::size_t at = 0;
  for (const auto& element : expected) {
    const View wanted = element.value.as_document();
    if (!any_order) {
      if (!same(wanted, left[at++], how)) return false;
      continue;
    }
    const auto found =
        std::ranges::find_if(left, [&](View document) { return same(wanted, document, how); });
    if (found == left.end()) return false;
    left.erase(found);
  }
  return true;
}

bool covers(View expected, View got, const Compare& how) {
  for (const auto& field : expected) {
    const auto other = got.find(field.key);
    if (!other) return false;
    const bool set = std::ranges::find(how.sets, field.key) != how.sets.end();
    if (set && field.value.is_array() && other->is_array()) {
      if (!same_multiset(field.value.as_array(), other->as_array(), Compare{{}, how.approx}))
        return false;
    } else if (!covers_value(field.value, *other, how)) {
      return false;
    }
  }
  return true;
}

std::optional<ValueView> at_path(ValueView root, std::string_view path) {
  while (!path.empty()) {
    if (!root.is_document() && !root.is_array()) return std::nullopt;
    const View nested = root.as_nested();
    // The longest field name first: a name may have dots of its own.
    if (const auto whole = nested.find(path)) return whole;
    const auto dot = path.find('.');
    if (dot == path.npos) return std::nullopt;
    const auto step = nested.find(path.substr(0, dot));
    if (!step) return std::nullopt;
    root = *step;
    path.remove_prefix(dot + 1);
  }
  return root;
}

}  // namespace quire::spec
