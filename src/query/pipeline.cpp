#include "quire/query/pipeline.hpp"

#include <algorithm>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::query {

using bson::Document;
using bson::Type;
using bson::Value;
using bson::ValueView;
using bson::View;
using bson::Writer;

namespace {
Window window_of(std::string_view kind, const WindowBound& from, const WindowBound& to,
                 std::string_view unit) {
  Writer writer;
  writer.begin_array(kind).push(from.view()).push(to.view()).end();
  if (!unit.empty()) writer.append("unit", unit);
  return Window(writer.finish());
}
std::string_view bounds_name(DensifyBounds bounds) {
  return bounds == DensifyBounds::full ? "full" : "partition";
}
/// A whole number as an integer, so that integers stay integers.
Value number_of(double number) {
  const auto whole = static_cast<std::int64_t>(number < 1e15 && number > -1e15 ? number : 0.5);
  if (static_cast<double>(whole) == number) return detail::number_value(whole);
  return Value(number);
}
}  // namespace

Window documents_window(const WindowBound& from, const WindowBound& to) {
  return window_of("documents", from, to, {});
}
Window range_window(const WindowBound& from, const WindowBound& to, std::optional<TimeUnit> unit) {
  return window_of("range", from, to, unit ? detail::unit_name(*unit) : std::string_view());
}

DensifyRange every(double step, DensifyBounds bounds) {
  return DensifyRange(bson::make_document("step", number_of(step), "bounds", bounds_name(bounds)));
}
DensifyRange every(std::int64_t step, TimeUnit unit, DensifyBounds bounds) {
  return DensifyRange(bson::make_document("step", detail::number_value(step), "unit",
                                          detail::unit_name(unit), "bounds", bounds_name(bounds)));
}
DensifyRange every(double step, double from, double to) {
  Writer writer;
  writer.append("step", number_of(step)).begin_array("bounds");
  writer.push(number_of(from)).push(number_of(to)).end();
  return DensifyRange(writer.finish());
}
DensifyRange every(std::int64_t step, TimeUnit unit, DateTime from, DateTime to) {
  Writer writer;
  writer.append("step", detail::number_value(step)).append("unit", detail::unit_name(unit));
  writer.begin_array("bounds").push(from).push(to).end();
  return DensifyRange(writer.finish());
}

