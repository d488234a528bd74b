#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <quire/quire.hpp>
#include <string>
#include <thread>

namespace q = quire;
using q::field;
using namespace std::chrono_literals;

struct Order {
  q::ObjectId id = {};
  std::string customer = {};
  int total = 0;
  static auto model() { return q::model<Order>("orders"); }
};
constexpr auto customer = field<&Order::customer>;
constexpr auto total = field<&Order::total>;

// [position]
struct Position {
  std::string id = {};  // of the consumer
  q::bson::Document token = {};
  static auto model() { return q::model<Position>("positions"); }
};
// [/position]

void show(const q::ChangeEvent<Order>& event) {
  std::printf("%s%s%s\n", event.operation_name.c_str(), event.document ? " of " : "",
              event.document ? event.document->customer.c_str() : "");
}

void work_on(q::Database& db) {
  // [open]
  auto orders = db.collection<Order>();
  auto stream = orders.watch();  // sees what happens from here on
  // [/open]
  orders.insert(Order{.customer = "Ada", .total = 10});
  orders.update_one(customer == "Ada", total.set(20));
  orders.drop();
  // [loop]
  for (const auto& event : stream) {  // until the collection is dropped, or the stream stopped
    switch (event.type) {
      case q::ChangeType::insert:
        std::printf("new: %s\n", event.document->customer.c_str());
        break;
      case q::ChangeType::update:
        std::printf("changed: %s\n", q::bson::to_json(event.update.updated_fields).c_str());
        break;
      default:
        std::printf("%s\n", event.operation_name.c_str());
    }
  }
  // [/loop]
  {
    // [filter]
    auto large = orders.watch({q::only_changes({q::ChangeType::insert, q::ChangeType::update}),
                               q::document_matches(total >= 100)},
                              {.full_document = q::FullDocument::update_lookup,
                               .max_await = 30s});  // how long next() waits at most
    // [/filter]
    orders.insert(Order{.customer = "Bob", .total = 99});
    orders.insert(Order{.customer = "Eve", .total = 100});
    if (const auto event = large.next()) show(*event);
    orders.drop();
  }
  {
    // [images]
    db.create_collection(
        "orders", q::bson::from_json(R"({"changeStreamPreAndPostImages": {"enabled": true}})"));
    auto images = orders.watch({}, {.full_document = q::FullDocument::when_available,
                                    .before_change = q::BeforeChange::when_available,
                                    .max_await = 30s});
    // [/images]
    orders.insert(Order{.customer = "Fay", .total = 1});
    orders.remove_one(customer == "Fay");
    (void)images.next();
    if (const auto event = images.next(); event && event->before)
      std::printf("before: %s\n", event->before->customer.c_str());
  }
  const auto handle = show;
  {
    // [resume]
    auto positions = db.collection<Position>();
    auto position = positions.find("billing").value_or(Position{.id = "billing"});
    auto feed = orders.watch({}, {.resume_after = position.token});
    const auto event = feed.next();  // waits up to max_await, a second
    if (event) handle(*event);
    position.token = feed.resume_token();
    positions.save(position);  // after handle(): a crash before this line handles the event again
    // [/resume]
    orders.insert(Order{.customer = "Gil", .total = 3});  // while nobody watches
  }
  {
    const auto position = db.collection<Position>().get("billing");
    auto feed = orders.watch({}, {.resume_after = position.token, .max_await = 30s});
    if (const auto event = feed.next()) handle(*event);
  }
  // [stop]
  std::jthread worker([&](std::stop_token stop) {
    for (const auto& event : orders.watch({}, {.stop = stop})) handle(event);
  });
  worker.request_stop();  // seen within max_await
  // [/stop]
}

int main() {
  const char* uri = std::getenv("QUIRE_EXAMPLE_MONGODB_URI");
  auto db = uri != nullptr && *uri != '\0'
                ? q::open(uri, {.database = "quire_example_" + q::ObjectId::generate().str()})
                : q::open(":memory:");
  work_on(db);
  db.store().drop_database(db.name());
}
