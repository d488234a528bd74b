#include <algorithm>
#include <array>
#include <set>

#include "quire/core/error.hpp"
#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;

namespace {

class Constant final : public Expression {
 public:
  explicit Constant(ValueView value)
      : holds_(!is_missing(value)), value_(holds_ ? bson::Value(value) : bson::Value()) {
    view_ = holds_ ? value_.view() : missing;
  }
  ValueView evaluate(Evaluation&) const override { return view_; }
  const ValueView* constant() const noexcept override { return &view_; }

 private:
  bool holds_;
  bson::Value value_;
  ValueView view_;
};

/// "$a.b", "$$name.a.b": a path from a variable.
class PathExpression final : public Expression {
 public:
  PathExpression(std::size_t slot, std::vector<std::string> steps)
      : slot_(slot), steps_(std::move(steps)) {
    for (const auto& step : steps_) {
      if (!dotted_.empty()) dotted_ += '.';
      dotted_ += step;
    }
  }
  ValueView evaluate(Evaluation& e) const override {
    const ValueView from = e.slot(slot_);
    if (steps_.empty()) return from;
    return value_at(from, steps_, e);
  }
  bool is_pure() const noexcept override { return false; }
  void add_fields(FieldUse& use) const override {
    if (slot_ > Evaluation::current_slot) return;
    if (steps_.empty()) {
      use.whole = true;
    } else {
      use.paths.push_back(dotted_);
    }
  }
  [[nodiscard]] const std::string* field() const noexcept {
    return slot_ == Evaluation::current_slot && !steps_.empty() ? &dotted_ : nullptr;
  }

 private:
  std::size_t slot_;
  std::vector<std::string> steps_;
  std::string dotted_;
};

class NowExpression final : public Expression {
 public:
  ValueView evaluate(Evaluation& e) const override { return e.date(e.now_ms()); }
  bool is_pure() const noexcept override { return false; }
};

[[noreturn]] void fail_no_cluster_time() {
  fail_expression(10071200, "Builtin variable '$$CLUSTER_TIME' is not available");
}

/// Of what is parsed once and evaluated by many commands.
class ClusterTimeExpression final : public Expression {
 public:
  ValueView evaluate(Evaluation& e) const override {
    const auto time = CommandTime::current();
    if (!time) fail_no_cluster_time();
    return e.timestamp(*time);
  }
  bool is_pure() const noexcept override { return false; }
};

class ArrayExpression final : public Expression {
 public:
  explicit ArrayExpression(std::vector<ExpressionPtr> elements) { children_ = std::move(elements); }
  ValueView evaluate(Evaluation& e) const override {
    Evaluation::Builder out(e);
    for (const auto& element : children_) out.push(element->evaluate(e));
    return out.array();
  }
};

class ObjectExpression final : public Expression {
 public:
  ObjectExpression(std::vector<std::string> names, std::vector<ExpressionPtr> values)
      : names_(std::move(names)) {
    children_ = std::move(values);
  }
  ValueView evaluate(Evaluation& e) const override {
    Evaluation::Builder out(e);
    for (std::size_t i = 0; i < names_.size(); ++i) out.append(names_[i], child(i, e));
    return out.document();
  }

 private:
  std::vector<std::string> names_;
};

/// An operator that is a function of its arguments.
class FunctionExpression final : public Expression {
 public:
  FunctionExpression(const Operator& op, std::vector<ExpressionPtr> arguments) : op_(op) {
    children_ = std::move(arguments);
  }
  ValueView evaluate(Evaluation& e) const override {
    constexpr std::size_t few = 6;
    if (children_.size() <= few) {
      std::array<ValueView, few> values;
      for (std::size_t i = 0; i < children_.size(); ++i) values[i] = child(i, e);
      return op_.call({op_, {values.data(), children_.size()}, e});
    }
    std::vector<ValueView> values;
    values.reserve(children_.size());
    for (const auto& argument : children_) values.push_back(argument->evaluate(e));
    return op_.call({op_, values, e});
  }
  bool is_pure() const noexcept override { return op_.pure; }

