#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "store/embedded/commands/context.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/matcher.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded::commands {
namespace {

constexpr auto create_rules = std::to_array<Rule>({
    {"create", Takes::collection},
    {"capped", Takes::unsupported_flag},
    {"size", Takes::number},
    {"max", Takes::number},
    {"autoIndexId", Takes::flag},
    {"idIndex", Takes::document},
    {"storageEngine", Takes::unsupported},
    {"indexOptionDefaults", Takes::unsupported},
    {"validator", Takes::document},
    {"validationLevel", Takes::string},
    {"validationAction", Takes::string},
    {"viewOn", Takes::string},
    {"pipeline", Takes::array},
    {"collation", Takes::document},
    {"timeseries", Takes::document},
    {"clusteredIndex", Takes::any},
    {"expireAfterSeconds", Takes::any},
    {"changeStreamPreAndPostImages", Takes::document},
    {"encryptedFields", Takes::document},
    {"recordIdsReplicated", Takes::unsupported_flag},
    {"temp", Takes::unsupported_flag},
    {"flags", Takes::unsupported},
});

constexpr auto coll_mod_rules = std::to_array<Rule>({
    {"collMod", Takes::collection},
    {"validator", Takes::document},
    {"validationLevel", Takes::string},
    {"validationAction", Takes::string},
    {"index", Takes::unsupported},
    {"viewOn", Takes::unsupported},
    {"pipeline", Takes::unsupported},
    {"cappedSize", Takes::unsupported},
    {"cappedMax", Takes::unsupported},
    {"expireAfterSeconds", Takes::unsupported},
    {"timeseries", Takes::unsupported},
    {"changeStreamPreAndPostImages", Takes::unsupported},
    {"recordIdsReplicated", Takes::unsupported_flag},
    {"dryRun", Takes::unsupported_flag},
});

constexpr auto drop_rules = std::to_array<Rule>({
    {"drop", Takes::collection},
    {"collectionUUID", Takes::unsupported},
});

constexpr auto drop_database_rules = std::to_array<Rule>({
    {"dropDatabase", Takes::any},
});

constexpr auto list_collections_rules = std::to_array<Rule>({
    {"listCollections", Takes::any},
    {"filter", Takes::document},
    {"nameOnly", Takes::flag},
    {"authorizedCollections", Takes::boolean},
    {"cursor", Takes::document},
});

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
    {"collectionUUID", Takes::unsupported},
});

constexpr auto cursor_rules = std::to_array<Rule>({
    {"batchSize", Takes::number},
});

std::optional<std::int64_t> batch_of(const Arguments& arguments, std::string_view what) {
  const auto cursor = arguments.get("cursor");
  if (!cursor) return std::nullopt;
  const Arguments options(cursor->as_document(), cursor_rules, what);
  if (!options.has("batchSize")) return std::nullopt;
  return options.natural("batchSize");
}

std::string full_name(Namespace ns) {
  return std::string(ns.database) + "." + std::string(ns.collection);
}

/// A UUID (version 8) from the collection's name: drivers look for one. It says nothing more than
/// the name does.
bson::Value uuid_of(Namespace ns) {
  std::uint64_t high = 0xcbf29ce484222325U;  // FNV-1a, 64 bits, twice
  std::uint64_t low = 0x9e3779b97f4a7c15U;
  for (const char letter : full_name(ns)) {
    high = (high ^ static_cast<std::uint8_t>(letter)) * 0x100000001b3U;
    low = (low ^ static_cast<std::uint8_t>(letter)) * 0x100000001b3U;
  }
  bson::Uuid uuid;
  std::memcpy(uuid.bytes.data(), &high, 8);
  std::memcpy(uuid.bytes.data() + 8, &low, 8);
  uuid.bytes[6] = static_cast<std::uint8_t>(0x80 | (uuid.bytes[6] & 0x0F));
  uuid.bytes[8] = static_cast<std::uint8_t>(0x80 | (uuid.bytes[8] & 0x3F));
  return bson::Value(uuid);
}

bool collection_exists(Store& store, Namespace ns) {
  const auto all = store.list_collections(ns.database);
  return std::ranges::find(all, ns.collection, &CollectionInfo::name) != all.end();
}

/// The options of a validator that a command names.
bson::Document validation_options(const Arguments& arguments) {
  bson::Writer writer;
  for (const auto* name : {"validator", "validationLevel", "validationAction"}) {
    if (const auto value = arguments.get(name)) writer.append(name, *value);
  }
  return writer.finish();
}

/// Whether a collection was made with just these options; an empty validator is none.
bool has_options(Store& store, Namespace ns, bson::View options) {
  const auto all = store.list_collections(ns.database);
  const auto found = std::ranges::find(all, ns.collection, &CollectionInfo::name);
  if (found == all.end()) return false;
  std::size_t count = 0;
  for (const auto& option : options) {
    if (option.value.is_document() && option.value.as_document().empty()) continue;
    const auto present = found->options.view().find(option.key);
    if (!present || compare(*present, option.value) != 0) return false;
    ++count;
  }
  return count == found->options.view().count();
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

void need_droppable(const std::vector<bson::Document>& indexes, std::string_view name) {
  if (name == "_id_") fail(code::invalid_options, "cannot drop _id index");
  for (const auto& index : indexes) {
    if (index["name"].as_string() == name) return;
  }
  fail(code::index_not_found, "index not found with name [" + std::string(name) + "]");
}

}  // namespace

