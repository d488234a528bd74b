#pragma once

#include <memory>

#include "quire/bson/document.hpp"
#include "quire/bson/writer.hpp"

namespace quire::store::embedded {

struct SchemaNode;

/// A $jsonSchema as a server takes it: JSON Schema draft 4 without $ref, $schema, default,
/// definitions, format and id, with bsonType. Immutable; thread-safe. A property's name with dots
/// is a path through documents, as it is to a server.
/// Source: MongoDB manual, "$jsonSchema"; draft-zyp-json-schema-04.
class JsonSchema {
 public:
  /// Throws QueryError invalid_query with the server's number (2, 9, 14, 51091), its path the place
  /// in the schema; StoreError unsupported for encrypt and encryptMetadata.
  explicit JsonSchema(bson::View schema);

  [[nodiscard]] bool matches(bson::View document) const;
  /// What a document that does not match lacks: the fields operatorName, schemaRulesNotSatisfied …
  /// of the server's error. `brief` leaves out what may be large: specifiedAs, consideredValue.
  void explain(bson::View document, bool brief, bson::Writer& out) const;

 private:
  std::shared_ptr<const bson::Document> source_;
  std::shared_ptr<const SchemaNode> root_;
};

}  // namespace quire::store::embedded
