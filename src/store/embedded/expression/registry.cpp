#include <unordered_map>

#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {
namespace {

using Table = std::unordered_map<std::string_view, const Operator*>;

Table make_table() {
  Table table;
  for (const auto family :
       {arithmetic_operators(), trigonometry_operators(), bitwise_operators(),
        comparison_operators(), boolean_operators(), conditional_operators(), variable_operators(),
        misc_operators(), type_operators(), string_operators(), regex_operators(),
        array_operators(), set_operators(), object_operators(), date_operators(),
        accumulator_operators()}) {
    for (const Operator& op : family) table.emplace(op.name, &op);
  }
  return table;
}

}  // namespace

const Operator* find_operator(std::string_view name) noexcept {
  static const Table table = make_table();
  const auto it = table.find(name);
  return it == table.end() ? nullptr : it->second;
}

}  // namespace quire::store::embedded
