#include "quire/query/expr.hpp"

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/query/expr_time.hpp"

namespace quire::query::detail {

using bson::Document;
using bson::Type;
using bson::Value;
using bson::ValueView;
using bson::View;
using bson::Writer;

namespace {

/// Whether an expression would read the value as something else than itself.
bool is_evaluated(ValueView value) {
  if (value.is_string()) return value.as_string().starts_with('$');
  if (value.is_document()) return true;
  if (value.is_array()) {
    for (const auto& one : value.as_array()) {
      if (is_evaluated(one.value)) return true;
    }
  }
  return false;
}

Value of(std::string_view op, ValueView operand) {
  Writer writer;
  writer.append(op, operand);
  return Value(writer.finish_view());
}

thread_local int depth = 0;

}  // namespace

Value literal_value(Value value) {
  if (is_evaluated(value.view())) return always_literal(value.view());
  return value;
}

Value always_literal(ValueView value) { return of("$literal", value); }

Value path_value(std::string_view path, bool positional) {
  if (path.empty()) {
    throw QueryError(ErrorCode::invalid_query,
                     "element<…> is no field; in map, filter and reduce the lambda is given the "
                     "element",
                     2);
  }
  if (positional) {
    throw QueryError(ErrorCode::invalid_query, FieldPath(std::string(path)),
                     "an expression has no positions in paths, it would read a field of that "
                     "name; use array_elem_at(list, position)",
                     2);
  }
  return Value("$" + std::string(path));
}

Value call_value(std::string_view op, std::span<const Value> operands) {
  if (operands.size() == 1 && !operands[0].view().is_array()) return of(op, operands[0]);
  return call_list(op, operands);
}

Value call_list(std::string_view op, std::span<const Value> operands) {
  Writer writer;
  writer.begin_array(op);
  for (const auto& operand : operands) writer.push(operand);
  writer.end();
  return Value(writer.finish_view());
}

Value call_named(std::string_view op, std::span<const Named> operands) {
  Writer writer;
  writer.begin_document(op);
  for (const auto& operand : operands) {
    if (operand.value.type() != Type::undefined) writer.append(operand.name, operand.value);
  }
  writer.end();
  return Value(writer.finish_view());
}

Value join_value(std::string_view op, ValueView a, ValueView b) {
  Writer writer;
  writer.begin_array(op);
  for (const ValueView side : {a, b}) {
    const auto list = side.is_document() ? side.as_document().find(op) : std::nullopt;
    if (list && list->is_array()) {
      for (const auto& one : list->as_array()) writer.push(one.value);
    } else {
      writer.push(side);
    }
  }
  writer.end();
  return Value(writer.finish_view());
}

Value field_of_value(ValueView expression, std::string_view path) {
  if (expression.is_string() && expression.as_string().starts_with('$'))
    return Value(std::string(expression.as_string()) + "." + std::string(path));
  Writer writer;
  writer.begin_document("$let").begin_document("vars").append("whole", expression).end();
  writer.append("in", "$$whole." + std::string(path)).end();
  return Value(writer.finish_view());
}

Value object_value(std::span<const Named> fields) {
  Writer writer;
  for (const auto& field : fields) writer.append(field.name, field.value);
  return Value(writer.finish_view());
}

Value variable_value(std::string_view name) {
  bool fits = !name.empty();
  for (const char c : name)
    fits = fits && (c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
                    static_cast<unsigned char>(c) >= 128);
  if (!fits) {
    throw QueryError(ErrorCode::invalid_query,
                     "'" + std::string(name) +
                         "' is no name of a variable: letters, digits and _ are, without $",
                     9);
  }
  return Value("$$" + std::string(name));
}

Document expr_filter(ValueView expression) {
  Writer writer;
  writer.append("$expr", expression);
  return writer.finish();
}

std::string value_json(ValueView value) { return bson::to_json(value, bson::JsonMode::shell); }

VariableName::VariableName(std::string_view base) : text_(base) {
  if (++depth > 1) text_ += std::to_string(depth);
}
VariableName::~VariableName() { --depth; }

std::uint64_t& reduces_made() noexcept {
  thread_local std::uint64_t count = 0;
  return count;
}

Value renamed_reduce(std::string_view value, std::string_view item, ValueView body) {
  Writer writer;
  writer.begin_document("$let").begin_document("vars");
  writer.append(value, "$$value").append(item, "$$this").end();
  writer.append("in", body).end();
  return Value(writer.finish_view());
}

Value switch_value(std::span<const Value> branches, ValueView otherwise) {
  Writer writer;
  writer.begin_document("$switch").begin_array("branches");
  for (std::size_t i = 0; i + 1 < branches.size(); i += 2) {
    writer.push_document_begin().append("case", branches[i]).append("then", branches[i + 1]).end();
  }
  writer.end();
  if (otherwise.type() != Type::undefined) writer.append("default", otherwise);
  writer.end();
  return Value(writer.finish_view());
}

std::string_view unit_name(TimeUnit unit) noexcept {
  constexpr std::string_view names[] = {"year", "quarter", "month",  "week",       "day",
                                        "hour", "minute",  "second", "millisecond"};
  return names[static_cast<std::size_t>(unit)];
}

}  // namespace quire::query::detail
