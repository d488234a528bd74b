#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "quire/core/error.hpp"
#include "store/embedded/engine/decimal_parts.hpp"
#include "store/embedded/pipeline/inner.hpp"
#include "store/embedded/pipeline/statistics.hpp"
#include "store/embedded/storage/change_events.hpp"
#include "store/embedded/storage/collection_stats.hpp"
#include "store/embedded/storage/connection.hpp"
#include "store/embedded/storage/scope.hpp"

/// Stages that say something of the store itself: $collStats, $indexStats, ….
namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : "localhost";
}

/// The collection that a stage tells of: below a view that adds nothing.
ResolvedNamespace base_of(std::string_view stage, const PipelineContext& context) {
  ResolvedNamespace base = resolve_from(context.collection, context);
  if (!base.view.empty())
    fail_expression(40602, std::string(stage) + " is only valid as the first stage in a pipeline");
  return base;
}

Connection& connection_of(const Run& run) {
  Connection* connection = run.sources().connection();
  if (connection == nullptr)
    throw Error(ErrorCode::internal, "a stage that reads the catalog stands where none may");
  return *connection;
}

// $collStats

struct CollectionStats {
  bool latency = false, histograms = false, count = false, execution = false;
  std::optional<std::int64_t> scale;  ///< of storageStats, where it is asked for
};

std::int64_t read_scale(ValueView value) {
  constexpr double highest = std::numeric_limits<std::int32_t>::max();
  if (!value.is_number())
    fail_field("$collStats.storageStats", "scale", value, "[int, decimal, double, long]");
  double scale = 0;
  if (value.type() == Type::decimal128) {
    const auto decimal = value.as_decimal128();
    const auto whole = decimal_to_int64(decimal, DecimalRounding::half_even);
    if (whole) {
      scale = static_cast<double>(*whole);
    } else if (!decimal.is_nan()) {
      scale = decimal.is_negative() ? -highest : highest;
    }
  } else {
    scale = to_double(value);
  }
  if (std::isnan(scale) || scale < 1)
    fail_expression(
        2, "BSON field '$collStats.storageStats.scale' must be at least 1, but is " + show(value));
  return static_cast<std::int64_t>(std::min(scale, highest));
}

std::int64_t read_storage_options(View options) {
  std::int64_t scale = 1;
  for (const auto& [name, value] : options) {
    if (name == "scale") {
      if (!value.is_null()) scale = read_scale(value);
    } else if (name == "verbose" || name == "waitForLock" || name == "numericOnly") {
      if (value.type() != Type::boolean && !value.is_number() && !value.is_null())
        fail_field("$collStats.storageStats", name, value, "[bool, int, decimal, double, long]");
    }  // other fields are passed over, as by a server
  }
  return scale;
}

void read_option(std::string_view name, ValueView value, CollectionStats& out) {
  constexpr auto known =
      std::to_array<std::string_view>({"latencyStats", "storageStats", "count", "queryExecStats"});
  if (std::ranges::find(known, name) == known.end()) fail_unknown("$collStats", name);
  if (value.is_null()) return;
  if (!value.is_document()) fail_field("$collStats", name, value, "object");
  const View options = value.as_document();
  if (name == "storageStats") {
    out.scale = read_storage_options(options);
  } else if (name == "latencyStats") {
    out.latency = true;
    for (const auto& option : options) {
      if (option.key != "histograms") fail_unknown("$collStats.latencyStats", option.key);
      if (option.value.type() != Type::boolean)
        fail_field("$collStats.latencyStats", option.key, option.value, "bool");
      out.histograms = option.value.as_bool();
    }
  } else {
    if (!options.empty())
      fail_expression(31170, "$collStats." + std::string(name) + " takes an empty object only");
    (name == "count" ? out.count : out.execution) = true;
  }
}

/// Nothing is timed here: no operation was counted.
void append_latency(bson::Writer& out, bool histograms) {
  out.begin_document("latencyStats");
  for (const auto* kind : {"reads", "writes", "commands", "transactions"}) {
    out.begin_document(kind);
    if (histograms) out.begin_array("histogram").end();
    out.append("latency", std::int64_t{0}).append("ops", std::int64_t{0});
    out.append("queryableEncryptionLatencyMicros", std::int64_t{0}).end();
  }
  out.end();
}

std::vector<bson::Document> collection_stats(const std::string& database,
                                             const std::string& collection,
                                             const CollectionStats& wanted, Run& run) {
  Connection& connection = connection_of(run);
  const auto& meta = connection.catalog->find({database, collection});
  const bool of_documents = wanted.scale || wanted.count || wanted.execution;
  if (meta != nullptr && meta->traits.view && of_documents) refuse_view(*meta);
  const std::string name = database + "." + collection;
  if (meta == nullptr && (wanted.count || wanted.execution))
    throw StoreError(
        ErrorCode::namespace_not_found,
        "Unable to retrieve the statistics of $collStats: collection " + name + " not found", 26);
  bson::Writer out;
  out.append("ns", name).append("host", host_name());
  out.append("localTime", bson::DateTime(std::chrono::milliseconds(run.now_ms())));
  if (wanted.latency) append_latency(out, wanted.histograms);
  if (wanted.scale) {
    out.begin_document("storageStats");
    append_collection_stats(out, connection, meta.get(), *wanted.scale);
    out.end();
  }
  if (wanted.count) append_number(out, "count", count_documents(connection, *meta));
  if (wanted.execution) {
    out.begin_document("queryExecStats").begin_document("collectionScans");
    out.append("total", std::int64_t{0}).append("nonTailable", std::int64_t{0}).end().end();
  }
  std::vector<bson::Document> documents;
  documents.push_back(out.finish());
  return documents;
}

