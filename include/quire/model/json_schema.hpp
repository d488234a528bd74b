#pragma once

#include <string>
#include <vector>

#include "quire/bson/document.hpp"
#include "quire/model/info.hpp"

namespace quire {

/// What a generated schema asks for.
struct SchemaOptions {
  /// Fields that quire writes into every document must be there. Upserts by operators write less.
  bool required = true;
  /// Fields that no member stores are allowed, at every level.
  bool additional = true;
  /// Values of all types that quire reads into a member are allowed (an int member also takes long,
  /// double and decimal, by its Numbers policy); else only the type that it writes.
  bool as_read = true;
};

/// A rule of a model that its schema does not hold; quire alone enforces it.
struct UnsaidCheck {
  std::string path;    ///< as stored; empty = the whole document
  std::string check;   ///< "between 0 and 150"
  std::string reason;  ///< why a schema cannot say it
};

struct JsonSchema {
  bson::Document schema;  ///< what stands in {$jsonSchema: …}
  std::vector<UnsaidCheck> unsaid;
  /// {$jsonSchema: schema}: a validator, or a filter.
  [[nodiscard]] bson::Document validator() const;
};

/// The $jsonSchema of a model, in MongoDB's dialect (draft 4 with bsonType). It takes every
/// document that quire writes and, with `as_read`, that it reads: optional members may be absent or
/// null, former names are properties too and make their field optional, members of unknown type
/// take anything, types that contain themselves end in {bsonType: "object"}. Fields under "_id"
/// have the type of the id; "_v" and "_q" are always allowed. Checks become minimum and maximum
/// (numbers), enum, minLength and maxLength, minItems and maxItems, minProperties and
/// maxProperties, pattern; the others are listed in `unsaid`. Threads: safe. Source: MongoDB
/// manual, "$jsonSchema".
[[nodiscard]] JsonSchema json_schema(const ModelInfo& model, const SchemaOptions& options = {});

}  // namespace quire
