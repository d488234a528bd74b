#include "quire/query/update.hpp"

#include <string>
#include <vector>

#include "quire/model/model.hpp"
#include "quire/query/path.hpp"

namespace quire::query {
namespace {

struct Order {
  double price = 0;
  int count = 0;
};
struct User {
  ObjectId id;
  std::string name;
  std::int8_t small = 0;
  int age = 0;
  std::optional<int> level;
  double score = 0;
  std::vector<std::string> tags;
  std::vector<Order> orders;
  std::vector<int> marks;
  DateTime seen{};
  Timestamp stamp;
};
constexpr auto age = field<&User::age>;
constexpr auto tags = field<&User::tags>;
constexpr auto marks = field<&User::marks>;
constexpr auto orders = field<&User::orders>;
constexpr auto price = field<&Order::price>;

TEST(Update, WritesFieldOperators) {
  EXPECT_EQ(age.set(3).to_json(), R"({"$set": {"age": 3}})");
  EXPECT_EQ(age.unset().to_json(), R"({"$unset": {"age": ""}})");
  EXPECT_EQ(age.inc(1).to_json(), R"({"$inc": {"age": 1}})");
  EXPECT_EQ(field<&User::score>.mul(2).to_json(), R"({"$mul": {"score": 2.0}})");
  EXPECT_EQ(age.min(1).to_json(), R"({"$min": {"age": 1}})");
  EXPECT_EQ(age.max(9).to_json(), R"({"$max": {"age": 9}})");
  EXPECT_EQ(age.rename("years").to_json(), R"({"$rename": {"age": "years"}})");
  EXPECT_EQ(age.rename(field<&User::level>).to_json(), R"({"$rename": {"age": "level"}})");
  EXPECT_EQ(age.set_on_insert(1).to_json(), R"({"$setOnInsert": {"age": 1}})");
  EXPECT_EQ(field<&User::seen>.current_date().to_json(), R"({"$currentDate": {"seen": true}})");
  EXPECT_EQ(field<&User::stamp>.current_date().to_json(),
            R"({"$currentDate": {"stamp": {"$type": "timestamp"}}})");
  EXPECT_EQ(age.bit_and(6).to_json(), R"({"$bit": {"age": {"and": 6}}})");
  EXPECT_EQ(age.bit_or(6).to_json(), R"({"$bit": {"age": {"or": 6}}})");
  EXPECT_EQ(age.bit_xor(6).to_json(), R"({"$bit": {"age": {"xor": 6}}})");
  EXPECT_EQ(field<&User::level>.set(std::nullopt).to_json(), R"({"$set": {"level": null}})");
}

TEST(Update, WritesArrayOperators) {
  EXPECT_EQ(tags.push("a").to_json(), R"({"$push": {"tags": "a"}})");
  EXPECT_EQ(tags.push_each({"a", "b"}).to_json(), R"({"$push": {"tags": {"$each": ["a", "b"]}}})");
  EXPECT_EQ(marks.push_each(std::vector<int>{3}, {.position = 0, .slice = -5, .sort_values = 1})
                .to_json(),
            R"({"$push": {"marks": {"$each": [3], "$position": 0, "$slice": -5, "$sort": 1}}})");
  EXPECT_EQ(orders.push_each(std::vector<Order>{{1, 2}}, {.sort = price.desc()}).to_json(),
            R"({"$push": {"orders": {"$each": [{"price": 1.0, "count": 2}], )"
            R"("$sort": {"price": -1}}}})");
  EXPECT_EQ(tags.add_to_set("a").to_json(), R"({"$addToSet": {"tags": "a"}})");
  EXPECT_EQ(tags.add_to_set_each({"a"}).to_json(), R"({"$addToSet": {"tags": {"$each": ["a"]}}})");
  EXPECT_EQ(tags.pop_front().to_json(), R"({"$pop": {"tags": -1}})");
  EXPECT_EQ(tags.pop_back().to_json(), R"({"$pop": {"tags": 1}})");
  EXPECT_EQ(tags.pull("a").to_json(), R"({"$pull": {"tags": "a"}})");
  EXPECT_EQ(orders.pull(price > 3).to_json(), R"({"$pull": {"orders": {"price": {"$gt": 3}}}})");
  EXPECT_EQ(marks.pull(element<int> >= 3).to_json(), R"({"$pull": {"marks": {"$gte": 3}}})");
  EXPECT_EQ(marks.pull_all({1, 2}).to_json(), R"({"$pullAll": {"marks": [1, 2]}})");
}

TEST(Update, ReachesElements) {
  EXPECT_EQ((orders.any() / price).set(1).to_json(), R"({"$set": {"orders.$.price": 1.0}})");
  EXPECT_EQ(marks.each().inc(1).to_json(), R"({"$inc": {"marks.$[]": 1}})");
  const auto update = (orders.filtered("o") / price)
                          .set(0)
                          .array_filter("o", price < 0 || field<&Order::count> == 0);
  EXPECT_EQ(update.to_json(), R"({"$set": {"orders.$[o].price": 0.0}})");
  ASSERT_EQ(update.array_filters().size(), 1U);
  EXPECT_EQ(detail::shell_json(update.array_filters()[0]),
            R"({"$or": [{"o.price": {"$lt": 0}}, {"o.count": 0}]})");
  EXPECT_EQ(detail::shell_json(
                marks.filtered("m").set(0).array_filter("m", element<int> < 0).array_filters()[0]),
            R"({"m": {"$lt": 0}})");
}

TEST(Update, JoinsOperators) {
  Update<User> update = age.inc(1) & tags.push("a");
  update &= field<&User::name>.set("x");
  update &= field<&User::level>.set(2);
  EXPECT_EQ(update.to_json(),
            R"({"$inc": {"age": 1}, "$push": {"tags": "a"}, "$set": {"name": "x", "level": 2}})");
  EXPECT_EQ((age.inc(1) & json(R"({"$set": {"x": 1}})")).to_json(),
            R"({"$inc": {"age": 1}, "$set": {"x": 1}})");
}

TEST(Update, RefusesOneFieldTwice) {
  try {
    (void)(age.inc(1) & age.inc(2));
    FAIL();
  } catch (const QueryError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_update);
    EXPECT_EQ(error.path().str(), "age");
    EXPECT_EQ(error.backend_code(), 40);
  }
}

TEST(Update, RefusesNumbersThatDoNotFit) {
  try {
    (void)field<&User::small>.set(300);
    FAIL();
  } catch (const MappingError& error) {
    EXPECT_EQ(error.code(), ErrorCode::integer_overflow);
    EXPECT_EQ(error.path().str(), "small");
  }
}

TEST(Sort, KeepsTheOrderOfItsFields) {
  auto sort = age.desc() & field<&User::name>.asc();
  EXPECT_EQ(sort.to_json(), R"({"age": -1, "name": 1})");
  sort &= age.asc();
  EXPECT_EQ(sort.to_json(), R"({"age": 1, "name": 1})");
}

TEST(Projection, IncludesExcludesAndCuts) {
  EXPECT_EQ(include(age, tags).to_json(), R"({"age": 1, "tags": 1})");
  EXPECT_EQ(exclude(age).to_json(), R"({"age": 0})");
  EXPECT_EQ(slice(tags, -2).to_json(), R"({"tags": {"$slice": -2}})");
  EXPECT_EQ(slice(tags, 2, 3).to_json(), R"({"tags": {"$slice": [2, 3]}})");
  EXPECT_EQ((include(age) & elem_match(orders, price > 1)).to_json(),
            R"({"age": 1, "orders": {"$elemMatch": {"price": {"$gt": 1}}}})");
}

}  // namespace
}  // namespace quire::query
