// A target that follows its source: later passes insert, change and remove.
#include "data_fixture.hpp"
#include "quire/core/error.hpp"
#include "quire/testing/hooked_store.hpp"

namespace quire::migrate::test {
namespace {

/// Members of guilds: the key is composite.
void put_members(Database& db) {
  for (int guild = 1; guild <= 3; ++guild) {
    for (int member = 1; member <= 6; ++member)
      put(db, "members",
          R"({"_id":{"guild":)" + std::to_string(guild) + R"(,"member":)" + std::to_string(member) +
              R"(},"xp":1})");
  }
}

/// As it is, or under an _id made of the key's.
std::optional<bson::Document> named(bson::View member) {
  const bson::View key = member["_id"].as_document();
  const std::string id = std::to_string(key["guild"].as_int32() * 100 + key["member"].as_int32());
  return bson::make_document("_id", "m" + id, "xp", member["xp"]);
}

class Follow : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override { put_members(db); }
  DataMigrator job(const Database& to) {
    DataMigrator one(db, "members");
    one.to(to, "levels").partition(5).batch(2).remove_gone().verify(VerifyLevel::digest);
    if (GetParam()) one.map(named);
    return one;
  }
  DataReport again(const Database& to) { return job(to).restart().run(); }
  void change_the_source() {
    put(db, "members", R"({"_id":{"guild":4,"member":1},"xp":1})");
    set(db, "members", R"({"_id":{"guild":1,"member":2}})", R"({"$set":{"xp":9}})");
    for (const char* gone :
         {R"({"_id":{"guild":2,"member":6}})", R"({"_id":{"guild":3,"member":6}})"})
      ASSERT_EQ(db.store().remove(db.ns("members"), bson::from_json(gone), {}), 1);
  }
  std::string target_id(int guild, int member) const {
    if (GetParam()) return R"({"_id":"m)" + std::to_string(guild * 100 + member) + R"("})";
    return R"({"_id":{"guild":)" + std::to_string(guild) + R"(,"member":)" +
           std::to_string(member) + "}}";
  }
  void expect_followed() {
    EXPECT_EQ(count(db, "levels"), 17);
    EXPECT_EQ(count(db, "levels", R"({"xp":9})"), 1);
    EXPECT_EQ(count(db, "levels", target_id(4, 1)), 1);
    EXPECT_EQ(count(db, "levels", target_id(2, 6)), 0);
    EXPECT_EQ(count(db, "levels", target_id(3, 6)), 0);
  }

  Database db = empty_database();
};

TEST_P(Follow, ALaterPassInsertsChangesAndRemoves) {
  const auto first = job(db).run();
  ASSERT_TRUE(first.ok()) << first.json();
  EXPECT_EQ(first.gone, 0);
  change_the_source();
  const auto later = again(db);
  ASSERT_TRUE(later.ok()) << later.json();
  EXPECT_EQ(later.gone, 2) << later.json();
  EXPECT_TRUE(later.warnings.empty()) << later.json();
  expect_followed();
  const auto last = again(db);
  EXPECT_TRUE(last.ok() && last.gone == 0) << last.json();
}

TEST_P(Follow, WhatOthersWroteOrEditedStays) {
  ASSERT_TRUE(job(db).run().ok());
  put(db, "levels", R"({"_id":"another's"})");
  set(db, "levels", target_id(2, 6), R"({"$set":{"note":"x"}})");
  change_the_source();
  const auto later = again(db);
  EXPECT_EQ(later.result, DataResult::mismatch) << later.json();  // the edited one is extra
  EXPECT_EQ(later.gone, 1);
  ASSERT_EQ(later.warnings.size(), 1U);
  EXPECT_NE(later.warnings[0].find("edited since stay"), std::string::npos) << later.warnings[0];
  EXPECT_EQ(count(db, "levels", R"({"_id":"another's"})"), 1);
  EXPECT_EQ(count(db, "levels", target_id(2, 6)), 1);
  EXPECT_EQ(count(db, "levels", target_id(3, 6)), 0);
}

TEST_P(Follow, ASweepThatIsBrokenOffIsGoneOnWith) {
  ASSERT_TRUE(job(db).run().ok());
  change_the_source();
  int removals = 0;
  const Database breaking{std::make_shared<testing::HookedStore>(
                              db.shared_store(),
                              [&](const testing::StoreCall& call) {
                                if (!call.returned && call.operation == "remove" &&
                                    call.ns.collection == "levels" && ++removals == 2)
                                  throw StoreError(ErrorCode::network_error, "lost");
                              }),
                          db.name()};
  EXPECT_FALSE(again(breaking).ok());
  EXPECT_EQ(removals, 2);
  const auto rest = job(db).run();
  ASSERT_TRUE(rest.ok()) << rest.json();
  EXPECT_EQ(rest.gone, 1);
  expect_followed();
}

INSTANTIATE_TEST_SUITE_P(Ids, Follow, ::testing::Bool(), [](const auto& row) {
  return std::string(row.param ? "ThatAFunctionMakes" : "OfTheSource");
});

TEST(DataFollow, IsSaidFromTheFirstPassOnAndNotOfAMove) {
  auto db = empty_database();
  put_people(db, 3);
  ASSERT_TRUE(small_job(db, db).existing(Existing::replace).run().ok());
  const auto late = small_job(db, db).remove_gone().run();
  EXPECT_EQ(late.exit_code(), 42) << late.json();
  EXPECT_THROW((void)small_job(db, db).move().remove_gone().run(), MigrationError);
  EXPECT_THROW((void)small_job(db, db).remove_gone().existing(Existing::skip).run(),
               MigrationError);
}

TEST(DataFollow, StampsAreTakenAwayOnRequest) {
  auto db = empty_database();
  put_people(db, 3);
  auto job = small_job(db, db);
  ASSERT_TRUE(job.remove_gone().run().ok());
  EXPECT_EQ(count(db, "users", R"({"_q.j":"people-users"})"), 3);
  EXPECT_EQ(job.clean_stamps(), 3);
  EXPECT_EQ(count(db, "users", R"({"_q":{"$exists":true}})"), 0);
}

}  // namespace
}  // namespace quire::migrate::test
