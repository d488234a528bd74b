#include <cstdio>
#include <cstdlib>
#include <quire/quire.hpp>

namespace q = quire;
using q::field;

// [model]
struct Line {
  std::string sku = {};
  int count = 1;
};
struct Order {
  q::ObjectId id = {};
  std::string region = {};
  std::string note = {};
  std::optional<std::string> phone = {};
  std::vector<Line> lines = {};

  static auto model() {
    return q::model<Order>("orders")
        .check(field<&Order::region>, q::one_of("eu", "us"))
        .check(field<&Order::lines, &Line::count>, q::between(1, 99))
        .check("has lines or a note",
               [](const Order& o) { return !o.lines.empty() || o.note != ""; })
        .index(field<&Order::note>.text(), q::index_option("default_language", "german"))
        .index(field<&Order::phone>.hashed())
        .index(field<&Order::lines>.wildcard())
        .index(field<&Order::region>.asc(),
               q::collation(q::bson::from_json(R"({"locale": "de", "strength": 2})")), q::hidden)
        .shard_key(field<&Order::region>.asc(), field<&Order::id>.hashed());
  }
};
// [/model]

int main() {
  // [schema]
  const auto made = q::json_schema(q::model_of<Order>());
  std::printf("%s\n", q::bson::to_json(made.schema, q::bson::JsonMode::relaxed, 2).c_str());
  for (const auto& rule : made.unsaid)
    std::printf("only quire checks: %s (%s)\n", rule.check.c_str(), rule.reason.c_str());
  // [/schema]

  // [indexes]
  for (const auto& index : q::model_of<Order>().indexes)
    std::printf("%s\n", q::bson::to_json(index.spec()).c_str());
  // [/indexes]

  auto db = q::open(":memory:");
  auto orders = db.collection<Order>();
  // [shard]
  for (const auto& command : orders.shard({.apply = false}).commands)
    std::printf("%s\n", q::bson::to_json(command).c_str());
  const Order order{.id = q::ObjectId::from_string("65a000000000000000000001"), .region = "eu"};
  std::printf("%s\n", orders.identity(order).to_json().c_str());
  // [/shard]

  // [sync]
  const auto plan = orders.sync_schema({.level = q::ValidationLevel::moderate,
                                        .action = q::ValidationAction::error,
                                        .check_existing = true});
  std::printf("%s", plan.str().c_str());
  // [/sync]

  // [refusal]
  const auto raw = db.collection<q::bson::Document>("orders");
  try {
    raw.insert(q::bson::from_json(
        R"({"region": "eu", "note": "", "lines": [{"sku": "tea", "count": 100}]})"));
  } catch (const q::store::DetailedError& error) {
    std::printf("%s: %s\n", error.path().str().c_str(), error.detail().c_str());
  }
  // [/refusal]
}
