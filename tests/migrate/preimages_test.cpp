// Pre-images: kept with the change, restored exactly, and nothing that was edited since is lost.
#include "quire/migrate/preimages.hpp"

#include <atomic>
#include <stdexcept>
#include <thread>

#include "fixture.hpp"
#include "quire/model/model.hpp"
#include "quire/testing/testing.hpp"
#include "ten.hpp"

namespace quire::migrate::test::kept {

using testing::DatabaseImage;

struct Named {
  std::int64_t id = 0;
  std::string name;
  static auto model() { return quire::model<Named>("people").version(1); }
};
struct Split {
  std::int64_t id = 0;
  std::string first;
  std::string last;
  static auto model() { return quire::model<Split>("people").version(2); }
};

std::string difference(const DatabaseImage& before, Database& db) {
  return before.difference(DatabaseImage(db), "before", "after going back");
}

void update(Database& db, std::string_view collection, std::string_view filter,
            std::string_view body) {
  const auto what = bson::from_json(body);
  ASSERT_EQ(
      db.store().update(db.ns(collection), bson::from_json(filter), {what.view()}, {}).matched, 1);
}

/// Both ways of a store: with transactions, and as a standalone server has it.
class Kept : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    auto hooked = std::make_shared<testing::HookedStore>(plain.shared_store(), [](const auto&) {});
    hooked->without_transactions = GetParam();
    db = Database(hooked, plain.name());
  }
  Database plain = empty_database();
  Database db = plain;
};

Migrations counting() {
  Migrations list;
  list.add({.id = "count", .keep_preimages = true, .up = each<Counter>("counters", [](Counter& c) {
                                                     if (c.id % 2 == 0) c.n += 5;
                                                   })});
  return list;
}

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

Migrations transforming() {
  Migrations list;
  list.add({.id = "split",
            .keep_preimages = true,
            .up = transform<Named, Split>("people", [](const Named& old) -> std::optional<Split> {
              if (old.name.empty()) return std::nullopt;
              const auto space = old.name.find(' ');
              return Split{old.id, old.name.substr(0, space), old.name.substr(space + 1)};
            })});
  return list;
}

void put_people(Database& db) {
  put(db, "people", R"({"_id":1,"name":"Ada King","_v":1,"tags":[1,{"a":2}],"x":null})");
  put(db, "people", R"({"_id":2,"name":"","note":"unknown to the structs"})");
  put(db, "people", R"({"_id":3,"name":"Bob Dylan"})");
  put(db, "people", R"({"_id":4,"first":"Cy","last":"Coy","_v":2})");
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

/// Three documents that were edited since: a kept field, a removed one, one made anew.
class Edits : public Kept {
 protected:
  MigrationReport back(Edited edited) {
    put_people(db);
    EXPECT_TRUE((MigrationRunner{db, transforming()}.run().ok()));
    update(db, "people", R"({"_id":1})", R"({"$set":{"last":"Lovelace"}})");
    (void)db.store().remove(db.ns("people"), bson::make_document("_id", 3), {});
    put(db, "people", R"({"_id":2,"first":"New","last":"One","_v":2})");
    UndoOptions options;
    options.edited = edited;
    return MigrationRunner{db, transforming()}.undo(options).rollback("split");
  }
};

TEST_P(Edits, AreRejects) {
  const auto report = back(Edited::reject);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.migrations.at(0).rejected, 3);
  EXPECT_EQ(report.migrations.at(0).changed, 0);
  ASSERT_EQ(report.warnings.size(), 1U);
  for (const char* id : {"people 1", "people 2", "people 3"})
    EXPECT_NE(report.warnings[0].find(id), std::string::npos) << report.warnings[0];
  EXPECT_FALSE(report.next.empty());
  EXPECT_EQ(count(db, "people", R"({"_id":1,"first":"Ada","last":"Lovelace","_v":2})"), 1);
  EXPECT_EQ(count(db, "people", R"({"_id":2,"first":"New"})"), 1);
  EXPECT_EQ(count(db, "people", R"({"_id":3})"), 0);
  EXPECT_EQ(count(db, "_quire_rejects", R"({"_id.stage":"undo","name":"irreversible"})"), 3);
  EXPECT_EQ(count(db, "_quire_rejects", R"({"_id.key":1,"document.before.name":"Ada King"})"), 1);
  EXPECT_EQ(count(db, "_quire_rejects",
                  R"({"_id.key":2,"document.before.note":"unknown to the structs"})"),
            1);
}
TEST_P(Edits, AreKept) {
  const auto report = back(Edited::keep);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.migrations.at(0).rejected, 0);
  EXPECT_EQ(count(db, "people", R"({"_id":1,"last":"Lovelace"})"), 1);
  EXPECT_EQ(count(db, "_quire_rejects"), 0);
}
TEST_P(Edits, AreOverwrittenWhereTheyAreThere) {
  const auto report = back(Edited::overwrite);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.migrations.at(0).rejected, 1);  // the one that is gone
  EXPECT_EQ(count(db, "people", R"({"_id":1,"name":"Ada King","first":{"$exists":false}})"), 1);
  EXPECT_EQ(count(db, "people", R"({"_id":2,"name":"","note":"unknown to the structs"})"), 1);
  EXPECT_EQ(count(db, "_quire_rejects", R"({"_id.key":3})"), 1);
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

