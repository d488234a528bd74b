// expect: quire: children<…>() is for a member that is a list; child<…>() for one.
#include "quire/importer/typed.hpp"

struct Line {
  int count = 0;
};
struct Order {
  std::int64_t id = 0;
  Line line;
  std::vector<Line> lines;
  static auto model() { return quire::model<Order>("orders"); }
};

auto test() {
  const auto counts = [](auto& line) { line.template field<&Line::count>("count"); };
#ifdef QUIRE_BAD
  return quire::importer::into<Order>("orders")
      .children<&Order::line>("lines", {"o"}, counts)
      .mapping();
#else
  return quire::importer::into<Order>("orders")
      .children<&Order::lines>("lines", {"o"}, counts)
      .mapping();
#endif
}