namespace detail {

Value with_window(ValueView function, const Document& window) {
  Writer writer;
  for (const auto& part : function.as_document()) {
    if (part.key != "window") writer.append(part.key, part.value);
  }
  writer.append("window", window);
  return Value(writer.finish_view());
}

Value empty_call(std::string_view op) { return call_named(op, {}); }

Value merge_operand(std::string_view collection, View on, WhenMatched matched,
                    WhenNotMatched not_matched) {
  constexpr std::string_view matches[] = {"merge", "replace", "keepExisting", "fail"};
  constexpr std::string_view others[] = {"insert", "discard", "fail"};
  Writer writer;
  writer.append("into", collection);
  if (!on.empty()) writer.append("on", keys_of(on));
  writer.append("whenMatched", matches[static_cast<std::size_t>(matched)]);
  writer.append("whenNotMatched", others[static_cast<std::size_t>(not_matched)]);
  return Value(writer.finish_view());
}

namespace {
/// $set and $project would look into a document of expressions, and keep what else is there.
Value whole(ValueView value) {
  if (!value.is_document()) return Value(value);
  const View document = value.as_document();
  const auto first = document.begin();
  if (first != document.end() && first->key.starts_with('$')) return Value(value);
  const Value operand[] = {Value(value)};
  return call_list("$mergeObjects", operand);
}
}  // namespace

void PipelineBuilder::add(std::string_view op, ValueView operand) {
  stages_.push_back(single(op, operand));
}

void PipelineBuilder::add(std::string_view op, std::span<const Named> operands) {
  stages_.emplace_back(call_named(op, operands).view().as_document());
}

void PipelineBuilder::add_set(std::string_view op, std::span<const Named> fields) {
  Writer writer;
  writer.begin_document(op);
  for (const auto& one : fields) writer.append(one.name, whole(one.value));
  writer.end();
  stages_.push_back(writer.finish());
}

void PipelineBuilder::append(const PipelineBuilder& more) {
  stages_.reserve(stages_.size() + more.stages_.size());
  for (std::size_t i = 0, n = more.stages_.size(); i < n; ++i) stages_.push_back(more.stages_[i]);
}

void PipelineBuilder::add_group(std::string_view op, std::span<const Named> fixed,
                                std::string_view output, std::span<const Named> fields) {
  Writer writer;
  writer.begin_document(op);
  for (const auto& one : fixed) {
    if (one.value.type() != Type::undefined) writer.append(one.name, one.value);
  }
  const bool nested = !output.empty() && !fields.empty();
  if (nested) writer.begin_document(output);
  for (const auto& one : fields) {
    if (one.name.find('.') != std::string_view::npos && op != "$setWindowFields") {
      throw QueryError(ErrorCode::invalid_query, FieldPath(std::string(one.name)),
                       std::string(op) +
                           " makes fields of the document itself; name a member of the struct, "
                           "not of one within it",
                       40235);
    }
    writer.append(one.name, one.value);
  }
  if (nested) writer.end();
  writer.end();
  stages_.push_back(writer.finish());
}

namespace {

/// Numbers and booleans would say which fields stay.
bool says_more(ValueView value) {
  const Type type = value.type();
  return type == Type::int32 || type == Type::int64 || type == Type::double_ ||
         type == Type::boolean || type == Type::decimal128;
}

bool stores(const StoredNames& names, std::string_view name) {
  return std::find(names.fields.begin(), names.fields.end(), name) != names.fields.end();
}
/// Whether the field, or a part of it, is computed.
bool is_given(std::span<const Named> given, std::string_view name) {
  for (const auto& one : given) {
    if (one.name == name || (one.name.size() > name.size() && one.name.starts_with(name) &&
                             one.name[name.size()] == '.'))
      return true;
  }
  return false;
}

}  // namespace

void add_names(StoredNames& to, const std::vector<FieldInfo>& fields) {
  for (const auto& field : fields) {
    if (field.flattened && field.nested != nullptr) {
      add_names(to, field.nested());
      continue;
    }
    to.fields.push_back(field.stored);
    to.aliases.insert(to.aliases.end(), field.aliases.begin(), field.aliases.end());
  }
}

void PipelineBuilder::add_project(const StoredNames& out, const StoredNames* row,
                                  std::span<const Named> given, std::string_view type) {
  Writer writer;
  writer.begin_document("$project");
  for (const auto name : out.fields) {
    if (is_given(given, name)) continue;
    if (row != nullptr && !stores(*row, name)) {
      throw ModelError(ErrorCode::invalid_model, FieldPath(std::string(name)),
                       "project<" + std::string(type) +
                           ">: the documents before have no field of this name, and no into<…>(…) "
                           "gives it");
    }
    writer.append(name, 1);
  }
  for (const auto alias : out.aliases) writer.append(alias, 1);
  for (const auto& one : given)
    writer.append(one.name, says_more(one.value) ? always_literal(one.value) : whole(one.value));
  if (!stores(out, "_id")) writer.append("_id", 0);
  writer.end();
  stages_.push_back(writer.finish());
}

Document PipelineBuilder::document() const {
  Writer writer;
  for (const auto& stage : stages_) writer.push(stage);
  return writer.finish();
}
Value PipelineBuilder::array() const { return Value::array(document()); }
std::string PipelineBuilder::json() const {
  return bson::array_to_json(document(), bson::JsonMode::shell);
}

namespace {
/// The value as an expression that gives it.
Value escaped(ValueView value) {
  if (value.is_array()) {
    Writer writer;
    for (const auto& one : value.as_array()) writer.push(escaped(one.value));
    return Value::array(writer.finish_view());
  }
  if (!value.is_document()) return literal_value(Value(value));
  Writer writer;
  for (const auto& one : value.as_document()) {
    if (one.key.starts_with('$')) return always_literal(value);
    writer.append(one.key, escaped(one.value));
  }
  return Value(writer.finish_view());
}
}  // namespace

Value documents_value(ValueView list) { return escaped(list); }

Value keys_of(View document) {
  Writer writer;
  for (const auto& field : document) writer.push(field.key);
  return Value::array(writer.finish_view());
}

const std::string& collection_of(const ModelInfo& info) {
  if (info.collection.empty()) {
    throw ModelError(ErrorCode::invalid_model,
                     "the model of " + info.type +
                         " names no collection; give pipeline<T>(\"name\") where a pipeline is "
                         "taken, or name it in model()");
  }
  return info.collection;
}

}  // namespace detail
}  // namespace quire::query
