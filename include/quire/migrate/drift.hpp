#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quire/bson/value.hpp"
#include "quire/collection/database.hpp"
#include "quire/collection/schema.hpp"
#include "quire/model/info.hpp"
#include "quire/model/model.hpp"

/// What the models of a program say beside what a database has. For tools: quire.hpp does not
/// include it.
namespace quire::migrate {

/// Which validators are compared with the schemas of the models.
enum class CompareValidators {
  none,
  present,  ///< of collections that have one
  all       ///< and a collection without one differs
};

struct DriftOptions {
  std::int64_t sample =
      1000;           ///< documents a collection, drawn at random; 0 = no documents are read
  bool full = false;  ///< all documents are read, whatever `sample` says
  CompareValidators validators = CompareValidators::present;
  /// As the program calls sync_schema; `apply` and `check_existing` are not looked at.
  SyncSchemaOptions schema = {};
  std::vector<std::string> ignore = {};  ///< collections that are left alone
};

struct IndexDrift {
  enum class Kind {
    missing,     ///< declared by a model, but absent
    undeclared,  ///< there, but in no model of the collection
    differs      ///< both, with other options
  };
  Kind kind = Kind::missing;
  std::string name;        ///< as declared, else as it is there
  bson::Document wanted;   ///< as createIndexes takes it; empty when undeclared
  bson::Document present;  ///< as listIndexes gives it; empty when missing
  std::string reason;      ///< of `differs`: the option
};

/// An option of the collection, as createCollection names it: "capped", "collation".
struct OptionDrift {
  std::string name;
  std::optional<bson::Value> wanted;   ///< nothing: the model does not declare it
  std::optional<bson::Value> present;  ///< nothing: the collection has not got it
};

// Paths are as stored: "address.city", "lines[].count" for all elements of a list, "pair[0]" for a
// part of a tuple, "scores.*" for all values of a map, "a.\"b.c\"" for a name that could be read as
// a path. Counts are of documents that were read;
// `example` is the _id of one of them.

/// Values of a type that the model does not read into the member.
struct TypeDrift {
  std::string path;
  std::string found;   ///< MongoDB's alias: "string"
  std::string wanted;  ///< "number or null", "one of \"open\", \"closed\""
  std::int64_t documents = 0;
  bson::Value example;
};

/// A field that no member stores, or one that quire always writes and that is absent.
struct FieldDrift {
  std::string path;
  std::string type;  ///< of an absent one: what is wanted; of another: the type found first
  std::int64_t documents = 0;
  bson::Value example;
  /// Of an absent one: the empty value of its type (0, "", false, [], the first name of an enum),
  /// where there is one. What the struct's initialiser says is not known.
  std::optional<bson::Value> empty_value = std::nullopt;
};

/// Documents that do not carry the schema version of the model.
struct VersionDrift {
  std::optional<std::int64_t> version;  ///< nothing: without a number in _v
  std::int64_t documents = 0;
  bson::Value example;
};

/// One collection beside its model. Several models of one collection count together: an index is
/// declared when one of them declares it, and a document is held to the model that it fits best.
struct CollectionDrift {
  std::string collection;
  std::vector<std::string> models;  ///< C++ names of the types
  bool exists = true;
  bool capped = false;              ///< it is, or is declared so where it does not exist
  bson::Document declared_options;  ///< of the model, where the collection does not exist

  std::int64_t documents = 0;      ///< by the store's own count, which may be an estimate
  std::int64_t read = 0;           ///< documents that were looked at
  bool all_read = true;            ///< else `read` is a sample, and counts are of the sample
  std::int64_t not_listed = 0;     ///< findings about documents past the first 1,000 kinds
  std::int32_t model_version = 0;  ///< 0: none declared

  std::vector<IndexDrift> indexes;
  std::vector<OptionDrift> options;
  std::optional<SchemaPlan> validator;  ///< where it differs
  std::vector<TypeDrift> types;
  std::vector<FieldDrift> unknown;
  std::vector<FieldDrift> absent;
  std::vector<VersionDrift> versions;

  /// Whether there is no difference.
  [[nodiscard]] bool empty() const noexcept { return differences() == 0; }
  [[nodiscard]] std::size_t differences() const noexcept;
};

/// A value; threads: as a std::vector.
struct ModelDrift {
  std::string database;
  std::vector<CollectionDrift> collections;  ///< of all models, by name; also those in sync
  std::vector<std::string> without_model;    ///< collections of which no model was given
  /// Collections that were not compared, and why: views, time series, those of quire and of the
  /// server, those of DriftOptions::ignore.
  std::vector<std::pair<std::string, std::string>> left_alone;
  std::vector<std::string> notes;  ///< what could not be compared on this store

  /// Whether there is no difference. In a sample that says nothing of documents not read.
  [[nodiscard]] bool empty() const noexcept { return differences() == 0; }
  [[nodiscard]] std::size_t differences() const noexcept;
  /// For people: a line a finding. The same drift gives the same text.
  [[nodiscard]] std::string str() const;
  /// For programs: one line of relaxed Extended JSON, {schema: "quire.drift/1", database,
  /// differences, collections: […], without_model, left_alone, notes}. Names of members are those
  /// of the structs above.
  [[nodiscard]] std::string json() const;
};

/// Compares models with a database: indexes, options and validators of collections, and documents:
/// types that are not read, unknown and absent fields, schema versions. Only types are compared,
/// not values: a number that does not fit its member, or a check of the model that fails, is no
/// drift. Reads, never writes; the embedded store and servers with snapshot cursors show one moment
/// of each collection. Memory: bounded, a document at a time.
/// Throws ModelError invalid_model for a model without a collection or of no struct, StoreError.
[[nodiscard]] ModelDrift find_drift(const Database& db, std::span<const ModelInfo* const> models,
                                    const DriftOptions& options = {});
/// find_drift<User, Order>(db).
template <class... Models>
[[nodiscard]] ModelDrift find_drift(const Database& db, const DriftOptions& options = {}) {
  const std::vector<const ModelInfo*> models{&model_of<Models>()...};
  return find_drift(db, std::span<const ModelInfo* const>(models), options);
}

}  // namespace quire::migrate
