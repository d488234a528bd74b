#include "store/embedded/storage/bounds.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "bson/nan.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/filter_data.hpp"
#include "store/embedded/engine/keys.hpp"

namespace quire::store::embedded {
namespace {

using Kind = FilterNode::Kind;
using Intervals = std::vector<Interval>;

void collect(const FilterNode& node, const std::string& prefix, int group, int& groups,
             std::vector<Predicate>& out) {
  const auto full = [&] {
    if (prefix.empty()) return node.path;
    return node.path.empty() ? prefix : prefix + "." + node.path;
  };
  switch (node.kind) {
    case Kind::conjunction:
      for (const auto& child : node.children) collect(*child, prefix, group, groups, out);
      break;
    case Kind::eq:
    case Kind::lt:
    case Kind::lte:
    case Kind::gt:
    case Kind::gte:
    case Kind::in:
    case Kind::exists:
    case Kind::regex:
    case Kind::type:
    case Kind::mod:
    case Kind::size:
    case Kind::all:
      out.push_back({&node, full(), group});
      // Each of $all's values is somewhere in the array: any one of them narrows.
      if (node.kind == Kind::all) {
        for (const auto& child : node.children)
          collect(*child, prefix.empty() || !child->path.empty() ? prefix : full(), group, groups,
                  out);
      }
      break;
    case Kind::elem_match_value:
    case Kind::elem_match_object: {
      out.push_back({&node, full(), group});
      // Within an outer $elemMatch the inner element is another one than the outer's.
      const int inner = ++groups;
      const std::string path = full();
      for (const auto& child : node.children) {
        // The children of a value's $elemMatch may repeat its path or leave it out.
        if (child->path == node.path && node.kind == Kind::elem_match_value) {
          collect(*child, prefix, inner, groups, out);
        } else {
          collect(*child, path, inner, groups, out);
        }
      }
      break;
    }
    default:
      break;
  }
}

Interval point_of(bson::ValueView value, bool descending) {
  Interval out;
  append_key(out.low, value, descending);
  out.high = out.low;
  to_prefix_end(out.high);
  out.point = true;
  return out;
}

/// Whether comparisons keep to the bracket of the operand's type, and keys can tell it.
bool is_bracketed(bson::Type type) {
  switch (type) {
    case bson::Type::double_:
    case bson::Type::int32:
    case bson::Type::int64:
    case bson::Type::decimal128:
    case bson::Type::string:
    case bson::Type::symbol:
    case bson::Type::document:
    case bson::Type::binary:
    case bson::Type::object_id:
    case bson::Type::boolean:
    case bson::Type::date_time:
    case bson::Type::timestamp:
      return true;
    default:
      return false;
  }
}

std::optional<Intervals> equality(bson::ValueView value, bool descending) {
  Intervals out;
  switch (value.type()) {
    case bson::Type::undefined:
    case bson::Type::null:
      // A missing field has the key of null, an empty array that of undefined.
      out.push_back(point_of(bson::Value(bson::Undefined{}), descending));
      out.push_back(point_of(bson::Value(bson::Null{}), descending));
      break;
    case bson::Type::array: {
      // The array as a whole is not in the index, its elements are; as an element itself it is.
      const auto elements = value.as_array();
      const auto first = elements.begin();
      if (first == elements.end()) {
        out.push_back(point_of(bson::Value(bson::Undefined{}), descending));
      } else if (first->value.is_array()) {
        return std::nullopt;
      } else {
        out.push_back(point_of(first->value, descending));
      }
      out.push_back(point_of(value, descending));
      break;
    }
    case bson::Type::regex:
      return std::nullopt;
    default:
      out.push_back(point_of(value, descending));
  }
  normalize(out);
  return out;
}

std::optional<Intervals> range(Kind kind, bson::ValueView value, bool descending) {
  if (!is_bracketed(value.type())) return std::nullopt;
  Interval bracket;
  append_bracket(bracket.low, bracket.high, value.type(), descending);
  std::string at;
  append_key(at, value, descending);
  std::string after = at;
  to_prefix_end(after);
  // In descending keys the smaller values stand behind.
  const bool behind = (kind == Kind::gt || kind == Kind::gte) != descending;
  const bool inclusive = kind == Kind::gte || kind == Kind::lte;
  const bool downwards = kind == Kind::lt || kind == Kind::lte;
  if (downwards && value.is_number() && !bson::is_nan(value)) {
    // NaN has the lowest of the numbers' keys, and is not less than any.
    const Interval nan = point_of(bson::Value(std::nan("")), descending);
    if (descending) {
      bracket.high = nan.low;
    } else {
      bracket.low = nan.high;
    }
  }
  if (behind) {
    bracket.low = inclusive ? at : after;
  } else {
    bracket.high = inclusive ? after : at;
  }
  if (bracket.low >= bracket.high) return Intervals{};
  return Intervals{bracket};
}

/// The brackets of all types that are asked for; nothing for arrays, which stand in an index by
/// their elements.
std::optional<Intervals> brackets(const FilterNode& node, bool descending) {
  constexpr std::array all{
      bson::Type::min_key,         bson::Type::undefined,  bson::Type::null,
      bson::Type::double_,         bson::Type::int32,      bson::Type::int64,
      bson::Type::decimal128,      bson::Type::string,     bson::Type::symbol,
      bson::Type::document,        bson::Type::binary,     bson::Type::object_id,
      bson::Type::boolean,         bson::Type::date_time,  bson::Type::timestamp,
      bson::Type::regex,           bson::Type::db_pointer, bson::Type::code,
      bson::Type::code_with_scope, bson::Type::max_key};
  const auto asked = [&](bson::Type type) { return (type_bit(type) & node.data->types) != 0; };
  if (asked(bson::Type::array)) return std::nullopt;
  Intervals out;
  for (const bson::Type type : all) {
    if (!asked(type)) continue;
    Interval one;
    append_bracket(one.low, one.high, type, descending);
    out.push_back(std::move(one));
  }
  normalize(out);
  return out;
}

/// The literal text that every match of a regular expression begins with; "" when there is none.
std::string literal_prefix(bson::RegexView regex) {
  if (!regex.options.empty() || !regex.pattern.starts_with('^')) return {};
  std::string out;
  const auto text = regex.pattern.substr(1);
  if (text.find('|') != std::string_view::npos) return {};
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    std::size_t used = 1;
    if (c == '\\') {
      if (i + 1 >= text.size()) break;
      c = text[i + 1];
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x80 || (byte | 0x20U) - 'a' < 26U || (byte >= '0' && byte <= '9')) break;
      used = 2;
    } else if (std::string_view(".[]()*+?{}^$|").find(c) != std::string_view::npos) {
      break;
    }
    const char next = i + used < text.size() ? text[i + used] : '\0';
    // A quantifier belongs to the last character; in UTF-8 to all of its bytes.
    if (next == '*' || next == '?' || next == '{' || next == '+') {
      while (!out.empty() && (static_cast<unsigned char>(c) & 0xC0) == 0x80) {
        c = out.back();
        out.pop_back();
      }
      break;
    }
    out.push_back(c);
    i += used - 1;
  }
  return out;
}

