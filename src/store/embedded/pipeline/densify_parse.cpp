#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/expression/numeric.hpp"
#include "store/embedded/pipeline/densify.hpp"
#include "store/embedded/pipeline/set_window_fields.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::Value;
using bson::ValueView;
using bson::View;
using Range = DensifyRange;

namespace {

[[noreturn]] void fail_field(int code, std::string_view field, std::string_view what) {
  fail_expression(code, "BSON field '$densify." + std::string(field) + "' " + std::string(what));
}

void need_type(std::string_view field, ValueView value, Type type) {
  if (value.type() != type)
    fail_field(14, field,
               "is the wrong type '" + std::string(value_type_name(value)) + "', expected type '" +
                   std::string(bson::type_name(type)) + "'");
}

}  // namespace

DensifySpec::DensifySpec(ValueView given, PipelineContext& context) : StageSpec("$densify", given) {
  if (!given.is_document())
    fail_expression(9, "The $densify stage specification must be an object, found " +
                           std::string(value_type_name(given)));
  std::optional<View> range;
  bool has_field = false;
  for (const auto& field : given.as_document()) {
    if (field.key == "field") {
      need_type("field", field.value, Type::string);
      field_ = std::string(field.value.as_string());
      has_field = true;
    } else if (field.key == "partitionByFields") {
      need_type("partitionByFields", field.value, Type::array);
      for (const auto& name : field.value.as_array()) {
        need_type("partitionByFields." + std::string(name.key), name.value, Type::string);
        partitions_.emplace_back(name.value.as_string());
      }
    } else if (field.key == "range") {
      need_type("range", field.value, Type::document);
      range = field.value.as_document();
    } else {
      fail_field(40415, field.key, "is an unknown field.");
    }
  }
  if (!has_field) fail_field(40414, "field", "is missing but a required field");
  if (!range) fail_field(40414, "range", "is missing but a required field");
  parse_range(*range);
  for (const auto& path : partitions_) {
    (void)parse_field_path(path);
    if (path == field_ || path.starts_with(field_ + ".") || field_.starts_with(path + "."))
      fail_expression(8993000, "$densify: field '" + field_ + "' and the field '" + path +
                                   "' of partitionByFields are within one another");
  }
  steps_ = parse_field_path(field_);
  if (range_.kind == Range::Kind::partition && partitions_.empty())
    fail_expression(5733408,
                    "One cannot specify the bounds as 'partition' without specifying a non-empty "
                    "array of partitionByFields. You may have meant to specify 'full' bounds.");
  bson::Writer sort;
  if (range_.kind != Range::Kind::full) {
    for (const auto& path : partitions_) sort.append(path, std::int32_t{1});
  }
  sort.append(field_, std::int32_t{1});
  sort_ = Sorter(sort.finish_view());

  ParseScope& scope = context.scope;
  const bool before = scope.system_names;
  scope.system_names = true;
  bson::Writer fields;
  for (const auto& path : partitions_) {
    const std::string name = "DENSIFY" + std::to_string(partition_slots_.size());
    partition_values_.push_back(make_field_path(path));
    partition_slots_.push_back(scope.push(name));
    fields.append(path, "$$" + name);
  }
  if (!partitions_.empty())
    with_partition_ = Projector(fields.finish_view(), Projector::Kind::add, scope);
  value_slot_ = scope.push("DENSIFY");
  bson::Writer value;
  value.append(field_, "$$DENSIFY");
  with_value_ = Projector(value.finish_view(), Projector::Kind::add, scope);
  for (std::size_t i = 0; i <= partitions_.size(); ++i) scope.pop();
  scope.system_names = before;
}

void DensifySpec::parse_range(View range) {
  std::optional<ValueView> step, bounds, unit;
  for (const auto& field : range) {
    if (field.key == "step") {
      step = field.value;
    } else if (field.key == "bounds") {
      bounds = field.value;
    } else if (field.key == "unit") {
      need_type("range.unit", field.value, Type::string);
      unit = field.value;
    } else {
      fail_field(40415, "range." + std::string(field.key), "is an unknown field.");
    }
  }
  if (!step) fail_field(40414, "range.step", "is missing but a required field");
  if (!bounds) fail_field(40414, "range.bounds", "is missing but a required field");
  if (!is_number(*step) || compare_values(*step, Value(std::int32_t{0}).view()) <= 0)
    fail_expression(5733401,
                    "The step parameter in a range statement must be a strictly positive numeric "
                    "value");
  range_.step = Value(*step);
  if (unit) {
    const auto whole = integer_part(*step);
    if (!whole || !whole->whole)
      fail_expression(6586400,
                      "The step parameter in a range statement must be a whole number when "
                      "densifying a date range");
    range_.unit = find_time_unit(unit->as_string());
    if (!range_.unit)
      fail_expression(9, "unknown time unit value: " + std::string(unit->as_string()));
  }
  parse_bounds(*bounds);
}

void DensifySpec::parse_bounds(ValueView bounds) {
  if (bounds.is_string()) {
    const auto text = bounds.as_string();
    if (text != "full" && text != "partition")
      fail_expression(5946802, "Bounds string must either be 'full' or 'partition'");
    range_.kind = text == "full" ? Range::Kind::full : Range::Kind::partition;
    return;
  }
  if (!bounds.is_array())
    fail_expression(5733404,
                    "The bounds in a range statement must be the string 'full', 'partition', or an "
                    "ascending array of two numbers or two dates");
  const View pair = bounds.as_array();
  if (pair.count() != 2)
    fail_expression(5733403,
                    "A bounding array in a range statement must have exactly two elements");
  const ValueView lower = pair.begin()->value;
  const ValueView upper = std::next(pair.begin())->value;
  if (compare_values(lower, upper) > 0)
    fail_expression(5733402,
                    "A bounding array must be an ascending array of either two dates or two "
                    "numbers");
  const std::string same = "A bounding array must contain either both dates or both numeric types";
  if (is_number(lower)) {
    if (range_.unit) fail_expression(5733409, "Numeric bounds may not have unit parameter");
    if (!is_number(upper)) fail_expression(5733406, same);
    if (lower.type() != upper.type() || lower.type() != range_.step.type())
      fail_expression(5876900, "Upper bound, lower bound, and step must all have the same type");
  } else if (lower.type() == Type::date_time) {
    if (upper.type() != Type::date_time) fail_expression(5733405, same);
    if (!range_.unit) fail_expression(5733410, "A bounding array of dates must specify a unit");
  } else {
    fail_expression(5946800, "Explicit bounds must be numeric or dates");
  }
  range_.kind = Range::Kind::between;
  range_.lower = Value(lower);
  range_.upper = Value(upper);
}

StageSpecPtr parse_densify(ValueView given, PipelineContext& context) {
  return std::make_shared<DensifySpec>(given, context);
}

}  // namespace quire::store::embedded
