#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/value.hpp"
#include "quire/model/info.hpp"

/// What the documents of a model look like, and how one document differs from it.
namespace quire::migrate {

/// The schema of a model as a tree that is walked beside documents.
struct Shape {
  struct Property;
  std::vector<std::string> types;    ///< MongoDB's aliases; empty: any
  std::vector<std::string> names;    ///< of an enum: all texts that are read
  std::vector<Property> properties;  ///< by name
  std::vector<Shape> items;          ///< of a list: one
  std::vector<Shape> tuple;          ///< one a part
  std::vector<Shape> values;         ///< of a map: one
  std::vector<Shape> alternatives;   ///< of a variant
  bool fixed_length = false;         ///< of a list or tuple
  bool closed = false;               ///< fields of other names are unknown

  [[nodiscard]] bool takes(bson::Type type) const;
  [[nodiscard]] const Property* find(std::string_view name) const;
  /// "number or null", for people.
  [[nodiscard]] std::string text() const;
};
struct Shape::Property {
  std::string name;
  Shape shape;
  bool required = false;
};

/// As documents of the model are read. Checks of the model are not part of it.
[[nodiscard]] Shape shape_of(const ModelInfo& model);
/// The empty value of each top-level field that has one, by what quire writes into it.
[[nodiscard]] std::optional<bson::Value> empty_value_of(const ModelInfo& model,
                                                        std::string_view field);

struct ShapeFinding {
  enum class Kind { type, unknown, absent };
  Kind kind;
  std::string path;
  std::string found;  ///< of `absent`: empty
  std::string wanted;
};
/// Appends what does not fit; one document may give the same finding several times.
void compare_document(const Shape& shape, bson::View document, std::vector<ShapeFinding>& out);

}  // namespace quire::migrate
