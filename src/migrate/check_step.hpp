#pragma once

#include <string>

#include "migrate/step_work.hpp"
#include "migrate/support.hpp"
#include "quire/migrate/data_types.hpp"

namespace quire::migrate {

/// What verification found.
struct Verification {
  std::int64_t looked_at = 0;  ///< documents that were read
  std::int64_t wrong = 0;
  std::string first;  ///< the first that is wrong: where, and what
};

/// Whether a step, which was run, is done: by counting what it left, from `sample` on by reading
/// documents. `between` is called between batches. Throws StoreError, and what `between` throws.
void check_step(Database& db, const detail::StepData& step, VerifyLevel level,
                FunctionRef<void()> between, Verification& sum);

}  // namespace quire::migrate
