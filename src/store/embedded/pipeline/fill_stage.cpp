#include <utility>

#include "store/embedded/pipeline/group.hpp"
#include "store/embedded/pipeline/set_window_fields.hpp"

/// $fill, as the stages it stands for: $setWindowFields for methods, $addFields for values.
namespace quire::store::embedded {

using bson::ValueView;
using bson::View;

namespace {

[[noreturn]] void fail_field(int code, std::string_view field, std::string_view what) {
  fail_expression(code, "BSON field '$fill." + std::string(field) + "' " + std::string(what));
}

struct Fill {
  std::optional<ValueView> partition_by;
  std::optional<View> partition_fields;
  std::optional<View> sort;
  View output;
};

Fill read_fill(ValueView given) {
  if (!given.is_document())
    fail_expression(9, "The $fill stage specification must be an object, found " +
                           std::string(value_type_name(given)));
  Fill out;
  bool has_output = false;
  const auto need = [](const bson::Element& field, bool fits, std::string_view type) {
    if (!fits)
      fail_field(14, field.key,
                 "is the wrong type '" + std::string(value_type_name(field.value)) +
                     "', expected type '" + std::string(type) + "'");
  };
  for (const auto& field : given.as_document()) {
    if (field.key == "partitionBy") {
      need(field, field.value.is_document() || field.value.is_string(), "object");
      out.partition_by = field.value;
    } else if (field.key == "partitionByFields") {
      need(field, field.value.is_array(), "array");
      out.partition_fields = field.value.as_array();
    } else if (field.key == "sortBy") {
      need(field, field.value.is_document(), "object");
      out.sort = field.value.as_document();
    } else if (field.key == "output") {
      need(field, field.value.is_document(), "object");
      out.output = field.value.as_document();
      has_output = true;
    } else {
      fail_field(40415, field.key, "is an unknown field.");
    }
  }
  if (!has_output) fail_field(40414, "output", "is missing but a required field");
  if (out.output.empty())
    fail_expression(6050203,
                    "The output field in '$fill' must contain an object with at least one element");
  if (out.partition_by && out.partition_fields)
    fail_expression(6050204,
                    "Maximum one of 'partitionBy' and 'partitionByFields' can be specified in "
                    "'$fill'");
  return out;
}

/// {a: "$a", …} of the fields that documents are partitioned by.
void append_partition(const Fill& fill, bson::Writer& out) {
  if (fill.partition_by) {
    out.append("partitionBy", *fill.partition_by);
    return;
  }
  if (!fill.partition_fields || fill.partition_fields->empty()) return;
  out.begin_document("partitionBy");
  for (const auto& field : *fill.partition_fields) {
    if (!field.value.is_string())
      fail_field(14, "partitionByFields",
                 "holds " + show(field.value) + ", expected type 'string'");
    const std::string name(field.value.as_string());
    out.append(name, "$" + name);
  }
  out.end();
}

}  // namespace

StageSpecPtr join_stages_as(std::string_view name, ValueView given, StageSpecs stages) {
  return std::make_shared<CompositeSpec>(name, given, std::move(stages));
}

StageSpecPtr parse_fill(ValueView given, PipelineContext& context) {
  const Fill fill = read_fill(given);
  bson::Writer windows;  // of the fields with a method
  bson::Writer values;   // of the others
  bool has_windows = false;
  bool has_values = false;
  for (const auto& field : fill.output) {
    const std::string place = "output." + std::string(field.key);
    if (!field.value.is_document())
      fail_expression(6050200,
                      "Each fill output specification must be an object with exactly one field");
    const std::string path = "$" + std::string(field.key);
    bool described = false;
    for (const auto& how : field.value.as_document()) {
      if (how.key != "method" && how.key != "value")
        fail_field(40415, place + "." + std::string(how.key), "is an unknown field.");
      if (how.key == "method" && !how.value.is_string())
        fail_field(14, place + ".method", "is the wrong type, expected type 'string'");
      if (std::exchange(described, true))
        fail_expression(6050201,
                        "Each fill output specification must have exactly one of 'method' or "
                        "'value' fields, not both");
      if (how.key == "value") {
        values.begin_document(field.key);
        values.begin_array("$ifNull").push(path).push(how.value).end();
        values.end();
        has_values = true;
        continue;
      }
      const auto method = how.value.as_string();
      if (method != "locf" && method != "linear")
        fail_expression(6050202, "Method must be either locf or linear, found " + show(how.value));
      windows.begin_document(field.key);
      windows.append(method == "locf" ? "$locf" : "$linearFill", path);
      windows.end();
      has_windows = true;
    }
  }
  StageSpecs stages;
  if (has_windows) {
    bson::Writer out;
    append_partition(fill, out);
    if (fill.sort) out.append("sortBy", *fill.sort);
    out.append("output", windows.finish_view());
    const bson::Document spec = out.finish();
    stages.push_back(parse_set_window_fields(bson::Value(spec.view()).view(), context));
  }
  if (has_values) {
    const bson::Document spec = values.finish();
    stages.push_back(find_stage("$addFields")->parse(bson::Value(spec.view()).view(), context));
  }
  return join_stages_as("$fill", given, std::move(stages));
}

}  // namespace quire::store::embedded
