#pragma once

#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded {

[[nodiscard]] StageSpecPtr parse_bucket(bson::ValueView given, PipelineContext& context);
[[nodiscard]] StageSpecPtr parse_bucket_auto(bson::ValueView given, PipelineContext& context);

}  // namespace quire::store::embedded
