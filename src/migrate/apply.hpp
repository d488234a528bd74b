#pragma once

#include "migrate/jobs.hpp"
#include "quire/migrate/step.hpp"

namespace quire::migrate {

/// Runs a declared step that needs no batches: fields, indexes, collections.
/// Throws StepError, StoreError.
[[nodiscard]] Job::Counts apply_step(Database& db, const detail::StepData& step,
                                     store::Session* session);

}  // namespace quire::migrate