TEST_P(Kept, AForgottenWindowIsRefused) {
  put_counters(db, 4);
  ASSERT_TRUE((MigrationRunner{db, counting()}.run().ok()));
  EXPECT_EQ(forget_preimages(db, "count"), 2);
  EXPECT_TRUE(preimages(db).empty());
  EXPECT_EQ(count(db, "_quire_events", R"({"what":"forget_preimages","migration":"count"})"), 1);
  const auto report = MigrationRunner{db, counting()}.rollback("count");
  EXPECT_EQ(report.result, MigrationResult::irreversible);
  EXPECT_NE(report.error->detail().find("forgotten"), std::string::npos);
  EXPECT_EQ(count(db, "counters", R"({"n":5})"), 2);
  EXPECT_EQ(forget_preimages(db, "unknown"), 0);
}

TEST_P(Kept, ACollectionThatWasDroppedByHandIsMissed) {
  put_counters(db, 4);
  ASSERT_TRUE((MigrationRunner{db, counting()}.run().ok()));
  ASSERT_TRUE(db.drop_collection("_quire_undo_count"));
  const auto report = MigrationRunner{db, counting()}.rollback("count");
  EXPECT_EQ(report.result, MigrationResult::irreversible) << report.json();
  EXPECT_FALSE(report.next.empty());
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

INSTANTIATE_TEST_SUITE_P(Preimages, Kept, ::testing::Bool(), [](const auto& way) {
  return way.param ? "WithoutTransactions" : "AsTheStoreIs";
});
INSTANTIATE_TEST_SUITE_P(Preimages, Edits, ::testing::Bool(), [](const auto& way) {
  return way.param ? "WithoutTransactions" : "AsTheStoreIs";
});

TEST(Preimages, AreRefusedWhereTheyCannotBeKept) {
  auto db = empty_database();
  const auto refused = [&](DeclaredMigration migration) -> std::string {
    migration.keep_preimages = true;
    Migrations list;
    list.add(std::move(migration));
    try {
      (void)MigrationRunner{db, list}.run();
    } catch (const MigrationError& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_migration) << error.what();
      return error.detail();
    }
    return "not refused";
  };
  const auto nothing = each<Counter>("t", [](Counter&) {});
  EXPECT_NE(refused({.id = "a", .up = drop_collection("t")}).find("drop_collection"),
            std::string::npos);
  EXPECT_NE(refused({.id = "a", .up = run(Atomicity::idempotent, [](Database&, Session&) {})})
                .find("run"),
            std::string::npos);
  EXPECT_NE(refused({.id = "a", .repeatable = true, .up = nothing}).find("repeatable"),
            std::string::npos);
  EXPECT_NE(refused({.id = "a", .up = nothing, .down = irreversible("so it is")}).find("so it is"),
            std::string::npos);
  for (const char* id : {"a$b", "a..b", "a."})
    EXPECT_NE(refused({.id = id, .up = nothing}).find("collection"), std::string::npos) << id;
}

TEST(Preimages, OfADatabaseThatRanWithoutThemAreMissed) {
  auto db = empty_database();
  put_counters(db, 4);
  auto list = Migrations();
  list.add({.id = "count", .up = each<Counter>("counters", [](Counter& c) { c.n += 5; })});
  ASSERT_TRUE((MigrationRunner{db, list}.run().ok()));
  const auto report = MigrationRunner{db, counting()}.rollback("count");
  EXPECT_EQ(report.result, MigrationResult::irreversible);
  EXPECT_NE(report.error->detail().find("before it kept"), std::string::npos) << report.json();
}

/// Interrupted at a call, in both directions, and gone on with.
class KeptMatrix : public ::testing::Test {
 protected:
  void SetUp() override { QUIRE_NEEDS_BED(); }
  testing::ScratchDatabases databases{ten::bed()};

  void holds(testing::Interruption interruption, bool without_transactions) {
    if (without_transactions && quire::test::on_server() && !ten::soak())
      GTEST_SKIP() << "a standalone server has none: with QUIRE_MIGRATION_SOAK only";
    const bool kills = interruption == testing::Interruption::kill;
    testing::Subject subject;
    subject.without_transactions = without_transactions;
    subject.prepare = [](Database& db) {
      put_counters(db, 10);
      put_people(db);
    };
    subject.configure = [](MigrationRunner& runner) { runner.batch_size(3); };
    subject.migrations = counting();
    subject.migrations.add(
        {.id = "fields",
         .keep_preimages = true,
         .up = {add_field("counters", "status", "new"), unset_field("counters", "kept")}});
    subject.migrations.add_one(transforming().items.front());
    testing::CrashOptions options;
    options.interruption = interruption;
    options.first = 7;
    options.every = kills ? 41 : 23;
    if (quire::test::on_server()) {
      options.first = 17;
      options.every = 29;
      options.most = 1;
    }
    if (ten::soak()) {
      options.first = 1;
      options.every = ten::soak_every();
      options.most = 0;
    }
    const auto outcome = testing::crash_matrix(databases, subject, options);
    EXPECT_TRUE(outcome) << outcome.why;
    EXPECT_GE(outcome.rounds, 2);
  }
};

TEST_F(KeptMatrix, GoesOnAfterAnExceptionAtACall) {
  holds(testing::Interruption::exception, false);
}
TEST_F(KeptMatrix, GoesOnAfterAnExceptionAtACallWithoutTransactions) {
  holds(testing::Interruption::exception, true);
}
TEST_F(KeptMatrix, GoesOnAfterAKill) { holds(testing::Interruption::kill, false); }
TEST_F(KeptMatrix, GoesOnAfterAKillWithoutTransactions) {
  holds(testing::Interruption::kill, true);
}

}  // namespace quire::migrate::test::kept
