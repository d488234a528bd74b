#include "store/embedded/storage/change_pipeline.hpp"

#include <algorithm>
#include <array>

#include "quire/core/error.hpp"
#include "store/embedded/expression/let.hpp"

namespace quire::store::embedded {
namespace {

constexpr int illegal_operation = 20;

constexpr int fatal_error = 280;

constexpr auto allowed =
    std::to_array<std::string_view>({"$match", "$project", "$addFields", "$set", "$unset",
                                     "$replaceRoot", "$replaceWith", "$redact"});

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

/// Refuses what only change streams refuse; the rest is told by the parser.
void check_allowed(bson::View stages) {
  for (const auto& [index, stage] : stages) {
    if (!stage.is_document() || stage.as_document().count() != 1) continue;
    const auto name = stage.as_document().begin()->key;
    const FieldPath where("pipeline." + std::string(index));
    if (name == "$changeStream")
      throw QueryError(ErrorCode::invalid_query, where,
                       "$changeStream is only valid as the first stage in a pipeline", 40602);
    if (name == "$changeStreamSplitLargeEvent")
      throw StoreError(ErrorCode::unsupported, where,
                       "the embedded store does not split events: they may be as large as the "
                       "documents that they hold");
    if (std::ranges::find(allowed, name) != allowed.end()) continue;
    if (std::ranges::find(elsewhere, name) != elsewhere.end() || find_stage(name) != nullptr)
      throw QueryError(ErrorCode::invalid_query, where,
                       std::string(name) + " is not permitted in a $changeStream pipeline",
                       illegal_operation);
  }
}

bool same_id(bson::View event, bson::View shaped) {
  const auto before = event.find("_id");
  const auto after = shaped.find("_id");
  return after && after->is_document() && before->as_document() == after->as_document();
}

}  // namespace

ChangePipeline::ChangePipeline(Namespace ns, bson::View stages) {
  if (stages.empty()) return;
  check_allowed(stages);
  ParseScope scope = scope_of_let({});
  PipelineContext context{scope,
                          std::string(ns.database),
                          std::string(ns.collection),
                          PipelinePlace::change_stream,
                          0,
                          false,
                          nullptr,
                          nullptr};
  stages_ = parse_pipeline(stages, context);
}

std::optional<bson::View> ChangePipeline::apply(const bson::Document& event,
                                                bson::Document& buffer) const {
  if (stages_.empty()) return event.view();
  const auto shaped = run_on_one(stages_, event);
  if (!shaped) return std::nullopt;
  if (!same_id(event, *shaped))
    throw StoreError(ErrorCode::resume_failed, FieldPath{},
                     "Encountered an event whose _id field, which contains the resume token, was "
                     "modified by the pipeline. Modifying the _id field of an event makes it "
                     "impossible to resume the stream from that point. Only transformations that "
                     "retain the unmodified _id field are allowed.",
                     fatal_error, {"NonResumableChangeStreamError"});
  buffer = *shaped;
  return buffer.view();
}

}  // namespace quire::store::embedded