std::optional<Intervals> prefix(bson::ValueView regex, bool descending) {
  const std::string text = literal_prefix(regex.as_regex());
  if (text.empty()) return std::nullopt;
  std::string end = text;
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xFF) end.pop_back();
  if (end.empty()) return std::nullopt;
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  Interval out;
  std::string low, high;
  append_key(low, bson::Value(text), descending);
  append_key(high, bson::Value(end), descending);
  if (descending) {
    to_prefix_end(low);
    out.low = high;
    to_prefix_end(out.low);
    out.high = low;
  } else {
    out.low = low;
    out.high = high;
  }
  // A stored regular expression matches itself.
  Intervals both{out, point_of(regex, descending)};
  normalize(both);
  return both;
}

}  // namespace

std::vector<Predicate> conjuncts(const FilterNode& filter) {
  std::vector<Predicate> out;
  int groups = 0;
  collect(filter, "", 0, groups, out);
  return out;
}

std::optional<std::vector<Interval>> intervals_of(const FilterNode& node, bool descending) {
  switch (node.kind) {
    case Kind::eq:
      return equality(node.operand, descending);
    case Kind::lt:
    case Kind::lte:
    case Kind::gt:
    case Kind::gte:
      return range(node.kind, node.operand, descending);
    case Kind::in: {
      Intervals out;
      for (const auto& value : node.values) {
        auto one = value.type() == bson::Type::regex ? prefix(value, descending)
                                                     : equality(value, descending);
        if (!one) return std::nullopt;
        for (auto& interval : *one) out.push_back(std::move(interval));
      }
      normalize(out);
      return out;
    }
    case Kind::type:
      return brackets(node, descending);
    case Kind::regex:
      if (node.operand.type() != bson::Type::regex) return std::nullopt;
      return prefix(node.operand, descending);
    default:
      return std::nullopt;
  }
}

void normalize(std::vector<Interval>& intervals) {
  std::sort(intervals.begin(), intervals.end(),
            [](const Interval& a, const Interval& b) { return a.low < b.low; });
  std::vector<Interval> out;
  for (auto& interval : intervals) {
    if (!out.empty() && interval.low < out.back().high) {
      if (interval.high > out.back().high) {
        out.back().high = std::move(interval.high);
        out.back().point = false;
      }
    } else {
      out.push_back(std::move(interval));
    }
  }
  intervals = std::move(out);
}

std::vector<Interval> intersect(const std::vector<Interval>& a, const std::vector<Interval>& b) {
  Intervals out;
  for (const auto& x : a) {
    for (const auto& y : b) {
      const auto& low = std::max(x.low, y.low);
      const auto& high = std::min(x.high, y.high);
      if (low < high) out.push_back({low, high, x.point || y.point});
    }
  }
  normalize(out);
  return out;
}

bool demands_field(const FilterNode& node) {
  switch (node.kind) {
    case Kind::eq:
      return node.operand.type() != bson::Type::null &&
             node.operand.type() != bson::Type::undefined;
    case Kind::lt:
    case Kind::lte:
    case Kind::gt:
    case Kind::gte:
      return is_bracketed(node.operand.type());
    case Kind::in:
      return std::none_of(node.values.begin(), node.values.end(), [](const bson::Value& value) {
        return value.type() == bson::Type::null || value.type() == bson::Type::undefined;
      });
    case Kind::exists:
      return node.flag;
    case Kind::regex:
    case Kind::mod:
    case Kind::size:
    case Kind::elem_match_value:
    case Kind::elem_match_object:
      return true;
    default:
      return false;
  }
}

}  // namespace quire::store::embedded
