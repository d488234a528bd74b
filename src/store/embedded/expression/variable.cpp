#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {

std::span<const Operator> variable_operators() noexcept { return {}; }

}  // namespace quire::store::embedded
