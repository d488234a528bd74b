#include "quire/model/detail/base_names.hpp"

#include "quire/bson/writer.hpp"

namespace quire::model_detail {

using bson::Document;
using bson::Value;
using bson::ValueView;
using bson::View;
using bson::Writer;

namespace {

void write_renamed(Writer& writer, View filter, const BaseNames& names) {
  for (const auto& field : filter) {
    if ((field.key == "$and" || field.key == "$or" || field.key == "$nor") &&
        field.value.is_array()) {
      writer.begin_array(field.key);
      for (const auto& one : field.value.as_array()) {
        writer.push_document_begin();
        write_renamed(writer, one.value.as_document(), names);
        writer.end();
      }
      writer.end();
    } else if (field.key == "$expr") {
      writer.append(field.key, renamed_expression(field.value, names));
    } else if (field.key.starts_with('$')) {
      writer.append(field.key, field.value);
    } else {
      writer.append(renamed_path(field.key, names), field.value);
    }
  }
}

}  // namespace

std::string renamed_path(std::string_view path, const BaseNames& names) {
  const auto dot = path.find('.');
  const auto first = path.substr(0, dot);
  for (const auto& name : names) {
    if (name.from != first) continue;
    std::string text(name.to);
    if (dot != std::string_view::npos) text += path.substr(dot);
    return text;
  }
  return std::string(path);
}

Value renamed_expression(ValueView expression, const BaseNames& names) {
  if (expression.is_string()) {
    const auto text = expression.as_string();
    constexpr std::string_view roots[] = {"$$ROOT.", "$$CURRENT."};
    for (const auto root : roots) {
      if (text.starts_with(root))
        return Value(std::string(root) + renamed_path(text.substr(root.size()), names));
    }
    if (text.starts_with('$') && !text.starts_with("$$"))
      return Value("$" + renamed_path(text.substr(1), names));
    return Value(expression);
  }
  if (expression.is_array()) {
    Writer writer;
    for (const auto& one : expression.as_array()) writer.push(renamed_expression(one.value, names));
    return Value::array(writer.finish_view());
  }
  if (expression.is_document()) {
    Writer writer;
    for (const auto& one : expression.as_document()) {
      if (one.key == "$literal")
        writer.append(one.key, one.value);
      else
        writer.append(one.key, renamed_expression(one.value, names));
    }
    return Value(writer.finish_view());
  }
  return Value(expression);
}

Document renamed_filter(View filter, const BaseNames& names) {
  Writer writer;
  write_renamed(writer, filter, names);
  return writer.finish();
}

Document renamed_keys(View document, const BaseNames& names) {
  Writer writer;
  for (const auto& field : document) writer.append(renamed_path(field.key, names), field.value);
  return writer.finish();
}

Document renamed_update(View update, const BaseNames& names) {
  Writer writer;
  for (const auto& op : update) {
    if (!op.value.is_document()) {
      writer.append(op.key, op.value);
      continue;
    }
    writer.begin_document(op.key);
    for (const auto& field : op.value.as_document()) {
      if (op.key == "$rename" && field.value.is_string())
        writer.append(renamed_path(field.key, names), renamed_path(field.value.as_string(), names));
      else
        writer.append(renamed_path(field.key, names), field.value);
    }
    writer.end();
  }
  return writer.finish();
}

}  // namespace quire::model_detail
