#include "quire/query/detail/build.hpp"

#include <optional>
#include <vector>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::query::detail {

using bson::Document;
using bson::Type;
using bson::Value;
using bson::ValueView;
using bson::View;
using bson::Writer;

namespace {

/// A document that holds operators: its first key begins with '$' and is no part of a DBRef.
bool is_operators(ValueView value) {
  if (value.type() != Type::document) return false;
  const View document = value.as_document();
  const auto it = document.begin();
  if (it == document.end() || !it->key.starts_with('$')) return false;
  return it->key != "$ref" && it->key != "$id" && it->key != "$db";
}

/// Whether two documents of operators on one field can become one.
bool can_merge(View a, View b) {
  for (const auto& left : a) {
    if (left.key == "$regex" || left.key == "$options") return false;
    if (b.contains(left.key)) return false;
  }
  return !b.contains("$regex") && !b.contains("$options");
}

Document merged(View a, View b) {
  Writer writer;
  writer.append_all(a).append_all(b);
  return writer.finish();
}

bool is_only(View filter, std::string_view key) {
  auto it = filter.begin();
  if (it == filter.end() || it->key != key) return false;
  return ++it == filter.end();
}

void push_filters(Writer& writer, View filter, std::string_view op) {
  if (is_only(filter, op) && filter.begin()->value.is_array()) {
    for (const auto& one : filter.begin()->value.as_array()) writer.push(one.value);
  } else {
    writer.push(filter);
  }
}

Document grouped(std::string_view op, View a, View b) {
  Writer writer;
  writer.begin_array(op);
  push_filters(writer, a, op);
  push_filters(writer, b, op);
  writer.end();
  return writer.finish();
}

bool is_logical(std::string_view key) { return key == "$and" || key == "$or" || key == "$nor"; }

void write_prefixed(Writer& writer, std::string_view prefix, View filter) {
  for (const auto& field : filter) {
    if (is_logical(field.key) && field.value.is_array()) {
      writer.begin_array(field.key);
      for (const auto& one : field.value.as_array()) {
        writer.push_document_begin();
        write_prefixed(writer, prefix, one.value.as_document());
        writer.end();
      }
      writer.end();
    } else if (field.key.starts_with('$')) {
      writer.append(field.key, field.value);
    } else if (field.key.empty()) {
      writer.append(prefix, field.value);
    } else {
      writer.append(std::string(prefix) + "." + std::string(field.key), field.value);
    }
  }
}

[[noreturn]] void fail_twice(std::string_view op, std::string_view path) {
  throw QueryError(ErrorCode::invalid_update, FieldPath(std::string(path)),
                   std::string(op) + " is given twice for this field; join the two into one", 40);
}

void write_operator(Writer& writer, std::string_view op, View fields, View more) {
  writer.begin_document(op);
  writer.append_all(fields);
  for (const auto& field : more) {
    if (fields.contains(field.key)) fail_twice(op, field.key);
    writer.append(field.key, field.value);
  }
  writer.end();
}

}  // namespace

Document equals(std::string_view path, ValueView operand) {
  Writer writer;
  if (operand.type() == Type::regex || is_operators(operand)) {
    writer.begin_document(path).append("$eq", operand).end();
  } else {
    writer.append(path, operand);
  }
  return writer.finish();
}

Document compare(std::string_view path, std::string_view op, ValueView operand) {
  Writer writer;
  writer.begin_document(path).append(op, operand).end();
  return writer.finish();
}

Document compare_list(std::string_view path, std::string_view op, std::span<const Value> operands) {
  Writer writer;
  writer.begin_document(path).begin_array(op);
  for (const auto& operand : operands) writer.push(operand);
  writer.end().end();
  return writer.finish();
}

Document regex(std::string_view path, std::string_view pattern, std::string_view options) {
  Writer writer;
  writer.begin_document(path).append("$regex", pattern);
  if (!options.empty()) writer.append("$options", options);
  writer.end();
  return writer.finish();
}

