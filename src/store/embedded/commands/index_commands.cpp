#include <algorithm>
#include <array>
#include <vector>

#include "store/embedded/commands/catalog_support.hpp"
#include "store/embedded/commands/context.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded::commands {
namespace {

constexpr auto create_indexes_rules = std::to_array<Rule>({
    {"createIndexes", Takes::collection},
    {"indexes", Takes::documents, true},
    {"commitQuorum", Takes::ignored},
    {"ignoreUnknownIndexOptions", Takes::unsupported_flag},
    {"v", Takes::ignored},
    {"isTimeseriesNamespace", Takes::unsupported_flag},
    {"returnOnStart", Takes::unsupported_flag},
});

constexpr auto list_indexes_rules = std::to_array<Rule>({
    {"listIndexes", Takes::collection},
    {"cursor", Takes::document},
    {"includeBuildUUIDs", Takes::flag},
    {"includeIndexBuildInfo", Takes::flag},
    {"isTimeseriesNamespace", Takes::unsupported_flag},
});

constexpr auto drop_indexes_rules = std::to_array<Rule>({
    {"dropIndexes", Takes::collection},
    {"index", Takes::any, true},
    {"isTimeseriesNamespace", Takes::unsupported_flag},
    {"collectionUUID", Takes::uuid},
});

bool collection_exists(Store& store, Namespace ns) {
  const auto all = store.list_collections(ns.database);
  return std::ranges::find(all, ns.collection, &CollectionInfo::name) != all.end();
}

/// The name of the index that a key pattern means. Throws 27, 72, 181.
std::string index_of_key(const std::vector<bson::Document>& indexes, bson::View key) {
  std::string name;
  for (const auto& index : indexes) {
    if (!same_key_pattern(index["key"].as_document(), key)) continue;
    if (!name.empty())
      fail(code::ambiguous_index_key, "several indexes have this key: drop them by name");
    name = index["name"].as_string();
  }
  if (name.empty()) fail(code::index_not_found, "can't find index with this key");
  return name;
}

/// A clustered index is the collection itself and does not count.
std::size_t counted(const std::vector<bson::Document>& indexes) {
  return static_cast<std::size_t>(std::ranges::count_if(
      indexes, [](const bson::Document& index) { return !index.view().contains("clustered"); }));
}

void need_droppable(const std::vector<bson::Document>& indexes, std::string_view name) {
  for (const auto& index : indexes) {
    if (index["name"].as_string() == name && index.view().contains("clustered"))
      fail(5979800, "cannot drop the clustered index");
  }
  if (name == "_id_") fail(code::invalid_options, "cannot drop _id index");
  for (const auto& index : indexes) {
    if (index["name"].as_string() == name) return;
  }
  fail(code::index_not_found, "index not found with name [" + std::string(name) + "]");
}

/// In a transaction indexes are made of collections that it made itself; `there`: those of a
/// collection from before.
void need_no_build(Namespace ns, const std::vector<bson::Document>& there,
                   const std::vector<bson::View>& specs) {
  if (there.empty()) return;
  const auto is_there = [&](bson::View spec) {
    return std::ranges::any_of(there, [&](const bson::Document& index) {
      const auto key = spec["key"];
      return key.is_document() && same_key_pattern(index["key"].as_document(), key.as_document());
    });
  };
  if (!std::ranges::all_of(specs, is_there))
    fail(code::not_in_transaction, "Cannot create new indexes on existing collection " +
                                       full_name(ns) + " in a multi-document transaction.");
}

}  // namespace

