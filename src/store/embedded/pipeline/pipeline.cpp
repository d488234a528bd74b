#include <unordered_map>

#include "quire/core/error.hpp"
#include "store/embedded/expression/let.hpp"
#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded {
namespace {

using Table = std::unordered_map<std::string_view, const StageKind*>;

Table make_table() {
  Table table;
  for (const auto family :
       {basic_stages(), projection_stages(), group_stages(), sort_stages(), join_stages(),
        window_stages(), statistics_stages(), server_stages(), write_stages()}) {
    for (const StageKind& kind : family) table.emplace(kind.name, &kind);
  }
  return table;
}

class ListStage final : public Stage {
 public:
  explicit ListStage(std::vector<bson::Document> documents) : documents_(std::move(documents)) {}
  std::optional<bson::View> next() override {
    if (at_ > 0) documents_[at_ - 1] = bson::Document();
    if (at_ == documents_.size()) return std::nullopt;
    return documents_[at_++].view();
  }

 private:
  std::vector<bson::Document> documents_;
  std::size_t at_ = 0;
};

/// For stages that look into no collection.
class NoSources final : public Sources {
 public:
  StagePtr open(Namespace, std::optional<Matcher>, const Read&, const Run&) override {
    throw Error(ErrorCode::internal, "a stage that reads a collection stands where none may");
  }
  bool has_index_on(Namespace, std::string_view) override { return false; }
};

void check_place(const StageKind& kind, std::size_t index, bool last,
                 const PipelineContext& context) {
  const std::string name(kind.name);
  if (context.place == PipelinePlace::update && !kind.in_update)
    fail_expression(72, name + " is not allowed to be used within an update");
  if (context.in_facet && !kind.in_facet)
    fail_expression(40600, name + " is not allowed to be used within a $facet stage");
  if (context.place == PipelinePlace::lookup && !kind.in_lookup)
    fail_expression(51047, name + " is not allowed within a $lookup's sub-pipeline");
  if (context.place == PipelinePlace::union_with && !kind.in_lookup)
    fail_expression(31441, name + " is not allowed within a $unionWith's sub-pipeline");
  if (context.place == PipelinePlace::view && kind.last_only)
    fail_expression(167, name + " is not allowed in the pipeline of a view");
  if (kind.first_only && index != 0)
    fail_expression(kind.not_first_code, name + " is only valid as the first stage in a pipeline");
  if (kind.of_database && context.place != PipelinePlace::facet && !context.collection.empty())
    fail_expression(73, name + " can only be run with {aggregate: 1}");
  if (kind.last_only && !last)
    fail_expression(40601, name + " can only be the final stage in the pipeline");
}

}  // namespace

const StageKind* find_stage(std::string_view name) noexcept {
  static const Table table = make_table();
  const auto it = table.find(name);
  return it == table.end() ? nullptr : it->second;
}

void fail_memory(std::string_view stage, std::size_t limit) {
  throw StoreError(ErrorCode::command_failed,
                   std::string(stage) + " exceeded its memory limit of " + std::to_string(limit) +
                       " bytes, and disk use was not allowed; pass allowDiskUse: true",
                   292);
}

StagePtr list_stage(std::vector<bson::Document> documents) {
  return std::make_unique<ListStage>(std::move(documents));
}

StagePtr open_stages(const StageSpecs& specs, StagePtr source, Run& run) {
  for (const auto& spec : specs) source = spec->open(std::move(source), run);
  return source;
}

FieldNeeds needs_of(const StageSpecs& stages) {
  FieldNeeds needs;
  for (const auto& stage : stages) {
    stage->add_needs(needs);
    if (needs.complete || needs.use.whole) break;
  }
  if (!needs.complete) needs.use.whole = true;
  return needs;
}

std::optional<bson::Document> run_on_one(const StageSpecs& specs, bson::View document) {
  NoSources none;
  Deadline deadline{std::chrono::milliseconds(0)};
  Run run(none, deadline, current_ms());
  std::vector<bson::Document> input;
  input.emplace_back(document);
  const StagePtr output = open_stages(specs, list_stage(std::move(input)), run);
  const auto made = output->next();
  if (!made) return std::nullopt;
  return bson::Document(*made);
}

StageSpecs parse_pipeline(bson::View stages, PipelineContext& context) {
  constexpr int most_nested = 20;
  constexpr std::size_t most_stages = 1000;
  if (context.depth > most_nested)
    fail_expression(9, "pipelines are nested more than " + std::to_string(most_nested) + " deep");
  const std::size_t count = stages.count();
  if (count > most_stages)
    fail_expression(7749501, "Pipeline length must be no longer than 1000 stages");
  StageSpecs out;
  std::size_t index = 0;
  for (const auto& element : stages) {
    if (!element.value.is_document())
      fail_expression(14, "Each element of the 'pipeline' array must be an object");
    const bson::View stage = element.value.as_document();
    if (stage.count() != 1)
      fail_expression(40323,
                      "A pipeline stage specification object must contain exactly one field.");
    const auto field = *stage.begin();
    const StageKind* kind = find_stage(field.key);
    if (kind == nullptr)
      fail_expression(40324, "Unrecognized pipeline stage name: '" + std::string(field.key) + "'");
    // What says something of the store is read before its place is looked at, as by a server.
    if (kind->of_data) check_place(*kind, index, index + 1 == count, context);
    if (kind->parse == nullptr) refuse_expression(kind->name);
    auto spec = kind->parse(field.value, context);
    if (!kind->of_data) check_place(*kind, index, index + 1 == count, context);
    if (spec != nullptr) out.push_back(std::move(spec));
    ++index;
  }
  return out;
}

}  // namespace quire::store::embedded
