#pragma once

#include "store/embedded/expression/accumulator.hpp"
#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded {

/// Several stages under one name: $sortByCount, $bucket, $fill.
class CompositeSpec final : public StageSpec {
 public:
  CompositeSpec(std::string_view name, bson::ValueView given, StageSpecs stages)
      : StageSpec(name, given), stages_(std::move(stages)) {}
  StagePtr open(StagePtr source, Run& run) const override {
    return open_stages(stages_, std::move(source), run);
  }
  void add_needs(FieldNeeds& needs) const override {
    for (const auto& stage : stages_) {
      stage->add_needs(needs);
      if (needs.complete) return;
    }
  }

 private:
  StageSpecs stages_;
};

}  // namespace quire::store::embedded