 private:
  const Operator& op_;
};

ValueView value_in_array(ValueView array, std::span<const std::string> steps, Evaluation& e) {
  Evaluation::Builder out(e);
  for (const auto& element : array.as_array()) {
    if (!element.value.is_document()) continue;
    const ValueView value = value_at(element.value, steps, e);
    if (!is_missing(value)) out->push(value);
  }
  return out.array();
}

ExpressionPtr parse_path(std::string_view text, ParseScope& scope) {
  if (text.size() == 1) fail_expression(16872, "'$' by itself is not a valid FieldPath");
  if (text[1] != '$')
    return std::make_unique<PathExpression>(
        scope.find_slot("CURRENT").value_or(Evaluation::current_slot),
        parse_field_path(text.substr(1)));
  const auto dotted = text.substr(2);
  if (dotted.empty()) fail_expression(9, "empty variable names are not allowed");
  const auto dot = dotted.find('.');
  const auto name = dotted.substr(0, dot);
  if (name.empty()) fail_expression(9, "empty variable names are not allowed");
  std::vector<std::string> steps;
  if (dot != dotted.npos) steps = parse_field_path(dotted.substr(dot + 1));
  // Names of users first, CURRENT among them.
  if (const auto slot = scope.find_slot(name))
    return std::make_unique<PathExpression>(*slot, std::move(steps));
  if (const auto* constant = scope.find_constant(name)) {
    if (steps.empty()) return make_constant(*constant->constant());
    Evaluation e;
    return make_constant(value_at(*constant->constant(), steps, e));
  }
  if (name == "CURRENT")
    return std::make_unique<PathExpression>(Evaluation::current_slot, std::move(steps));
  if (name == "ROOT")
    return std::make_unique<PathExpression>(Evaluation::root_slot, std::move(steps));
  if (name == "REMOVE") return make_constant(missing);
  if (name == "NOW" && !scope.has_now)
    fail_expression(51144, "Builtin variable '$$NOW' is not available");
  if (name == "NOW") {
    if (steps.empty()) return std::make_unique<NowExpression>();
    return make_constant(missing);
  }
  if (scope.in_redact && steps.empty() &&
      (name == "DESCEND" || name == "PRUNE" || name == "KEEP")) {
    const std::string lower = name == "DESCEND" ? "descend" : name == "PRUNE" ? "prune" : "keep";
    return make_constant(bson::Value(lower).view());
  }
  if (name == "CLUSTER_TIME") {
    if (!scope.cluster_time) fail_no_cluster_time();
    if (*scope.cluster_time == bson::Timestamp{} && steps.empty())
      return std::make_unique<ClusterTimeExpression>();
    return make_constant(steps.empty() ? bson::Value(*scope.cluster_time).view() : missing);
  }
  if (name == "USER_ROLES") return make_constant(bson::Value::array({}).view());
  if (name != "SEARCH_META" && name != "IS_MR" && name != "JS_SCOPE" && name != "DESCEND" &&
      name != "PRUNE" && name != "KEEP") {
    const char first = name.empty() ? 'a' : name.front();
    if (!(first >= 'A' && first <= 'Z')) check_variable_name(name);
  }
  fail_expression(17276, "Use of undefined variable: " + std::string(name));
}

}  // namespace

ExpressionPtr make_function(const Operator& op, std::vector<ExpressionPtr> arguments) {
  return std::make_unique<FunctionExpression>(op, std::move(arguments));
}

ExpressionPtr make_constant(ValueView value) { return std::make_unique<Constant>(value); }

ExpressionPtr make_field_path(std::string_view dotted) {
  return std::make_unique<PathExpression>(Evaluation::current_slot, parse_field_path(dotted));
}

const std::string* field_path_of(const Expression& expression) noexcept {
  const auto* path = dynamic_cast<const PathExpression*>(&expression);
  return path == nullptr ? nullptr : path->field();
}

ValueView value_at(ValueView from, std::span<const std::string> steps, Evaluation& e) {
  for (;;) {
    if (from.is_array()) return value_in_array(from, steps, e);
    if (!from.is_document()) return missing;
    const auto field = from.as_document().find(steps.front());
    if (!field) return missing;
    steps = steps.subspan(1);
    if (steps.empty()) return *field;
    from = *field;
  }
}

ExpressionPtr fold(ExpressionPtr node) {
  if (!node->is_pure() || node->constant() != nullptr) return node;
  for (const auto& child : node->children()) {
    if (child != nullptr && child->constant() == nullptr) return node;
  }
  Evaluation e;
  try {
    return make_constant(node->evaluate(e));
  } catch (const QueryError& error) {
    throw ConstantError(error);
  }
}

