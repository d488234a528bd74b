#include <algorithm>

#include "store/embedded/expression/array_functions.hpp"

namespace quire::store::embedded::array_detail {

using bson::ValueView;

namespace {

/// children: the inputs, then the defaults
class Zip final : public Expression {
 public:
  Zip(std::vector<ExpressionPtr> inputs, std::vector<ExpressionPtr> defaults, bool longest)
      : inputs_(inputs.size()), longest_(longest) {
    children_ = std::move(inputs);
    for (auto& value : defaults) children_.push_back(std::move(value));
  }
  ValueView evaluate(Evaluation& e) const override {
    std::vector<std::vector<ValueView>> inputs;
    std::size_t length = 0;
    for (std::size_t i = 0; i < inputs_; ++i) {
      const ValueView input = child(i, e);
      if (is_nullish(input)) return null_value;
      if (!input.is_array())
        fail_expression(34468, "$zip found a non-array expression in input: " + show(input));
      inputs.push_back(elements_of(input));
      const std::size_t size = inputs.back().size();
      length = i == 0 ? size : longest_ ? std::max(length, size) : std::min(length, size);
    }
    std::vector<ValueView> defaults(inputs_, null_value);
    for (std::size_t i = inputs_; i < children_.size(); ++i) {
      const ValueView value = child(i, e);
      defaults[i - inputs_] = is_missing(value) ? null_value : value;
    }
    Evaluation::Builder out(e);
    for (std::size_t row = 0; row < length; ++row) {
      out->push_array_begin();
      for (std::size_t i = 0; i < inputs_; ++i)
        out->push(row < inputs[i].size() ? inputs[i][row] : defaults[i]);
      out->end();
    }
    return out.array();
  }

 private:
  std::size_t inputs_;
  bool longest_;
};

std::vector<ExpressionPtr> parse_list(ValueView list, ParseScope& scope) {
  std::vector<ExpressionPtr> out;
  for (const auto& element : list.as_array()) out.push_back(parse_expression(element.value, scope));
  return out;
}

}  // namespace

Parsed parse_zip(const Operator&, ValueView argument, ParseScope& scope) {
  if (!argument.is_document())
    fail_expression(34460, "$zip only supports an object as an argument, found " +
                               std::string(value_type_name(argument)));
  std::vector<ExpressionPtr> inputs;
  std::vector<ExpressionPtr> defaults;
  bool longest = false;
  for (const auto& field : argument.as_document()) {
    if (field.key == "inputs") {
      if (!field.value.is_array())
        fail_expression(34461, "inputs must be an array of expressions, found " +
                                   std::string(value_type_name(field.value)));
      inputs = parse_list(field.value, scope);
    } else if (field.key == "defaults") {
      if (!field.value.is_array())
        fail_expression(34462, "defaults must be an array of expressions, found " +
                                   std::string(value_type_name(field.value)));
      defaults = parse_list(field.value, scope);
    } else if (field.key == "useLongestLength") {
      if (field.value.type() != bson::Type::boolean)
        fail_expression(34463, "useLongestLength must be a bool, found " +
                                   std::string(value_type_name(field.value)));
      longest = field.value.as_bool();
    } else {
      fail_expression(34464, "$zip found an unknown argument: " + std::string(field.key));
    }
  }
  if (inputs.empty()) fail_expression(34465, "$zip requires at least one input array");
  if (!longest && !defaults.empty())
    fail_expression(34466, "cannot specify defaults unless useLongestLength is true");
  if (!defaults.empty() && defaults.size() != inputs.size())
    fail_expression(34467, "defaults and inputs must have the same length");
  return std::make_unique<Zip>(std::move(inputs), std::move(defaults), longest);
}

}  // namespace quire::store::embedded::array_detail
