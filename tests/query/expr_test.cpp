#include "quire/query/expr.hpp"

#include <string>
#include <vector>

#include "quire/model/model.hpp"
#include "quire/query/accumulator.hpp"
#include "quire/query/expr_list.hpp"
#include "quire/query/expr_number.hpp"
#include "quire/query/expr_object.hpp"
#include "quire/query/expr_text.hpp"
#include "quire/query/expr_time.hpp"

namespace quire::query {
namespace {

enum class Plan { free, pro };
BOOST_DESCRIBE_ENUM(Plan, free, pro)

struct Address {
  std::string city;
  std::optional<std::string> zip;
};
struct Order {
  std::string sku;
  double price = 0;
  int count = 0;
  std::vector<std::string> marks;
};
struct User {
  ObjectId id;
  std::string name;
  int age = 0;
  int limit = 0;
  double score = 0;
  bool active = false;
  Plan plan = Plan::free;
  std::optional<Address> address;
  std::vector<std::string> tags;
  std::vector<int> points;
  std::vector<Order> orders;
  std::map<std::string, int> counters;
  DateTime created_at{};
  DateTime seen{};
  bson::Decimal128 money;
  static auto model() {
    return quire::model<User>("users").rename(field<&User::created_at>, "createdAt");
  }
};
constexpr auto name = field<&User::name>;
constexpr auto age = field<&User::age>;
constexpr auto limit = field<&User::limit>;
constexpr auto score = field<&User::score>;
constexpr auto plan = field<&User::plan>;
constexpr auto city = field<&User::address, &Address::city>;
constexpr auto tags = field<&User::tags>;
constexpr auto points = field<&User::points>;
constexpr auto orders = field<&User::orders>;
constexpr auto created = field<&User::created_at>;
constexpr auto price = field<&Order::price>;
constexpr auto amount = field<&Order::count>;

template <class V, class E>
constexpr bool gives = std::is_same_v<typename E::value, V>;

TEST(Expr, NamesFieldsAsTheyAreStored) {
  EXPECT_EQ(expr(age).to_json(), R"("$age")");
  EXPECT_EQ(expr(created).to_json(), R"("$createdAt")");
  EXPECT_EQ(expr(city).to_json(), R"("$address.city")");
}

TEST(Expr, TakesPlainValuesAsTheyAre) {
  EXPECT_EQ((expr(age) > 3).to_json(), R"({"$gt": ["$age", 3]})");
  EXPECT_EQ((expr(name) == "$5").to_json(), R"({"$eq": ["$name", {"$literal": "$5"}]})");
  EXPECT_EQ((expr(plan) == Plan::pro).to_json(), R"({"$eq": ["$plan", "pro"]})");
  EXPECT_EQ((expr(tags) == std::vector<std::string>{"a", "$b"}).to_json(),
            R"({"$eq": ["$tags", {"$literal": ["a", "$b"]}]})");
  EXPECT_EQ((expr(field<&User::address>) == Address{"Bonn", {}}).to_json(),
            R"({"$eq": ["$address", {"$literal": {"city": "Bonn"}}]})");
  EXPECT_EQ(literal(1).to_json(), R"({"$literal": 1})");
  EXPECT_EQ((3 < expr(age)).to_json(), R"({"$lt": [3, "$age"]})");
}

TEST(Expr, ComparesFieldsOfADocument) {
  EXPECT_EQ((age > limit).to_json(), R"({"$gt": ["$age", "$limit"]})");
  EXPECT_EQ((age == score).to_json(), R"({"$eq": ["$age", "$score"]})");
  EXPECT_EQ((age != limit).to_json(), R"({"$ne": ["$age", "$limit"]})");
  EXPECT_EQ((age <= limit).to_json(), R"({"$lte": ["$age", "$limit"]})");
  EXPECT_EQ((age >= limit).to_json(), R"({"$gte": ["$age", "$limit"]})");
  EXPECT_EQ((age < limit).to_json(), R"({"$lt": ["$age", "$limit"]})");
  EXPECT_EQ(compare(age, limit).to_json(), R"({"$cmp": ["$age", "$limit"]})");
}

TEST(Expr, IsAFilterWhereOneIsWanted) {
  const Filter<User> filter = age > limit;
  EXPECT_EQ(filter.to_json(), R"({"$expr": {"$gt": ["$age", "$limit"]}})");
  EXPECT_EQ((age == 3 && age > limit).to_json(),
            R"({"age": 3, "$expr": {"$gt": ["$age", "$limit"]}})");
  EXPECT_EQ((age > limit || age == 3).to_json(),
            R"({"$or": [{"$expr": {"$gt": ["$age", "$limit"]}}, {"age": 3}]})");
  EXPECT_EQ(Filter<User>(expr(age > limit) && expr(score) > 1.5).to_json(),
            R"({"$expr": {"$and": [{"$gt": ["$age", "$limit"]}, {"$gt": ["$score", 1.5]}]}})");
}

TEST(Expr, CalculatesWithTypesAsTheServerHasThem) {
  EXPECT_EQ((age * 2 + limit).to_json(), R"({"$add": [{"$multiply": ["$age", 2]}, "$limit"]})");
  EXPECT_EQ((age - 1).to_json(), R"({"$subtract": ["$age", 1]})");
  EXPECT_EQ((age % 7).to_json(), R"({"$mod": ["$age", 7]})");
  EXPECT_EQ((age / limit).to_json(), R"({"$divide": ["$age", "$limit"]})");
  EXPECT_EQ(divide(age, limit).to_json(), R"({"$divide": ["$age", "$limit"]})");
  EXPECT_EQ((-score).to_json(), R"({"$multiply": ["$score", -1]})");
  static_assert(gives<std::int64_t, decltype(age * 2)>);
  static_assert(gives<double, decltype(age * 2.5)>);
  static_assert(gives<double, decltype(age / limit)>);
  static_assert(gives<bson::Decimal128, decltype(field<&User::money> * age)>);
  static_assert(gives<DateTime, decltype(created + 1000)>);
  static_assert(gives<std::int64_t, decltype(created - field<&User::seen>)>);
}

TEST(Expr, DividesPathsOfStructsIntoPathsStill) {
  EXPECT_EQ((orders.each() / price).set(1).to_json(), R"({"$set": {"orders.$[].price": 1.0}})");
}

TEST(Expr, HasNoPositions) {
  try {
    (void)expr(points.at(0));
    FAIL();
  } catch (const QueryError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_query);
    EXPECT_EQ(error.path().str(), "points.0");
  }
  EXPECT_THROW((void)expr(orders.any() / price), QueryError);
  EXPECT_THROW((void)expr(element<int>), QueryError);
  EXPECT_EQ(expr(field<&User::counters>.key("2020")).to_json(), R"("$counters.2020")");
}

TEST(Expr, JoinsConditionsFlat) {
  EXPECT_EQ((expr(age) > 1 && expr(age) < 5 && age != limit).to_json(),
            R"({"$and": [{"$gt": ["$age", 1]}, {"$lt": ["$age", 5]}, )"
            R"({"$ne": ["$age", "$limit"]}]})");
  EXPECT_EQ((expr(age) > 1 || !(age > limit)).to_json(),
            R"({"$or": [{"$gt": ["$age", 1]}, {"$not": [{"$gt": ["$age", "$limit"]}]}]})");
}

TEST(Expr, Chooses) {
  EXPECT_EQ(cond(expr(age) < 18, "child", name).to_json(),
            R"({"$cond": [{"$lt": ["$age", 18]}, "child", "$name"]})");
  EXPECT_EQ(cond(field<&User::active>, 1, 0).to_json(), R"({"$cond": ["$active", 1, 0]})");
  EXPECT_EQ(if_null(name, "?").to_json(), R"({"$ifNull": ["$name", "?"]})");
  const auto by_age = switch_(when(expr(age) < 18, "child"), when(expr(age) < 65, "adult"));
  EXPECT_EQ(by_age.to_json(),
            R"({"$switch": {"branches": [{"case": {"$lt": ["$age", 18]}, "then": "child"}, )"
            R"({"case": {"$lt": ["$age", 65]}, "then": "adult"}]}})");
  EXPECT_EQ(by_age.otherwise("old").to_json(),
            R"({"$switch": {"branches": [{"case": {"$lt": ["$age", 18]}, "then": "child"}, )"
            R"({"case": {"$lt": ["$age", 65]}, "then": "adult"}], "default": "old"}})");
  static_assert(gives<std::string, decltype(by_age.otherwise("old"))>);
}

TEST(Expr, BindsVariables) {
  EXPECT_EQ(let(age + limit, [](auto sum) { return sum * sum; }).to_json(),
            R"({"$let": {"vars": {"it": {"$add": ["$age", "$limit"]}}, )"
            R"("in": {"$multiply": ["$$it", "$$it"]}}})");
  EXPECT_EQ(var<int>("x").to_json(), R"("$$x")");
  EXPECT_EQ(root_document<User>()[name].to_json(), R"("$$ROOT.name")");
  EXPECT_EQ(store_now().to_json(), R"("$$NOW")");
  EXPECT_EQ(remove_field().to_json(), R"("$$REMOVE")");
  EXPECT_THROW((void)var("a.b"), QueryError);
  EXPECT_THROW((void)var("$x"), QueryError);
}

TEST(Expr, ReachesIntoWhatItGives) {
  EXPECT_EQ(expr(field<&User::address>)[field<&Address::city>].to_json(), R"("$address.city")");
  EXPECT_EQ(list_first(orders)[price].to_json(),
            R"({"$let": {"vars": {"whole": {"$first": "$orders"}}, "in": "$$whole.price"}})");
}

TEST(Expr, GivesListsBelowLists) {
  constexpr auto prices = field<&User::orders, &Order::price>;
  static_assert(gives<std::vector<double>, decltype(expr(prices))>);
  static_assert(gives<std::vector<std::vector<std::string>>,
                      decltype(expr(field<&User::orders, &Order::marks>))>);
  EXPECT_EQ(list_sum(prices).to_json(), R"({"$sum": "$orders.price"})");
  static_assert(gives<double, decltype(list_sum(prices))>);
  static_assert(gives<double, decltype(list_avg(points))>);
}

TEST(ExprList, GivesEachLambdaAVariableOfItsOwn) {
  EXPECT_EQ(map(orders, [](auto order) { return order[price] * order[amount]; }).to_json(),
            R"({"$map": {"input": "$orders", "as": "item", )"
            R"("in": {"$multiply": ["$$item.price", "$$item.count"]}}})");
  const auto nested = map(orders, [](auto order) {
    return filter(order[field<&Order::marks>],
                  [&](auto mark) { return mark == order[field<&Order::sku>]; });
  });
  EXPECT_EQ(nested.to_json(), R"({"$map": {"input": "$orders", "as": "item", "in": {"$filter": {)"
                              R"("input": "$$item.marks", "as": "item2", )"
                              R"("cond": {"$eq": ["$$item2", "$$item.sku"]}}}}})");
  static_assert(gives<std::vector<std::vector<std::string>>, std::decay_t<decltype(nested)>>);
  EXPECT_EQ(filter(
                points, [](auto p) { return p > 2; }, 3)
                .to_json(),
            R"({"$filter": {"input": "$points", "as": "item", "cond": {"$gt": ["$$item", 2]}, )"
            R"("limit": 3}})");
}

TEST(ExprList, KeepsVariablesOfReduceApart) {
  EXPECT_EQ(reduce(tags, "", [](auto text, auto tag) { return concat(text, tag); }).to_json(),
            R"({"$reduce": {"input": "$tags", "initialValue": "", )"
            R"("in": {"$concat": ["$$value", "$$this"]}}})");
  const auto nested = reduce(points, 0, [](auto sum, auto p) {
    return sum + reduce(points, 0, [&](auto inner, auto q) { return inner + p * q; });
  });
  EXPECT_EQ(
      nested.to_json(),
      R"({"$reduce": {"input": "$points", "initialValue": 0, "in": {"$let": {)"
      R"("vars": {"outer_value": "$$value", "outer_element2": "$$this"}, "in": {"$add": [)"
      R"("$$outer_value", {"$reduce": {"input": "$points", "initialValue": 0, )"
      R"("in": {"$add": ["$$value", {"$multiply": ["$$outer_element2", "$$this"]}]}}}]}}}}})");
}

TEST(ExprList, HasTheOtherOperators) {
  EXPECT_EQ(size(tags).to_json(), R"({"$size": "$tags"})");
  EXPECT_EQ(array_elem_at(points, -1).to_json(), R"({"$arrayElemAt": ["$points", -1]})");
  EXPECT_EQ(in("a", tags).to_json(), R"({"$in": ["a", "$tags"]})");
  EXPECT_EQ(array_slice(tags, 1, 2).to_json(), R"({"$slice": ["$tags", 1, 2]})");
  EXPECT_EQ(sort_array(orders, price.desc()).to_json(),
            R"({"$sortArray": {"input": "$orders", "sortBy": {"price": -1}}})");
  EXPECT_EQ(sort_array(points, 1).to_json(),
            R"({"$sortArray": {"input": "$points", "sortBy": 1}})");
  EXPECT_EQ(zip(tags, points).to_json(), R"({"$zip": {"inputs": ["$tags", "$points"]}})");
  EXPECT_EQ(range(0, age).to_json(), R"({"$range": [0, "$age", 1]})");
  EXPECT_EQ(set_union(tags, std::vector<std::string>{"a"}).to_json(),
            R"({"$setUnion": ["$tags", ["a"]]})");
  EXPECT_EQ(list_max_n(points, 2).to_json(), R"({"$maxN": {"n": 2, "input": "$points"}})");
  EXPECT_EQ(concat_arrays(tags, tags).to_json(), R"({"$concatArrays": ["$tags", "$tags"]})");
  EXPECT_EQ(reverse_array(points).to_json(), R"({"$reverseArray": "$points"})");
  static_assert(gives<int, decltype(array_elem_at(points, 0))>);
}

TEST(ExprText, WritesItsOperators) {
  EXPECT_EQ(concat(name, "-", city).to_json(), R"({"$concat": ["$name", "-", "$address.city"]})");
  EXPECT_EQ(to_upper(name).to_json(), R"({"$toUpper": "$name"})");
  EXPECT_EQ(trim(name).to_json(), R"({"$trim": {"input": "$name"}})");
  EXPECT_EQ(trim_left(name, "ab").to_json(), R"({"$ltrim": {"input": "$name", "chars": "ab"}})");
  EXPECT_EQ(split(name, " ").to_json(), R"({"$split": ["$name", " "]})");
  EXPECT_EQ(substr(name, 0, 3).to_json(), R"({"$substrCP": ["$name", 0, 3]})");
  EXPECT_EQ(replace_all(name, "a", "b").to_json(),
            R"({"$replaceAll": {"input": "$name", "find": "a", "replacement": "b"}})");
  EXPECT_EQ(regex_match(name, "^A", "i").to_json(),
            R"({"$regexMatch": {"input": "$name", "regex": "^A", "options": "i"}})");
}

TEST(ExprNumber, WritesItsOperators) {
  EXPECT_EQ(round(score, 2).to_json(), R"({"$round": ["$score", 2]})");
  EXPECT_EQ(abs(age).to_json(), R"({"$abs": "$age"})");
  EXPECT_EQ(pow(age, 2).to_json(), R"({"$pow": ["$age", 2]})");
  EXPECT_EQ(bit_and(age, 6).to_json(), R"({"$bitAnd": ["$age", 6]})");
  EXPECT_EQ(rand().to_json(), R"({"$rand": {}})");
  EXPECT_EQ(to_string(age).to_json(), R"({"$toString": "$age"})");
  EXPECT_EQ(convert<double>(name, {.on_error = 0}).to_json(),
            R"({"$convert": {"input": "$name", "to": "double", "onError": 0.0}})");
  EXPECT_EQ(type_of(age).to_json(), R"({"$type": "$age"})");
}

TEST(ExprTime, WritesItsOperators) {
  EXPECT_EQ(year(created).to_json(), R"({"$year": "$createdAt"})");
  EXPECT_EQ(hour(created, "Europe/Berlin").to_json(),
            R"({"$hour": {"date": "$createdAt", "timezone": "Europe/Berlin"}})");
  EXPECT_EQ(date_trunc(created, TimeUnit::week, {.start_of_week = "monday"}).to_json(),
            R"({"$dateTrunc": {"date": "$createdAt", "unit": "week", "startOfWeek": "monday"}})");
  EXPECT_EQ(date_to_string(created, "%Y-%m").to_json(),
            R"({"$dateToString": {"date": "$createdAt", "format": "%Y-%m"}})");
  EXPECT_EQ(date_add(created, TimeUnit::day, age).to_json(),
            R"({"$dateAdd": {"startDate": "$createdAt", "unit": "day", "amount": "$age"}})");
  EXPECT_EQ(date_diff(created, field<&User::seen>, TimeUnit::hour).to_json(),
            R"({"$dateDiff": {"startDate": "$createdAt", "endDate": "$seen", "unit": "hour"}})");
  EXPECT_EQ(date_from_parts(age, 2).to_json(),
            R"({"$dateFromParts": {"year": "$age", "month": 2, "day": 1, "hour": 0, )"
            R"("minute": 0, "second": 0}})");
}

TEST(ExprObject, MakesDocuments) {
  EXPECT_EQ(
      document<Address>(into<&Address::city>(to_upper(name)), into<&Address::zip>("1")).to_json(),
      R"({"city": {"$toUpper": "$name"}, "zip": "1"})");
  EXPECT_EQ(merge_objects(field<&User::address>, field<&User::counters>).to_json(),
            R"({"$mergeObjects": ["$address", "$counters"]})");
  EXPECT_EQ(get_field<int>(field<&User::counters>, "a.$b").to_json(),
            R"({"$getField": {"field": "a.$b", "input": "$counters"}})");
  EXPECT_EQ(object_to_array(field<&User::counters>).to_json(),
            R"({"$objectToArray": "$counters"})");
}

TEST(Accumulator, WritesItsOperators) {
  EXPECT_EQ(sum(age).to_json(), R"({"$sum": "$age"})");
  EXPECT_EQ(count().to_json(), R"({"$sum": 1})");
  EXPECT_EQ(push(name).to_json(), R"({"$push": "$name"})");
  EXPECT_EQ(top(score.desc(), name).to_json(),
            R"({"$top": {"sortBy": {"score": -1}, "output": "$name"}})");
  EXPECT_EQ(bottom_n(score.desc() & age.asc(), name, 2).to_json(),
            R"({"$bottomN": {"sortBy": {"score": -1, "age": 1}, "output": "$name", "n": 2}})");
  EXPECT_EQ(first_n(name, 3).to_json(), R"({"$firstN": {"input": "$name", "n": 3}})");
  EXPECT_EQ(percentile(age, {0.5}).to_json(),
            R"({"$percentile": {"input": "$age", "p": [0.5], "method": "approximate"}})");
  static_assert(gives<double, decltype(avg(age))>);
  static_assert(gives<std::int64_t, decltype(sum(age))>);
  static_assert(gives<std::int64_t, decltype(count())>);
  static_assert(gives<std::vector<std::string>, decltype(push(name))>);
  static_assert(gives<Plan, decltype(max(plan))>);
}

struct Base {
  int rank = 0;
  std::string title;
  BOOST_DESCRIBE_CLASS(Base, (), (rank, title), (), ())
};
struct Derived : Base {
  int own = 0;
  BOOST_DESCRIBE_CLASS(Derived, (Base), (own), (), ())
  static auto model() {
    return quire::model<Derived>("derived").rename(field<&Derived::rank>, "r");
  }
};

TEST(Expr, NamesMembersOfABaseAsTheDerivedClassStoresThem) {
  EXPECT_EQ((field<&Derived::own> > field<&Base::rank>).to_json(), R"({"$gt": ["$own", "$r"]})");
  const Filter<Derived> filter = field<&Base::rank> > 2 && expr(field<&Base::rank>) == 3;
  EXPECT_EQ(filter.to_json(), R"({"r": {"$gt": 2}, "$expr": {"$eq": ["$r", 3]}})");
}

}  // namespace
}  // namespace quire::query
