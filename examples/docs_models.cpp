#include <cstdio>
#include <quire/quire.hpp>

namespace q = quire;
using q::field;

// [user]
struct User {
  q::ObjectId id = {};  // stored as _id
  std::string email = {};
  int age = 0;
  int quota = 10;
  q::DateTime created_at = q::now();

  static auto model() {
    return q::model<User>("users")
        .index(field<&User::email>.asc(), q::unique)
        .index(field<&User::age>.asc(), field<&User::created_at>.desc())
        .check(field<&User::age>, q::between(0, 150))
        .check(field<&User::email>, q::matches("^[^@]+@[^@]+$"))
        .check(field<&User::quota>, q::custom("even", [](int n) { return n % 2 == 0; }))
        .default_value(field<&User::quota>, 50)
        .rename(field<&User::created_at>, "createdAt")
        .version(2);
  }
};
// [/user]

// [describe]
struct Point {  // of another library
  double x = 0, y = 0;
};
template <>
struct q::Describe<Point> {
  static auto model() { return q::model<Point>("points").rename(field<&Point::x>, "lon"); }
};
// [/describe]

int main() {
  auto db = q::open(":memory:");
  auto users = db.collection<User>();
  // [checks]
  try {
    users.insert(User{.email = "ada@example.org", .age = 200});
  } catch (const q::Error& error) {
    std::printf("%d at %s\n", static_cast<int>(error.code()), error.path().str().c_str());
  }
  const auto result = users.insert_many(
      std::vector<User>{{.email = "ada@example.org"}, {.email = "bob@example.org", .quota = 3}});
  std::printf("%d inserted, number %d refused\n", static_cast<int>(result.inserted),
              static_cast<int>(result.errors.at(0).index));
  // [/checks]
  // [default]
  auto raw = db.collection<q::bson::Document>("users");
  raw.insert(q::bson::from_json(R"({"email": "old@example.org"})"));
  std::printf("%d, not %d\n", users.find_one(field<&User::email> == "old@example.org")->quota,
              User{}.quota);
  // [/default]
  // [list]
  const auto& info = q::model_of<User>();
  for (const auto& index : info.indexes) std::printf("%s\n", index.name.c_str());
  for (const auto& check : info.checks)
    std::printf("%s: %s\n", check.path.c_str(), check.text().c_str());
  // [/list]
  db.collection<Point>().insert(Point{.x = 1, .y = 2});
  std::printf("%d\n", static_cast<int>(db.collection<Point>().count(field<&Point::x> == 1)));
}
