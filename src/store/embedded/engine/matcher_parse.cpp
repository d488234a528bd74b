#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/filter_data.hpp"
#include "store/embedded/engine/numbers.hpp"

namespace quire::store::embedded {

using bson::Element;
using bson::Type;
using bson::Value;
using bson::ValueView;
using bson::View;
using Kind = FilterNode::Kind;
using Node = std::unique_ptr<FilterNode>;

namespace {

constexpr int bad_value = 2;
constexpr int failed_to_parse = 9;
constexpr int type_mismatch = 14;
constexpr int overflow = 15;
constexpr int max_nesting = 200;  // of a filter, which may hold a whole document

[[noreturn]] void fail(std::string_view path, const std::string& what,
                       int server_code = bad_value) {
  throw QueryError(ErrorCode::invalid_query, FieldPath(std::string(path)), what, server_code);
}
[[noreturn]] void refuse(std::string_view path, std::string_view name) {
  throw StoreError(ErrorCode::unsupported, FieldPath(std::string(path)),
                   std::string(name) + " is not supported by the embedded store");
}

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> steps;
  for (;;) {
    const auto dot = path.find('.');
    steps.emplace_back(path.substr(0, dot));
    if (dot == std::string_view::npos) return steps;
    path.remove_prefix(dot + 1);
  }
}

Node make(Kind kind, std::string_view path = {}) {
  auto node = std::make_unique<FilterNode>();
  node->kind = kind;
  node->path = path;
  const bool logical = kind == Kind::conjunction || kind == Kind::disjunction ||
                       kind == Kind::joint_denial || kind == Kind::always_false ||
                       kind == Kind::json_schema;
  if (!logical) node->steps = split(path);  // the empty name is a name too
  return node;
}

/// Operands are compared and encoded by functions that call themselves once a level. Bytes that
/// are no document are told where they are reached.
void check_nesting(View document, int levels) {
  if (levels == 0) fail("", "the filter is nested over 200 levels", overflow);
  for (const auto& element : document) {
    if (element.value.is_document() || element.value.is_array())
      check_nesting(element.value.as_nested(), levels - 1);
    else if (element.value.type() == Type::code_with_scope) {
      const auto skip = 8 + std::size_t{bson::load<std::uint32_t>(element.value.data() + 4)};
      check_nesting(View(element.value.data() + skip, element.value.size() - skip), levels - 1);
    }
  }
}

Node negate(Node child) {
  auto node = make(Kind::negation, child->path);
  node->children.push_back(std::move(child));
  return node;
}

/// A number without a fraction that fits int64, of any numeric type.
bool whole(ValueView v, std::int64_t& out) {
  const auto part = integer_part(v);
  if (!part || !part->whole) return false;
  out = part->value;
  return true;
}

bool truthy(ValueView v) {
  switch (v.type()) {
    case Type::boolean:
      return v.as_bool();
    case Type::int32:
      return v.as_int32() != 0;
    case Type::int64:
      return v.as_int64() != 0;
    case Type::double_:
      return v.as_double() != 0;
    case Type::decimal128:
      return compare_numbers(v, Value(0)) != 0;
    case Type::null:
    case Type::undefined:
      return false;
    default:
      return true;
  }
}

class Parser {
 public:
  /// `scope` null: of an element, where $expr cannot be.
  explicit Parser(const ParseScope* scope = nullptr) : scope_(scope) {}

  Node document(View filter, int depth) {
    if (depth > bson::max_depth) fail("", "the filter is nested over 100 levels");
    auto all = make(Kind::conjunction);
    for (const auto& element : filter) {
      if (auto node = member(element, depth)) add_condition(*all, std::move(node));
    }
    return all;
  }

  /// {$gt: 5, $lt: 7} on `path`, into `out`.
  void operators(std::string_view path, View body, FilterNode& out, int depth) {
    if (depth > bson::max_depth) fail(path, "the filter is nested over 100 levels");
    for (auto it = body.begin(); it != body.end(); ++it) {
      if (auto node = one_operator(path, *it, body, depth)) out.children.push_back(std::move(node));
    }
  }

