#pragma once

#include "store/embedded/pipeline/stage.hpp"

/// Stages of basic_stages() that have units of their own.
namespace quire::store::embedded {

[[nodiscard]] StageSpecPtr parse_unwind(bson::ValueView given, PipelineContext& context);
[[nodiscard]] StageSpecPtr parse_redact(bson::ValueView given, PipelineContext& context);

}  // namespace quire::store::embedded
