#pragma once

#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {

/// Throws QueryError 40400 unless it is an object.
void check_merge_object(bson::ValueView value);
/// The fields of `a` and those of `b`, which come in place of fields of the same name.
[[nodiscard]] bson::ValueView merge_objects(bson::ValueView a, bson::ValueView b, Evaluation& e);

}  // namespace quire::store::embedded
