#pragma once

#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded {

[[nodiscard]] StageSpecPtr parse_lookup(bson::ValueView given, PipelineContext& context);
[[nodiscard]] StageSpecPtr parse_graph_lookup(bson::ValueView given, PipelineContext& context);

}  // namespace quire::store::embedded