void check_unused(ValueView value, const ParseScope& scope) {
  ParseScope own = scope;
  try {
    (void)parse_expression(value, own);
  } catch (const ConstantError&) {
    // It would be an error only where it is evaluated.
  }
}

ExpressionPtr parse_object(bson::View object, ParseScope& scope) {
  std::vector<std::string> names;
  std::vector<ExpressionPtr> values;
  std::set<std::string_view> seen;
  for (const auto& field : object) {
    check_field_name(field.key);
    if (!seen.insert(field.key).second)
      fail_expression(
          16406, "duplicate field name specified in object literal: " + std::string(field.key));
    names.emplace_back(field.key);
    values.push_back(parse_expression(field.value, scope));
  }
  return fold(std::make_unique<ObjectExpression>(std::move(names), std::move(values)));
}

ExpressionPtr parse_expression(ValueView value, ParseScope& scope) {
  switch (value.type()) {
    case Type::string: {
      const auto text = value.as_string();
      return !text.empty() && text.front() == '$' ? parse_path(text, scope) : make_constant(value);
    }
    case Type::array: {
      std::vector<ExpressionPtr> elements;
      for (const auto& element : value.as_array())
        elements.push_back(parse_expression(element.value, scope));
      return fold(std::make_unique<ArrayExpression>(std::move(elements)));
    }
    case Type::document: {
      const bson::View object = value.as_document();
      const auto first = object.begin();
      if (first == object.end() || !first->key.starts_with('$')) return parse_object(object, scope);
      const auto name = first->key;
      if (object.count() != 1)
        fail_expression(
            15983,
            "an object representing an expression must have exactly one field: " + show(value));
      const Operator* op = find_operator(name);
      if (op == nullptr && (name == "$function" || name == "$accumulator"))
        refuse_expression("JavaScript: " + std::string(name));
      if (op == nullptr)
        fail_expression(168, "Unrecognized expression '" + std::string(name) + "'");
      if (op->parse != nullptr) return fold(op->parse(*op, first->value, scope));
      return fold(make_function(*op, parse_arguments(*op, first->value, scope)));
    }
    default:
      return make_constant(value);
  }
}

std::vector<ExpressionPtr> parse_arguments(const Operator& op, ValueView argument,
                                           ParseScope& scope) {
  std::vector<ExpressionPtr> out;
  if (argument.is_array()) {
    for (const auto& element : argument.as_array())
      out.push_back(parse_expression(element.value, scope));
  } else {
    out.push_back(parse_expression(argument, scope));
  }
  const auto given = static_cast<int>(out.size());
  if (op.least == op.most && given != op.least)
    fail_expression(16020, "Expression " + std::string(op.name) + " takes exactly " +
                               std::to_string(op.least) + " arguments. " + std::to_string(given) +
                               " were passed in.");
  if (given < op.least || (op.most >= 0 && given > op.most))
    fail_expression(28667, "Expression " + std::string(op.name) + " takes at least " +
                               std::to_string(op.least) + " arguments, and at most " +
                               std::to_string(op.most) + ", but " + std::to_string(given) +
                               " were passed in.");
  return out;
}

NamedArguments::NamedArguments(const Operator& op, ValueView argument,
                               std::span<const std::string_view> known, int code_not_object,
                               int code_unknown)
    : op_(op) {
  if (!argument.is_document())
    fail_expression(code_not_object, std::string(op.name) +
                                         " only supports an object as its argument, not " +
                                         std::string(value_type_name(argument)));
  object_ = argument.as_document();
  for (const auto& field : object_) {
    if (std::find(known.begin(), known.end(), field.key) == known.end())
      fail_expression(code_unknown, "Unrecognized parameter to " + std::string(op.name) + ": " +
                                        std::string(field.key));
  }
}

std::optional<ValueView> NamedArguments::get(std::string_view name) const {
  return object_.find(name);
}

ValueView NamedArguments::required(std::string_view name, int code) const {
  const auto value = object_.find(name);
  if (!value)
    fail_expression(code,
                    "Missing '" + std::string(name) + "' parameter to " + std::string(op_.name));
  return *value;
}

ExpressionPtr NamedArguments::parse(std::string_view name, ParseScope& scope) const {
  const auto value = object_.find(name);
  return value ? parse_expression(*value, scope) : nullptr;
}

}  // namespace quire::store::embedded
