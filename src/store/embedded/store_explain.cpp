#include <chrono>

#include "quire/bson/writer.hpp"
#include "store/embedded/read_support.hpp"
#include "store/embedded/storage/execution.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded {

bson::Document EmbeddedStore::do_explain(Namespace ns, bson::View filter,
                                         const FindOptions& options) {
  refuse_collation(options.collation);
  const auto query = std::make_shared<Query>(filter, options);
  std::optional<ReadScope> scope;
  scope.emplace(file_, options.session);
  const auto collection = scope->find(ns);
  const std::string full = std::string(ns.database) + "." + std::string(ns.collection);
  bson::Writer out;
  out.append("explainVersion", "1");
  if (collection == nullptr) {
    out.begin_document("queryPlanner").append("namespace", full).append("parsedQuery", filter);
    out.begin_document("winningPlan").append("stage", "EOF").end().end();
    out.begin_document("executionStats")
        .append("executionSuccess", true)
        .append("nReturned", std::int32_t{0})
        .append("totalKeysExamined", std::int32_t{0})
        .append("totalDocsExamined", std::int32_t{0})
        .end();
    return out.finish();
  }
  if (collection->traits.view) {
    scope.reset();  // its pipeline takes one of its own
    return explain_aggregate(ns, view_stages(filter, options), view_options(options));
  }
  const auto start = std::chrono::steady_clock::now();
  Execution execution(scope->connection(), collection, query, file_->options().verify_checksums);
  std::int64_t returned = 0;
  while (execution.next()) ++returned;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
  const Plan& plan = execution.source().plan();

  bson::ValueView id;
  const bool id_hack =
      plan.kind == Plan::Kind::id_range && is_id_equality(filter, id) && is_bare(options);
  int levels = 0;
  out.begin_document("queryPlanner").append("namespace", full);
  out.append("indexFilterSet", false).append("parsedQuery", filter);
  out.begin_document("winningPlan");
  const auto open = [&](std::string_view stage) {
    if (levels++ > 0) out.begin_document("inputStage");
    out.append("stage", stage);
  };
  if (options.limit != 0 && !execution.sorts()) {
    open("LIMIT");
    out.append("limitAmount", options.limit);
  }
  if (!query->projector.keeps_everything()) {
    open(query->projector.includes_plain_fields() ? "PROJECTION_SIMPLE" : "PROJECTION_DEFAULT");
    out.append("transformBy", options.projection);
  }
  if (options.skip != 0) {
    open("SKIP");
    out.append("skipAmount", options.skip);
  }
  if (execution.sorts()) {
    open("SORT");
    out.append("sortPattern", options.sort);
    if (options.limit != 0) out.append("limitAmount", options.limit + options.skip);
  }
  if (plan.kind == Plan::Kind::nothing) {
    open("EOF");
  } else if (plan.kind == Plan::Kind::scan) {
    open("COLLSCAN");
    if (!filter.empty()) out.append("filter", filter);
    out.append("direction", plan.backwards ? "backward" : "forward");
  } else if (id_hack) {
    open("IDHACK");
    out.append("indexName", "_id_");
  } else {
    open("FETCH");
    if (!filter.empty()) out.append("filter", filter);
    open("IXSCAN");
    if (plan.kind == Plan::Kind::index) {
      const IndexSpec& spec = plan.index->spec;
      out.append("keyPattern", spec.key).append("indexName", spec.name);
      out.append("isMultiKey", plan.index->multikey).append("isUnique", spec.unique);
      out.append("isSparse", spec.sparse).append("isPartial", spec.partial_filter.has_value());
    } else {
      out.append("keyPattern", bson::make_document("_id", std::int32_t{1}));
      out.append("indexName", "_id_").append("isMultiKey", false).append("isUnique", true);
      out.append("isSparse", false).append("isPartial", false);
    }
    out.append("direction", plan.backwards ? "backward" : "forward");
    out.append("ranges", static_cast<std::int32_t>(plan.ranges.size()));
  }
  for (; levels > 0; --levels) out.end();
  out.begin_array("rejectedPlans").end().end();
  out.begin_document("executionStats")
      .append("executionSuccess", true)
      .append("nReturned", returned)
      .append("executionTimeMillis", static_cast<std::int64_t>(took.count()))
      .append("totalKeysExamined", execution.source().keys_examined())
      .append("totalDocsExamined", execution.source().rows_examined())
      .end();
  return out.finish();
}

}  // namespace quire::store::embedded
