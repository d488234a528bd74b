#include <algorithm>

#include "quire/bson/writer.hpp"
#include "store/embedded/commands/create_options.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/view_pipeline.hpp"
#include "store/embedded/storage/collection_stats.hpp"
#include "store/embedded/storage/rows.hpp"
#include "store/embedded/storage/views.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded {
namespace {

[[noreturn]] void refuse_absent(Namespace ns) {
  throw StoreError(ErrorCode::namespace_not_found,
                   "ns not found " + std::string(ns.database) + "." + std::string(ns.collection),
                   26);
}

bool is_id_key(bson::View key) {
  const auto field = key.begin();
  return field != key.end() && field->key == "_id" && key.count() == 1 && field->value.is_number();
}

constexpr std::size_t max_indexes = 64;  // with the one of _id

/// The index of _id is always there; asking for it again is no mistake as long as it is that one.
void check_id_index(bson::View spec) {
  const auto direction = spec["key"].as_document().begin()->value;
  if (compare(direction, bson::Value(std::int32_t{1})) != 0)
    throw QueryError(ErrorCode::invalid_index, FieldPath("key"), "the index of _id is {_id: 1}", 2);
  for (const auto& field : spec) {
    if (field.key == "key" || field.key == "name" || field.key == "v" || field.key == "ns" ||
        field.key == "background" || field.key == "collation")
      continue;
    const bool off = field.value.type() == bson::Type::boolean && !field.value.as_bool();
    if (off) continue;
    throw QueryError(ErrorCode::invalid_index, FieldPath(std::string(field.key)),
                     "the index of _id takes no '" + std::string(field.key) + "'",
                     field.key == "hidden" ? 2 : 197);
  }
}

/// Whether the index is there already. Throws StoreError index_conflict.
bool is_present(const CollectionMeta& collection, const IndexSpec& wanted) {
  for (const auto& index : collection.indexes) {
    const IndexSpec& there = index->spec;
    const bool same_name = there.name == wanted.name;
    const bool same = there.same_signature(wanted);
    if (same_name && same && there.same_options(wanted)) return true;
    if (same_name && !same)
      throw StoreError(ErrorCode::index_conflict,
                       "An existing index has the same name as the requested index: " + there.name +
                           "; its key or options differ",
                       86);
    if (same_name)
      throw StoreError(ErrorCode::index_conflict,
                       "An equivalent index already exists with the same name but different "
                       "options: " +
                           there.name,
                       85);
  }
  for (const auto& index : collection.indexes) {
    if (index->spec.same_signature(wanted))
      throw StoreError(ErrorCode::index_conflict,
                       "Index already exists with a different name: " + index->spec.name, 85);
  }
  return false;
}

void build(WriteScope& scope, Namespace ns, const IndexSpec& spec) {
  auto collection = scope.find(ns);
  (void)add_index(scope.connection(), *collection, spec);
  if (scope.logs_changes()) scope.changes().created_index(ns, spec.definition);
  scope.catalog_changed();
  collection = scope.find(ns);
  const IndexMeta& index = *collection->indexes.back();
  RowWriter rows(scope, collection);
  rows.build(index);
}

}  // namespace

std::vector<bson::Document> EmbeddedStore::do_list_indexes(Namespace ns) {
  ReadScope scope(file_, nullptr);
  const auto& collection = scope.find(ns);
  if (collection == nullptr) return {};
  if (collection->traits.view) refuse_view(*collection);
  return index_definitions(*collection);
}

