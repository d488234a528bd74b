#include <array>
#include <chrono>

#include "quire/store/embedded/embedded.hpp"
#include "store/embedded/commands/catalog_support.hpp"
#include "store/embedded/commands/context.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/storage/check.hpp"
#include "store/embedded/storage/collection_stats.hpp"
#include "store/embedded/storage/rows.hpp"
#include "store/embedded/storage/sizes.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded::commands {
namespace {

constexpr auto coll_stats_rules = std::to_array<Rule>({
    {"collStats", Takes::collection},
    {"collstats", Takes::ignored},
    {"scale", Takes::number},
    {"verbose", Takes::flag},
    {"waitForLock", Takes::flag},
    {"numericOnly", Takes::flag},
});

constexpr auto db_stats_rules = std::to_array<Rule>({
    {"dbStats", Takes::any},
    {"dbstats", Takes::ignored},
    {"scale", Takes::number},
    {"freeStorage", Takes::flag},
});

constexpr auto data_size_rules = std::to_array<Rule>({
    {"dataSize", Takes::string, true},
    {"datasize", Takes::ignored},
    {"keyPattern", Takes::unsupported},
    {"min", Takes::unsupported},
    {"max", Takes::unsupported},
    {"estimate", Takes::flag},
});

constexpr auto validate_rules = std::to_array<Rule>({
    {"validate", Takes::collection},
    {"full", Takes::flag},
    {"scandata", Takes::ignored},  // what drivers say for the opposite of "full"
    {"repair", Takes::unsupported_flag},
    {"checkBSONConformance", Takes::flag},
    {"metadata", Takes::flag},
    {"background", Takes::flag},
    {"fixMultikey", Takes::unsupported_flag},
});

constexpr auto re_index_rules = std::to_array<Rule>({
    {"reIndex", Takes::collection},
});

std::int64_t scale_of(const Arguments& arguments, std::string_view what) {
  const auto scale = arguments.integer("scale", 1);
  if (scale < 1) fail(code::bad_value, "'" + std::string(what) + ".scale' must be at least 1");
  return scale;
}

/// The number of indexes, with that of _id.
std::int32_t rebuild_indexes(const std::shared_ptr<StorageFile>& file, Namespace ns) {
  WriteScope scope(file, nullptr, true);
  const auto meta = scope.find(ns);
  if (meta == nullptr) fail(code::namespace_not_found, "ns does not exist: " + full_name(ns));
  if (meta->traits.view) refuse_view(*meta);
  for (const auto& index : meta->indexes)
    recreate_index_table(scope.connection(), index->iid, index->spec.unique);
  scope.catalog_changed();
  const auto now = scope.find(ns);
  RowWriter rows(scope, now);
  for (const auto& index : now->indexes) rows.build(*index);
  scope.commit();
  return static_cast<std::int32_t>(meta->indexes.size()) + (meta->traits.clustered ? 0 : 1);
}

std::int64_t sum_of(const std::map<std::string, std::int64_t>& sizes) {
  std::int64_t sum = 0;
  for (const auto& [name, size] : sizes) sum += size;
  return sum;
}

}  // namespace

void run_coll_stats(Context& context, bson::Writer& reply) {
  const Arguments arguments(context.command, coll_stats_rules, "collStats");
  const Namespace ns = context.target();
  const auto scale = scale_of(arguments, "collStats");
  ReadScope scope(embedded_store(context.store).file(), context.options().session);
  const auto& meta = scope.find(ns);
  if (meta != nullptr && meta->traits.view) refuse_view(*meta);
  reply.append("ns", full_name(ns));
  append_collection_stats(reply, scope.connection(), meta.get(), scale);
}

