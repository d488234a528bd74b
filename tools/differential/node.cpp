#include "node.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::differential {
namespace {

void write(const Node& node, bson::Writer& writer);

void write_field(std::string_view name, const Node& node, bson::Writer& writer) {
  switch (node.kind) {
    case Node::Kind::leaf:
      writer.append(name, node.leaf);
      return;
    case Node::Kind::document:
      writer.begin_document(name);
      break;
    case Node::Kind::array:
      writer.begin_array(name);
      break;
  }
  write(node, writer);
  writer.end();
}

void write(const Node& node, bson::Writer& writer) {
  std::size_t at = 0;
  for (const auto& [name, value] : node.fields)
    write_field(node.kind == Node::Kind::array ? std::to_string(at++) : name, value, writer);
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  char text[40];
  std::snprintf(text, sizeof text, "%.13g", value);
  return text;
}

}  // namespace

Node* Node::find(std::string_view name) {
  for (auto& [key, value] : fields) {
    if (key == name) return &value;
  }
  return nullptr;
}

const Node* Node::find(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (key == name) return &value;
  }
  return nullptr;
}

bson::Document Node::document() const {
  bson::Writer writer;
  write(*this, writer);
  return writer.finish();
}

Node Node::of(bson::ValueView value) {
  Node node;
  if (!value.is_document() && !value.is_array()) {
    node.leaf = bson::Value(value);
    return node;
  }
  node.kind = value.is_array() ? Kind::array : Kind::document;
  for (const auto& field : value.as_nested()) node.add(std::string(field.key), of(field.value));
  return node;
}

Node object(std::vector<Node::Field> fields) {
  Node node;
  node.kind = Node::Kind::document;
  node.fields = std::move(fields);
  return node;
}

Node list(std::vector<Node> elements) {
  Node node;
  node.kind = Node::Kind::array;
  for (auto& element : elements) node.push(std::move(element));
  return node;
}

Node one(std::string name, Node value) {
  Node node = object();
  node.add(std::move(name), std::move(value));
  return node;
}

std::string canonical(bson::ValueView value, std::initializer_list<std::string_view> sets) {
  if (value.type() == bson::Type::double_) return "double " + number_text(value.as_double());
  if (value.is_document()) {
    std::string text = "{";
    for (const auto& field : value.as_document()) {
      text.append(field.key).append(": ");
      if (field.value.is_array() && std::ranges::find(sets, field.key) != sets.end()) {
        std::vector<std::string> elements;
        for (const auto& element : field.value.as_array())
          elements.push_back(canonical(element.value, sets));
        std::ranges::sort(elements);
        for (const auto& element : elements) text += element + "; ";
      } else {
        text += canonical(field.value, sets);
      }
      text += ", ";
    }
    return text + "}";
  }
  if (value.is_array()) {
    std::string text = "[";
    for (const auto& element : value.as_array()) text += canonical(element.value, sets) + ", ";
    return text + "]";
  }
  return std::string(bson::type_name(value.type())) + ' ' +
         bson::to_json(value, bson::JsonMode::canonical);
}

}  // namespace quire::differential
