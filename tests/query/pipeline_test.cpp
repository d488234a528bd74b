#include "quire/query/pipeline.hpp"

#include <string>
#include <vector>

#include "quire/query/expr_list.hpp"
#include "quire/query/expr_text.hpp"

namespace quire::query {
namespace {

struct Address {
  std::string city;
  std::optional<std::string> zip;
};
struct Item {
  std::string sku;
  double price = 0;
  int count = 0;
};
struct User {
  ObjectId id;
  std::string name;
  int age = 0;
  std::optional<Address> address;
  std::vector<std::string> tags;
  std::vector<Item> items;
  ObjectId boss;
  DateTime created_at{};
  static auto model() {
    return quire::model<User>("users").rename(field<&User::created_at>, "createdAt");
  }
};
struct Visit {
  ObjectId id;
  ObjectId user;
  std::string city;
  std::int64_t minutes = 0;
  DateTime at{};
  static auto model() { return quire::model<Visit>("visits"); }
};
constexpr auto name = field<&User::name>;
constexpr auto age = field<&User::age>;
constexpr auto city = field<&User::address, &Address::city>;
constexpr auto minutes = field<&Visit::minutes>;

struct ByCity {
  std::string id;
  double mean = 0;
  std::int64_t n = 0;
};

TEST(Pipeline, GroupsIntoAStruct) {
  const auto stages =
      pipeline<User>()
          .match(age > 0)
          .group<ByCity>(city, into<&ByCity::mean>(avg(age)), into<&ByCity::n>(count()))
          .sort(field<&ByCity::n>.desc(), field<&ByCity::id>.asc());
  EXPECT_EQ(stages.to_json(),
            R"([{"$match": {"age": {"$gt": 0}}}, {"$group": {"_id": "$address.city", )"
            R"("mean": {"$avg": "$age"}, "n": {"$sum": 1}}}, {"$sort": {"n": -1, "_id": 1}}])");
}

struct Key {
  std::string city;
  int age = 0;
};
struct ByKey {
  Key id;
  std::vector<Key> all;
};

TEST(Pipeline, GroupsBySeveralFields) {
  const auto key = document<Key>(into<&Key::city>(city), into<&Key::age>(age));
  EXPECT_EQ(pipeline<User>().group<ByKey>(key, into<&ByKey::all>(push(key))).to_json(),
            R"([{"$group": {"_id": {"city": "$address.city", "age": "$age"}, )"
            R"("all": {"$push": {"city": "$address.city", "age": "$age"}}}}])");
  EXPECT_EQ(pipeline<User>().group<ByCity>(std::nullopt, into<&ByCity::n>(count())).to_json(),
            R"([{"$group": {"_id": null, "n": {"$sum": 1}}}])");
}

struct Card {
  std::string name;
  std::int64_t months = 0;
  bool old = false;
};

TEST(Pipeline, ProjectsWhatIsNamedAlikeAndWhatIsComputed) {
  EXPECT_EQ(pipeline<User>()
                .project<Card>(into<&Card::months>(age * 12), into<&Card::old>(true))
                .to_json(),
            R"([{"$project": {"name": 1, "months": {"$multiply": ["$age", 12]}, )"
            R"("old": {"$literal": true}, "_id": 0}}])");
  EXPECT_EQ(pipeline<User>().project(include(name, age)).to_json(),
            R"([{"$project": {"name": 1, "age": 1}}])");
}

struct Renamed {
  std::string name;
  std::string other;
  static auto model() {
    return quire::model<Renamed>().rename(field<&Renamed::other>, "otherwise");
  }
};

TEST(Pipeline, RefusesAtRunTimeWhatOnlyThenIsKnown) {
  try {
    (void)pipeline<User>().project<Renamed>();
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_model);
    EXPECT_EQ(error.path().str(), "otherwise");
  }
  EXPECT_THROW((void)pipeline<Item>().collection(), ModelError);
}

TEST(Pipeline, SetsAndTakesAway) {
  EXPECT_EQ(pipeline<User>()
                .set(into<&User::age>(age + 1), into<&User::name>("x"))
                .set(into<&User::address, &Address::city>(to_upper(city)))
                .set(into<&User::address>(document<Address>(into<&Address::city>(name))))
                .unset(field<&User::tags>, field<&User::address, &Address::zip>)
                .to_json(),
            R"([{"$set": {"age": {"$add": ["$age", 1]}, "name": "x"}}, )"
            R"({"$set": {"address.city": {"$toUpper": "$address.city"}}}, )"
            R"({"$set": {"address": {"$mergeObjects": [{"city": "$name"}]}}}, )"
            R"({"$unset": ["tags", "address.zip"]}])");
}

struct WithTotal {
  std::string name;
  double total = 0;
};

TEST(Pipeline, AddsFieldsOfAnotherStruct) {
  EXPECT_EQ(
      pipeline<User>()
          .set<WithTotal>(into<&WithTotal::total>(list_sum(field<&User::items, &Item::price>)))
          .match(field<&WithTotal::total> > 3)
          .to_json(),
      R"([{"$set": {"total": {"$sum": "$items.price"}}}, {"$match": {"total": {"$gt": 3}}}])");
}

TEST(Pipeline, CutsAndSamples) {
  EXPECT_EQ(pipeline<User>().skip(5).limit(3).sample(2).to_json(),
            R"([{"$skip": 5}, {"$limit": 3}, {"$sample": {"size": 2}}])");
}

struct OneTag {
  std::string name;
  std::string tags;
};

TEST(Pipeline, UnwindsListsIntoTheirElements) {
  EXPECT_EQ(pipeline<User>()
                .unwind<OneTag>(field<&User::tags>)
                .match(field<&OneTag::tags> == "a")
                .to_json(),
            R"([{"$unwind": "$tags"}, {"$match": {"tags": "a"}}])");
  EXPECT_EQ(pipeline<User>()
                .unwind<OneTag>(field<&User::tags>, {.keep_empty = true, .include_index = "i"})
                .to_json(),
            R"([{"$unwind": {"path": "$tags", "includeArrayIndex": "i", )"
            R"("preserveNullAndEmptyArrays": true}}])");
}

struct WithVisits {
  ObjectId id;
  std::string name;
  std::vector<Visit> visits;
};
constexpr auto visits = field<&WithVisits::visits>;

TEST(Pipeline, LooksUpByEqualityAndByPipeline) {
  EXPECT_EQ(
      pipeline<User>().lookup<WithVisits>(field<&User::id>, field<&Visit::user>, visits).to_json(),
      R"([{"$lookup": {"from": "visits", "localField": "_id", "foreignField": "user", )"
      R"("as": "visits"}}])");
  EXPECT_EQ(pipeline<User>()
                .lookup<WithVisits>(field<&User::id>, field<&Visit::user>,
                                    pipeline<Visit>("old_visits").match(minutes > 5), visits)
                .to_json(),
            R"([{"$lookup": {"from": "old_visits", "localField": "_id", "foreignField": "user", )"
            R"("pipeline": [{"$match": {"minutes": {"$gt": 5}}}], "as": "visits"}}])");
  EXPECT_EQ(
      pipeline<User>()
          .lookup<WithVisits>(variables(variable("age", age)),
                              pipeline<Visit>().match(expr(minutes) > var<int>("age")), visits)
          .to_json(),
      R"([{"$lookup": {"from": "visits", "let": {"age": "$age"}, "pipeline": [{"$match": )"
      R"({"$expr": {"$gt": ["$minutes", "$$age"]}}}], "as": "visits"}}])");
}

struct WithBosses {
  ObjectId id;
  std::vector<User> bosses;
};

TEST(Pipeline, FollowsGraphs) {
  EXPECT_EQ(
      pipeline<User>()
          .graph_lookup<WithBosses>(field<&User::boss>, field<&User::boss>, field<&User::id>,
                                    field<&WithBosses::bosses>, {.max_depth = 2, .only = age > 1})
          .to_json(),
      R"([{"$graphLookup": {"from": "users", "startWith": "$boss", )"
      R"("connectFromField": "boss", "connectToField": "_id", "as": "bosses", )"
      R"("maxDepth": 2, "restrictSearchWithMatch": {"age": {"$gt": 1}}}}])");
}

struct Total {
  std::int64_t n = 0;
};
struct Page {
  std::vector<User> rows;
  std::vector<Total> total;
};

TEST(Pipeline, CountsAndMakesFacets) {
  EXPECT_EQ(pipeline<User>().count(field<&Total::n>).to_json(), R"([{"$count": "n"}])");
  EXPECT_EQ(pipeline<User>()
                .facet<Page>(into<&Page::rows>(pipeline<User>().limit(2)),
                             into<&Page::total>(pipeline<User>().count(field<&Total::n>)))
                .to_json(),
            R"([{"$facet": {"rows": [{"$limit": 2}], "total": [{"$count": "n"}]}}])");
}

TEST(Pipeline, ReplacesTheRoot) {
  const auto stages = pipeline<User>().replace_root(field<&User::address>);
  static_assert(std::is_same_v<decltype(stages)::row, Address>);
  EXPECT_EQ(stages.to_json(), R"([{"$replaceRoot": {"newRoot": "$address"}}])");
}

struct Band {
  int id = 0;
  std::int64_t n = 0;
};
struct AutoKey {
  int min = 0, max = 0;
};
struct AutoBand {
  AutoKey id;
  std::int64_t n = 0;
};

TEST(Pipeline, MakesBuckets) {
  EXPECT_EQ(pipeline<User>()
                .bucket<Band>(age, boundaries(0, 18, 65).otherwise(-1), into<&Band::n>(count()))
                .to_json(),
            R"([{"$bucket": {"groupBy": "$age", "boundaries": [0, 18, 65], "default": -1, )"
            R"("output": {"n": {"$sum": 1}}}}])");
  EXPECT_EQ(pipeline<User>().bucket_auto<AutoBand>(age, 4, into<&AutoBand::n>(count())).to_json(),
            R"([{"$bucketAuto": {"groupBy": "$age", "buckets": 4, )"
            R"("output": {"n": {"$sum": 1}}}}])");
  const auto counted = pipeline<User>().sort_by_count(city);
  static_assert(std::is_same_v<decltype(counted)::row, Counted<std::string>>);
  EXPECT_EQ(counted.to_json(), R"([{"$sortByCount": "$address.city"}])");
}

struct Running {
  ObjectId user;
  std::int64_t minutes = 0;
  std::int64_t total = 0;
  std::int64_t place = 0;
};

TEST(Pipeline, ComputesInWindows) {
  EXPECT_EQ(pipeline<Visit>()
                .set_window_fields<Running>(
                    field<&Visit::user>, field<&Visit::at>.asc(),
                    into<&Running::total>(over(sum(minutes), documents_window(unbounded, current))),
                    into<&Running::place>(rank()))
                .to_json(),
            R"([{"$setWindowFields": {"partitionBy": "$user", "sortBy": {"at": 1}, "output": {)"
            R"("total": {"$sum": "$minutes", "window": {"documents": ["unbounded", "current"]}}, )"
            R"("place": {"$rank": {}}}}}])");
  EXPECT_EQ(detail::shell_json(range_window(-3, current, TimeUnit::day).document()),
            R"({"range": [-3, "current"], "unit": "day"})");
}

TEST(Pipeline, FillsAndDensifies) {
  EXPECT_EQ(
      pipeline<Visit>()
          .fill({.sort = field<&Visit::at>.asc(), .partition_by = include(field<&Visit::user>)},
                fill_last(field<&Visit::city>), fill_with(minutes, 0))
          .to_json(),
      R"([{"$fill": {"partitionByFields": ["user"], "sortBy": {"at": 1}, "output": {)"
      R"("city": {"method": "locf"}, "minutes": {"value": 0}}}}])");
  EXPECT_EQ(pipeline<Visit>().densify(field<&Visit::at>, every(1, TimeUnit::hour)).to_json(),
            R"([{"$densify": {"field": "at", "range": {"step": 1, "unit": "hour", )"
            R"("bounds": "full"}}}])");
  EXPECT_EQ(pipeline<Visit>().densify(minutes, every(5.0, 0.0, 20.0)).to_json(),
            R"([{"$densify": {"field": "minutes", "range": {"step": 5, "bounds": [0, 20]}}}])");
}

TEST(Pipeline, WritesIntoCollections) {
  EXPECT_EQ(pipeline<Visit>().limit(1).out<Visit>().to_json(),
            R"([{"$limit": 1}, {"$out": "visits"}])");
  EXPECT_EQ(pipeline<Visit>()
                .merge<Visit>({.on = include(field<&Visit::user>),
                               .when_matched = WhenMatched::keep_existing})
                .to_json(),
            R"([{"$merge": {"into": "visits", "on": ["user"], "whenMatched": "keepExisting", )"
            R"("whenNotMatched": "insert"}}])");
}

TEST(Pipeline, RedactsUnitesAndBeginsWithDocuments) {
  EXPECT_EQ(pipeline<User>().redact(cond(expr(age) > 3, keep(), prune())).to_json(),
            R"([{"$redact": {"$cond": [{"$gt": ["$age", 3]}, "$$KEEP", "$$PRUNE"]}}])");
  EXPECT_EQ(pipeline<Visit>().union_with(pipeline<Visit>("old").limit(2)).to_json(),
            R"([{"$unionWith": {"coll": "old", "pipeline": [{"$limit": 2}]}}])");
  EXPECT_EQ(documents(std::vector<Item>{{"$a", 1, 2}}).limit(1).to_json(),
            R"([{"$documents": [{"sku": {"$literal": "$a"}, "price": 1.0, "count": 2}]}, )"
            R"({"$limit": 1}])");
}

TEST(Pipeline, TakesRawStagesAndOtherPipelines) {
  const auto tail = pipeline<ByCity>().limit(3);
  EXPECT_EQ(
      pipeline<User>().stage<ByCity>(json(R"({"$group": {"_id": "$x"}})")).then(tail).to_json(),
      R"([{"$group": {"_id": "$x"}}, {"$limit": 3}])");
  EXPECT_EQ(tail.copy().skip(1).to_json(), R"([{"$limit": 3}, {"$skip": 1}])");
  EXPECT_EQ(tail.to_json(), R"([{"$limit": 3}])");
}

TEST(Pipeline, RefusesDotsInNamesOfGroups) {
  struct Deep {
    Address id;
    Address inner;
  };
  EXPECT_THROW((void)(pipeline<User>().group<Deep>(
                   std::nullopt, into<&Deep::inner, &Address::city>(first(name)))),
               QueryError);
}

}  // namespace
}  // namespace quire::query
