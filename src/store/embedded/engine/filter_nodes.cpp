#include "store/embedded/engine/filter_nodes.hpp"

#include <algorithm>
#include <limits>

#include "quire/core/error.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/numbers.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::Value;
using bson::ValueView;
using bson::View;

std::uint32_t type_bit(Type type) noexcept {
  const auto code = static_cast<unsigned>(type);
  if (type == Type::max_key) return 1U << 20;
  if (type == Type::min_key) return 1U << 21;
  return 1U << code;
}

namespace filter_nodes {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> steps;
  for (;;) {
    const auto dot = path.find('.');
    steps.emplace_back(path.substr(0, dot));
    if (dot == std::string_view::npos) return steps;
    path.remove_prefix(dot + 1);
  }
}

namespace {

/// A number without a fraction that fits int64, of any numeric type.
bool whole(ValueView v, std::int64_t& out) {
  const auto part = integer_part(v);
  if (!part || !part->whole) return false;
  out = part->value;
  return true;
}

void add_type(std::string_view path, ValueView value, std::uint32_t& types) {
  if (value.is_string()) {
    const auto alias = value.as_string();
    if (alias == "number") {
      types |= type_bit(Type::int32) | type_bit(Type::int64) | type_bit(Type::double_) |
               type_bit(Type::decimal128);
      return;
    }
    for (int code = 1; code < 256; ++code) {
      const auto type = static_cast<Type>(code);
      if (bson::type_name(type) != "unknown" && bson::type_name(type) == alias) {
        types |= type_bit(type);
        return;
      }
    }
    if (alias == "missing") fail(path, "$type cannot ask for missing; use $exists");
    fail(path, "Unknown type name alias: " + std::string(alias));
  }
  if (!value.is_number())
    fail(path, "type must be represented as a number or a string", type_mismatch);
  std::int64_t code = 0;
  if (!whole(value, code)) fail(path, "Invalid numerical type code");
  if (code == -1) code = 255;
  const auto type = static_cast<Type>(code);
  if (code < 1 || (code > 19 && code != 127 && code != 255) || bson::type_name(type) == "unknown") {
    fail(path, "Invalid numerical type code: " + std::to_string(code));
  }
  types |= type_bit(type);
}

}  // namespace

void fail(std::string_view path, const std::string& what, int server_code) {
  throw QueryError(ErrorCode::invalid_query, FieldPath(std::string(path)), what, server_code);
}
void refuse(std::string_view path, std::string_view name) {
  throw StoreError(ErrorCode::unsupported, FieldPath(std::string(path)),
                   std::string(name) + " is not supported by the embedded store");
}

Node make(Kind kind, std::string_view path) {
  auto node = std::make_unique<FilterNode>();
  node->kind = kind;
  node->path = path;
  const bool logical = kind == Kind::conjunction || kind == Kind::disjunction ||
                       kind == Kind::joint_denial || kind == Kind::always_false ||
                       kind == Kind::json_schema;
  if (!logical) node->steps = split(path);  // the empty name is a name too
  return node;
}

Node negate(Node child) {
  auto node = make(Kind::negation, child->path);
  node->children.push_back(std::move(child));
  return node;
}

bool is_operators(ValueView value) {
  if (!value.is_document()) return false;
  const auto first = value.as_document().begin();
  if (first == value.as_document().end() || !first->key.starts_with('$')) return false;
  return first->key != "$ref" && first->key != "$id" && first->key != "$db";
}

Node comparison(Kind kind, std::string_view path, ValueView value) {
  if (value.type() == Type::undefined) fail(path, "cannot compare to undefined");
  if (kind != Kind::eq && value.type() == Type::regex)
    fail(path, "Can't have RegEx as arg to predicate over field");
  auto node = make(kind, path);
  node->operand = Value(value);
  return node;
}

Node regex(std::string_view path, ValueView value) {
  const auto given = value.as_regex();
  auto node = make(Kind::regex, path);
  auto data = std::make_shared<FilterNode::Data>();
  data->regex = std::make_unique<CompiledRegex>(std::string(given.pattern),
                                                std::string(given.options), std::string(path));
  node->operand = Value(value);
  node->data = std::move(data);
  return node;
}

Node in(std::string_view path, ValueView value, const std::string& name) {
  if (!value.is_array()) fail(path, name + " needs an array");
  auto node = make(Kind::in, path);
  auto data = std::make_shared<FilterNode::Data>();
  for (const auto& element : value.as_array()) {
    const auto v = element.value;
    if (is_operators(v)) fail(path, "cannot nest $ under " + name);
    if (v.type() == Type::undefined) fail(path, name + " cannot compare to undefined");
    node->values.emplace_back(v);
    if (v.type() == Type::regex) {
      const auto given = v.as_regex();
      data->in_regexes.push_back(std::make_unique<CompiledRegex>(
          std::string(given.pattern), std::string(given.options), std::string(path)));
      data->in_regex_values.emplace_back(v);
    } else {
      data->sorted.emplace_back(v);
      data->in_null |= v.is_null();
    }
  }
  std::sort(data->sorted.begin(), data->sorted.end(),
            [](const Value& a, const Value& b) { return compare(a, b) < 0; });
  node->data = std::move(data);
  return node;
}