void run_db_stats(Context& context, bson::Writer& reply) {
  const Arguments arguments(context.command, db_stats_rules, "dbStats");
  check_database_name(context.database);
  const auto scale = scale_of(arguments, "dbStats");
  ReadScope scope(embedded_store(context.store).file(), context.options().session);
  std::int64_t collections = 0, views = 0, objects = 0, indexes = 0;
  std::int64_t data = 0, storage = 0, of_indexes = 0;
  const auto& databases = scope.connection().catalog->databases;
  if (const auto found = databases.find(context.database); found != databases.end()) {
    for (const auto& [name, meta] : found->second) {
      if (meta->traits.view) {
        ++views;
        continue;
      }
      ++collections;
      const auto sizes = collection_sizes(scope.connection(), *meta);
      objects += sizes.documents;
      data += sizes.data;
      storage += sizes.storage;
      indexes += static_cast<std::int64_t>(sizes.indexes.size());
      of_indexes += sum_of(sizes.indexes);
    }
  }
  const auto scaled = [&](std::int64_t bytes) {
    return static_cast<double>(bytes) / static_cast<double>(scale);
  };
  reply.append("db", context.database)
      .append("collections", collections)
      .append("views", views)
      .append("objects", objects)
      .append("avgObjSize",
              objects == 0 ? 0.0 : static_cast<double>(data) / static_cast<double>(objects))
      .append("dataSize", scaled(data))
      .append("storageSize", scaled(storage))
      .append("indexes", indexes)
      .append("indexSize", scaled(of_indexes))
      .append("totalSize", scaled(storage + of_indexes))
      .append("scaleFactor", scale);
}

void run_data_size(Context& context, bson::Writer& reply) {
  const Arguments arguments(context.command, data_size_rules, "dataSize");
  const Namespace ns = parse_namespace(arguments.string("dataSize"));
  const auto start = std::chrono::steady_clock::now();
  ReadScope scope(embedded_store(context.store).file(), context.options().session);
  const auto& meta = scope.find(ns);
  if (meta != nullptr && meta->traits.view) refuse_view(*meta);
  CollectionSizes sizes;
  if (meta != nullptr) sizes = collection_sizes(scope.connection(), *meta);
  reply.append("estimate", false).append("size", sizes.data).append("numObjects", sizes.documents);
  reply.append("millis",
               static_cast<std::int32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                             std::chrono::steady_clock::now() - start)
                                             .count()));
}

void run_validate(Context& context, bson::Writer& reply) {
  const Arguments arguments(context.command, validate_rules, "validate");
  const Namespace ns = context.target();
  ReadScope scope(embedded_store(context.store).file(), context.options().session);
  const auto& meta = scope.find(ns);
  if (meta == nullptr)
    fail(code::namespace_not_found,
         "Collection '" + full_name(ns) + "' does not exist to validate.");
  if (meta->traits.view) refuse_view(*meta);
  const CheckReport report = check_collection(scope.connection(), *meta);
  reply.append("ns", full_name(ns));
  reply.append("uuid", uuid_of(ns));
  append_number(reply, "nInvalidDocuments", report.ok() ? 0 : report.problem_count);
  append_number(reply, "nNonCompliantDocuments", 0);
  append_number(reply, "nrecords", report.documents);
  const auto id_count = meta->traits.clustered ? 0 : 1;
  append_number(reply, "nIndexes", static_cast<std::int64_t>(meta->indexes.size()) + id_count);
  reply.begin_document("keysPerIndex");
  if (id_count != 0) append_number(reply, "_id_", report.documents);
  for (const auto& index : meta->indexes)
    append_number(reply, index->spec.name,
                  scope.connection().query_integer(
                      ("SELECT count(*) FROM i" + std::to_string(index->iid)).c_str()));
  reply.end();
  reply.begin_document("indexDetails");
  if (id_count != 0) reply.begin_document("_id_").append("valid", report.ok()).end();
  for (const auto& index : meta->indexes) {
    const std::string where = meta->full_name() + " index " + index->spec.name;
    bool valid = true;
    for (const auto& problem : report.problems) valid = valid && problem.where != where;
    reply.begin_document(index->spec.name).append("valid", valid).end();
  }
  reply.end();
  reply.append("valid", report.ok()).append("repaired", false);
  reply.begin_array("warnings").end();
  reply.begin_array("errors");
  for (const auto& problem : report.problems) reply.push(problem.where + ": " + problem.what);
  reply.end();
  for (const auto* list : {"extraIndexEntries", "missingIndexEntries", "corruptRecords"})
    reply.begin_array(list).end();
}

void run_re_index(Context& context, bson::Writer& reply) {
  const Arguments arguments(context.command, re_index_rules, "reIndex");
  const Namespace ns = context.target();
  const auto count = rebuild_indexes(embedded_store(context.store).file(), ns);
  reply.append("nIndexesWas", count).append("nIndexes", count);
  reply.begin_array("indexes");
  for (const auto& index : context.store.list_indexes(ns)) reply.push(index.view());
  reply.end();
}

}  // namespace quire::store::embedded::commands
