#include "store/embedded/pipeline/inner.hpp"

#include "store/embedded/pipeline/match.hpp"

namespace quire::store::embedded {

using bson::ValueView;
using bson::View;

InnerPipeline::InnerPipeline(const ResolvedNamespace& from, StageSpecs stages)
    : database_(from.database),
      collection_(from.collection),
      plain_(stages.empty() && from.view.empty()),
      view_(!from.view.empty()) {
  stages.insert(stages.begin(), from.view.begin(), from.view.end());
  whole_ = optimize(std::move(stages));
  stages_ = push_down(whole_);
}

StagePtr InnerPipeline::open(Run& run) const {
  StagePtr source;
  if (!collection_.empty()) {
    source = run.sources().open({database_, collection_}, stages_.match, stages_.read(), run);
  }
  return open_stages(stages_.rest, std::move(source), run);
}

StagePtr InnerPipeline::open(Run& run, const bson::Document* extra, const ParseScope& scope) const {
  if (view_ && extra != nullptr) {
    // What the view gives is looked at, not what it reads.
    StagePtr source = open(run);
    return make_match(extra->view(), scope)->open(std::move(source), run);
  }
  if (extra == nullptr && !stages_.match) return open(run);
  bson::Writer filter;
  filter.begin_array("$and");
  if (extra != nullptr) filter.push(extra->view());
  if (stages_.match) filter.push(stages_.match->filter());
  filter.end();
  StagePtr source = run.sources().open({database_, collection_},
                                       Matcher(filter.finish_view(), scope), stages_.read(), run);
  return open_stages(stages_.rest, std::move(source), run);
}

ResolvedNamespace resolve_from(std::string_view collection, const PipelineContext& context,
                               std::string_view database) {
  const std::string_view db = database.empty() ? std::string_view(context.database) : database;
  if (context.resolve) return context.resolve(db, collection);
  return {std::string(db), std::string(collection), {}};
}

void write_at(View document, std::span<const std::string> steps, std::optional<ValueView> value,
              bson::Writer& out) {
  bool found = false;
  for (const auto& field : document) {
    if (found || field.key != steps.front()) {
      out.append(field.key, field.value);
      continue;
    }
    found = true;
    if (steps.size() == 1) {
      if (value) out.append(field.key, *value);
    } else if (field.value.is_document()) {
      out.begin_document(field.key);
      write_at(field.value.as_document(), steps.subspan(1), value, out);
      out.end();
    } else if (value) {
      out.begin_document(field.key);
      write_at(View{}, steps.subspan(1), value, out);
      out.end();
    } else {
      out.append(field.key, field.value);
    }
  }
  if (found || !value) return;
  if (steps.size() == 1) {
    out.append(steps.front(), *value);
  } else {
    out.begin_document(steps.front());
    write_at(View{}, steps.subspan(1), value, out);
    out.end();
  }
}

}  // namespace quire::store::embedded