void run_create(Context& context, bson::Writer&) {
  const Arguments arguments(context.command, create_rules, "create");
  const Namespace ns = context.target();
  if (ns.collection.find('$') != ns.collection.npos)
    fail(code::invalid_namespace, "the name of a collection has no '$'");
  if (arguments.has("pipeline") && !arguments.has("viewOn"))
    fail(code::invalid_options, "'create.pipeline' needs 'viewOn'");
  for (const auto* feature : {"viewOn", "timeseries", "clusteredIndex", "expireAfterSeconds",
                              "changeStreamPreAndPostImages", "idIndex", "encryptedFields"}) {
    const auto given = arguments.get(feature);
    if (!given) continue;
    const std::string_view name = feature;
    if (given->is_null() && name == "clusteredIndex")
      fail(code::type_mismatch, "'create.clusteredIndex' must be a bool or a document");
    if (!given->is_null()) refuse("'create." + std::string(name) + "'");
  }
  for (const auto* of_capped : {"size", "max"}) {
    if (arguments.has(of_capped))
      fail(code::invalid_options,
           "'create." + std::string(of_capped) + "' is for capped collections");
  }
  check_collation(arguments.get("collation"));
  const auto options = validation_options(arguments);
  try {
    context.store.create_collection(ns, options, context.options());
  } catch (const StoreError& error) {
    // The same collection with the same options again is no mistake.
    if (error.code() != ErrorCode::namespace_exists || !has_options(context.store, ns, options))
      throw;
  }
}

void run_coll_mod(Context& context, bson::Writer&) {
  const Arguments arguments(context.command, coll_mod_rules, "collMod");
  const Namespace ns = context.target();
  embedded_store(context.store)
      .modify_collection(ns, validation_options(arguments), context.options());
}

void run_drop(Context& context, bson::Writer& reply) {
  const Arguments arguments(context.command, drop_rules, "drop");
  const Namespace ns = context.target();
  const auto indexes = context.store.list_indexes(ns).size();
  if (!context.store.drop_collection(ns, context.options())) return;
  reply.append("nIndexesWas", static_cast<std::int32_t>(indexes)).append("ns", full_name(ns));
}

void run_drop_database(Context& context, bson::Writer&) {
  const Arguments arguments(context.command, drop_database_rules, "dropDatabase");
  const auto value = *arguments.get("dropDatabase");
  if (!value.is_number() || exact_integer(value) != 1) fail(5, "'dropDatabase' takes 1");
  check_database_name(context.database);
  context.store.drop_database(context.database);
}

void run_list_collections(Context& context, bson::Writer& reply) {
  const Arguments arguments(context.command, list_collections_rules, "listCollections");
  check_database_name(context.database);
  const auto batch = batch_of(arguments, "listCollections.cursor");
  const bool name_only = arguments.flag("nameOnly");
  const Matcher matcher(arguments.document("filter"));
  std::vector<bson::Document> listed;
  for (const auto& info : context.store.list_collections(context.database)) {
    bson::Writer writer;
    writer.append("name", info.name).append("type", info.type);
    if (!name_only) {
      writer.append("options", info.options);
      writer.begin_document("info").append("readOnly", false);
      writer.append("uuid", uuid_of({context.database, info.name})).end();
      writer.begin_document("idIndex").append("v", std::int32_t{2});
      writer.begin_document("key").append("_id", std::int32_t{1}).end();
      writer.append("name", "_id_").end();
    }
    auto document = writer.finish();
    if (matcher.matches(document)) listed.push_back(std::move(document));
  }
  auto cursor = std::make_unique<OpenCursor>();
  cursor->documents = list_cursor(std::move(listed));
  cursor->ns = std::string(context.database) + ".$cmd.listCollections";
  cursor->session = context.session_id;
  cursor->knows_its_end = true;
  append_cursor_reply(reply, context.cursors, std::move(cursor), "firstBatch", batch);
}

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
  const auto before = context.store.list_indexes(ns).size();
  context.store.create_indexes(ns, specs, context.options());
  const auto after = context.options().session != nullptr
                         ? std::max(before, std::size_t{1}) + specs.size()
                         : context.store.list_indexes(ns).size();
  const auto with_id = std::max(before, std::size_t{1});
  reply.append("numIndexesBefore", static_cast<std::int32_t>(with_id))
      .append("numIndexesAfter", static_cast<std::int32_t>(after))
      .append("createdCollectionAutomatically", before == 0);
  if (with_id == after) reply.append("note", "all indexes already exist");
}

void run_list_indexes(Context& context, bson::Writer& reply) {
  const Arguments arguments(context.command, list_indexes_rules, "listIndexes");
  const Namespace ns = context.target();
  const auto batch = batch_of(arguments, "listIndexes.cursor");
  const bool build_info = arguments.flag("includeIndexBuildInfo");
  if (build_info && arguments.flag("includeBuildUUIDs"))
    fail(code::invalid_options, "includeBuildUUIDs and includeIndexBuildInfo exclude each other");
  auto indexes = context.store.list_indexes(ns);
  if (indexes.empty()) fail(code::namespace_not_found, "ns does not exist: " + full_name(ns));
  if (build_info) {
    for (auto& index : indexes) index = bson::make_document("spec", index);
  }
  auto cursor = std::make_unique<OpenCursor>();
  cursor->documents = list_cursor(std::move(indexes));
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
    std::erase(names, "_id_");
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
  reply.append("nIndexesWas", static_cast<std::int32_t>(indexes.size()));
  if (all) reply.append("msg", "non-_id indexes dropped for collection");
}

}  // namespace quire::store::embedded::commands
