#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {

std::span<const Operator> date_operators() noexcept { return {}; }

}  // namespace quire::store::embedded
