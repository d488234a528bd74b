// What docs/mapping.md quotes.
#include <cstdint>
#include <cstdio>
#include <optional>
#include <quire/bson/bson.hpp>
#include <quire/bson/decode.hpp>
#include <quire/bson/encode.hpp>
#include <string>
#include <variant>
#include <vector>

// [types]
enum class Plan { free, pro };
BOOST_DESCRIBE_ENUM(Plan, free, pro)

struct Address {
  std::string city;
  std::optional<std::string> zip;
};
struct User {
  quire::ObjectId id;
  std::string email;
  int age = 0;
  Plan plan = Plan::free;
  std::optional<Address> address;
  std::vector<std::string> tags;
};
// [/types]

struct Money {
  std::int64_t cents = 0;
};
struct Circle {
  double radius = 0;
};
struct Square {
  double side = 0;
};

// [converter]
template <>
struct quire::Converter<Money> {
  using stored = std::int64_t;  // any mapped type
  static std::int64_t to_bson(const Money& m) { return m.cents; }
  static Money from_bson(std::int64_t cents) { return Money{cents}; }
};
// [/converter]

// [tag]
template <>
struct quire::Tag<Circle> {
  static constexpr std::string_view value = "circle";
};
// [/tag]

struct Sign {
  Money price;
  std::variant<Circle, Square> shape;
};

int main() {
  const User user{.id = {},
                  .email = "ada@example.org",
                  .age = 36,
                  .plan = Plan::pro,
                  .address = Address{"London", {}},
                  .tags = {"admin"}};
  // [calls]
  quire::bson::Document document = quire::bson::encode(user);
  User again = quire::bson::decode<User>(document);

  quire::bson::Buffer kept;  // without an allocation a document:
  kept.clear();
  quire::bson::encode_into(user, kept);
  quire::bson::decode_into(document, again);  // reuses the room of strings and vectors

  quire::bson::Value one = quire::bson::encode_value(user.plan);  // any mapped type alone
  Plan plan = quire::bson::decode_value<Plan>(one);
  // [/calls]
  std::printf("%s %d\n", again.email.c_str(), plan == Plan::pro);
  const Sign sign{Money{1250}, Circle{2.5}};
  const auto stored = quire::bson::encode(sign);
  std::printf("%s\n", quire::bson::to_json(stored.view()).c_str());
  return quire::bson::decode<Sign>(stored).price.cents == 1250 ? 0 : 1;
}
