#include <array>

#include "store/embedded/expression/expression.hpp"
#include "store/embedded/expression/object_merge.hpp"

namespace quire::store::embedded {
namespace {

using bson::ValueView;

/// Of a single argument that is an array, its elements.
ValueView merge(const Call& c) {
  ValueView out = c.e.document(bson::View());
  const auto take = [&](ValueView part) {
    if (is_nullish(part)) return;
    check_merge_object(part);
    out = merge_objects(out, part, c.e);
  };
  if (c.size() == 1 && c[0].is_array()) {
    for (const auto& element : c[0].as_array()) take(element.value);
  } else {
    for (const ValueView part : c.arguments) take(part);
  }
  return out;
}

/// Arguments: field, input.
ValueView get_field(const Call& c) {
  if (!c[0].is_string())
    fail_expression(3041704, "$getField requires 'field' to evaluate to type String, but got " +
                                 std::string(value_type_name(c[0])));
  if (is_missing(c[1])) return missing;
  if (is_nullish(c[1])) return null_value;
  if (!c[1].is_document()) return missing;
  return c[1].as_document().find(c[0].as_string()).value_or(missing);
}

ExpressionPtr parse_get_field(const Operator& op, ValueView argument, ParseScope& scope) {
  static constexpr Operator function = function_operator("$getField", get_field, 2, 2);
  std::vector<ExpressionPtr> arguments;
  const auto is_expression = [&] {
    if (!argument.is_document()) return true;
    const auto object = argument.as_document();
    return !object.empty() && object.begin()->key.starts_with('$');
  };
  if (is_expression()) {
    arguments.push_back(parse_expression(argument, scope));
    arguments.push_back(parse_expression(bson::Value("$$CURRENT").view(), scope));
  } else {
    static constexpr std::string_view known[] = {"field", "input"};
    const NamedArguments named(op, argument, known, 3041704, 3041701);
    (void)named.required("field", 3041702);
    (void)named.required("input", 3041703);
    arguments.push_back(named.parse("field", scope));
    arguments.push_back(named.parse("input", scope));
  }
  return make_function(function, std::move(arguments));
}

/// children: input, value (null for $unsetField)
class SetField final : public Expression {
 public:
  SetField(std::string_view op, std::string field, ExpressionPtr input, ExpressionPtr value)
      : op_(op), field_(std::move(field)) {
    children_.push_back(std::move(input));
    children_.push_back(std::move(value));
  }
  ValueView evaluate(Evaluation& e) const override {
    const ValueView input = child(0, e);
    if (is_nullish(input)) return null_value;
    if (!input.is_document())
      fail_expression(4161105, std::string(op_) + " requires 'input' to evaluate to type Object, " +
                                   "but got " + std::string(value_type_name(input)));
    const ValueView value = children_[1] == nullptr ? missing : child(1, e);
    Evaluation::Builder out(e);
    bool found = false;
    for (const auto& field : input.as_document()) {
      if (field.key != field_) {
        out->append(field.key, field.value);
      } else if (!found) {
        out.append(field_, value);
        found = true;
      }
    }
    if (!found) out.append(field_, value);
    return out.document();
  }

 private:
  std::string_view op_;
  std::string field_;
};

/// The name after `field`: text, or a literal that is one.
std::string parse_field(const Operator& op, ValueView given) {
  const std::string name(op.name);
  ValueView constant = given;
  if (given.is_document() && !given.as_document().empty()) {
    const auto only = given.as_document().begin();
    const bool literal = only->key == "$literal" || only->key == "$const";
    if (!literal || given.as_document().count() != 1)
      fail_expression(
          4161106, name + " requires 'field' to evaluate to a constant, but found " + show(given));
    constant = only->value;
  } else if (given.is_array()) {
    fail_expression(4161106,
                    name + " requires 'field' to evaluate to a constant, but found " + show(given));
  } else if (given.is_string() && given.as_string().starts_with('$')) {
    fail_expression(4161108, "A field path reference which is not allowed in this context. Did " +
                                 ("you mean {$literal: '" + std::string(given.as_string())) +
                                 "'}?");
  }
  if (!constant.is_string())
    fail_expression(4161107, name + " requires 'field' to evaluate to type String, but got " +
                                 std::string(value_type_name(constant)));
  const std::string field(constant.as_string());
  if (field.find('\0') != field.npos)
    fail_expression(9534700, name + ": 'field' cannot contain a null byte");
  return field;
}

ExpressionPtr parse_set_field(const Operator& op, ValueView argument, ParseScope& scope) {
  const bool sets = op.name == "$setField";
  static constexpr std::string_view known[] = {"field", "input", "value"};
  const NamedArguments named(op, argument, std::span(known).first(sets ? 3 : 2), 4161100, 4161101);
  const ValueView field = named.required("field", 4161102);
  if (sets) (void)named.required("value", 4161103);
  (void)named.required("input", 4161109);
  std::string name = parse_field(op, field);
  ExpressionPtr input = named.parse("input", scope);
  ExpressionPtr value = sets ? named.parse("value", scope) : nullptr;
  return std::make_unique<SetField>(op.name, std::move(name), std::move(input), std::move(value));
}

constexpr auto table = std::to_array<Operator>({
    function_operator("$mergeObjects", merge, 0, -1),
    parsed_operator("$getField", parse_get_field),
    parsed_operator("$setField", parse_set_field),
    parsed_operator("$unsetField", parse_set_field),
});

}  // namespace

std::span<const Operator> object_operators() noexcept { return table; }

}  // namespace quire::store::embedded
