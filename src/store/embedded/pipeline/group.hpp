#pragma once

#include "store/embedded/expression/accumulator.hpp"
#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded {

/// The stage that a text means, for stages that are others in disguise: {$group: …}.
[[nodiscard]] StageSpecs parse_stages_of(const bson::Document& stages, PipelineContext& context);

/// Several stages under one name: $sortByCount, $bucket.
class CompositeSpec final : public StageSpec {
 public:
  CompositeSpec(std::string_view name, bson::ValueView given, StageSpecs stages)
      : StageSpec(name, given), stages_(std::move(stages)) {}
  StagePtr open(StagePtr source, Run& run) const override {
    return open_stages(stages_, std::move(source), run);
  }
  void needs(FieldUse& use, bool& resets) const override { stages_.front()->needs(use, resets); }

 private:
  StageSpecs stages_;
};

}  // namespace quire::store::embedded
