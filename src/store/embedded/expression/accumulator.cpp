#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {

std::span<const Operator> accumulator_operators() noexcept { return {}; }

}  // namespace quire::store::embedded
