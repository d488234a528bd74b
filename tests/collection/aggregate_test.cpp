#include "quire/collection/aggregate.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "quire/collection/collection.hpp"
#include "quire/query/expr_list.hpp"
#include "quire/query/expr_number.hpp"
#include "quire/query/expr_text.hpp"
#include "servers.hpp"

namespace quire {
namespace {

namespace q = query;
using q::field;
using q::into;

struct Address {
  std::string city;
};
struct Item {
  std::string sku;
  double price = 0;
  int count = 0;
};
struct Person {
  int id = 0;
  std::string name;
  int age = 0;
  int limit = 0;
  std::optional<Address> address;
  std::vector<std::string> tags;
  std::vector<Item> items;
  std::optional<int> boss;
  DateTime born{};
  static auto model() {
    return quire::model<Person>("people").check(field<&Person::age>, between(0, 150));
  }
};
struct Visit {
  int id = 0;
  int person = 0;
  int minutes = 0;
  static auto model() { return quire::model<Visit>("visits"); }
};

constexpr auto name = field<&Person::name>;
constexpr auto age = field<&Person::age>;
constexpr auto city = field<&Person::address, &Address::city>;
constexpr auto tags = field<&Person::tags>;
constexpr auto items = field<&Person::items>;
constexpr auto minutes = field<&Visit::minutes>;

class AggregateTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!db.capabilities().aggregation) GTEST_SKIP() << "the store has no aggregation";
    (void)people
        .insert_many(std::vector<Person>{
            {1,
             "Ada",
             36,
             40,
             Address{"Berlin"},
             {"a", "b"},
             {{"pen", 2, 3}, {"ink", 5, 1}},
             {},
             day(0)},
            {2, "Bob", 20, 10, Address{"Bonn"}, {"b"}, {}, 1, day(40)},
            {3, "Cyd", 51, 50, Address{"Berlin"}, {}, {{"pen", 2.5, 2}}, 2, day(41)}})
        .or_throw();
    (void)visits.insert_many(std::vector<Visit>{{1, 1, 10}, {2, 1, 30}, {3, 2, 5}, {4, 1, 20}})
        .or_throw();
  }
  static DateTime day(int days) { return DateTime(std::chrono::days(days)); }

  Database db = open(test::store_uri());
  Collection<Person> people = db.collection<Person>();
  Collection<Visit> visits = db.collection<Visit>();
};

struct ByCity {
  std::string id;
  double mean = 0;
  std::int64_t n = 0;
  std::vector<std::string> names;
};

TEST_F(AggregateTest, GroupsIntoRows) {
  const auto rows =
      people.aggregate()
          .match(age > 0)
          .sort(age.asc())
          .group<ByCity>(city, into<&ByCity::mean>(q::avg(age)), into<&ByCity::n>(q::count()),
                         into<&ByCity::names>(q::push(name)))
          .sort(field<&ByCity::n>.desc())
          .to_vector();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].id, "Berlin");
  EXPECT_EQ(rows[0].mean, 43.5);
  EXPECT_EQ(rows[0].n, 2);
  EXPECT_EQ(rows[0].names, (std::vector<std::string>{"Ada", "Cyd"}));
  EXPECT_EQ(rows[1].id, "Bonn");
}

struct Card {
  std::string name;
  double worth = 0;
  std::string stage;
};

TEST_F(AggregateTest, ComputesFieldsOfAnotherStruct) {
  const auto worth = q::list_sum(q::map(
      items, [](auto item) { return item[field<&Item::price>] * item[field<&Item::count>]; }));
  const auto stage = q::switch_(q::when(q::expr(age) < 30, "young")).otherwise("grown");
  std::string text;
  auto cards = people.aggregate()
                   .sort(field<&Person::id>.asc())
                   .project<Card>(into<&Card::worth>(worth), into<&Card::stage>(stage));
  for (const Card& card : cards)
    text += card.name + " " + std::to_string(card.worth).substr(0, 4) + " " + card.stage + "\n";
  EXPECT_EQ(text, "Ada 11.0 grown\nBob 0.00 young\nCyd 5.00 grown\n");
}

TEST_F(AggregateTest, GivesTheFirstRowOrNone) {
  EXPECT_EQ(people.aggregate().sort(age.desc()).first()->name, "Cyd");
  EXPECT_FALSE(people.aggregate().match(age > 100).first());
}

struct OneTag {
  std::string name;
  std::string tags;
};

