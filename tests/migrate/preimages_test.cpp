// Pre-images: kept with the change, and restored exactly.
#include <atomic>
#include <stdexcept>
#include <thread>

#include "kept.hpp"

namespace quire::migrate::test::kept {

TEST_P(Kept, WhatAFunctionChangedComesBack) {
  put_counters(db, 20);
  const DatabaseImage before(db);
  auto report = MigrationRunner{db, counting()}.batch_size(3).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.migrations.at(0).preimages, 10);
  EXPECT_NE(report.json().find("\"preimages\": 10"), std::string::npos) << report.json();
  EXPECT_EQ(count(db, "_quire_undo_count"), 10);
  EXPECT_EQ(count(db, "_quire_undo_count", R"({"before":{"n":0},"absent":[]})"), 10);
  const auto kept = preimages(db);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].migration, "count");
  EXPECT_EQ(kept[0].documents, 10);
  report = MigrationRunner{db, counting()}.batch_size(4).rollback("count");
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.migrations.at(0).changed, 10);
  EXPECT_EQ(difference(before, db), "");
  EXPECT_EQ(count(db, "counters", R"({"_q":{"$exists":true}})"), 0);
  EXPECT_TRUE(preimages(db).empty());
  EXPECT_EQ(state_of(db, counting(), "count"), MigrationState::reverted);
  // And forth once more, with new ones.
  ASSERT_TRUE((MigrationRunner{db, counting()}.run().ok()));
  EXPECT_EQ(count(db, "counters", R"({"n":5})"), 10);
  EXPECT_EQ(count(db, "_quire_undo_count"), 10);
}

TEST_P(Kept, ATransformComesBackWithWhatItRemoved) {
  put_people(db);
  const DatabaseImage before(db);
  auto report = MigrationRunner{db, transforming()}.run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.migrations.at(0).preimages, 3);
  EXPECT_EQ(count(db, "people"), 3);
  EXPECT_EQ(count(db, "people", R"({"first":"Ada","_v":2})"), 1);
  // What is written meanwhile to other fields, and new documents, survive.
  update(db, "people", R"({"_id":1})", R"({"$set":{"age":36}})");
  put(db, "people", R"({"_id":5,"first":"Eve","last":"Fox","_v":2})");
  report = MigrationRunner{db, transforming()}.rollback("split");
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_TRUE(report.warnings.empty()) << report.json();
  EXPECT_EQ(count(db, "people", R"({"_id":1,"age":36})"), 1);
  EXPECT_EQ(count(db, "people", R"({"_id":5,"first":"Eve"})"), 1);
  update(db, "people", R"({"_id":1})", R"({"$unset":{"age":1}})");
  (void)db.store().remove(db.ns("people"), bson::make_document("_id", 5), {});
  EXPECT_EQ(difference(before, db), "");
}

TEST_P(Kept, StepsOnFieldsComeBackExactly) {
  put(db, "t", R"({"_id":1,"name":"Ada King","n":"7","o":{"x":1,"y":{"z":2}},"gone":[1,2]})");
  put(db, "t", R"({"_id":2,"name":"Bob van Dyke","n":8,"a":"1","b":"2","status":"old"})");
  put(db, "t", R"({"_id":"three","o":{},"a":"","b":null})");
  const DatabaseImage before(db);
  Migrations list;
  list.add({.id = "all",
            .keep_preimages = true,
            .up = {add_field("t", "status", "$new"), add_field("t", "o.y.w", 5),
                   rename_field("t", "o.x", "o.q"), unset_field("t", "gone"),
                   split_field("t", "name", {"name", "rest"}), merge_fields("t", {"a", "b"}, "ab"),
                   convert_field("t", "n", bson::Type::int32),
                   create_index("t", bson::make_document("n", 1))}});
  auto report = MigrationRunner{db, list}.batch_size(2).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(all(db, "t")[0],
            same(R"({"_id":1,"name":"Ada","n":7,"o":{"y":{"z":2,"w":5},"q":1},"status":"$new",)"
                 R"("rest":"King"})"));
  EXPECT_EQ(count(db, "t", R"({"ab":"1 2","rest":"van Dyke","status":"old"})"), 1);
  EXPECT_EQ(db.store().list_indexes(db.ns("t")).size(), 2U);
  report = MigrationRunner{db, list}.batch_size(2).rollback("all");
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(difference(before, db), "");
}

