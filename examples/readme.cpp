#include <quire/quire.hpp>

#include <cstdio>

namespace q = quire;
using q::field;

struct Address {
  std::string city;
  std::optional<std::string> zip = {};
};
struct User {
  q::ObjectId id = {};
  std::string email = {};
  int age = 0;
  std::optional<Address> address = {};  // empty = the field is absent

  static auto model() {
    return q::model<User>("users")
        .index(field<&User::email>.asc(), q::unique)
        .check(field<&User::age>, q::between(0, 150));
  }
};

int main() {
  auto db = q::open(":memory:");  // or a file: "app.quire"
  auto users = db.collection<User>();
  users.sync_indexes();
  users.insert(User{.email = "ada@example.org", .age = 36, .address = Address{"London"}});
  users.insert(User{.email = "bob@example.org", .age = 17});

  constexpr auto age = field<&User::age>;
  constexpr auto city = field<&User::address, &Address::city>;
  users.update_many(age < 18, age.inc(1));
  for (const User& u : users.find(age >= 18 || city == "London").sort(age.desc()))
    std::printf("%s is %d\n", u.email.c_str(), u.age);
}
