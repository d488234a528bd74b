#include "store/embedded/pipeline/reader.hpp"

#include "quire/core/error.hpp"

namespace quire::store::embedded {
namespace {

/// Rows of a collection.
class ReadStage final : public Stage {
 public:
  ReadStage(Connection& connection, std::shared_ptr<const CollectionMeta> collection,
            std::shared_ptr<Query> query, bool verify, const Run& run)
      : query_(std::move(query)) {
    run.prepare(e_);
    query_->variables = &e_;
    execution_.emplace(connection, std::move(collection), query_, verify);
  }
  std::optional<bson::View> next() override {
    if (!execution_ || !execution_->next()) {
      execution_.reset();
      return std::nullopt;
    }
    return execution_->needed();
  }

 private:
  Evaluation e_;
  std::shared_ptr<Query> query_;
  std::optional<Execution> execution_;
};

ResolvedNamespace resolve(Connection& connection, std::string_view database,
                          std::string_view collection, int depth) {
  constexpr int most_views = 20;
  ResolvedNamespace out{std::string(database), std::string(collection), {}};
  const auto& meta = connection.catalog->find({database, collection});
  if (meta == nullptr) return out;
  const bson::View options = meta->options.view();
  const auto base = options.find("viewOn");
  if (!base || !base->is_string()) return out;
  if (depth >= most_views)
    throw StoreError(ErrorCode::command_failed,
                     "the view " + meta->full_name() + " is on more than 20 views, or on itself",
                     165);
  ResolvedNamespace under = resolve(connection, database, base->as_string(), depth + 1);
  ParseScope scope;
  PipelineContext context = make_context(connection, scope, {database, under.collection});
  context.place = PipelinePlace::view;
  const auto stages = options.find("pipeline");
  StageSpecs own =
      stages && stages->is_array() ? parse_pipeline(stages->as_array(), context) : StageSpecs{};
  out.collection = under.collection;
  out.view = std::move(under.view);
  out.view.insert(out.view.end(), own.begin(), own.end());
  return out;
}

void check_needs_no_collection(bson::View pipeline) {
  std::string_view first = "an empty pipeline";
  if (!pipeline.empty()) first = pipeline.begin()->value.as_document().begin()->key;
  const StageKind* kind = find_stage(first);
  if (first == "$documents" || (kind != nullptr && kind->of_database)) return;
  throw StoreError(
      ErrorCode::command_failed,
      "{aggregate: 1} is not valid for '" + std::string(first) + "'; a collection is required.",
      73);
}

}  // namespace

StagePtr ConnectionSources::open(Namespace ns, std::optional<Matcher> match, const Read& read,
                                 const Run& run) {
  const auto& collection = connection_.catalog->find(ns);
  if (collection == nullptr) return list_stage({});
  FindOptions options;
  options.sort = read.sort;
  options.skip = read.skip;
  options.limit = read.limit;
  options.hint = read.hint;
  options.hint_name = read.hint_name;
  auto query = match ? std::make_shared<Query>(std::move(*match), options)
                     : std::make_shared<Query>(bson::View{}, options);
  if (read.fields != nullptr) query->fields = *read.fields;
  return std::make_unique<ReadStage>(connection_, collection, std::move(query), verify_, run);
}

bool ConnectionSources::has_index_on(Namespace ns, std::string_view field) {
  if (field == "_id") return true;
  const auto& collection = connection_.catalog->find(ns);
  if (collection == nullptr) return false;
  for (const auto& index : collection->indexes) {
    if (!index->partial && !index->spec.hidden && !index->spec.sparse &&
        !index->spec.fields.empty() && index->spec.fields.front().path == field)
      return true;
  }
  return false;
}

PipelineContext make_context(Connection& connection, ParseScope& scope, Namespace ns) {
  PipelineContext context{
      scope, std::string(ns.database), std::string(ns.collection), PipelinePlace::top, 0, false, {},
      {}};
  context.resolve = [&connection](std::string_view database, std::string_view collection) {
    return resolve(connection, database, collection, 0);
  };
  context.has_unique_index = [&connection](Namespace target,
                                           const std::vector<std::string>& fields) {
    if (fields == std::vector<std::string>{"_id"}) return true;
    const auto& meta = connection.catalog->find(target);
    if (meta == nullptr) return false;
    for (const auto& index : meta->indexes) {
      if (!index->spec.unique || index->partial || index->spec.fields.size() != fields.size())
        continue;
      std::size_t found = 0;
      for (const auto& field : index->spec.fields) {
        for (const auto& wanted : fields) found += field.path == wanted ? 1 : 0;
      }
      if (found == fields.size()) return true;
    }
    return false;
  };
  return context;
}

PreparedPipeline prepare_pipeline(Connection& connection, Namespace ns, bson::View pipeline,
                                  const ParseScope& given) {
  ParseScope scope = given;
  PipelineContext context = make_context(connection, scope, ns);
  PreparedPipeline out{std::string(ns.database), std::string(ns.collection), {}};
  StageSpecs stages = parse_pipeline(pipeline, context);
  if (ns.collection.empty()) {
    check_needs_no_collection(pipeline);
  } else {
    ResolvedNamespace base = context.resolve(ns.database, ns.collection);
    out.collection = base.collection;
    stages.insert(stages.begin(), base.view.begin(), base.view.end());
  }
  out.stages = push_down(optimize(std::move(stages)));
  return out;
}

StagePtr open_pipeline(const PreparedPipeline& prepared, ConnectionSources& sources, Run& run,
                       bson::View hint, std::string_view hint_name) {
  StagePtr source;
  if (!prepared.collection.empty()) {
    Sources::Read read = prepared.stages.read();
    read.hint = hint;
    read.hint_name = hint_name;
    source =
        sources.open({prepared.database, prepared.collection}, prepared.stages.match, read, run);
  }
  return open_stages(prepared.stages.rest, std::move(source), run);
}

}  // namespace quire::store::embedded