void EmbeddedStore::do_create_indexes(Namespace ns, std::span<const bson::View> specs,
                                      const OperationOptions& options) {
  std::vector<IndexSpec> wanted;
  for (const bson::View spec : specs) {
    if (const auto key = spec.find("key");
        key && key->is_document() && is_id_key(key->as_document())) {
      check_id_index(spec);
      continue;  // always there
    }
    wanted.push_back(IndexSpec::parse(spec));
    if (wanted.back().name == "_id_")
      throw QueryError(ErrorCode::invalid_index, FieldPath("name"),
                       "the name '_id_' is reserved for the index of _id", 2);
  }
  WriteScope scope(file_, options.session, true);
  (void)scope.find_or_create(ns);
  for (const auto& spec : wanted) {
    if (is_present(*scope.find(ns), spec)) continue;
    if (scope.find(ns)->indexes.size() + 2 > max_indexes)
      throw QueryError(ErrorCode::invalid_index, FieldPath(spec.name),
                       "a collection has at most 64 indexes, with the one of _id", 67);
    build(scope, ns, spec);
  }
  scope.commit();
}

void EmbeddedStore::do_drop_index(Namespace ns, std::string_view name,
                                  const OperationOptions& options) {
  WriteScope scope(file_, options.session, true);
  const auto collection = scope.find(ns);
  if (collection == nullptr) refuse_absent(ns);
  if (collection->traits.view) refuse_view(*collection);
  if (name == "_id_") throw StoreError(ErrorCode::command_failed, "cannot drop _id index", 72);
  bool found = name == "*";
  for (const auto& index : collection->indexes) {
    if (name != "*" && index->spec.name != name) continue;
    delete_index(scope.connection(), *index);
    if (scope.logs_changes()) scope.changes().dropped_index(ns, index->spec.definition);
    found = true;
  }
  if (!found)
    throw StoreError(ErrorCode::index_not_found,
                     "index not found with name [" + std::string(name) + "]", 27);
  scope.catalog_changed();
  scope.commit();
}

std::vector<CollectionInfo> EmbeddedStore::do_list_collections(std::string_view database) {
  ReadScope scope(file_, nullptr);
  std::vector<CollectionInfo> out;
  bool views = false;
  const auto& databases = scope.connection().catalog->databases;
  if (const auto found = databases.find(database); found != databases.end()) {
    for (const auto& [name, meta] : found->second) {
      views = views || meta->traits.view;
      out.push_back({name, meta->traits.view ? "view" : "collection", meta->options});
    }
  }
  if (views) out.push_back({"system.views", "collection", {}});  // where a server keeps them
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

void EmbeddedStore::do_create_collection(Namespace ns, bson::View collection_options,
                                         const OperationOptions& options) {
  const bson::Document kept = commands::read_create_options(collection_options);
  check_namespace(ns);
  check_validation_options(ns, kept);
  WriteScope scope(file_, options.session, true);
  if (scope.find(ns) != nullptr)
    throw StoreError(ErrorCode::namespace_exists,
                     "Collection " + std::string(ns.database) + "." + std::string(ns.collection) +
                         " already exists.",
                     48);
  if (const auto view_on = kept.view().find("viewOn"))
    check_view_graph(
        *scope.connection().catalog, ns.database, ns.collection,
        {std::string(view_on->as_string()), collections_of(kept["pipeline"].as_array())});
  (void)scope.find_or_create(ns, kept);
  scope.commit();
}

bool EmbeddedStore::do_drop_collection(Namespace ns, const OperationOptions& options) {
  WriteScope scope(file_, options.session, true);
  const auto collection = scope.find(ns);
  if (collection == nullptr) return false;
  delete_collection(scope.connection(), *collection);
  if (scope.logs_changes()) scope.changes().dropped(ns);
  scope.catalog_changed();
  scope.commit();
  return true;
}

void EmbeddedStore::do_drop_database(std::string_view database) {
  WriteScope scope(file_, nullptr, true);
  const auto& databases = scope.connection().catalog->databases;
  const auto found = databases.find(database);
  if (found == databases.end()) return;
  const auto collections = found->second;
  for (const auto& [name, meta] : collections) {
    delete_collection(scope.connection(), *meta);
    if (scope.logs_changes()) scope.changes().dropped({database, name});
  }
  if (scope.logs_changes()) scope.changes().dropped_database(database);
  scope.catalog_changed();
  scope.commit();
}

}  // namespace quire::store::embedded
