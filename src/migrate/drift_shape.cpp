#include "migrate/drift_shape.hpp"

#include <algorithm>

#include "quire/bson/json.hpp"
#include "quire/model/json_schema.hpp"

namespace quire::migrate {
namespace {

using bson::Type;
using bson::ValueView;
using bson::View;

std::vector<std::string> texts(ValueView value) {
  std::vector<std::string> out;
  if (value.is_string()) out.emplace_back(value.as_string());
  if (!value.is_array()) return out;
  for (const auto& one : value.as_array()) {
    if (one.value.is_string()) out.emplace_back(one.value.as_string());
  }
  return out;
}

Shape read_schema(View schema) {
  Shape shape;
  std::vector<std::string> required;
  for (const auto& [key, value] : schema) {
    if (key == "bsonType") {
      shape.types = texts(value);
    } else if (key == "enum") {
      // Of names and, where the member may be empty, null.
      shape.names = texts(value);
      shape.types = {"string"};
      for (const auto& one : value.as_array()) {
        if (one.value.is_null()) shape.types.emplace_back("null");
      }
    } else if (key == "required") {
      required = texts(value);
    } else if (key == "properties") {
      for (const auto& field : value.as_document()) {
        shape.properties.push_back(
            {std::string(field.key), read_schema(field.value.as_document()), false});
      }
    } else if (key == "items" && value.is_document()) {
      shape.items.push_back(read_schema(value.as_document()));
    } else if (key == "items") {
      for (const auto& part : value.as_array())
        shape.tuple.push_back(read_schema(part.value.as_document()));
    } else if (key == "minItems") {
      shape.fixed_length = true;
    } else if (key == "additionalProperties" && value.is_document()) {
      shape.values.push_back(read_schema(value.as_document()));
    } else if (key == "additionalProperties") {
      shape.closed = !value.as_bool();
    } else if (key == "anyOf") {
      for (const auto& one : value.as_array())
        shape.alternatives.push_back(read_schema(one.value.as_document()));
    }
  }
  std::sort(shape.properties.begin(), shape.properties.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  for (auto& property : shape.properties) {
    property.required =
        std::find(required.begin(), required.end(), property.name) != required.end();
  }
  return shape;
}

ModelInfo without_checks(const ModelInfo& model) {
  ModelInfo plain = model;
  plain.checks.clear();
  return plain;
}

bool is_number(Type type) {
  return type == Type::int32 || type == Type::int64 || type == Type::double_ ||
         type == Type::decimal128;
}

/// The way from the document to a value: made into text only where something is found.
struct Way {
  const Way* up;
  std::string_view name;
  bool field = true;  ///< else "[]" and "[0]" for elements, "*" for values of a map
};
/// Whether a path could be read otherwise, or an operator would not reach it.
bool is_odd(std::string_view name) {
  return name.empty() || name.front() == '$' || name == "*" ||
         name.find_first_of(".[]\"") != std::string_view::npos;
}
std::string text_of(const Way* way) {
  if (way == nullptr) return {};
  std::string path = text_of(way->up);
  const bool element = !way->field && way->name.starts_with('[');
  if (way->up != nullptr && !element) path += '.';
  return way->field && is_odd(way->name) ? path + bson::to_json(bson::Value(way->name).view())
                                         : path.append(way->name);
}

void compare(const Shape& shape, ValueView value, const Way* way, std::vector<ShapeFinding>& out);

void compare_fields(const Shape& shape, View document, const Way* way,
                    std::vector<ShapeFinding>& out) {
  for (const auto& [key, value] : document) {
    const Way here{way, key};
    if (const auto* property = shape.find(key)) {
      compare(property->shape, value, &here, out);
    } else if (!shape.values.empty()) {
      const Way any{way, "*", false};
      compare(shape.values.front(), value, &any, out);
    } else if (shape.closed) {
      out.push_back(
          {ShapeFinding::Kind::unknown, text_of(&here), std::string(type_name(value.type())), {}});
    }
  }
  for (const auto& property : shape.properties) {
    if (!property.required || document.contains(property.name)) continue;
    const Way here{way, property.name};
    out.push_back({ShapeFinding::Kind::absent, text_of(&here), {}, property.shape.text()});
  }
}

void compare_variant(const Shape& shape, ValueView value, const Way* way,
                     std::vector<ShapeFinding>& out) {
  std::optional<std::vector<ShapeFinding>> best;
  for (const auto& one : shape.alternatives) {
    if (!one.takes(value.type())) continue;
    std::vector<ShapeFinding> found;
    compare(one, value, way, found);
    if (!best || found.size() < best->size()) best = std::move(found);
    if (best->empty()) return;
  }
  if (best) {
    out.insert(out.end(), best->begin(), best->end());
  } else {
    out.push_back({ShapeFinding::Kind::type, text_of(way), std::string(type_name(value.type())),
                   shape.text()});
  }
}

void compare(const Shape& shape, ValueView value, const Way* way, std::vector<ShapeFinding>& out) {
  if (!shape.alternatives.empty()) return compare_variant(shape, value, way, out);
  const auto unread = [&] {
    out.push_back({ShapeFinding::Kind::type, text_of(way), std::string(type_name(value.type())),
                   shape.text()});
  };
  if (!shape.takes(value.type())) return unread();
  if (value.is_string() && !shape.names.empty() &&
      std::find(shape.names.begin(), shape.names.end(), value.as_string()) == shape.names.end())
    return unread();
  if (value.is_document()) return compare_fields(shape, value.as_document(), way, out);
  if (!value.is_array()) return;
  std::size_t i = 0;
  for (const auto& element : value.as_array()) {
    if (!shape.items.empty()) {
      const Way here{way, "[]", false};
      compare(shape.items.front(), element.value, &here, out);
    } else if (i < shape.tuple.size()) {
      const std::string name = "[" + std::to_string(i) + "]";
      const Way here{way, name, false};
      compare(shape.tuple[i], element.value, &here, out);
    }
    ++i;
  }
}

}  // namespace

bool Shape::takes(Type type) const {
  if (!alternatives.empty()) {
    return std::any_of(alternatives.begin(), alternatives.end(),
                       [&](const Shape& one) { return one.takes(type); });
  }
  if (types.empty()) return true;
  const auto name = type_name(type);
  return std::any_of(types.begin(), types.end(), [&](const std::string& one) {
    return one == name || (one == "number" && is_number(type));
  });
}

const Shape::Property* Shape::find(std::string_view name) const {
  const auto at =
      std::lower_bound(properties.begin(), properties.end(), name,
                       [](const Property& a, std::string_view b) { return a.name < b; });
  return at != properties.end() && at->name == name ? &*at : nullptr;
}

std::string Shape::text() const {
  std::vector<std::string> parts;
  const auto add = [&](std::string part) {
    if (std::find(parts.begin(), parts.end(), part) == parts.end())
      parts.push_back(std::move(part));
  };
  for (const auto& one : alternatives) add(one.text());
  for (const auto& type : types) {
    if (type != "string" || names.empty()) {
      add(type);
      continue;
    }
    std::string list;
    for (const auto& name : names) list += (list.empty() ? "\"" : ", \"") + name + "\"";
    add(names.size() == 1 ? list : "one of " + list);
  }
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : " or ") + part;
  return text.empty() ? "anything" : text;
}

Shape shape_of(const ModelInfo& model) {
  const auto made = json_schema(without_checks(model), {.required = true, .additional = false});
  return read_schema(made.schema);
}

std::optional<bson::Value> empty_value_of(const ModelInfo& model, std::string_view field) {
  const auto made = json_schema(without_checks(model), {.as_read = false});
  const Shape shape = read_schema(made.schema);
  const auto* property = shape.find(field);
  if (property == nullptr || property->shape.types.size() != 1) return std::nullopt;
  const std::string& type = property->shape.types.front();
  if (type == "string")
    return bson::Value(property->shape.names.empty() ? "" : property->shape.names.front());
  if (type == "int") return bson::Value(std::int32_t{0});
  if (type == "long") return bson::Value(std::int64_t{0});
  if (type == "double") return bson::Value(0.0);
  if (type == "bool") return bson::Value(false);
  if (type == "array" && !property->shape.fixed_length) return bson::Value::array(View{});
  if (type == "object" && property->shape.properties.empty()) return bson::Value(View{});
  return std::nullopt;
}

void compare_document(const Shape& shape, View document, std::vector<ShapeFinding>& out) {
  compare(shape, ValueView(Type::document, document.data(), document.size()), nullptr, out);
}

}  // namespace quire::migrate
