#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "quire/bson/json.hpp"
#include "quire/collection/collection.hpp"
#include "servers.hpp"

namespace quire {
namespace {

using query::field;

struct Named {
  ObjectId id = {};
  std::string full_name = {};
  int rank = 0;
};
BOOST_DESCRIBE_STRUCT(Named, (), (id, full_name, rank))
struct Officer : Named {
  int years = 0;
  BOOST_DESCRIBE_CLASS(Officer, (Named), (years), (), ())
  static auto model() {
    return quire::model<Officer>("officers")
        .index(field<&Officer::full_name>.asc(), partial(field<&Officer::rank> > 0))
        .check(field<&Officer::full_name>, not_empty())
        .rename(field<&Officer::full_name>, "fullName")
        .rename(field<&Officer::rank>, "grade");
  }
};
constexpr auto full_name = field<&Officer::full_name>;
constexpr auto rank = field<&Officer::rank>;
constexpr auto years = field<&Officer::years>;

TEST(DerivedModel, RenamesMembersOfItsBaseInQueries) {
  using query::Filter;
  using query::Update;
  EXPECT_EQ(Filter<Officer>(rank > 1).to_json(), R"({"grade": {"$gt": 1}})");
  EXPECT_EQ((rank > 1 && years == 2).to_json(), R"({"grade": {"$gt": 1}, "years": 2})");
  EXPECT_EQ((years == 2 || (rank > 1 || full_name == "x")).to_json(),
            R"({"$or": [{"years": 2}, {"grade": {"$gt": 1}}, {"fullName": "x"}]})");
  EXPECT_EQ(Filter<Officer>(nor(rank == 1, full_name == "b")).to_json(),
            R"({"$nor": [{"grade": 1}, {"fullName": "b"}]})");
  EXPECT_EQ((years.inc(1) & rank.set(3)).to_json(),
            R"({"$inc": {"years": 1}, "$set": {"grade": 3}})");
  EXPECT_EQ((rank.desc() & years.asc()).to_json(), R"({"grade": -1, "years": 1})");
  EXPECT_EQ(Filter<Named>(rank > 1).to_json(), R"({"rank": {"$gt": 1}})");
}

TEST(DerivedModel, RenamesMembersOfItsBaseInIndexesAndChecks) {
  const auto& info = model_of<Officer>();
  EXPECT_EQ(info.indexes.at(0).name, "fullName_1");
  EXPECT_EQ(bson::to_json(info.indexes.at(0).partial), R"({"grade": {"$gt": 0}})");
  EXPECT_EQ(info.checks.at(0).path, "fullName");
}

TEST(DerivedModel, IsFoundByMembersOfItsBase) {
  auto db = open(test::store_uri());
  const auto officers = db.collection<Officer>();
  (void)officers.sync_indexes();
  Officer ada;
  ada.full_name = "Ada";
  ada.rank = 2;
  officers.insert(ada);
  EXPECT_EQ(officers.count(full_name == "Ada"), 1);
  EXPECT_EQ(officers.update_one(rank == 2, rank.inc(1)).modified, 1);
  EXPECT_EQ(officers.distinct(rank), std::vector<int>{3});
  EXPECT_EQ(officers.find().sort(full_name.asc()).projection(query::include(rank)).first()->rank,
            3);
}

struct Euros {
  double value = 0;
  bool operator==(const Euros&) const = default;
};
struct InCents {
  using stored = std::int64_t;
  static std::int64_t to_bson(const Euros& e) { return static_cast<std::int64_t>(e.value * 100); }
  static Euros from_bson(std::int64_t cents) { return {static_cast<double>(cents) / 100}; }
};
struct Upper {
  using stored = std::string;
  static std::string to_bson(const std::string& text) {
    std::string out = text;
    for (char& c : out)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return out;
  }
  static std::string from_bson(std::string text) { return text; }
};
struct Price {
  ObjectId id = {};
  Euros amount = {};
  std::string code = {};
  static auto model() {
    return quire::model<Price>("prices")
        .index(field<&Price::code>.asc(), unique)
        .convert<InCents>(field<&Price::amount>)
        .convert<Upper>(field<&Price::code>);
  }
};
constexpr auto amount = field<&Price::amount>;
constexpr auto code = field<&Price::code>;

TEST(ConvertedField, EncodesOperandsByItsConverter) {
  using query::Filter;
  EXPECT_EQ((amount >= Euros{1.5}).to_json(), R"({"amount": {"$gte": Long("150")}})");
  EXPECT_EQ((code == "ab").to_json(), R"({"code": "AB"})");
  EXPECT_EQ(code.in("a", "b").to_json(), R"({"code": {"$in": ["A", "B"]}})");
  EXPECT_EQ(code.in(std::vector<std::string>{"a"}).to_json(), R"({"code": {"$in": ["A"]}})");
  EXPECT_EQ(code.set("ab").to_json(), R"({"$set": {"code": "AB"}})");
  EXPECT_EQ(amount.set(Euros{2}).to_json(), R"({"$set": {"amount": Long("200")}})");
  EXPECT_EQ((amount == std::nullopt).to_json(), R"({"amount": null})");
  EXPECT_EQ((amount == bson::Value(150)).to_json(), R"({"amount": 150})");
}

TEST(ConvertedField, IsFoundAndListed) {
  auto db = open(test::store_uri());
  const auto prices = db.collection<Price>();
  prices.insert(Price{.amount = {1.5}, .code = "eur"});
  EXPECT_EQ(prices.find_one(amount == Euros{1.5})->code, "EUR");
  EXPECT_EQ(prices.distinct(amount), std::vector<Euros>{{1.5}});
  EXPECT_EQ(prices.update_one(code == "eur", amount.set(Euros{3})).modified, 1);
  EXPECT_EQ(prices.find_one()->amount, Euros{3});
}

struct Settings {
  ObjectId id = {};
  int retries = 1;
  std::optional<std::string> language = {};
  std::string theme = "light";
  static auto model() {
    return quire::model<Settings>("settings")
        .default_value(field<&Settings::retries>, 3)
        .default_value(field<&Settings::language>, "en")
        .missing<Missing::error>(field<&Settings::theme>);
  }
};

TEST(DefaultValue, StandsInForAFieldThatTheDocumentLacks) {
  const auto read = [](const char* json) { return bson::decode<Settings>(bson::from_json(json)); };
  EXPECT_EQ(read(R"({"theme": "x"})").retries, 3);
  EXPECT_EQ(read(R"({"theme": "x"})").language, "en");
  EXPECT_EQ(read(R"({"theme": "x", "retries": 7, "language": null})").retries, 7);
  EXPECT_FALSE(read(R"({"theme": "x", "language": null})").language);
  EXPECT_EQ(Settings{}.retries, 1);  // objects made here have the initialiser
  Settings used{.retries = 9, .language = "de"};
  bson::decode_into(bson::from_json(R"({"theme": "x"})"), used);
  EXPECT_EQ(used.retries, 3);
  EXPECT_EQ(used.language, "en");
  EXPECT_THROW((void)read("{}"), MappingError);
}

}  // namespace
}  // namespace quire
