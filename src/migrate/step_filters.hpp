#pragma once

#include <cstdint>

#include "migrate/step_work.hpp"

namespace quire::migrate {

/// Which documents the step was told to take; empty: all.
[[nodiscard]] bson::View filter_of(const detail::StepData& step);
/// Documents of a lower version than that, and those without one.
[[nodiscard]] bson::Document older_than(std::int32_t version);
/// What a transform to a higher version has not done, of the documents that it was told to take.
[[nodiscard]] bson::Document left_of_version(const detail::StepData& step);

}  // namespace quire::migrate
