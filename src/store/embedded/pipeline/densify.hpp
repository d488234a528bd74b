#pragma once

#include <optional>
#include <string>
#include <vector>

#include "quire/bson/value.hpp"
#include "store/embedded/engine/projection.hpp"
#include "store/embedded/engine/sort.hpp"
#include "store/embedded/pipeline/stage.hpp"
#include "store/embedded/pipeline/time_unit.hpp"

namespace quire::store::embedded {

/// {step, unit, bounds}
struct DensifyRange {
  enum class Kind { full, partition, between } kind = Kind::full;
  bson::Value step;
  std::optional<TimeUnit> unit;
  bson::Value lower, upper;  // of between
};

/// $densify as parsed.
class DensifySpec final : public StageSpec {
 public:
  DensifySpec(bson::ValueView given, PipelineContext& context);
  StagePtr open(StagePtr source, Run& run) const override;

 private:
  friend class DensifyStage;
  void parse_range(bson::View range);
  void parse_bounds(bson::ValueView bounds);

  std::string field_;
  std::vector<std::string> steps_;       // of the field's path
  std::vector<std::string> partitions_;  // paths
  DensifyRange range_;
  Sorter sort_;
  std::vector<ExpressionPtr> partition_values_;
  Projector with_partition_;  // an empty document with the values in slots
  std::vector<std::size_t> partition_slots_;
  Projector with_value_;
  std::size_t value_slot_ = 0;
};

}  // namespace quire::store::embedded
