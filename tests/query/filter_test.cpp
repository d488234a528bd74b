#include "quire/query/filter.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "quire/bson/writer.hpp"
#include "quire/model/model.hpp"
#include "quire/query/path.hpp"

namespace quire::query {
namespace {

enum class Plan { free, pro };
BOOST_DESCRIBE_ENUM(Plan, free, pro)

struct Address {
  std::string city;
  std::optional<std::string> zip;
};
struct Order {
  double price = 0;
  int count = 0;
  std::vector<std::string> tags;
};
struct User {
  ObjectId id;
  std::string email;
  int age = 0;
  double score = 0;
  bool active = false;
  Plan plan = Plan::free;
  std::optional<Address> address;
  std::unique_ptr<Address> second;
  std::vector<std::string> tags;
  std::vector<Order> orders;
  std::vector<int> marks;
  std::map<std::string, int> counters;
  std::map<std::string, Address> places;
  DateTime created_at{};
  bson::Document extra;
  static auto model() {
    return quire::model<User>("users").rename(field<&User::created_at>, "createdAt");
  }
};

constexpr auto age = field<&User::age>;
constexpr auto city = field<&User::address, &Address::city>;
constexpr auto tags = field<&User::tags>;
constexpr auto orders = field<&User::orders>;
constexpr auto price = field<&Order::price>;
constexpr auto marks = field<&User::marks>;

TEST(Filter, ComparesAsMongoDbWritesIt) {
  EXPECT_EQ((age == 3).to_json(), R"({"age": 3})");
  EXPECT_EQ((age != 3).to_json(), R"({"age": {"$ne": 3}})");
  EXPECT_EQ((age < 3).to_json(), R"({"age": {"$lt": 3}})");
  EXPECT_EQ((age <= 3).to_json(), R"({"age": {"$lte": 3}})");
  EXPECT_EQ((age > 3).to_json(), R"({"age": {"$gt": 3}})");
  EXPECT_EQ((age >= 3).to_json(), R"({"age": {"$gte": 3}})");
}

TEST(Filter, NamesFieldsAsTheyAreStored) {
  EXPECT_EQ((field<&User::id> == ObjectId{}).to_json(),
            R"({"_id": ObjectId("000000000000000000000000")})");
  EXPECT_EQ(field<&User::created_at>.str(), "createdAt");
  EXPECT_EQ(city.str(), "address.city");
  EXPECT_EQ((field<&User::second, &Address::city>.str()), "second.city");
  EXPECT_EQ((field<&User::orders, &Order::price>.str()), "orders.price");
}

TEST(Filter, TakesOperandsOfKindredTypes) {
  EXPECT_EQ((age > 1.5).to_json(), R"({"age": {"$gt": 1.5}})");
  EXPECT_EQ((field<&User::score> > 1).to_json(), R"({"score": {"$gt": 1}})");
  EXPECT_EQ((age == 5'000'000'000).to_json(), R"({"age": Long("5000000000")})");
  EXPECT_EQ((field<&User::plan> == Plan::pro).to_json(), R"({"plan": "pro"})");
  EXPECT_EQ((field<&User::active> == true).to_json(), R"({"active": true})");
  EXPECT_EQ((city == std::string_view("Berlin")).to_json(), R"({"address.city": "Berlin"})");
  EXPECT_EQ((tags == "new").to_json(), R"({"tags": "new"})");
  EXPECT_EQ((tags == std::vector<std::string>{"a", "b"}).to_json(), R"({"tags": ["a", "b"]})");
  EXPECT_EQ((field<&User::address> == std::nullopt).to_json(), R"({"address": null})");
  EXPECT_EQ((field<&User::address> == Address{"Bonn", {}}).to_json(),
            R"({"address": {"city": "Bonn"}})");
  EXPECT_EQ((city == std::optional<std::string>()).to_json(), R"({"address.city": null})");
  EXPECT_EQ((age == bson::Value("odd")).to_json(), R"({"age": "odd"})");
}

TEST(Filter, CutsTimesToMilliseconds) {
  const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds(1'500)};
  EXPECT_EQ((field<&User::created_at> == time).to_json(),
            R"({"createdAt": ISODate("1970-01-01T00:00:00.001Z")})");
}

TEST(Filter, WritesListsOfOperands) {
  EXPECT_EQ(age.in(1, 2, 3).to_json(), R"({"age": {"$in": [1, 2, 3]}})");
  EXPECT_EQ(age.in(std::vector<int>{1, 2}).to_json(), R"({"age": {"$in": [1, 2]}})");
  EXPECT_EQ(age.in(std::set<int>{}).to_json(), R"({"age": {"$in": []}})");
  EXPECT_EQ(age.nin(1).to_json(), R"({"age": {"$nin": [1]}})");
  EXPECT_EQ(tags.in("a", "b").to_json(), R"({"tags": {"$in": ["a", "b"]}})");
  EXPECT_EQ(tags.all(std::vector<std::string>{"a"}).to_json(), R"({"tags": {"$all": ["a"]}})");
  EXPECT_EQ(field<&User::plan>.in(Plan::free, std::nullopt).to_json(),
            R"({"plan": {"$in": ["free", null]}})");
}

TEST(Filter, HasTheOtherOperators) {
  EXPECT_EQ(age.exists().to_json(), R"({"age": {"$exists": true}})");
  EXPECT_EQ(age.exists(false).to_json(), R"({"age": {"$exists": false}})");
  EXPECT_EQ(age.type(bson::Type::string).to_json(), R"({"age": {"$type": "string"}})");
  EXPECT_EQ(age.mod(4, 0).to_json(), R"({"age": {"$mod": [4, 0]}})");
  EXPECT_EQ(city.regex("^B", "i").to_json(),
            R"({"address.city": {"$regex": "^B", "$options": "i"}})");
  EXPECT_EQ(tags.size(2).to_json(), R"({"tags": {"$size": 2}})");
  EXPECT_EQ(age.bits_all_set(5).to_json(), R"({"age": {"$bitsAllSet": 5}})");
  EXPECT_EQ(age.bits_any_set(5).to_json(), R"({"age": {"$bitsAnySet": 5}})");
  EXPECT_EQ(age.bits_all_clear(5).to_json(), R"({"age": {"$bitsAllClear": 5}})");
  EXPECT_EQ(age.bits_any_clear(5).to_json(), R"({"age": {"$bitsAnyClear": 5}})");
  EXPECT_EQ(age.raw_operator("$geoWithin", bson::Value(1)).to_json(),
            R"({"age": {"$geoWithin": 1}})");
}

TEST(Filter, PutsFieldsSideBySideWhereThatSaysTheSame) {
  EXPECT_EQ((age >= 18 && city == "Berlin").to_json(),
            R"({"age": {"$gte": 18}, "address.city": "Berlin"})");
  EXPECT_EQ((age >= 18 && age < 65).to_json(), R"({"age": {"$gte": 18, "$lt": 65}})");
  EXPECT_EQ((age == 1 && age == 2).to_json(), R"({"$and": [{"age": 1}, {"age": 2}]})");
  EXPECT_EQ((age > 1 && age > 2).to_json(),
            R"({"$and": [{"age": {"$gt": 1}}, {"age": {"$gt": 2}}]})");
  EXPECT_EQ((city.regex("a") && city.regex("b")).to_json(),
            R"({"$and": [{"address.city": {"$regex": "a"}}, {"address.city": {"$regex": "b"}}]})");
}

TEST(Filter, KeepsJoinsFlat) {
  EXPECT_EQ((age == 1 || age == 2 || age == 3).to_json(),
            R"({"$or": [{"age": 1}, {"age": 2}, {"age": 3}]})");
  EXPECT_EQ(((age == 1 || age == 2) && (city == "a" || city == "b")).to_json(),
            R"({"$and": [{"$or": [{"age": 1}, {"age": 2}]}, )"
            R"({"$or": [{"address.city": "a"}, {"address.city": "b"}]}]})");
}

TEST(Filter, TakesEveryDocumentByDefault) {
  Filter<User> filter;
  EXPECT_EQ(filter.to_json(), "{}");
  EXPECT_TRUE((filter || age == 1).empty());
  filter &= age == 1;
  EXPECT_EQ(filter.to_json(), R"({"age": 1})");
}

TEST(Filter, NegatesInTheShortestForm) {
  EXPECT_EQ((!(age > 3)).to_json(), R"({"age": {"$not": {"$gt": 3}}})");
  EXPECT_EQ((!(age == 3)).to_json(), R"({"age": {"$ne": 3}})");
  EXPECT_EQ((!(age == 3 && city == "a")).to_json(),
            R"({"$nor": [{"age": 3, "address.city": "a"}]})");
  EXPECT_EQ((!!(age == 3 && city == "a")).to_json(), R"({"age": 3, "address.city": "a"})");
  EXPECT_EQ(nor(age == 1, city == "a").to_json(),
            R"({"$nor": [{"age": 1}, {"address.city": "a"}]})");
  EXPECT_EQ(any_of(age == 1).to_json(), R"({"$or": [{"age": 1}]})");
  EXPECT_EQ(all_of(age == 1, age == 2).to_json(), R"({"$and": [{"age": 1}, {"age": 2}]})");
}

TEST(Filter, LooksIntoElements) {
  EXPECT_EQ(orders.elem_match(price > 5 && field<&Order::count> == 1).to_json(),
            R"({"orders": {"$elemMatch": {"price": {"$gt": 5}, "count": 1}}})");
  EXPECT_EQ(marks.elem_match(element<int> >= 3 && element<int> < 5).to_json(),
            R"({"marks": {"$elemMatch": {"$gte": 3, "$lt": 5}}})");
  EXPECT_EQ(marks.elem_match(element<int> == 3).to_json(),
            R"({"marks": {"$elemMatch": {"$eq": 3}}})");
}

TEST(Filter, RefusesJoinsOnElementsThatMongoDbCannotTake) {
  try {
    (void)marks.elem_match(element<int> > 3 || element<int> < 1);
    FAIL();
  } catch (const QueryError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_query);
  }
}

TEST(Filter, GoesOnBelowPositionsAndKeys) {
  EXPECT_EQ((tags.at(0) == "a").to_json(), R"({"tags.0": "a"})");
  EXPECT_EQ((orders.at(2) / price > 1.0).to_json(), R"({"orders.2.price": {"$gt": 1.0}})");
  EXPECT_EQ((field<&User::counters>.key("x") > 1).to_json(), R"({"counters.x": {"$gt": 1}})");
  EXPECT_EQ((field<&User::places>.key("home") / field<&Address::city> == "a").to_json(),
            R"({"places.home.city": "a"})");
  EXPECT_EQ((field<&User::extra>.key("any") == 1).to_json(), R"({"extra.any": 1})");
  EXPECT_EQ((path<User>("old.name") == "x").to_json(), R"({"old.name": "x"})");
}

TEST(Filter, StandsBesideRawBsonAndJson) {
  EXPECT_EQ((age == 1 && json(R"({"x": {"$gt": 2}})")).to_json(), R"({"age": 1, "x": {"$gt": 2}})");
  EXPECT_EQ((raw(bson::make_document("x", 1)) || age == 1).to_json(),
            R"({"$or": [{"x": 1}, {"age": 1}]})");
  const Filter<User> whole = json(R"({"$where": "1"})");
  EXPECT_EQ(whole.to_json(), R"({"$where": "1"})");
}

TEST(Filter, QuotesWhatWouldMeanSomethingElse) {
  EXPECT_EQ((field<&User::extra> == bson::make_document("$gt", 1)).to_json(),
            R"({"extra": {"$eq": {"$gt": 1}}})");
}

TEST(Filter, RefusesBadJsonWithACode) {
  try {
    (void)json("{age: ");
    FAIL();
  } catch (const FormatError& error) {
    EXPECT_EQ(error.code(), ErrorCode::malformed_json);
  }
}

struct Base {
  ObjectId id;
  int rank = 0;
};
BOOST_DESCRIBE_STRUCT(Base, (), (id, rank))
struct Derived : Base {
  int own = 0;
};
BOOST_DESCRIBE_STRUCT(Derived, (Base), (own))

TEST(Filter, TakesMembersOfBases) {
  const Filter<Derived> filter = field<&Derived::rank> > 1 && field<&Derived::own> == 2;
  EXPECT_EQ(filter.to_json(), R"({"rank": {"$gt": 1}, "own": 2})");
}

}  // namespace
}  // namespace quire::query
