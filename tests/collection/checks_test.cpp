#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "quire/bson/json.hpp"
#include "quire/collection/collection.hpp"
#include "servers.hpp"

namespace quire {
namespace {

using query::field;

struct Line {
  int count = 1;
};
struct Trip {
  ObjectId id = {};
  std::string name = {};
  int begins = 0;
  int ends = 0;
  std::vector<std::string> tags = {};
  std::vector<Line> lines = {};

  static auto model() {
    return quire::model<Trip>("trips")
        .check(field<&Trip::name>, length(1, 5))
        .check(field<&Trip::ends>, between(0, 100))
        .check(field<&Trip::tags>, one_of("a", "b"))
        .check(field<&Trip::tags>, length(0, 2))
        .check(field<&Trip::lines, &Line::count>, between(1, 9))
        .check(field<&Trip::begins>, custom("even", [](int n) { return n % 2 == 0; }))
        .check("ends after it begins", [](const Trip& t) { return t.begins <= t.ends; });
  }
};
constexpr auto name = field<&Trip::name>;
constexpr auto ends = field<&Trip::ends>;
constexpr auto tags = field<&Trip::tags>;

class Checks : public ::testing::Test {
 protected:
  Database db = open(test::store_uri());
  Collection<Trip> trips = db.collection<Trip>();
  Trip odd{.name = "odd", .begins = 1, .ends = 2};
  Trip back{.name = "back", .begins = 4, .ends = 2};
  Trip good{.name = "good", .begins = 2, .ends = 4};