Document both(View a, View b) {
  if (a.empty()) return Document(b);
  if (b.empty()) return Document(a);
  for (const auto& right : b) {
    const auto left = a.find(right.key);
    if (!left) continue;
    if (right.key.starts_with('$') || !is_operators(*left) || !is_operators(right.value) ||
        !can_merge(left->as_document(), right.value.as_document())) {
      return grouped("$and", a, b);
    }
  }
  Writer writer;
  for (const auto& left : a) {
    if (const auto right = b.find(left.key)) {
      writer.append(left.key, merged(left.value.as_document(), right->as_document()));
    } else {
      writer.append(left.key, left.value);
    }
  }
  for (const auto& right : b) {
    if (!a.contains(right.key)) writer.append(right.key, right.value);
  }
  return writer.finish();
}

Document either(View a, View b) {
  if (a.empty() || b.empty()) return {};  // one of them takes every document
  return grouped("$or", a, b);
}

Document negated(View filter) {
  auto it = filter.begin();
  if (is_only(filter, "$nor") && it->value.is_array()) {
    const View list = it->value.as_array();
    auto one = list.begin();
    if (one != list.end() && one->value.is_document()) {
      const View inner = one->value.as_document();
      if (++one == list.end()) return Document(inner);
    }
  }
  if (it != filter.end() && !it->key.starts_with('$')) {
    const auto field = *it;
    if (++it == filter.end()) {
      if (!is_operators(field.value)) {
        return compare(field.key, field.value.type() == Type::regex ? "$not" : "$ne", field.value);
      }
      if (!field.value.as_document().contains("$not"))
        return compare(field.key, "$not", field.value);
    }
  }
  const View one[] = {filter};
  return group("$nor", one);
}

Document group(std::string_view op, std::span<const View> filters) {
  Writer writer;
  writer.begin_array(op);
  for (const auto& filter : filters) writer.push(filter);
  writer.end();
  return writer.finish();
}

Document on_element(View filter) {
  bool itself = false;
  for (const auto& field : filter) {
    if (field.key.empty()) itself = true;
    if (is_logical(field.key) && field.value.is_array()) {
      for (const auto& one : field.value.as_array()) {
        if (one.value.is_document() && one.value.as_document().contains("")) {
          throw QueryError(ErrorCode::invalid_query,
                           "conditions on plain array elements can be joined by && only, one of "
                           "each operator; use in(…) or a filter on the whole field instead",
                           2);
        }
      }
    }
  }
  if (!itself) return Document(filter);
  Writer writer;
  for (const auto& field : filter) {
    if (!field.key.empty()) {
      writer.append(field.key, field.value);
    } else if (is_operators(field.value)) {
      writer.append_all(field.value.as_document());
    } else {
      writer.append(field.value.type() == Type::regex ? "$regex" : "$eq", field.value);
    }
  }
  return writer.finish();
}

Document elem_match(std::string_view path, View filter) {
  const Document inner = on_element(filter);
  Writer writer;
  writer.begin_document(path).append("$elemMatch", inner.view()).end();
  return writer.finish();
}

Document prefixed(std::string_view prefix, View filter) {
  Writer writer;
  write_prefixed(writer, prefix, filter);
  return writer.finish();
}

Document operation(std::string_view op, std::string_view path, ValueView operand) {
  Writer writer;
  writer.begin_document(op).append(path, operand).end();
  return writer.finish();
}

Document with_operation(View update, std::string_view op, std::string_view path,
                        ValueView operand) {
  return joined(update, operation(op, path, operand));
}

Document joined(View a, View b) {
  if (a.empty()) return Document(b);
  if (b.empty()) return Document(a);
  Writer writer;
  for (const auto& left : a) {
    const auto right = b.find(left.key);
    if (right && left.value.is_document() && right->is_document()) {
      write_operator(writer, left.key, left.value.as_document(), right->as_document());
    } else if (right) {
      fail_twice("a replacement", left.key);
    } else {
      writer.append(left.key, left.value);
    }
  }
  for (const auto& right : b) {
    if (!a.contains(right.key)) writer.append(right.key, right.value);
  }
  return writer.finish();
}