void run_create_indexes(Context& context, bson::Writer& reply) {
  const Arguments arguments(context.command, create_indexes_rules, "createIndexes");
  const Namespace ns = context.target();
  constexpr std::string_view system = "system.";
  if (ns.collection.starts_with(system) && !ns.collection.starts_with("system.buckets."))
    fail(code::invalid_namespace, "collections of 'system.' have no indexes of their own");
  std::vector<bson::View> specs;
  for (const auto& element : arguments.array("indexes"))
    specs.push_back(element.value.as_document());
  if (specs.empty()) fail(code::bad_value, "'createIndexes.indexes' is empty");
  for (const auto& spec : specs) {
    if (!spec.contains("key")) fail(code::failed_to_parse, "an index needs 'key'");
    if (!spec.contains("name")) fail(code::failed_to_parse, "an index needs 'name'");
  }
  const auto there = context.store.list_indexes(ns);
  if (context.in_user_transaction()) need_no_build(ns, there, specs);
  context.store.create_indexes(ns, specs, context.options());
  const auto with_id = there.empty() ? 1 : counted(there);
  const auto after = context.options().session != nullptr ? with_id + specs.size()
                                                          : counted(context.store.list_indexes(ns));
  reply.append("numIndexesBefore", static_cast<std::int32_t>(with_id))
      .append("numIndexesAfter", static_cast<std::int32_t>(after))
      .append("createdCollectionAutomatically", there.empty());
  if (with_id == after) reply.append("note", "all indexes already exist");
}

void run_list_indexes(Context& context, bson::Writer& reply) {
  const Arguments arguments(context.command, list_indexes_rules, "listIndexes");
  const Namespace ns = context.target();
  const auto batch = list_batch(arguments, "listIndexes.cursor");
  const bool build_info = arguments.flag("includeIndexBuildInfo");
  if (build_info && arguments.flag("includeBuildUUIDs"))
    fail(code::invalid_options, "includeBuildUUIDs and includeIndexBuildInfo exclude each other");
  auto indexes = context.store.list_indexes(ns);
  if (indexes.empty()) fail(code::namespace_not_found, "ns does not exist: " + full_name(ns));
  if (build_info) {
    for (auto& index : indexes) index = bson::make_document("spec", index);
  }
  auto cursor = std::make_unique<OpenCursor>();
  cursor->documents = list_stage(std::move(indexes));
  cursor->ns = full_name(ns);
  cursor->session = context.session_id;
  cursor->knows_its_end = true;
  append_cursor_reply(reply, context.cursors, std::move(cursor), "firstBatch", batch);
}

void run_drop_indexes(Context& context, bson::Writer& reply) {
  const Arguments arguments(context.command, drop_indexes_rules, "dropIndexes");
  const Namespace ns = context.target();
  const auto index = *arguments.get("index");
  std::vector<std::string> names;
  if (index.is_array()) {
    for (const auto& name : index.as_array()) {
      if (!name.value.is_string())
        fail(code::type_mismatch, "'dropIndexes.index' takes names of indexes");
      names.emplace_back(name.value.as_string());
    }
  } else if (!index.is_string() && !index.is_document()) {
    fail(code::type_mismatch, "'dropIndexes.index' takes a name, a key or an array of names");
  }
  const auto indexes = context.store.list_indexes(ns);
  if (indexes.empty() && !collection_exists(context.store, ns))
    fail(code::namespace_not_found, "ns not found " + full_name(ns));
  const bool all = (index.is_string() && index.as_string() == "*") ||
                   std::ranges::find(names, "*") != names.end();
  if (all) {
    names.clear();
    for (const auto& one : indexes) names.emplace_back(one["name"].as_string());
    if (names.empty()) names.emplace_back();
    names.erase(names.begin());  // that of _id is the first
  } else if (index.is_string()) {
    names.emplace_back(index.as_string());
  } else if (index.is_document()) {
    names.push_back(index_of_key(indexes, index.as_document()));
  }
  std::ranges::sort(names);
  if (const auto twice = std::ranges::adjacent_find(names); twice != names.end())
    fail(code::index_not_found, "index not found with name [" + *twice + "]: it is there once");
  for (const auto& name : names) need_droppable(indexes, name);
  for (const auto& name : names) context.store.drop_index(ns, name, context.options());
  reply.append("nIndexesWas", static_cast<std::int32_t>(counted(indexes)));
  if (all) reply.append("msg", "non-_id indexes dropped for collection");
}

}  // namespace quire::store::embedded::commands
