#pragma once

#include <functional>

#include "run.hpp"

namespace quire::differential {

/// Makes a case smaller for as long as `still` holds: drops documents, the index, fields, elements
/// and stages, and puts operands in the place of what holds them. The orders that a command asks
/// for and the _id in them stay, so that the answer stays settled. At most `tries` calls of
/// `still`.
[[nodiscard]] Case shrink(Case one, const std::function<bool(const Case&)>& still, int tries);

}  // namespace quire::differential
