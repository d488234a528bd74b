#include <cstdio>
#include <quire/quire.hpp>

namespace q = quire;
using q::field;

// [structs]
struct Address {
  std::string city;
};
struct Order {
  std::string sku;
  double price = 0;
};
struct User {
  q::ObjectId id = {};
  std::string name = {};
  int age = 0;
  std::optional<Address> address = {};
  std::vector<std::string> tags = {};
  std::vector<int> marks = {};
  std::vector<Order> orders = {};

  static auto model() { return q::model<User>("users"); }
};
constexpr auto age = field<&User::age>;
constexpr auto city = field<&User::address, &Address::city>;
constexpr auto orders = field<&User::orders>;
constexpr auto price = field<&Order::price>;
// [/structs]

int main() {
  auto db = q::open(":memory:");
  auto users = db.collection<User>();
  users.insert(User{.name = "Ada",
                    .age = 36,
                    .address = Address{"Berlin"},
                    .tags = {"a"},
                    .marks = {2, 4},
                    .orders = {{"pen", -1}, {"ink", 7}}});
  // [filter]
  auto adults = age >= 18 && city == "Berlin";
  adults &= field<&User::tags>.in("a", "b");
  std::puts(adults.to_json().c_str());
  // [/filter]
  // [elements]
  auto dear = orders.elem_match(price > 5 && field<&Order::sku> == "ink");
  auto middle = field<&User::marks>.elem_match(q::element<int> > 3 && q::element<int> < 5);
  std::printf("%d\n", static_cast<int>(users.count(adults && dear && middle)));
  // [/elements]
  // [update]
  users.update_one(adults, age.inc(1),
                   field<&User::tags>.push_each({"c", "b"}, {.sort_values = 1}));
  // [/update]
  // [positions]
  auto mend = (orders.filtered("o") / price).set(0).array_filter("o", price < 0);
  std::puts(mend.to_json().c_str());
  users.update_many({}, mend);
  users.update_many(orders.elem_match(price > 5), (orders.any() / price).mul(2));
  // [/positions]
  // [sort]
  auto order = age.desc() & field<&User::name>.asc();
  auto part = q::include(age, field<&User::name>) & q::slice(field<&User::tags>, 2);
  for (const User& user : users.find().sort(order).projection(part))
    std::printf("%s %d %s\n", user.name.c_str(), user.age, user.tags.at(1).c_str());
  // [/sort]
  // [mixed]
  try {
    (void)users.find().projection(q::include(age) & q::exclude(field<&User::name>));
  } catch (const q::QueryError& error) {
    std::printf("%d at %s\n", static_cast<int>(error.code()), error.path().str().c_str());
  }
  // [/mixed]
  // [raw]
  auto any = q::json(R"({"age": {"$gt": 30}})") && city == "Berlin";
  auto old = q::path<User>("legacy.score") > 3;
  std::printf("%d %d\n", static_cast<int>(users.count(any)), static_cast<int>(users.count(old)));
  // [/raw]
  std::printf("%g %g\n", users.find_one()->orders.at(0).price,
              users.find_one()->orders.at(1).price);
}
