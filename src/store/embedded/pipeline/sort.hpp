#pragma once

#include "store/embedded/engine/sort.hpp"
#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded {

/// $sort; with `limit` only the first so many are kept (0 = all), which the optimizer sets.
class SortSpec final : public StageSpec {
 public:
  SortSpec(bson::View keys, std::int64_t limit);
  StagePtr open(StagePtr source, Run& run) const override;
  [[nodiscard]] bson::View keys() const { return keys_.view(); }
  [[nodiscard]] std::int64_t limit() const noexcept { return limit_; }
  [[nodiscard]] bson::View text() const override {
    return limit_ == 0 ? StageSpec::text() : shown_.view();
  }
  bool lets_match_pass(std::span<const std::string>) const override { return limit_ == 0; }
  void add_needs(FieldNeeds& needs) const override {
    needs.held = true;
    for (const auto& field : sorter_.fields()) needs.use.paths.push_back(field.path);
  }

 private:
  bson::Document keys_;
  Sorter sorter_;
  std::int64_t limit_;
  bson::Document shown_;
};

}  // namespace quire::store::embedded
