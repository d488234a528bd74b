#pragma once

#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded {

/// $setWindowFields. Throws QueryError 9, 40414, 40415 ….
[[nodiscard]] StageSpecPtr parse_set_window_fields(bson::ValueView given, PipelineContext& context);
/// $fill.
[[nodiscard]] StageSpecPtr parse_fill(bson::ValueView given, PipelineContext& context);
/// $densify.
[[nodiscard]] StageSpecPtr parse_densify(bson::ValueView given, PipelineContext& context);
/// Several stages as one.
[[nodiscard]] StageSpecPtr join_stages_as(std::string_view name, bson::ValueView given,
                                          StageSpecs stages);

}  // namespace quire::store::embedded
