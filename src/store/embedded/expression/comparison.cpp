#include <array>

#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {
namespace {

using bson::ValueView;

int order(const Call& c) { return compare_values(c[0], c[1]); }

ValueView cmp(const Call& c) {
  const int n = order(c);
  return c.e.int32(n < 0 ? -1 : n > 0 ? 1 : 0);
}
ValueView eq(const Call& c) { return boolean_value(order(c) == 0); }
ValueView ne(const Call& c) { return boolean_value(order(c) != 0); }
ValueView gt(const Call& c) { return boolean_value(order(c) > 0); }
ValueView gte(const Call& c) { return boolean_value(order(c) >= 0); }
ValueView lt(const Call& c) { return boolean_value(order(c) < 0); }
ValueView lte(const Call& c) { return boolean_value(order(c) <= 0); }

constexpr auto table = std::to_array<Operator>({
    function_operator("$cmp", cmp, 2, 2),
    function_operator("$eq", eq, 2, 2),
    function_operator("$ne", ne, 2, 2),
    function_operator("$gt", gt, 2, 2),
    function_operator("$gte", gte, 2, 2),
    function_operator("$lt", lt, 2, 2),
    function_operator("$lte", lte, 2, 2),
});

}  // namespace

std::span<const Operator> comparison_operators() noexcept { return table; }

}  // namespace quire::store::embedded
