// Versions of documents: upgraded when they are read, and complete only when none is older.
#include "quire/migrate/upgrade.hpp"

#include <atomic>
#include <thread>

#include "fixture.hpp"
#include "quire/collection/collection.hpp"

namespace quire::migrate::test {
namespace {

struct V1 {
  std::int64_t id = 0;
  std::string name;
};
struct V2 {
  std::int64_t id = 0;
  std::string first;
  std::string last;
  static auto model() { return quire::model<V2>("people").version(2); }
};
struct V3 {
  std::int64_t id = 0;
  std::string first;
  std::string last;
  std::string initials;
  static auto model() { return quire::model<V3>("people").version(3); }
};

Migrations people() {
  Migrations all;
  all.add({.id = "2_split",
           .up = transform<V1, V2>(
               "people",
               [](const V1& old) {
                 const auto space = old.name.find(' ');
                 return V2{old.id, old.name.substr(0, space),
                           space == std::string::npos ? "" : old.name.substr(space + 1)};
               }),
           .down = irreversible("forward only")});
  all.add({.id = "3_initials",
           .up = transform<V2, V3>("people",
                                   [](const V2& old) {
                                     return V3{old.id, old.first, old.last,
                                               old.first.substr(0, 1) + old.last.substr(0, 1)};
                                   }),
           .down = irreversible("forward only")});
  return all;
}

TEST(UpgradeOnRead, BringsEachVersionToTheNewest) {
  Database db = empty_database();
  put(db, "people", R"({"_id":1,"name":"Ada Lovelace","kept":7})");
  put(db, "people", R"({"_id":2,"first":"Bob","last":"Dylan","_v":2})");
  put(db, "people", R"({"_id":3,"first":"Cy","last":"Coy","initials":"XX","_v":3})");
  const auto stored = test::all(db, "people");
  db.set_hooks(upgrade_on_read(people()));
  const auto all = db.collection<V3>();
  EXPECT_EQ(all.get(1).initials, "AL");
  EXPECT_EQ(all.get(2).initials, "BD");
  EXPECT_EQ(all.get(3).initials, "XX");
  std::string names;
  for (const V3& one : all.find().to_vector()) names += one.first + one.last + " ";
  EXPECT_EQ(names, "AdaLovelace BobDylan CyCoy ");
  EXPECT_EQ(all.find_one({}, {})->first, "Ada");
  EXPECT_EQ(test::all(db, "people"), stored);  // nothing was written
  // The same code migrates.
  EXPECT_TRUE(MigrationRunner(db, people()).run().ok());
  EXPECT_EQ(count(db, "people", R"({"initials":"AL","kept":7,"_v":3,"name":{"$exists":false}})"),
            1);
  EXPECT_EQ(all.get(1).initials, "AL");
}

TEST(UpgradeOnRead, ThrowsForMigrationsThatMakeNoSense) {
  Migrations all;
  all.add({.id = "a", .depends_on = {"b"}, .up = add_field("c", "x", 1)});
  EXPECT_THROW((void)upgrade_on_read(all), MigrationError);
}

TEST(UpgradeOnRead, WorksInManyThreads) {
  Database db = empty_database();
  for (int i = 0; i < 50; ++i)
    put(db, "people", R"({"_id":)" + std::to_string(i) + R"(,"name":"Ada Lovelace"})");
  db.set_hooks(upgrade_on_read(people()));
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i)
        if (db.collection<V3>().get(i).initials != "AL") ++wrong;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Completeness, CountsWhatIsLeft) {
  Database db = empty_database();
  put(db, "people", R"({"_id":1})");
  put(db, "people", R"({"_id":2,"_v":1})");
  put(db, "people", R"({"_id":3,"_v":2})");
  put(db, "people", R"({"_id":4,"_v":3})");
  const auto now = completeness(db, "people", 2);
  EXPECT_EQ(now.current, 2);
  EXPECT_EQ(now.older, 1);
  EXPECT_EQ(now.without, 1);
  EXPECT_FALSE(now.is_complete());
  EXPECT_TRUE(completeness(db, "nobody", 2).is_complete());
}

TEST(Completeness, TransformsGoBackForWhatWasInsertedBehindThem) {
  Database db = empty_database();
  for (int i = 100; i < 200; ++i)
    put(db, "people", R"({"_id":)" + std::to_string(i) + R"(,"name":"Ada Lovelace"})");
  int inserted = 0;
  const auto report =
      MigrationRunner(db, people())
          .batch_size(10)
          .on_event([&](const MigrationEvent& event) {
            // An old program goes on for a while.
            if (event.kind == MigrationEvent::Kind::batch && inserted < 8)
              put(db, "people",
                  R"({"_id":)" + std::to_string(inserted++) + R"(,"name":"Eve Old"})");
          })
          .run();
  EXPECT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(inserted, 8);
  EXPECT_TRUE(completeness(db, "people", 3).is_complete());
  EXPECT_EQ(count(db, "people", R"({"initials":"EO"})"), 8);
}

TEST(Completeness, IsGivenUpWhileOldOnesKeepComing) {
  Database db = empty_database();
  put(db, "people", R"({"_id":1000,"name":"Ada Lovelace"})");
  int id = 999;
  const auto report =
      MigrationRunner(db, people())
          .on_event([&](const MigrationEvent& event) {
            if (event.kind == MigrationEvent::Kind::batch)
              put(db, "people", R"({"_id":)" + std::to_string(id--) + R"(,"name":"Eve Old"})");
          })
          .run();
  EXPECT_EQ(report.result, MigrationResult::partial) << report.json();
  EXPECT_NE(report.json().find("keep coming"), std::string::npos);
  EXPECT_TRUE(MigrationRunner(db, people()).run().ok());
  EXPECT_TRUE(completeness(db, "people", 3).is_complete());
}

}  // namespace
}  // namespace quire::migrate::test