TEST_F(AggregateTest, UnwindsAndCounts) {
  EXPECT_EQ(people.aggregate().unwind<OneTag>(tags).to_vector().size(), 3U);
  const auto counted = people.aggregate().unwind<OneTag>(tags).sort_by_count(field<&OneTag::tags>);
  const auto most = counted.first();
  ASSERT_TRUE(most);
  EXPECT_EQ(most->id, "b");
  EXPECT_EQ(most->count, 2);
}

struct WithVisits {
  int id = 0;
  std::string name;
  std::vector<Visit> visits;
};

TEST_F(AggregateTest, LooksUpOtherCollections) {
  constexpr auto as = field<&WithVisits::visits>;
  const auto rows = people.aggregate()
                        .lookup<WithVisits>(field<&Person::id>, field<&Visit::person>, as)
                        .sort(field<&WithVisits::id>.asc())
                        .to_vector();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].visits.size(), 3U);
  EXPECT_EQ(rows[1].visits.at(0).minutes, 5);
  EXPECT_TRUE(rows[2].visits.empty());
  const auto long_ones =
      q::pipeline<Visit>()
          .match(q::expr(field<&Visit::person>) == q::var<int>("person") && minutes >= 20)
          .sort(minutes.desc());
  const auto some = people.aggregate()
                        .lookup<WithVisits>(q::variables(q::variable("person", field<&Person::id>)),
                                            long_ones, as)
                        .match(field<&WithVisits::id> == 1)
                        .first();
  ASSERT_TRUE(some);
  ASSERT_EQ(some->visits.size(), 2U);
  EXPECT_EQ(some->visits[0].minutes, 30);
}

struct WithChain {
  int id = 0;
  std::vector<Person> chain;
};

TEST_F(AggregateTest, FollowsGraphs) {
  const auto row = people.aggregate()
                       .match(field<&Person::id> == 3)
                       .graph_lookup<WithChain>(field<&Person::boss>, field<&Person::boss>,
                                                field<&Person::id>, field<&WithChain::chain>)
                       .first();
  ASSERT_TRUE(row);
  EXPECT_EQ(row->chain.size(), 2U);
}

struct Total {
  std::int64_t n = 0;
};
struct Page {
  std::vector<Person> rows;
  std::vector<Total> total;
};

TEST_F(AggregateTest, GivesFacetsOfOnePass) {
  const auto page =
      people.aggregate()
          .facet<Page>(into<&Page::rows>(q::pipeline<Person>().sort(age.desc()).limit(1)),
                       into<&Page::total>(q::pipeline<Person>().count(field<&Total::n>)))
          .first();
  ASSERT_TRUE(page);
  EXPECT_EQ(page->rows.at(0).name, "Cyd");
  EXPECT_EQ(page->total.at(0).n, 3);
}

struct Band {
  std::optional<int> id;
  std::int64_t n = 0;
};

TEST_F(AggregateTest, MakesBuckets) {
  const auto bands = people.aggregate()
                         .bucket<Band>(age, q::boundaries(0, 30, 60), into<&Band::n>(q::count()))
                         .to_vector();
  ASSERT_EQ(bands.size(), 2U);
  EXPECT_EQ(bands[1].id, 30);
  EXPECT_EQ(bands[1].n, 2);
}

struct Running {
  int id = 0;
  int minutes = 0;
  std::int64_t total = 0;
  std::int64_t place = 0;
};

TEST_F(AggregateTest, ComputesInWindows) {
  const auto rows = visits.aggregate()
                        .set_window_fields<Running>(
                            field<&Visit::person>, minutes.asc(),
                            into<&Running::total>(q::over(
                                q::sum(minutes), q::documents_window(q::unbounded, q::current))),
                            into<&Running::place>(q::rank()))
                        .sort(field<&Running::id>.asc())
                        .to_vector();
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[1].total, 60);
  EXPECT_EQ(rows[1].place, 3);
  EXPECT_EQ(rows[2].total, 5);
}

TEST_F(AggregateTest, RunsPipelinesThatAreValues) {
  const auto old = q::pipeline<Person>().match(age > 30).sort(age.asc());
  EXPECT_EQ(people.aggregate(old).to_vector().size(), 2U);
  EXPECT_EQ(people.aggregate(old).limit(1).first()->name, "Ada");
  EXPECT_EQ(people.aggregate().union_with(old).to_vector().size(), 5U);
}

