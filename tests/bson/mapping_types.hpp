#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "mapping_builder.hpp"
#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"
#include "quire/bson/json.hpp"

// Types that the tests of encode and decode share.

namespace quire::test {

/// JSON without the spaces behind ':' and ','; for documents whose texts have none.
inline std::string compact(std::string json) {
  std::string out;
  for (const char c : json) {
    if (c != ' ') out += c;
  }
  return out;
}

enum class Plan { free, pro };
BOOST_DESCRIBE_ENUM(Plan, free, pro)
enum class Level : std::uint8_t { low = 1, high = 200 };

struct Address {
  std::string city;
  std::optional<std::string> zip;
  bool operator==(const Address&) const = default;
};
struct Line {
  std::string sku;
  double price = 0;
  bool operator==(const Line&) const = default;
};
struct Person {
  ObjectId id = {};
  std::string name = {};
  int age = 21;
  std::vector<Line> orders = {};
  std::optional<Address> address = {};
  bool operator==(const Person&) const = default;
};

struct Circle {
  double radius = 0;
  bool operator==(const Circle&) const = default;
};
struct Square {
  int side = 0;
  bool operator==(const Square&) const = default;
};
using Shape = std::variant<std::monostate, std::int32_t, std::string, Circle, Square>;
using OpenShape = std::variant<Circle, Square, bson::Document>;

struct Money {
  std::int64_t cents = 0;
  explicit Money(std::int64_t c) : cents(c) {}
  Money() = default;
  bool operator==(const Money&) const = default;
};

// Every type that is mapped, in structs of a kind: one struct of all takes minutes to compile with
// sanitizers.

struct Scalars {
  std::int32_t id = 1;
  bool yes = true;
  std::int8_t i8 = -8;
  std::uint8_t u8 = 200;
  std::int16_t i16 = -1600;
  std::uint16_t u16 = 65'000;
  std::int32_t i32 = -320'000;
  std::uint32_t u32 = 4'000'000'000;
  std::int64_t i64 = -9'000'000'000;
  std::uint64_t u64 = 9'000'000'000;
  float f = 0.1F;
  double d = 0.1;
  std::string text = "Grüße";
  Plan plan = Plan::pro;
  Level level = Level::high;
  DateTime at{std::chrono::milliseconds(1'700'000'000'123)};
  std::chrono::sys_seconds second{std::chrono::seconds(1'700'000'000)};
  std::chrono::seconds wait{90};
  std::chrono::nanoseconds fine{1'234'567};
  std::chrono::duration<double> real{1.5};
  std::optional<int> some = 5;
  std::optional<int> none;
  Money money{1250};
};
struct BsonValues {
  ObjectId oid = ObjectId::from_string("0123456789abcdef01234567");
  Decimal128 decimal = Decimal128::from_string("12.50");
  Timestamp stamp{3, 1'700'000'000};
  Uuid uuid = Uuid::from_string("00112233-4455-6677-8899-aabbccddeeff");
  bson::Binary binary{{1, 2, 3}, bson::BinarySubtype::user};
  std::vector<std::byte> bytes{std::byte{9}, std::byte{8}};
  std::array<std::uint8_t, 4> four{1, 2, 3, 4};
  bson::Regex regex{"^a", "i"};
  bson::Code code{"return 1"};
  bson::Symbol symbol{"sym"};
  bson::DbPointer pointer{"db.c", ObjectId::from_string("0123456789abcdef01234567")};
  bson::Null null;
  bson::Undefined undefined;
  bson::MinKey min;
  bson::MaxKey max;
  bson::Document document = bson::make_document("free", 1);
  bson::Value value{bson::Value("anything")};
};
struct Sequences {
  std::unique_ptr<int> owned = std::make_unique<int>(6);
  std::shared_ptr<Address> shared = std::make_shared<Address>(Address{"Bonn", "53111"});
  std::vector<int> ints{1, 2, 3};
  std::vector<bool> bits{true, false, true};
  std::vector<std::optional<int>> holes{1, std::nullopt, 3};
  std::array<double, 2> loc{1.5, -2.5};
  std::deque<std::string> deque{"a", "b"};
  std::list<int> list{7, 8};
  std::set<std::string> set{"x", "y"};
  std::unordered_set<int> hashed{4};
  std::pair<int, std::string> pair{1, "p"};
  std::tuple<int, double, std::string> tuple{1, 2.5, "t"};
};
struct Maps {
  std::map<std::string, int> map{{"one", 1}, {"two", 2}};
  std::map<int, std::string> numbered{{-5, "a"}, {7, "b"}};
  std::map<Plan, int> planned{{Plan::free, 0}};
  std::unordered_map<std::string, Address> unordered{{"home", {"Köln", {}}}};
  std::map<std::string, std::vector<Line>> nested{{"k", {{"s", 1}}}};
  Shape shape = Circle{2.5};
  std::vector<Shape> shapes{std::monostate{}, 4, std::string("text"), Square{3}};
  Address address{"Berlin", {}};
};

template <class A, class B, std::size_t... I>
bool equal_members(const A& a, const B& b, std::index_sequence<I...>) {
  const auto same = [](const auto& x, const auto& y) {
    if constexpr (requires { x.use_count(); } || requires { x.get_deleter(); })
      return (x == nullptr) == (y == nullptr) && (x == nullptr || *x == *y);
    else
      return x == y;
  };
  return (same(reflect::detail::leaf<I>(a), reflect::detail::leaf<I>(b)) && ...);
}
template <class T>
  requires(std::is_same_v<T, Scalars> || std::is_same_v<T, BsonValues> ||
           std::is_same_v<T, Sequences> || std::is_same_v<T, Maps>)
bool operator==(const T& a, const T& b) {
  return equal_members(reflect::tie(a), reflect::tie(b),
                       std::make_index_sequence<reflect::field_count<T>>{});
}

struct Node {
  std::string name;
  std::vector<Node> children;
  std::unique_ptr<Node> next;
};

}  // namespace quire::test

template <>
struct quire::Converter<quire::test::Money> {
  using stored = std::int64_t;
  static std::int64_t to_bson(const quire::test::Money& m) {
    if (m.cents < 0) throw std::invalid_argument("negative money");
    return m.cents;
  }
  static quire::test::Money from_bson(std::int64_t cents) {
    if (cents < 0) throw std::invalid_argument("negative money");
    return quire::test::Money(cents);
  }
};