  static bool is_operators(ValueView value) {
    if (!value.is_document()) return false;
    const auto first = value.as_document().begin();
    if (first == value.as_document().end() || !first->key.starts_with('$')) return false;
    return first->key != "$ref" && first->key != "$id" && first->key != "$db";
  }

 private:
  Node member(const Element& element, int depth) {
    const auto key = element.key;
    if (!key.starts_with('$')) return field(key, element.value, depth);
    if (key == "$and") return logical(Kind::conjunction, element, depth);
    if (key == "$or") return logical(Kind::disjunction, element, depth);
    if (key == "$nor") return logical(Kind::joint_denial, element, depth);
    if (key == "$comment") return nullptr;
    if (key == "$expr") return expression(element.value);
    if (key == "$jsonSchema") return json_schema(element.value);
    if (key == "$sampleRate") return sample(element.value);
    for (const auto name : {"$where", "$text", "$alwaysTrue", "$alwaysFalse"}) {
      if (key == name) refuse("", key);
    }
    // A reference is matched field by field like any other document.
    if (key == "$ref" || key == "$id" || key == "$db") return field(key, element.value, depth);
    fail("", "unknown top level operator: " + std::string(key) +
                 ". Write $and, $or, $nor, or a field's name");
  }

  /// $expr. An equality of a field and a value beside it lets the planner use an index.
  Node expression(ValueView value) {
    if (scope_ == nullptr || elements_ > 0)
      fail("", "$expr can only be applied to the top-level document", 224);
    ParseScope scope = *scope_;
    auto node = make(Kind::expr);
    auto data = std::make_shared<FilterNode::Data>();
    data->expression = parse_expression(value, scope);
    node->data = std::move(data);
    auto all = make(Kind::conjunction);
    add_implied(value, scope, *all);
    if (all->children.empty()) return node;
    all->children.push_back(std::move(node));
    return all;
  }

  /// $sampleRate: a share of the documents, at random.
  Node sample(ValueView rate) {
    if (!rate.is_number()) fail("", "argument to $sampleRate must be a numeric type");
    if (compare_numbers(rate, Value(0)) < 0 || compare_numbers(rate, Value(1)) > 0)
      fail("", "numeric argument to $sampleRate must be in [0, 1]");
    bson::Document condition = bson::make_document(
        "$lt", Value::array(bson::make_document("0", bson::make_document("$rand", bson::Document()),
                                                "1", rate)));
    return expression(Value(condition));
  }

  static void add_implied(ValueView value, ParseScope& scope, FilterNode& all) {
    if (!value.is_document()) return;
    const auto op = value.as_document().begin();
    if (op == value.as_document().end() || !op->value.is_array()) return;
    if (op->key == "$and") {
      for (const auto& part : op->value.as_array()) add_implied(part.value, scope, all);
      return;
    }
    if (op->key != "$eq") return;
    std::vector<ExpressionPtr> sides;
    for (const auto& side : op->value.as_array())
      sides.push_back(parse_expression(side.value, scope));
    if (sides.size() != 2) return;
    for (std::size_t i = 0; i < 2; ++i) {
      const std::string* path = field_path_of(*sides[i]);
      const ValueView* operand = sides[1 - i]->constant();
      if (path == nullptr || operand == nullptr || is_nullish(*operand) || operand->is_array() ||
          operand->type() == Type::regex)
        continue;
      auto node = make(Kind::eq, *path);
      node->operand = Value(*operand);
      node->flag = true;
      all.children.push_back(std::move(node));
      return;
    }
  }

  /// Conjunctions in conjunctions are one.
  static void add_condition(FilterNode& all, Node node) {
    if (node->kind != Kind::conjunction) {
      all.children.push_back(std::move(node));
      return;
    }
    for (auto& child : node->children) all.children.push_back(std::move(child));
  }