TEST_F(AggregateTest, FiltersByFieldsOfTheDocument) {
  EXPECT_EQ(people.count(age > field<&Person::limit>), 2);
  EXPECT_EQ(people.count(name == "Bob" && age > field<&Person::limit>), 1);
  EXPECT_EQ(people.find(q::expr(q::to_lower(name)) == "ada").to_vector().size(), 1U);
}

TEST_F(AggregateTest, WritesIntoCollections) {
  struct Tally {
    std::string id;
    std::int64_t n = 0;
    static auto model() { return quire::model<Tally>("tallies"); }
  };
  const auto tally = [&] {
    return people.aggregate().group<Tally>(city, into<&Tally::n>(q::count()));
  };
  tally().out<Tally>();
  const auto tallies = db.collection<Tally>();
  EXPECT_EQ(tallies.get("Berlin").n, 2);
  people.remove_one(name == "Ada");
  tally().merge<Tally>({.when_matched = q::WhenMatched::replace});
  EXPECT_EQ(tallies.get("Berlin").n, 1);
  EXPECT_EQ(tallies.count(), 2);
  tally().out("copy");
  EXPECT_EQ(db.collection<Tally>("copy").count(), 2);
}

TEST_F(AggregateTest, ReadsNoFractionIntoAnInteger) {
  struct Wrong {
    std::string id;
    int mean = 0;
  };
  try {
    (void)people.aggregate()
        .group<Wrong>(city, into<&Wrong::mean>(q::raw_accumulator(
                                bson::Value(bson::make_document("$avg", "$age")))))
        .sort(field<&Wrong::id>.asc())
        .to_vector();
    FAIL();
  } catch (const MappingError& error) {
    EXPECT_EQ(error.path().str(), "mean");
  }
}

TEST_F(AggregateTest, ExplainsItself) {
  const auto plan = people.aggregate().match(age > 3).limit(1).explain("queryPlanner");
  EXPECT_FALSE(plan.empty());
  EXPECT_EQ(people.aggregate().match(age > 3).limit(1).to_json(),
            R"([{"$match": {"age": {"$gt": 3}}}, {"$limit": 1}])");
}

TEST_F(AggregateTest, UpdatesByPipelines) {
  if (!db.capabilities().update_pipelines) GTEST_SKIP() << "the store has no such updates";
  const auto more = q::pipeline<Person>().set(into<&Person::limit>(age + field<&Person::limit>),
                                              into<&Person::name>(q::to_upper(name)));
  EXPECT_EQ(people.update_one(name == "Ada", more).modified, 1);
  EXPECT_EQ(people.get(1).limit, 76);
  EXPECT_EQ(people.get(1).name, "ADA");
  EXPECT_EQ(people.update_many(age > field<&Person::limit>, more).modified, 2);
  const auto after =
      people.find_one_and_update(field<&Person::id> == 2, q::pipeline<Person>().unset(tags),
                                 {.return_document = ReturnDocument::after});
  ASSERT_TRUE(after);
  EXPECT_TRUE(after->tags.empty());
  EXPECT_EQ(
      people.upsert(field<&Person::id> == 9, q::pipeline<Person>().set(into<&Person::name>("new")))
          .upserted_id.has_value(),
      true);
  EXPECT_EQ(people.get(9).name, "new");
  try {
    (void)people.update_one({}, q::pipeline<Person>());
    FAIL();
  } catch (const QueryError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_update);
  }
}

TEST(UpdateByPipeline, RefusesAnUpsertThatCannotSetTheVersion) {
  struct Versioned {
    int id = 0;
    int n = 0;
    static auto model() { return quire::model<Versioned>("versioned").version(2); }
  };
  const auto db = open(test::store_uri());
  try {
    (void)db.collection<Versioned>().upsert(field<&Versioned::id> == 1,
                                            q::pipeline<Versioned>().set(into<&Versioned::n>(1)));
    FAIL();
  } catch (const QueryError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_update);
    EXPECT_EQ(error.path().str(), "_v");
  }
}

TEST_F(AggregateTest, BeginsWithDocumentsGiven) {
  const auto rows = aggregate(db, q::documents(std::vector<Item>{{"$a", 1, 2}, {"b", 3, 1}})
                                      .match(field<&Item::price> > 0)
                                      .sort(field<&Item::price>.asc()))
                        .to_vector();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].sku, "$a");
}

}  // namespace
}  // namespace quire
