#include <cstdio>
#include <cstdlib>
#include <quire/quire.hpp>

namespace q = quire;
using q::field;
using q::into;

// [structs]
struct Item {
  std::string sku;
  double price = 0;
  int count = 0;
};
struct Order {
  int id = 0;
  int customer = 0;
  std::string city;
  std::vector<Item> items;
  q::DateTime at{};
  static auto model() { return q::model<Order>("orders"); }
};
struct Customer {
  int id = 0;
  std::string name;
  int credit = 0;
  int used = 0;
  static auto model() { return q::model<Customer>("customers"); }
};
constexpr auto city = field<&Order::city>;
constexpr auto items = field<&Order::items>;
constexpr auto price = field<&Item::price>;
constexpr auto amount = field<&Item::count>;
// [/structs]

// [rows]
struct Bill {
  int id = 0;
  int customer = 0;
  std::string city;
  double total = 0;
};
struct ByCity {
  std::string id;  // the key of the group
  double mean = 0;
  std::int64_t n = 0;
};
// [/rows]

struct Statement {
  int id = 0;
  std::string name;
  std::vector<Bill> bills;
};
struct Ranked {
  int id = 0;
  std::string city;
  double total = 0;
  std::int64_t place = 0;
  double sum_so_far = 0;
};
struct Sales {
  q::DateTime id{};
  std::int64_t n = 0;
  static auto model() { return q::model<Sales>("sales"); }
};

void work_on(const q::Database& db) {
  auto orders = db.collection<Order>();
  auto customers = db.collection<Customer>();
  const auto day = [](int n) { return q::DateTime(std::chrono::days(19'800 + n)); };
  orders.insert(Order{1, 7, "Berlin", {{"pen", 2, 3}, {"ink", 5, 1}}, day(0)});
  orders.insert(Order{2, 8, "Bonn", {{"pen", 2, 1}}, day(1)});
  orders.insert(Order{3, 7, "Berlin", {{"desk", 120, 1}}, day(30)});
  customers.insert(Customer{7, "Ada", 100, 131});
  customers.insert(Customer{8, "Bob", 100, 2});

  // [total]
  const auto total = q::list_sum(q::map(items, [](auto item) {
    return item[price] * item[amount];  // of each item
  }));
  const auto bills = q::pipeline<Order>().project<Bill>(into<&Bill::total>(total));
  // [/total]
  // [group]
  auto rows =
      orders.aggregate(bills)
          .match(field<&Bill::total> > 1)
          .group<ByCity>(field<&Bill::city>, into<&ByCity::mean>(q::avg(field<&Bill::total>)),
                         into<&ByCity::n>(q::count()))
          .sort(field<&ByCity::n>.desc());
  for (const ByCity& row : rows)
    std::printf("%s: %lld, mean %g\n", row.id.c_str(), static_cast<long long>(row.n), row.mean);
  // [/group]
  // [print]
  std::puts(q::pipeline<Order>().match(city == "Bonn").count(field<&ByCity::n>).to_json().c_str());
  std::puts((q::expr(city) == "Bonn").to_json().c_str());
  // [/print]
  // [lookup]
  const auto of_customer = customers.aggregate().lookup<Statement>(
      field<&Customer::id>, field<&Order::customer>, bills, field<&Statement::bills>);
  // [/lookup]
  for (const Statement& one : of_customer.to_vector())
    std::printf("%s: %d bills\n", one.name.c_str(), static_cast<int>(one.bills.size()));
  // [window]
  auto ranked =
      orders.aggregate(bills)
          .set_window_fields<Ranked>(
              field<&Bill::city>, field<&Bill::total>.desc(), into<&Ranked::place>(q::rank()),
              into<&Ranked::sum_so_far>(q::over(q::sum(field<&Bill::total>),
                                                q::documents_window(q::unbounded, q::current))))
          .sort(field<&Ranked::city>.asc(), field<&Ranked::place>.asc());
  // [/window]
  for (const Ranked& row : ranked)
    std::printf("%s #%d %g %g\n", row.city.c_str(), static_cast<int>(row.place), row.total,
                row.sum_so_far);
  // [out]
  orders.aggregate()
      .group<Sales>(q::date_trunc(field<&Order::at>, q::TimeUnit::month),
                    into<&Sales::n>(q::count()))
      .merge<Sales>({.when_matched = q::WhenMatched::replace});
  // [/out]
  std::printf("%d months\n", static_cast<int>(db.collection<Sales>().count()));
  // [expr]
  const auto over = field<&Customer::used> > field<&Customer::credit>;  // two fields: $expr
  for (const Customer& one : customers.find(over)) std::printf("%s is over\n", one.name.c_str());
  // [/expr]
  // [update]
  customers.update_many(over, q::pipeline<Customer>().set(
                                  into<&Customer::credit>(field<&Customer::used> + 10),
                                  into<&Customer::name>(q::concat(field<&Customer::name>, "!"))));
  // [/update]
  std::printf("%s %d\n", customers.get(7).name.c_str(), customers.get(7).credit);
  // [raw]
  auto raw = orders.aggregate()
                 .stage<ByCity>(q::json(R"({"$group": {"_id": "$city", "n": {"$sum": 1}}})"))
                 .sort(field<&ByCity::id>.asc());
  // [/raw]
  for (const ByCity& row : raw) std::printf("%s %d\n", row.id.c_str(), static_cast<int>(row.n));
}

int main() {
  const char* uri = std::getenv("QUIRE_EXAMPLE_MONGODB_URI");
  if (uri != nullptr && *uri != '\0') {
    auto db = q::open(uri, {.database = "quire_example_" + q::ObjectId::generate().str()});
    work_on(db);
    db.store().drop_database(db.name());
    return 0;
  }
  const auto db = q::open(":memory:");
  if (db.capabilities().aggregation)
    work_on(db);
  else
    std::puts("the store has no aggregation");
}
