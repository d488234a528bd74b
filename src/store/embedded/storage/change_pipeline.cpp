#include "store/embedded/storage/change_pipeline.hpp"

#include <algorithm>
#include <array>

#include "quire/core/error.hpp"

namespace quire::store::embedded {
namespace {

constexpr int illegal_operation = 20;

constexpr auto allowed = std::to_array<std::string_view>(
    {"$match", "$project", "$addFields", "$set", "$unset", "$replaceRoot", "$replaceWith",
     "$redact", "$changeStreamSplitLargeEvent"});

// Stages of a server that are none of a change stream.
constexpr auto elsewhere =
    std::to_array<std::string_view>({"$bucket", "$bucketAuto",  "$changeStream", "$collStats",
                                     "$count",  "$currentOp",   "$densify",      "$documents",
                                     "$facet",  "$fill",        "$geoNear",      "$graphLookup",
                                     "$group",  "$indexStats",  "$limit",        "$listSessions",
                                     "$lookup", "$merge",       "$out",          "$planCacheStats",
                                     "$sample", "$search",      "$searchMeta",   "$setWindowFields",
                                     "$skip",   "$sort",        "$sortByCount",  "$unionWith",
                                     "$unwind", "$vectorSearch"});

}  // namespace

ChangePipeline::ChangePipeline(bson::View stages) {
  for (const auto& [index, stage] : stages) {
    const FieldPath where("pipeline." + std::string(index));
    if (!stage.is_document())
      throw QueryError(ErrorCode::invalid_query, where,
                       "Each element of the 'pipeline' array must be an object", 14);
    const bson::View body = stage.as_document();
    if (body.count() != 1)
      throw QueryError(ErrorCode::invalid_query, where,
                       "A pipeline stage specification object must contain exactly one field.",
                       40323);
    const auto only = *body.begin();
    const std::string name(only.key);
    if (only.key == "$changeStream")
      throw QueryError(ErrorCode::invalid_query, where,
                       "$changeStream is only valid as the first stage in a pipeline", 40602);
    if (std::ranges::find(elsewhere, only.key) != elsewhere.end())
      throw QueryError(ErrorCode::invalid_query, where,
                       name + " is not permitted in a $changeStream pipeline", illegal_operation);
    if (std::ranges::find(allowed, only.key) == allowed.end())
      throw QueryError(ErrorCode::invalid_query, where,
                       "Unrecognized pipeline stage name: '" + name + "'", 40324);
    if (only.key != "$match")
      throw StoreError(ErrorCode::unsupported, where,
                       "the embedded store has no stage " + name + " for change streams");
    if (!only.value.is_document())
      throw QueryError(ErrorCode::invalid_query, where,
                       "the match filter must be an expression in an object", 15959);
    filters_.emplace_back(only.value.as_document());
  }
}

std::optional<bson::View> ChangePipeline::apply(bson::View event, bson::Document&) const {
  for (const auto& filter : filters_) {
    if (!filter.matches(event)) return std::nullopt;
  }
  return event;
}

}  // namespace quire::store::embedded
