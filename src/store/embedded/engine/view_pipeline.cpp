#include "store/embedded/engine/view_pipeline.hpp"

#include <algorithm>
#include <array>

#include "quire/core/error.hpp"

namespace quire::store::embedded {
namespace {

[[noreturn]] void fail(int code, std::string_view detail) {
  throw StoreError(ErrorCode::command_failed, detail, code);
}

constexpr auto stages_known = std::to_array<std::string_view>({
    "$_internalInhibitOptimization",
    "$addFields",
    "$bucket",
    "$bucketAuto",
    "$changeStream",
    "$changeStreamSplitLargeEvent",
    "$collStats",
    "$count",
    "$currentOp",
    "$densify",
    "$documents",
    "$facet",
    "$fill",
    "$geoNear",
    "$graphLookup",
    "$group",
    "$indexStats",
    "$limit",
    "$listCatalog",
    "$listClusterCatalog",
    "$listLocalSessions",
    "$listSampledQueries",
    "$listSearchIndexes",
    "$listSessions",
    "$lookup",
    "$match",
    "$merge",
    "$out",
    "$planCacheStats",
    "$project",
    "$queryStats",
    "$querySettings",
    "$rankFusion",
    "$redact",
    "$replaceRoot",
    "$replaceWith",
    "$sample",
    "$score",
    "$scoreFusion",
    "$search",
    "$searchMeta",
    "$set",
    "$setWindowFields",
    "$shardedDataDistribution",
    "$skip",
    "$sort",
    "$sortByCount",
    "$unionWith",
    "$unset",
    "$unwind",
    "$vectorSearch",
});

// Stages that stand at the beginning of a pipeline on a database.
constexpr auto of_databases = std::to_array<std::string_view>(
    {"$currentOp", "$documents", "$listLocalSessions", "$queryStats", "$querySettings",
     "$listSampledQueries", "$shardedDataDistribution", "$listClusterCatalog"});

bool is_writing(std::string_view name) { return name == "$out" || name == "$merge"; }

/// The stages within a stage: of $lookup, $unionWith and each of $facet's.
template <class F>
void for_each_inner(std::string_view name, bson::ValueView body, const F& call) {
  if (!body.is_document()) return;
  if (name == "$lookup" || name == "$unionWith") {
    if (const auto inner = body.as_document().find("pipeline"); inner && inner->is_array())
      call(inner->as_array());
  } else if (name == "$facet") {
    for (const auto& facet : body.as_document()) {
      if (facet.value.is_array()) call(facet.value.as_array());
    }
  }
}

void check_stages(bson::View stages, std::string_view what, int writing_code) {
  for (const auto& stage : stages) {
    if (stage.value.is_null()) continue;
    if (!stage.value.is_document())
      fail(14, "'" + std::string(what) + "." + std::string(stage.key) + "' is no document but " +
                   std::string(bson::type_name(stage.value.type())));
    const bson::View document = stage.value.as_document();
    if (document.count() != 1) fail(40323, "a stage of a pipeline has exactly one field");
    const auto field = *document.begin();
    if (std::ranges::find(stages_known, field.key) == stages_known.end())
      fail(40324, "there is no stage '" + std::string(field.key) + "'");
    if (is_writing(field.key))
      fail(writing_code, std::string(field.key) + " cannot be part of a view or of a stage");
    if (field.key == "$changeStream")
      fail(40573, "$changeStream is not for views, and needs a replica set");
    if (std::ranges::find(of_databases, field.key) != of_databases.end())
      fail(73, std::string(field.key) + " runs on a database only");
    for_each_inner(field.key, field.value, [&](bson::View inner) {
      check_stages(inner, what, field.key == "$lookup" ? 51047 : 31441);
    });
  }
}

void collect(bson::View stages, std::vector<std::string>& out) {
  for (const auto& stage : stages) {
    if (!stage.value.is_document() || stage.value.as_document().empty()) continue;
    const auto field = *stage.value.as_document().begin();
    if (field.key == "$unionWith" && field.value.is_string()) {
      out.emplace_back(field.value.as_string());
    } else if (field.value.is_document()) {
      const bson::View body = field.value.as_document();
      const auto name = field.key == "$unionWith"                               ? body.find("coll")
                        : field.key == "$lookup" || field.key == "$graphLookup" ? body.find("from")
                                                                                : std::nullopt;
      if (name && name->is_string()) out.emplace_back(name->as_string());
    }
    for_each_inner(field.key, field.value, [&](bson::View inner) { collect(inner, out); });
  }
}

}  // namespace

void check_view_pipeline(bson::View stages, std::string_view what) {
  check_stages(stages, what, 167);
}

std::vector<std::string> collections_of(bson::View stages) {
  std::vector<std::string> out;
  collect(stages, out);
  return out;
}

}  // namespace quire::store::embedded
