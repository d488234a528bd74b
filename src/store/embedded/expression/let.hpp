#pragma once

#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {

/// The variables of a command's `let`: expressions without fields, evaluated once. Throws
/// QueryError for names that cannot be, and for expressions that read a document (4890500).
[[nodiscard]] ParseScope scope_of_let(bson::View let);
/// Milliseconds since 1970: $$NOW of a command that begins now.
[[nodiscard]] std::int64_t current_ms() noexcept;

}  // namespace quire::store::embedded
