#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "quire/store/store.hpp"
#include "store/embedded/engine/index_spec.hpp"
#include "store/embedded/engine/keys.hpp"
#include "store/embedded/engine/matcher.hpp"
#include "store/embedded/storage/validator.hpp"

/// What the file says of its collections and indexes, read once a change of the schema.
namespace quire::store::embedded {

class Connection;

struct IndexMeta {
  std::int64_t iid = 0;  ///< its table is i<iid>; never used twice in a file
  IndexSpec spec;
  KeyMaker maker;
  bool multikey = false;  ///< some document has, or had, several keys
  std::optional<Matcher> partial;
};

/// What a collection's options make of it.
struct CollectionTraits {
  bool view = false;                ///< has options viewOn and pipeline, and no table
  bool clustered = false;           ///< its natural order is that of _id
  bool capped = false;              ///< the oldest documents go when it is full
  std::int64_t most_bytes = 0;      ///< of all documents of a capped collection
  std::int64_t most_documents = 0;  ///< 0 = no limit
  std::optional<std::int64_t> expire_after_seconds;  ///< of a clustered one: by its _id

  [[nodiscard]] static CollectionTraits of(bson::View options);
};

struct CollectionMeta {
  std::int64_t cid = 0;  ///< its table is c<cid>; never used twice in a file
  std::string database;
  std::string name;
  bson::Document options;  ///< as listCollections gives them
  CollectionTraits traits;
  std::shared_ptr<const Validator> validator;             ///< null = all documents pass
  std::vector<std::shared_ptr<const IndexMeta>> indexes;  ///< without that of _id

  [[nodiscard]] std::string full_name() const { return database + "." + name; }
};

struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>{}(text);
  }
};

/// Immutable once read; shared by connections.
struct Catalog {
  std::int64_t schema_version = -1;
  bool has_ttl = false;
  bool logs_changes = false;  ///< writes make entries of the change log
  using Collections = std::unordered_map<std::string, std::shared_ptr<const CollectionMeta>,
                                         NameHash, std::equal_to<>>;
  std::unordered_map<std::string, Collections, NameHash, std::equal_to<>> databases;

  [[nodiscard]] const std::shared_ptr<const CollectionMeta>& find(Namespace ns) const noexcept;
};

/// SQL of an empty file's tables.
[[nodiscard]] std::string_view catalog_schema() noexcept;

/// Reads all of it. Throws StoreError corrupt when a row's checksum or definition is wrong.
[[nodiscard]] std::shared_ptr<const Catalog> load_catalog(Connection& connection,
                                                          std::int64_t schema_version);

// Changes, inside a write transaction; the caller reloads the catalog afterwards.

/// Throws StoreError invalid_argument (73) for a name that no collection can have.
void check_namespace(Namespace ns);
/// The new collection's number. A view gets no table. Options mark the file as one of format 2.
std::int64_t add_collection(Connection& connection, Namespace ns, bson::View options);
/// Gives a collection other options; its rows stay as they are.
void set_options(Connection& connection, std::int64_t cid, bson::View options);
/// Gives a collection another name, in any database. The name must be free.
void rename_collection(Connection& connection, std::int64_t cid, Namespace to);
/// Replaces an index's definition; its entries stay as they are.
void set_definition(Connection& connection, std::int64_t iid, bson::View definition);
void delete_collection(Connection& connection, const CollectionMeta& collection);
/// The new index's number; its table is empty.
std::int64_t add_index(Connection& connection, const CollectionMeta& collection,
                       const IndexSpec& spec);
void delete_index(Connection& connection, const IndexMeta& index);
/// The index's table anew and empty, for one that turned unique; the caller fills it.
void recreate_index_table(Connection& connection, std::int64_t iid, bool unique);
/// Says that the file uses what programs of format 1 do not know, so that they refuse it.
void mark_format(Connection& connection, std::int64_t version);
/// Makes all connections read the catalog again.
void touch_schema(Connection& connection);
/// Says for good that an index has several keys for a document, and makes other connections
/// read the catalog again.
void mark_multikey(Connection& connection, std::int64_t iid);

}  // namespace quire::store::embedded