  /// "code path", or nothing.
  template <class F>
  static std::string refusal(F&& f) {
    try {
      f();
    } catch (const Error& error) {
      return std::to_string(static_cast<int>(error.code())) + " " + error.path().str();
    }
    return {};
  }
};

TEST_F(Checks, CallFunctionsInInsertMany) {
  const std::vector<Trip> list{good, odd, back, good};
  const auto any = trips.insert_many(list, {.ordered = false});
  EXPECT_EQ(any.inserted, 2);
  ASSERT_EQ(any.errors.size(), 2U);
  EXPECT_EQ(any.errors[0].index, 1U);
  EXPECT_EQ(any.errors[0].error.code(), ErrorCode::check_failed);
  EXPECT_EQ(any.errors[1].index, 2U);
  const auto ordered = trips.insert_many(list);
  EXPECT_EQ(ordered.inserted, 1);
  ASSERT_EQ(ordered.errors.size(), 1U);
  EXPECT_EQ(ordered.errors[0].index, 1U);
  EXPECT_EQ(ordered.ids.size(), 4U);
  EXPECT_EQ(trips.count(), 3);
}

TEST_F(Checks, CallFunctionsInBulkWrites) {
  const auto result = trips.bulk()
                          .insert(odd)
                          .insert(good)
                          .replace_one(name == "good", back)
                          .update_one(name == "good", ends.set(200))
                          .update_one(name == "good", ends.set(50))
                          .run({.ordered = false});
  EXPECT_EQ(result.inserted, 1);
  EXPECT_EQ(result.modified, 1);
  ASSERT_EQ(result.errors.size(), 3U);
  EXPECT_EQ(result.errors[0].index, 0U);
  EXPECT_EQ(result.errors[1].index, 2U);
  EXPECT_EQ(result.errors[2].index, 3U);
  EXPECT_EQ(result.errors[2].error.path().str(), "ends");
  const Trip fresh{.name = "fresh"};
  const auto ordered = trips.bulk().insert(fresh).insert(odd).insert(fresh).run();
  EXPECT_EQ(ordered.inserted, 1);
  ASSERT_EQ(ordered.errors.size(), 1U);
  EXPECT_EQ(ordered.errors[0].index, 1U);
}

TEST_F(Checks, CallFunctionsInReplacements) {
  trips.insert(good);
  EXPECT_EQ(refusal([&] { (void)trips.replace_one(name == "good", back); }), "114 ");
  EXPECT_EQ(refusal([&] { (void)trips.find_one_and_replace(name == "good", odd); }), "114 begins");
  odd.id = good.id;
  EXPECT_EQ(refusal([&] { (void)trips.replace(odd); }), "114 begins");
  EXPECT_EQ(refusal([&] { trips.save(odd); }), "114 begins");
  EXPECT_EQ(trips.get(good.id).name, "good");
}

TEST_F(Checks, LookAtTheValuesOfUpdates) {
  trips.insert(good);
  const auto update = [&](auto... u) {
    return refusal([&] { (void)trips.update_many({}, u...); });
  };
  EXPECT_EQ(update(ends.set(101)), "114 ends");
  EXPECT_EQ(update(name.set("")), "114 name");
  EXPECT_EQ(update(name.set("x"), ends.set_on_insert(-1)), "114 ends");
  EXPECT_EQ(update(tags.push("c")), "114 tags");
  EXPECT_EQ(update(tags.add_to_set("c")), "114 tags");
  EXPECT_EQ(update(tags.push_each({"a", "c"})), "114 tags");
  EXPECT_EQ(update(tags.set(std::vector<std::string>{"a", "c"})), "114 tags[1]");
  EXPECT_EQ(update(tags.set(std::vector<std::string>{"a", "b", "a"})), "114 tags");
  EXPECT_EQ(update(field<&Trip::lines>.set(std::vector<Line>{{1}, {10}})), "114 lines[1].count");
  EXPECT_EQ(update(field<&Trip::lines>.push(Line{0})), "114 lines.count");
  EXPECT_EQ(update((field<&Trip::lines>.each() / field<&Line::count>).set(0)).substr(0, 4), "114 ");
  EXPECT_EQ(refusal([&] { (void)trips.find_one_and_update({}, ends.set(101)); }), "114 ends");
  EXPECT_EQ(refusal([&] { (void)trips.upsert({}, ends.set(101)); }), "114 ends");
  EXPECT_EQ(update(ends.set(7), name.set("x"), tags.push("a")), "");
  EXPECT_EQ(update(field<&Trip::lines>.push(Line{3})), "");
}

TEST_F(Checks, CannotTellWhatOtherUpdatesGive) {
  trips.insert(good);
  EXPECT_NO_THROW(trips.update_one({}, ends.inc(1000)));
  EXPECT_EQ(trips.find_one()->ends, 1004);
}

TEST_F(Checks, RefuseMixedProjectionsBeforeTheStoreIsAsked) {
  using query::exclude;
  using query::include;
  const auto refused = [&](const query::Projection<Trip>& projection) {
    return refusal([&] { (void)trips.find().projection(projection); });
  };
  EXPECT_EQ(refused(include(name) & exclude(ends)), "403 ends");
  EXPECT_EQ(refused(exclude(ends) & include(name)), "403 name");
  EXPECT_EQ(refused(query::json(R"({"a": {"b": 1, "c": false}})")), "403 a.c");
  EXPECT_EQ(refused(include(name) & exclude(field<&Trip::id>)), "");
  EXPECT_EQ(refused(exclude(name) & query::slice(tags, 1)), "");
}

TEST_F(Checks, LeaveOutSkippedFieldsOfProjectedStructs) {
  struct Part {
    std::string name;
    int cached = 3;
    static auto model() { return quire::model<Part>().skip(field<&Part::cached>); }
  };
  trips.insert(good);
  EXPECT_EQ(trips.find().project<Part>().first()->name, "good");
}

TEST_F(Checks, PassCommentAndLetToTheStore) {
  trips.insert(good, {.comment = "seed"});
  EXPECT_EQ(trips.count({}, {.comment = "how many"}), 1);
  EXPECT_TRUE(trips.find().comment("look").let(bson::make_document("x", 1)).first());
  EXPECT_EQ(trips.update_one({}, ends.set(5), {.comment = 7}).modified, 1);
}

TEST_F(Checks, RefuseCollationsByName) {
  if (db.store().kind() != "embedded") GTEST_SKIP() << "this store has collations";
  const auto german = bson::make_document("locale", "de");
  const auto refused = [&](auto&& f) {
    try {
      f();
    } catch (const Error& error) {
      return error.code() == ErrorCode::unsupported;
    }
    return false;
  };
  EXPECT_TRUE(refused([&] { (void)trips.find().collation(german).first(); }));
  EXPECT_TRUE(refused([&] { (void)trips.find_one({}, {.collation = german}); }));
  EXPECT_TRUE(refused([&] { (void)trips.count({}, {.collation = german}); }));
  EXPECT_TRUE(refused([&] { (void)trips.exists(name == "x", {.collation = german}); }));
  EXPECT_TRUE(refused([&] { (void)trips.distinct(name, {}, {.collation = german}); }));
  EXPECT_TRUE(refused([&] { (void)trips.update_one({}, ends.set(1), {.collation = german}); }));
  EXPECT_TRUE(refused([&] { (void)trips.remove_many({}, {.collation = german}); }));
  EXPECT_TRUE(refused([&] { (void)trips.find_one_and_remove({}, {.collation = german}); }));
}

}  // namespace
}  // namespace quire
