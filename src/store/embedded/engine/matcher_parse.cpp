#include <string>

#include "quire/bson/writer.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/filter_data.hpp"
#include "store/embedded/engine/filter_nodes.hpp"

namespace quire::store::embedded {

using bson::Element;
using bson::Type;
using bson::Value;
using bson::ValueView;
using bson::View;
using namespace filter_nodes;

namespace {

constexpr int max_nesting = 200;  // of a filter, which may hold a whole document

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

  const ParseScope* scope_;
  int elements_ = 0;  // how many $elemMatch are around
};

}  // namespace

Node parse_filter(View filter, const ParseScope& scope) {
  check_nesting(filter, max_nesting);
  return Parser(&scope).document(filter, 1);
}

Node parse_element_condition(ValueView condition) {
  if (condition.is_document() || condition.is_array())
    check_nesting(condition.as_nested(), max_nesting);
  Parser parser;
  if (is_operators(condition)) {
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