StageSpecPtr parse_coll_stats(ValueView given, PipelineContext& context) {
  if (!given.is_document())
    fail_expression(5447000, "$collStats must take a nested object but found: " + show(given));
  CollectionStats wanted;
  for (const auto& [name, value] : given.as_document()) read_option(name, value, wanted);
  return std::make_shared<CatalogSpec>(
      "$collStats", given,
      [database = context.database, collection = context.collection, wanted](Run& run) {
        return collection_stats(database, collection, wanted, run);
      });
}

// $indexStats

StageSpecPtr parse_index_stats(ValueView given, PipelineContext& context) {
  if (!given.is_document() || !given.as_document().empty())
    fail_expression(28803, "The $indexStats stage specification must be an empty object");
  const auto base = base_of("$indexStats", context);
  return std::make_shared<CatalogSpec>(
      "$indexStats", given, [database = base.database, collection = base.collection](Run& run) {
        std::vector<bson::Document> documents;
        const auto& meta = connection_of(run).catalog->find({database, collection});
        if (meta == nullptr) return documents;
        for (const auto& definition : index_definitions(*meta)) {
          bson::Writer out;
          out.append("name", definition["name"]).append("key", definition["key"]);
          out.append("host", host_name()).begin_document("accesses");
          // Uses are not counted: none since now.
          out.append("ops", std::int64_t{0})
              .append("since", bson::DateTime(std::chrono::milliseconds(run.now_ms())))
              .end();
          out.append("spec", definition.view());
          documents.push_back(out.finish());
        }
        return documents;
      });
}

// $planCacheStats: plans are made anew for each query, none is kept.

StageSpecPtr parse_plan_cache_stats(ValueView given, PipelineContext& context) {
  if (!given.is_document())
    fail_expression(9, "$planCacheStats value must be an object. Found: " +
                           std::string(value_type_name(given)));
  const View options = given.as_document();
  for (const auto& [name, value] : options) {
    if (name != "allHosts" || options.count() != 1)
      fail_expression(9, "$planCacheStats parameters object may contain only the 'allHosts' field");
    if (value.type() != Type::boolean)
      fail_expression(13111, "wrong type for field (allHosts) " +
                                 std::string(value_type_name(value)) + " != bool");
    if (value.as_bool())
      fail_expression(4503200,
                      "$planCacheStats stage supports allHosts parameter only for "
                      "sharded clusters");
  }
  const auto base = base_of("$planCacheStats", context);
  return std::make_shared<CatalogSpec>(
      "$planCacheStats", given, [database = base.database, collection = base.collection](Run& run) {
        if (connection_of(run).catalog->find({database, collection}) == nullptr)
          throw StoreError(ErrorCode::command_failed,
                           "collection '" + database + "." + collection + "' does not exist",
                           50933);
        return std::vector<bson::Document>{};
      });
}

// $listClusterCatalog

bson::Document catalog_entry(const CollectionMeta& meta, bool shards) {
  bson::Writer out;
  const bool view = meta.traits.view;
  out.append("db", meta.database).append("ns", meta.full_name());
  out.append("type", view ? "view" : "collection").append("options", meta.options);
  out.begin_document("info").append("readOnly", view);
  if (!view) out.append("uuid", bson::Value(collection_uuid({meta.database, meta.name})));
  out.end();
  if (!view && !meta.traits.clustered) out.append("idIndex", id_index(meta));
  out.append("sharded", false);
  if (shards) out.begin_array("shards").end();
  return out.finish();
}

StageSpecPtr parse_list_cluster_catalog(ValueView given, PipelineContext& context) {
  if (!given.is_document())
    fail_expression(9621302,
                    "$listClusterCatalog must take a nested object but found: " + show(given));
  if (!context.collection.empty())
    fail_expression(9621301, "The $listClusterCatalog stage must be run on a database");
  bool shards = false;
  for (const auto& [name, value] : given.as_document()) {
    if (name != "shards" && name != "balancingConfiguration" && name != "tracked")
      fail_unknown("$listClusterCatalog", name);
    if (value.type() != Type::boolean) fail_field("$listClusterCatalog", name, value, "bool");
    if (name == "shards") shards = value.as_bool();
  }
  return std::make_shared<CatalogSpec>(
      "$listClusterCatalog", given, [wanted = context.database, shards](Run& run) {
        std::vector<bson::Document> documents;
        for (const auto& [database, collections] : connection_of(run).catalog->databases) {
          if (wanted != "admin" && wanted != database) continue;
          for (const auto& [name, meta] : collections)
            documents.push_back(catalog_entry(*meta, shards));
        }
        return documents;
      });
}

constexpr auto table = std::to_array<StageKind>({
    statistic("$collStats", parse_coll_stats),
    statistic("$indexStats", parse_index_stats),
    statistic("$planCacheStats", parse_plan_cache_stats),
    statistic("$listClusterCatalog", parse_list_cluster_catalog, true),
});

}  // namespace

std::span<const StageKind> statistics_stages() noexcept { return table; }

}  // namespace quire::store::embedded