namespace {
void put_each(Writer& writer, std::span<const Value> values) {
  writer.begin_array("$each");
  for (const auto& value : values) writer.push(value);
  writer.end();
}
/// Counts as a server's shell writes them: int32 where it fits.
void put_count(Writer& writer, std::string_view key, std::int64_t count) {
  if (count == static_cast<std::int32_t>(count)) {
    writer.append(key, static_cast<std::int32_t>(count));
  } else {
    writer.append(key, count);
  }
}
}  // namespace

Document push_operand(std::span<const Value> values, const PushModifiers& modifiers) {
  Writer writer;
  put_each(writer, values);
  if (modifiers.position != nullptr) put_count(writer, "$position", *modifiers.position);
  if (modifiers.slice != nullptr) put_count(writer, "$slice", *modifiers.slice);
  if (!modifiers.sort.empty()) {
    writer.append("$sort", modifiers.sort);
  } else if (modifiers.sort_values != 0) {
    writer.append("$sort", modifiers.sort_values);
  }
  return writer.finish();
}

Document each_operand(std::span<const Value> values) {
  Writer writer;
  put_each(writer, values);
  return writer.finish();
}

Document overlaid(View a, View b) {
  Writer writer;
  for (const auto& left : a) writer.append(left.key, b.find(left.key).value_or(left.value));
  for (const auto& right : b) {
    if (!a.contains(right.key)) writer.append(right.key, right.value);
  }
  return writer.finish();
}

Document single(std::string_view path, ValueView value) {
  Writer writer;
  writer.append(path, value);
  return writer.finish();
}

Document single_int(std::string_view path, std::int32_t value) {
  Writer writer;
  writer.append(path, value);
  return writer.finish();
}

Value array_of(std::span<const Value> values) {
  Writer writer;
  for (const auto& value : values) writer.push(value);
  return Value::array(writer.finish_view());
}

std::string shell_json(View document) { return bson::to_json(document, bson::JsonMode::shell); }

Document parse_json(std::string_view json) { return bson::from_json(json); }

void fail_overflow(std::string_view path, std::string_view text) {
  throw MappingError(ErrorCode::integer_overflow, FieldPath(std::string(path)),
                     std::string(text) + " does not fit the field's type");
}

namespace {

/// 1 includes, 0 excludes; nothing where the operand says neither.
std::optional<bool> includes(ValueView operand) {
  switch (operand.type()) {
    case Type::boolean:
      return operand.as_bool();
    case Type::int32:
      return operand.as_int32() != 0;
    case Type::int64:
      return operand.as_int64() != 0;
    case Type::double_:
      return operand.as_double() != 0;
    default:
      return std::nullopt;
  }
}

void check_projected(View fields, const std::string& above, std::optional<bool>& mode) {
  for (const auto& field : fields) {
    const std::string path =
        above.empty() ? std::string(field.key) : above + "." + std::string(field.key);
    if (field.value.is_document() && !is_operators(field.value)) {
      check_projected(field.value.as_document(), path, mode);
      continue;
    }
    const auto own = includes(field.value);
    if (!own || path == "_id") continue;
    if (mode && *mode != *own) {
      throw QueryError(ErrorCode::invalid_projection, FieldPath(path),
                       *mode ? "this field is excluded where others are included; name only those "
                               "to include"
                             : "this field is included where others are excluded; name only those "
                               "to exclude",
                       *mode ? 31254 : 31253);
    }
    mode = own;
  }
}

}  // namespace

void check_projection(View projection) {
  std::optional<bool> mode;
  check_projected(projection, {}, mode);
}

}  // namespace quire::query::detail