TEST_P(Kept, StepsOnFieldsRefuseWhatTheyRefuseOtherwise) {
  put(db, "t", R"({"_id":1,"x":1,"y":2})");
  put(db, "t", R"({"_id":2,"list":[{"a":1}]})");
  const auto run = [&](const char* id, Step step) {
    Migrations list;
    list.add({.id = id, .keep_preimages = true, .up = std::move(step)});
    return MigrationRunner{db, list}.run();
  };
  const auto clash = run("a", rename_field("t", "x", "y"));
  EXPECT_FALSE(clash.ok());
  EXPECT_NE(clash.error->detail().find("both"), std::string::npos) << clash.json();
  Migrations first;
  first.add({.id = "a", .keep_preimages = true, .up = rename_field("t", "x", "y")});
  ASSERT_TRUE((MigrationRunner{db, first}.rollback("a").ok()));
  const auto path = run("b", add_field("t", "list.b", 1));
  EXPECT_FALSE(path.ok());
  EXPECT_NE(path.error->detail().find("is no document"), std::string::npos) << path.json();
  EXPECT_EQ(all(db, "t")[1], same(R"({"_id":2,"list":[{"a":1}]})"));
}

TEST_P(Kept, AWayBackOfItsOwnComesFirstUnlessAskedOtherwise) {
  Migrations list;
  list.add({.id = "m",
            .keep_preimages = true,
            .up = each<Counter>("counters", [](Counter& c) { c.n += 5; }),
            .down = each<Counter>("counters", [](Counter& c) { c.n = -1; })});
  put_counters(db, 4);
  ASSERT_TRUE((MigrationRunner{db, list}.run().ok()));
  ASSERT_TRUE((MigrationRunner{db, list}.rollback("m").ok()));
  EXPECT_EQ(count(db, "counters", R"({"n":-1})"), 4);
  ASSERT_TRUE((MigrationRunner{db, list}.run().ok()));
  UndoOptions options;
  options.from_preimages = true;
  ASSERT_TRUE((MigrationRunner{db, list}.undo(options).rollback("m").ok()));
  EXPECT_EQ(count(db, "counters", R"({"n":-1})"), 4);
  ASSERT_TRUE((MigrationRunner{db, list}.run().ok()));
  EXPECT_EQ(count(db, "counters", R"({"n":4})"), 4);
}

TEST_P(Kept, AHalfDoneMigrationGoesBack) {
  put_counters(db, 20);
  const DatabaseImage before(db);
  bool fails = true;
  Migrations list;
  list.add({.id = "m",
            .keep_preimages = true,
            .up = {add_field("counters", "status", 1), each<Counter>("counters", [&](Counter& c) {
                     if (fails && c.id == 13) throw std::runtime_error("bad");
                     c.n += 5;
                   })}});
  EXPECT_EQ((MigrationRunner{db, list}.batch_size(4).run().result), MigrationResult::partial);
  EXPECT_EQ(count(db, "counters", R"({"n":5})"), 12);
  try {
    forget_preimages(db, "m");
    FAIL();
  } catch (const MigrationError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_migration);
  }
  auto report = MigrationRunner{db, list}.batch_size(5).rollback("m");
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(difference(before, db), "");
  fails = false;
  ASSERT_TRUE((MigrationRunner{db, list}.batch_size(4).run().ok()));
  EXPECT_EQ(count(db, "counters", R"({"n":5,"status":1,"_q":{"$exists":false}})"), 20);
}

TEST_P(Kept, WritersGoOnMeanwhile) {
  put_counters(db, 60);
  const DatabaseImage before(db);
  std::atomic<bool> stop{false};
  std::int64_t acknowledged = 0;
  std::thread writer([&, own = plain]() mutable {
    const auto more = bson::from_json(R"({"$inc":{"w":1}})");
    for (std::int64_t i = 0; !stop; ++i) {
      try {
        acknowledged += own.store()
                            .update(own.ns("counters"), bson::make_document("_id", i * 7 % 60),
                                    {more.view()}, {})
                            .modified;
      } catch (const StoreError&) {  // busy, or a conflict with a batch: not acknowledged
      }
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  });
  const auto up = MigrationRunner{db, counting()}.batch_size(7).run();
  const auto down = MigrationRunner{db, counting()}.batch_size(7).rollback("count");
  stop = true;
  writer.join();
  ASSERT_TRUE(up.ok()) << up.json();
  ASSERT_TRUE(down.ok()) << down.json();
  EXPECT_EQ(down.migrations.at(0).rejected, 0) << down.json();
  std::int64_t written = 0;
  const auto cursor = db.store().find(db.ns("counters"), {}, {});
  while (const auto document = cursor->next())
    if (const auto w = document->find("w"))
      written += w->type() == bson::Type::int32 ? w->as_int32() : w->as_int64();
  EXPECT_EQ(written, acknowledged);
  const auto gone = bson::from_json(R"({"$unset":{"w":1}})");
  store::UpdateOptions every;
  every.multi = true;
  (void)db.store().update(db.ns("counters"), {}, {gone.view()}, every);
  EXPECT_EQ(difference(before, db), "");
}

INSTANTIATE_TEST_SUITE_P(Preimages, Kept, ::testing::Bool(), way_of);

}  // namespace quire::migrate::test::kept
