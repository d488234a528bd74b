#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {

std::span<const Operator> misc_operators() noexcept { return {}; }

}  // namespace quire::store::embedded
