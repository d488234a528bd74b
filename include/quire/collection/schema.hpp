#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quire/collection/collection.hpp"
#include "quire/model/json_schema.hpp"

/// Validators and sharding of a collection, as its model says.
namespace quire {

/// Which documents a server holds to the validator. moderate: updates of documents that do not pass
/// already are let through.
enum class ValidationLevel { off, moderate, strict };
/// What a server does with a document that does not pass: refuse it, or write a line into its log.
enum class ValidationAction { warn, error };

struct SyncSchemaOptions {
  ValidationLevel level = ValidationLevel::strict;
  ValidationAction action = ValidationAction::error;
  bool apply = true;             ///< else only the plan is made
  bool check_existing = false;   ///< count the documents that would not pass; reads them all
  bool replace_foreign = false;  ///< also a validator that is more than one $jsonSchema
  SchemaOptions schema = {};
  SessionRef session = {};
};

/// What sync_schema does, or would do.
struct SchemaPlan {
  enum class Action { create, modify, keep };
  std::string collection;
  Action action = Action::keep;
  bson::Document wanted;   ///< {validator, validationLevel, validationAction}
  bson::Document present;  ///< the same of the collection as it was; empty = none
  /// Where they differ: "validator.$jsonSchema.properties.age.maximum", "validationLevel".
  std::vector<std::string> differences;
  std::vector<UnsaidCheck> unsaid;  ///< rules of the model that only quire enforces
  bool foreign =
      false;  ///< the validator present is more than one $jsonSchema; it was not made here
  std::optional<std::int64_t> violations = std::nullopt;  ///< with check_existing
  bool applied = false;

  [[nodiscard]] bool in_sync() const noexcept { return action == Action::keep; }
  /// A line about the collection, then one for each difference and each rule that is unsaid.
  [[nodiscard]] std::string str() const;
};

/// How shard() asks for it. The server refuses what does not go together.
struct ShardOptions {
  bool unique = false;                 ///< the shard key is unique; not with a hashed one
  bool presplit_hashed_zones = false;  ///< chunks by the zones that are defined
  std::int32_t initial_chunks = 0;  ///< of an empty collection with a hashed key; 0 = the server's
  bool apply = true;                ///< else only the commands are made
};

/// What shard() sends to the database "admin".
struct ShardPlan {
  std::vector<bson::Document> commands;
  bool applied = false;
};

namespace collection_detail {
SchemaPlan sync_schema(const Core& core, const SyncSchemaOptions& options);
ShardPlan shard(const Core& core, const ShardOptions& options);
}  // namespace collection_detail

template <class T>
SchemaPlan Collection<T>::sync_schema() const {
  return collection_detail::sync_schema(*core_, {});
}
template <class T>
SchemaPlan Collection<T>::sync_schema(const SyncSchemaOptions& options) const {
  return collection_detail::sync_schema(*core_, options);
}
template <class T>
ShardPlan Collection<T>::shard() const {
  return collection_detail::shard(*core_, {});
}
template <class T>
ShardPlan Collection<T>::shard(const ShardOptions& options) const {
  return collection_detail::shard(*core_, options);
}

}  // namespace quire