  Node logical(Kind kind, const Element& element, int depth) {
    const std::string name(element.key);
    if (!element.value.is_array()) fail("", name + " must be an array");
    auto node = make(kind);
    bool any = false;  // an $and of empty documents has no conditions left
    for (const auto& branch : element.value.as_array()) {
      if (!branch.value.is_document()) fail("", name + " entries need to be full objects");
      auto child = document(branch.value.as_document(), depth + 1);
      if (kind == Kind::conjunction) {
        any = true;
        add_condition(*node, std::move(child));
      } else {
        if (child->children.size() == 1) child = std::move(child->children.front());
        node->children.push_back(std::move(child));
      }
    }
    if (node->children.empty() && !any) fail("", name + " must be a nonempty array");
    return node;
  }

  Node json_schema(ValueView value) {
    if (!value.is_document()) fail("", "$jsonSchema must be an object", type_mismatch);
    auto node = make(Kind::json_schema);
    auto data = std::make_shared<FilterNode::Data>();
    data->schema = std::make_unique<JsonSchema>(value.as_document());
    node->operand = Value(value);
    node->data = std::move(data);
    return node;
  }

  Node field(std::string_view path, ValueView value, int depth) {
    if (is_operators(value)) {
      auto all = make(Kind::conjunction);
      operators(path, value.as_document(), *all, depth + 1);
      if (all->children.size() == 1) return std::move(all->children.front());
      return all;
    }
    if (value.type() == Type::regex) return regex(path, value);
    return comparison(Kind::eq, path, value);
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

  Node one_operator(std::string_view path, const Element& element, View body, int depth) {
    const auto name = element.key;
    const auto value = element.value;
    if (name == "$eq") return comparison(Kind::eq, path, value);
    if (name == "$ne") {
      if (value.type() == Type::regex) fail(path, "Can't have regex as arg to $ne.");
      return negate(comparison(Kind::eq, path, value));
    }
    if (name == "$lt") return comparison(Kind::lt, path, value);
    if (name == "$lte") return comparison(Kind::lte, path, value);
    if (name == "$gt") return comparison(Kind::gt, path, value);
    if (name == "$gte") return comparison(Kind::gte, path, value);
    if (name == "$in") return in(path, value, "$in");
    if (name == "$nin") return negate(in(path, value, "$nin"));
    if (name == "$exists") {
      auto node = make(Kind::exists, path);
      node->flag = true;
      return truthy(value) ? std::move(node) : negate(std::move(node));
    }
    if (name == "$type") return type(path, value);
    if (name == "$all") return all(path, value, depth);
    if (name == "$size") return size(path, value);
    if (name == "$elemMatch") return elem_match(path, value, depth);
    if (name == "$mod") return mod(path, value);
    if (name == "$regex") return regex_operator(path, value, body);
    if (name == "$options") {
      if (!body.contains("$regex")) fail(path, "$options needs a $regex");
      return nullptr;
    }
    if (name == "$not") return negation(path, value, depth);
    if (name == "$bitsAllSet") return bits(Kind::bits_all_set, path, value, name);
    if (name == "$bitsAllClear") return bits(Kind::bits_all_clear, path, value, name);
    if (name == "$bitsAnySet") return bits(Kind::bits_any_set, path, value, name);
    if (name == "$bitsAnyClear") return bits(Kind::bits_any_clear, path, value, name);
    if (name == "$comment") return nullptr;
    for (const auto geo :
         {"$geoWithin", "$geoIntersects", "$near", "$nearSphere", "$within", "$geoNear"}) {
      if (name == geo) refuse(path, name);
    }
    fail(path, "unknown operator: " + std::string(name));
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
    if (code < 1 || (code > 19 && code != 127 && code != 255) ||
        bson::type_name(type) == "unknown") {
      fail(path, "Invalid numerical type code: " + std::to_string(code));
    }
    types |= type_bit(type);
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

  Node all(std::string_view path, ValueView value, int depth) {
    if (!value.is_array()) fail(path, "$all needs an array");
    auto node = make(Kind::conjunction);
    bool elem_matches = false;
    bool first = true;
    for (const auto& element : value.as_array()) {
      const auto v = element.value;
      const bool is_elem_match =
          v.is_document() && is_operators(v) && v.as_document().begin()->key == "$elemMatch";
      if (first) elem_matches = is_elem_match;
      first = false;
      if (is_elem_match != elem_matches) fail(path, "$all/$elemMatch has to be consistent");
      if (is_elem_match) {
        node->children.push_back(elem_match(path, v.as_document().begin()->value, depth + 1));
      } else if (is_operators(v)) {
        fail(path, "no $ expressions in $all");
      } else if (v.type() == Type::regex) {
        node->children.push_back(regex(path, v));
      } else {
        node->children.push_back(comparison(Kind::eq, path, v));
      }
    }
    if (node->children.empty()) return make(Kind::always_false);
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

  Node elem_match(std::string_view path, ValueView value, int depth) {
    if (!value.is_document()) fail(path, "$elemMatch needs an Object");
    const View body = value.as_document();
    bool by_value = is_operators(value);
    if (by_value) {
      const auto first = body.begin()->key;
      if (first == "$and" || first == "$or" || first == "$nor" || first == "$where" ||
          first == "$expr" || first == "$jsonSchema")
        by_value = false;
    }
    if (body.contains("$where")) refuse(path, "$where");
    ++elements_;
    auto node = make(by_value ? Kind::elem_match_value : Kind::elem_match_object, path);
    if (by_value) {
      operators({}, body, *node, depth + 1);
    } else {
      node->children.push_back(document(body, depth + 1));
    }
    --elements_;
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

  Node negation(std::string_view path, ValueView value, int depth) {
    if (value.type() == Type::regex) return negate(regex(path, value));
    if (!value.is_document()) fail(path, "$not needs a regex or a document");
    const View body = value.as_document();
    if (body.empty()) fail(path, "$not cannot be empty");
    auto inner = make(Kind::conjunction);
    inner->path = path;
    for (const auto& element : body) {
      if (!element.key.starts_with('$'))
        fail(path, "$not needs operators, found field " + std::string(element.key));
    }
    operators(path, body, *inner, depth + 1);
    auto node = make(Kind::negation, path);
    node->children.push_back(std::move(inner));
    return node;
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

  const ParseScope* scope_;
  int elements_ = 0;  // how many $elemMatch are around
};

}  // namespace

std::uint32_t type_bit(Type type) noexcept {
  const auto code = static_cast<unsigned>(type);
  if (type == Type::max_key) return 1U << 20;
  if (type == Type::min_key) return 1U << 21;
  return 1U << code;
}

Node parse_filter(View filter, const ParseScope& scope) {
  check_nesting(filter, max_nesting);
  return Parser(&scope).document(filter, 1);
}

Node parse_element_condition(ValueView condition) {
  if (condition.is_document() || condition.is_array())
    check_nesting(condition.as_nested(), max_nesting);
  Parser parser;
  if (Parser::is_operators(condition)) {
    const auto first = condition.as_document().begin()->key;
    if (first == "$and" || first == "$or" || first == "$nor") {
      auto node = make(Kind::elem_match_object);
      node->children.push_back(parser.document(condition.as_document(), 1));
      return node;
    }
    auto node = make(Kind::elem_match_value);
    parser.operators({}, condition.as_document(), *node, 1);
    return node;
  }
  if (condition.is_document()) {
    auto node = make(Kind::elem_match_object);
    node->children.push_back(parser.document(condition.as_document(), 1));
    return node;
  }
  auto node = make(Kind::elem_match_value);
  const auto wrapped = bson::make_document("$eq", Value(condition));
  if (condition.type() == Type::regex) {
    parser.operators({}, bson::make_document("$regex", Value(condition)), *node, 1);
  } else {
    parser.operators({}, wrapped, *node, 1);
  }
  return node;
}

}  // namespace quire::store::embedded
