#include <algorithm>

#include "store/embedded/expression/let.hpp"
#include "store/embedded/pipeline/reader.hpp"
#include "store/embedded/pipeline/write.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded {

namespace {

/// As of a find that reads what the pipeline's reader does.
bson::Document explain_reader(EmbeddedStore& store, const PreparedPipeline& prepared,
                              const AggregateOptions& options) {
  FindOptions find;
  static_cast<OperationOptions&>(find) = options;
  find.sort = prepared.stages.sort.view();
  find.skip = prepared.stages.skip;
  find.limit = prepared.stages.limit;
  find.hint = options.hint;
  find.hint_name = options.hint_name;
  find.let = options.let;
  bson::Writer used;
  if (prepared.stages.fields) {
    for (const auto& field : *prepared.stages.fields) used.append(field, std::int32_t{1});
    if (std::ranges::find(*prepared.stages.fields, "_id") == prepared.stages.fields->end())
      used.append("_id", std::int32_t{0});
  }
  const bson::Document projection = used.finish();
  find.projection = projection;
  const bson::Document filter =
      prepared.stages.match ? bson::Document(prepared.stages.match->filter()) : bson::Document();
  return store.explain({prepared.database, prepared.collection}, filter, find);
}

}  // namespace

bson::Document EmbeddedStore::explain_aggregate(Namespace ns, bson::View pipeline,
                                                const AggregateOptions& options) {
  refuse_collation(options.collation);
  PreparedPipeline prepared;
  {
    ReadScope scope(file_, options.session);
    prepared = prepare_pipeline(scope.connection(), ns, pipeline, scope_of_let(options.let));
  }
  if (prepared.collection.empty()) {
    bson::Writer out;
    out.append("explainVersion", "1").begin_array("stages");
    for (const auto& stage : prepared.stages.rest) out.push(stage->text());
    out.end();
    return out.finish();
  }
  bson::Document reader = explain_reader(*this, prepared, options);
  if (prepared.stages.rest.empty()) return reader;
  bson::Writer out;
  out.append("explainVersion", "1").begin_array("stages");
  out.push_document_begin().begin_document("$cursor");
  for (const auto& field : reader.view()) {
    if (field.key != "explainVersion" && field.key != "ok") out.append(field.key, field.value);
  }
  out.end().end();
  for (const auto& stage : prepared.stages.rest) out.push(stage->text());
  out.end();
  return out.finish();
}

}  // namespace quire::store::embedded
