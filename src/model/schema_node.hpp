#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/value.hpp"
#include "quire/bson/writer.hpp"
#include "quire/model/info.hpp"

namespace quire::model_detail {

/// One level of a $jsonSchema that is being made.
struct SchemaNode {
  std::vector<std::string> types;   ///< aliases of bsonType; empty = any
  std::vector<bson::Value> values;  ///< enum; empty = any
  std::optional<bson::Value> minimum, maximum;
  std::optional<std::int64_t> least_length, most_length;          ///< of a text
  std::optional<std::int64_t> least_items, most_items;            ///< of an array
  std::optional<std::int64_t> least_properties, most_properties;  ///< of an object
  std::vector<std::string> patterns;
  std::vector<std::string> names;  ///< of `properties`, by position
  std::vector<SchemaNode> properties;
  std::vector<std::string> required;
  std::vector<SchemaNode> items;       ///< none or one
  std::vector<SchemaNode> tuple;       ///< items by position
  std::vector<SchemaNode> additional;  ///< none or one: of a map
  bool closed = false;                 ///< no other properties
  std::vector<SchemaNode> any_of;

  [[nodiscard]] SchemaNode* find(std::string_view name);
  /// A new property; valid until the next.
  SchemaNode& add(std::string_view name);
  void add_type(std::string_view alias);
  void allow_null();
  [[nodiscard]] bool has_type(std::string_view alias) const;
  [[nodiscard]] bool accepts_anything() const;
  /// Nothing to write.
  [[nodiscard]] bool is_empty() const;
  /// bsonType says it all.
  [[nodiscard]] bool only_types() const;
  /// The keywords, into a document that is open.
  void write(bson::Writer& writer) const;
};

/// Adds what a check asks of the field. Gives why a schema cannot say it; empty when it does.
[[nodiscard]] std::string apply_check(SchemaNode& root, std::string_view path, const Rule& rule);

}  // namespace quire::model_detail