Node type(std::string_view path, ValueView value) {
  auto node = make(Kind::type, path);
  auto data = std::make_shared<FilterNode::Data>();
  if (value.is_array()) {
    for (const auto& element : value.as_array()) add_type(path, element.value, data->types);
    if (data->types == 0) fail(path, "$type must match at least one type", failed_to_parse);
  } else {
    add_type(path, value, data->types);
  }
  node->operand = Value(value);
  node->data = std::move(data);
  return node;
}

Node size(std::string_view path, ValueView value) {
  auto node = make(Kind::size, path);
  auto data = std::make_shared<FilterNode::Data>();
  if (!value.is_number()) fail(path, "Failed to parse $size. Expected a number");
  if (!whole(value, data->size)) fail(path, "Failed to parse $size. Expected an integer");
  if (data->size > (std::int64_t{1} << 53))
    fail(path, "Failed to parse $size. Expected a smaller number");
  if (data->size < 0) fail(path, "Failed to parse $size. Expected a non-negative number");
  node->operand = Value(value);
  node->data = std::move(data);
  return node;
}

Node mod(std::string_view path, ValueView value) {
  if (!value.is_array()) fail(path, "malformed mod, needs to be an array");
  std::int64_t numbers[2] = {0, 0};
  std::size_t n = 0;
  for (const auto& element : value.as_array()) {
    if (n == 2) fail(path, "malformed mod, too many elements");
    if (!element.value.is_number()) {
      fail(path, n == 0 ? "malformed mod, divisor not a number"
                        : "malformed mod, remainder not a number");
    }
    const auto part = integer_part(element.value);
    if (!part) fail(path, "malformed mod, a number that is no 64-bit integer");
    numbers[n] = part->value;
    ++n;
  }
  if (n < 2) fail(path, "malformed mod, not enough elements");
  if (numbers[0] == 0) fail(path, "divisor cannot be 0");
  auto node = make(Kind::mod, path);
  auto data = std::make_shared<FilterNode::Data>();
  data->divisor = numbers[0];
  data->remainder = numbers[1];
  node->operand = Value(value);
  node->data = std::move(data);
  return node;
}

Node regex_operator(std::string_view path, ValueView value, View body) {
  std::string pattern;
  std::string options;
  bool has_options = false;
  if (value.type() == Type::regex) {
    pattern = value.as_regex().pattern;
    options = value.as_regex().options;
    has_options = !options.empty();
  } else if (value.is_string()) {
    pattern = value.as_string();
  } else {
    fail(path, "$regex has to be a string");
  }
  if (const auto given = body.find("$options")) {
    if (!given->is_string()) fail(path, "$options has to be a string");
    if (has_options) fail(path, "options set in both $regex and $options", 51075);
    options = given->as_string();
  }
  if (pattern.find('\0') != std::string::npos)
    fail(path, "a regular expression holds a zero character");
  for (const char option : options) {
    if (std::string_view("imsxu").find(option) == std::string_view::npos) {
      fail(path, "invalid flag in regex options", 51108);
    }
  }
  std::sort(options.begin(), options.end());
  const Value whole_regex(bson::Regex{pattern, options});
  return regex(path, whole_regex);
}

Node bits(Kind kind, std::string_view path, ValueView value, std::string_view name) {
  auto node = make(kind, path);
  auto data = std::make_shared<FilterNode::Data>();
  const auto add = [&](std::int64_t position) {
    data->bit_positions.push_back(static_cast<std::uint32_t>(position));
  };
  if (value.is_array()) {
    for (const auto& element : value.as_array()) {
      std::int64_t position = 0;
      if (!element.value.is_number())
        fail(path, "bit positions must be an integer but got another type");
      if (!whole(element.value, position)) fail(path, "bit positions must be integers");
      if (position < 0) fail(path, "bit positions must be >= 0");
      if (position > std::numeric_limits<std::int32_t>::max())
        fail(path, "bit positions cannot be represented as a 32-bit signed integer");
      add(position);
    }
  } else if (value.is_number()) {
    std::int64_t mask = 0;
    if (!whole(value, mask)) fail(path, std::string(name) + " needs an integer", failed_to_parse);
    if (mask < 0) fail(path, std::string(name) + " needs a non-negative number", failed_to_parse);
    for (int bit = 0; bit < 63; ++bit) {
      if ((mask >> bit & 1) != 0) add(bit);
    }
  } else if (value.type() == Type::binary) {
    const auto binary = value.as_binary();
    for (std::size_t bit = 0; bit < binary.size * 8; ++bit) {
      if ((binary.data[bit / 8] >> (bit % 8) & 1) != 0) add(static_cast<std::int64_t>(bit));
    }
  } else {
    fail(path,
         std::string(name) + " takes an Array, a number, or a BinData but received another type");
  }
  for (const auto position : data->bit_positions) {
    if (position < 64) data->bit_mask |= std::uint64_t{1} << position;
  }
  node->operand = Value(value);
  node->data = std::move(data);
  return node;
}

}  // namespace filter_nodes
}  // namespace quire::store::embedded
