#include <optional>

#include "store/embedded/engine/sort.hpp"
#include "store/embedded/expression/accumulator.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;

namespace {

void check_object(ValueView spec, int code) {
  if (!spec.is_document())
    fail_expression(code, "specification must be an object; found " + show(spec));
}

std::string quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

/// [output, sort key] of a document.
class SortedOutput final : public Expression {
 public:
  SortedOutput(ExpressionPtr output, Sorter sorter) : sorter_(std::move(sorter)) {
    children_.push_back(std::move(output));
  }
  ValueView evaluate(Evaluation& e) const override {
    std::string key;
    const ValueView document = e.slot(Evaluation::current_slot);
    sorter_.append_sort_key(document.is_document() ? document.as_document() : bson::View(), key);
    Evaluation::Builder out(e);
    out.push(child(0, e));
    out.push(e.binary(bson::BinarySubtype::generic, key));
    return out.array();
  }
  bool is_pure() const noexcept override { return false; }
  void add_fields(FieldUse& use) const override {
    Expression::add_fields(use);
    for (const auto& field : sorter_.fields()) use.paths.push_back(field.path);
  }

 private:
  Sorter sorter_;
};

std::vector<double> parse_percentiles(ValueView argument, ParseScope& scope) {
  const ExpressionPtr p = parse_expression(argument, scope);
  const ValueView* constant = p->constant();
  if (constant == nullptr)
    fail_expression(7750300,
                    "The $percentile 'p' field must be an array of constant values, but found "
                    "value: " +
                        show(argument));
  const std::string message =
      "The $percentile 'p' field must be an array of numbers from [0.0, 1.0], but found: ";
  if (!constant->is_array() || constant->as_array().empty())
    fail_expression(7750301, message + show(*constant));
  std::vector<double> out;
  for (const auto& element : constant->as_array()) {
    if (!element.value.is_number()) fail_expression(7750302, message + show(element.value));
    const double value = to_double(element.value);
    if (value < 0 || value > 1) fail_expression(7750303, message + show(element.value));
    out.push_back(value);
  }
  return out;
}

}  // namespace

InputAndN parse_input_and_n(ValueView spec, ParseScope& scope, int code_not_object) {
  check_object(spec, code_not_object);
  InputAndN out;
  for (const auto& field : spec.as_document()) {
    if (field.key == "input") {
      out.input = parse_expression(field.value, scope);
    } else if (field.key == "n") {
      out.n = parse_expression(field.value, scope);
    } else {
      fail_expression(5787901, "Unknown argument for 'n' operator: " + std::string(field.key));
    }
  }
  if (out.n == nullptr) fail_expression(5787906, "Missing value for 'n'");
  if (out.input == nullptr) fail_expression(5787907, "Missing value for 'input'");
  return out;
}

PercentileArguments parse_percentile_arguments(std::string_view name, ValueView spec,
                                               ParseScope& scope, int code_not_object) {
  check_object(spec, code_not_object);
  const bool median = name == "$median";
  std::optional<ValueView> input, p, method;
  for (const auto& field : spec.as_document()) {
    auto* place = field.key == "input"          ? &input
                  : field.key == "method"       ? &method
                  : field.key == "p" && !median ? &p
                                                : nullptr;
    if (place == nullptr)
      fail_expression(40415, "BSON field '" + std::string(name) + "." + std::string(field.key) +
                                 "' is an unknown field.");
    if (place->has_value())
      fail_expression(40413, "BSON field '" + std::string(name) + "." + std::string(field.key) +
                                 "' is a duplicate field");
    *place = field.value;
    if (place != &method) continue;
    if (!field.value.is_string())
      fail_expression(14, "BSON field '" + std::string(name) + ".method' is the wrong type '" +
                              std::string(value_type_name(field.value)) +
                              "', expected type 'string'");
    if (field.value.as_string() != "approximate")
      fail_expression(2, "Currently only 'approximate' can be used as percentile 'method'.");
  }
  const auto require = [&](const std::optional<ValueView>& value, std::string_view field) {
    if (!value)
      fail_expression(40414, "BSON field '" + std::string(name) + "." + std::string(field) +
                                 "' is missing but a required field");
  };
  require(input, "input");
  if (!median) require(p, "p");
  require(method, "method");
  PercentileArguments out;
  out.input = parse_expression(*input, scope);
  out.percentiles = median ? std::vector<double>{0.5} : parse_percentiles(*p, scope);
  return out;
}

TopArguments parse_top_arguments(std::string_view name, ValueView spec, ParseScope& scope) {
  check_object(spec, 5788001);
  const bool many = name.ends_with('N');
  TopArguments out;
  std::optional<ValueView> output, sort;
  for (const auto& field : spec.as_document()) {
    if (many && field.key == "n") {
      out.n = parse_expression(field.value, scope);
    } else if (field.key == "output") {
      output = field.value;
    } else if (field.key == "sortBy") {
      if (!field.value.is_document())
        fail_expression(10065, "invalid parameter: expected an object (sortBy)");
      sort = field.value;
    } else {
      fail_expression(5788002,
                      "Unknown argument to " + std::string(name) + " " + quoted(field.key));
    }
  }
  if (many && out.n == nullptr) fail_expression(5788003, "Missing value for 'n'");
  if (!output) fail_expression(5788004, "Missing value for 'output'");
  if (!sort) fail_expression(5788005, "Missing value for 'sortBy'");
  Sorter sorter(sort->as_document());
  out.argument =
      std::make_unique<SortedOutput>(parse_expression(*output, scope), std::move(sorter));
  return out;
}

}  // namespace quire::store::embedded
