// What batches take, keep and cost: ids of several types, references of other number types, rejects
// that do not fit, the round trips of a start with nothing to do.
#include <atomic>

#include "fixture.hpp"
#include "migrate/field_update.hpp"
#include "migrate/key_walk.hpp"
#include "migrate/keys_ahead.hpp"
#include "migrate/reject_row.hpp"
#include "migrate/step_work.hpp"
#include "open_ranges.hpp"
#include "quire/core/error.hpp"
#include "quire/model/model.hpp"
#include "quire/query/path.hpp"
#include "quire/store/observer.hpp"
#include "ten.hpp"

namespace quire::migrate::test::batches {

struct Number {
  std::int64_t n = 0;
};

void put_mixed(Database& db) {
  for (const char* json :
       {R"({"_id":1,"n":0})", R"({"_id":{"$numberDouble":"2.5"},"n":0})", R"({"_id":"a","n":0})",
        R"({"_id":"b","n":0})", R"({"_id":{"$oid":"0123456789abcdef01234567"},"n":0})",
        R"({"_id":true,"n":0})"})
    put(db, "c", json);
}

std::vector<std::string> keys(const WalkBatch& batch) {
  std::vector<std::string> out;
  for (const auto& document : batch.documents) out.push_back(bson::to_json(document["_id"]));
  return out;
}

TEST(Batches, AWalkUpToAnIdTakesAllTypesBeforeIt) {
  auto db = empty_database();
  put_mixed(db);
  using Keys = std::vector<std::string>;
  KeyWalk walk(db, "c", WalkOptions{});
  const auto first = walk.read(std::nullopt, bson::Value("b"));
  EXPECT_EQ(keys(first), (Keys{"1", "2.5", "\"a\"", "\"b\""}));
  EXPECT_TRUE(first.end);
  const auto rest = walk.read(bson::Value(std::int32_t{1}), bson::Value(true));
  EXPECT_EQ(keys(rest),
            (Keys{"2.5", "\"a\"", "\"b\"", R"({"$oid": "0123456789abcdef01234567"})", "true"}));
  WalkOptions two;
  two.batch_documents = 2;
  const auto page = KeyWalk(db, "c", two).read(bson::Value(2.5), bson::Value(true));
  EXPECT_EQ(keys(page), (Keys{"\"a\"", "\"b\""}));
  EXPECT_FALSE(page.end);
  EXPECT_TRUE(walk.read(bson::Value("b"), bson::Value("b")).documents.empty());
}

TEST(Batches, AHalfDoneStepGoesBackOverAllTypesOfIds) {
  auto db = empty_database();
  put_mixed(db);
  Migrations list;
  list.add({.id = "1",
            .up = each<Number>("c", [](Number& one) { one.n += 1; }),
            .down = each<Number>("c", [](Number& one) { one.n -= 1; })});
  std::stop_source stop;
  const auto half = MigrationRunner{db, list}
                        .batch_size(1)
                        .stop_token(stop.get_token())
                        .on_event([&](const MigrationEvent& event) {
                          if (event.kind == MigrationEvent::Kind::batch && event.done == 4)
                            stop.request_stop();
                        })
                        .run();
  ASSERT_EQ(half.result, MigrationResult::paused) << half.json();
  ASSERT_EQ(count(db, "c", R"({"n":1})"), 4);
  const auto back = MigrationRunner{db, list}.rollback(1);
  ASSERT_TRUE(back.ok()) << back.json();
  EXPECT_EQ(count(db, "c", R"({"n":0})"), 6);
}

TEST(Batches, EmbedFindsReferencesAsTheStoreComparesThem) {
  auto db = empty_database();
  put(db, "authors", R"({"_id":7,"name":"A"})");
  put(db, "authors", R"({"_id":{"$numberLong":"8"},"name":"B"})");
  put(db, "authors", R"({"_id":{"$numberDouble":"9.0"},"name":"C"})");
  put(db, "authors", R"({"_id":{"n":10},"name":"D"})");
  put(db, "books", R"({"_id":1,"by":{"$numberLong":"7"}})");
  put(db, "books", R"({"_id":2,"by":{"$numberDouble":"8.0"}})");
  put(db, "books", R"({"_id":3,"by":9})");
  put(db, "books", R"({"_id":4,"by":{"n":{"$numberLong":"10"}}})");
  Migrations list;
  list.add({.id = "1", .up = embed("books", "by", "authors", "author")});
  const auto report = MigrationRunner{db, list}.run();
  ASSERT_TRUE(report.ok()) << report.json();
  const char* names[] = {"A", "B", "C", "D"};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(count(db, "books",
                    R"({"_id":)" + std::to_string(i + 1) + R"(,"author.name":")" + names[i] +
                        R"(","by":{"$exists":false}})"),
              1)
        << i;
  }
}

TEST(Batches, EmbedStillNamesAReferenceThatLeadsNowhere) {
  auto db = empty_database();
  put(db, "authors", R"({"_id":7})");
  put(db, "books", R"({"_id":1,"by":{"$numberDouble":"7.5"}})");
  Migrations list;
  list.add({.id = "1", .up = embed("books", "by", "authors", "author")});
  const auto report = MigrationRunner{db, list}.run();
  EXPECT_FALSE(report.ok());
  ASSERT_TRUE(report.error.has_value());
  EXPECT_NE(report.error->detail().find("7.5"), std::string::npos) << report.error->detail();
}

TEST(Batches, ARejectKeepsWhatFitsAndTextsThatCanBeStored) {
  auto db = empty_database();
  bson::Writer large;
  large.append("_id", 1).append("text", std::string(bson::max_document_bytes - 1000, 'x'));
  const bson::Document document = large.finish();
  const bson::Value key(document["_id"]);
  RejectRow row{"job",          key,     "map", "c", ErrorCode::conversion_failed, "a\xff",
                "no \xff text", document};
  keep_rejects(db, {&row, 1}, nullptr);
  EXPECT_EQ(count(db, "_quire_rejects",
                  R"({"key":1,"text":"a text that is not UTF-8","document":{"$exists":false}})"),
            1);
  // One that is removed where it was is not let go of.
  row.stage = "duplicate";
  row.only_copy = true;
  try {
    keep_rejects(db, {&row, 1}, nullptr);
    FAIL() << "kept";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), ErrorCode::document_too_large) << error.what();
  }
  EXPECT_EQ(count(db, "_quire_rejects"), 1);
}

class Commands final : public store::CommandObserver {
 public:
  void on_command(const store::CommandEvent& event) noexcept override {
    ++count;
    names += std::string(event.command) + " ";
  }
  std::atomic<int> count{0};
  std::string names;
};

struct Whole {
  std::int64_t id = 0;
  std::int64_t n = 0;
  Extra rest;
};
struct Renamed {
  std::int64_t id = 0;
  std::int64_t n = 0;
  static auto model() { return quire::model<Renamed>("c").rename(query::field<&Renamed::n>, "m"); }
};
struct Former {
  std::int64_t id = 0;
  std::int64_t n = 0;
  static auto model() { return quire::model<Former>("c").was(query::field<&Former::n>, "m"); }
};

std::string needs(const Step& step) {
  return bson::to_json(detail::work_as<detail::RowWork>(step.data())->needs);
}

TEST(Batches, OnlyTheFieldsThatAFunctionNeedsAreRead) {
  EXPECT_EQ(needs(each<Number>("c", [](Number&) {})), same(R"({"_id":1,"_v":1,"_q":1,"n":1})"));
  EXPECT_EQ(needs(transform<Number, Renamed>("c", [](const Number&) { return Renamed(); })),
            same(R"({"_id":1,"_v":1,"_q":1,"n":1,"m":1})"));
  EXPECT_EQ(needs(each<Whole>("c", [](Whole&) {})), "{}");
  EXPECT_EQ(needs(each<Former>("c", [](Former&) {})), "{}");
  RowOptions asked;
  asked.already = [](bson::View document) { return document.contains("other"); };
  EXPECT_EQ(needs(each<Number>("c", [](Number&) {}, asked)), "{}");
}

TEST(Batches, AFunctionThatAsksForAllFieldsGetsThem) {
  auto db = empty_database();
  put(db, "c", R"({"_id":1,"n":1,"big":"x"})");
  put(db, "c", R"({"_id":2,"n":1,"other":"x"})");
  RowOptions asked;
  asked.already = [](bson::View document) { return document.contains("other"); };
  Migrations list;
  list.add({.id = "1",
            .up = each<Whole>("c", [](Whole& one) { one.n += one.rest.fields.view().count(); })});
  list.add({.id = "2", .up = each<Number>("c", [](Number& one) { one.n += 10; }, asked)});
  const auto report = MigrationRunner{db, list}.run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(all(db, "c")[0], same(R"({"_id":1,"n":12,"big":"x"})"));
  EXPECT_EQ(all(db, "c")[1], same(R"({"_id":2,"n":2,"other":"x"})"));
}

TEST(Batches, TheLastRangeTakesWhatHasAnIdOfAnotherType) {
  auto db = empty_database();
  put_mixed(db);
  const Step step = rename_field("c", "n", "m");
  RowProgress at;
  at.cursor = bson::Value(std::int32_t{1});
  auto next = update_range(db, step.data(), at, std::nullopt, 10, nullptr, nullptr);
  EXPECT_TRUE(next.done);
  EXPECT_EQ(next.counts.changed, 5);
  EXPECT_EQ(count(db, "c", R"({"m":0,"_id":{"$ne":1}})"), 5);
  at.cursor = bson::Value("b");
  put(db, "c", R"({"_id":"c","n":0})");
  next = update_range(db, step.data(), at, std::nullopt, 10, nullptr, nullptr);
  EXPECT_TRUE(next.done);
  EXPECT_EQ(next.counts.changed, 1);
}

TEST(Batches, WhereBatchesEndIsToldAheadUntilTheyHaveComeThere) {
  auto db = empty_database();
  for (int i = 1; i <= 8; ++i)
    put(db, "c", R"({"_id":)" + std::to_string(i) + R"(,"odd":)" + std::to_string(i % 2) + "}");
  put(db, "c", R"({"_id":"a","odd":1})");
  const auto id = [](const std::optional<KeysAhead::End>& end) {
    return end ? bson::to_json(end->id) : "none";
  };
  const auto at = [](std::int32_t key) { return std::optional(bson::Value(key)); };
  KeysAhead all(db, "c", {});
  EXPECT_EQ(id(all.end_behind(std::nullopt, 3)), "3");
  EXPECT_EQ(id(all.end_behind(at(1), 3)), "3");  // a batch that ended before it
  EXPECT_EQ(id(all.end_behind(at(3), 4)), "7");
  all.again();
  EXPECT_EQ(id(all.end_behind(at(3), 2)), "5");
  EXPECT_EQ(id(all.end_behind(at(5), 9)), "none");
  EXPECT_EQ(id(all.end_behind(at(8), 1)), "none");
  EXPECT_EQ(id(KeysAhead(db, "c", {}).end_behind(std::nullopt, 9)), "\"a\"");

  const bson::Document odd = bson::make_document("odd", 1);
  KeysAhead some(db, "c", odd);
  EXPECT_EQ(id(some.end_behind(std::nullopt, 2)), "3");
  EXPECT_EQ(id(some.end_behind(at(3), 2)), "7");
  EXPECT_EQ(id(some.end_behind(at(7), 1)), "\"a\"");
  EXPECT_EQ(id(some.end_behind(bson::Value("a"), 1)), "none");
}

TEST(Batches, WhatComesIntoABatchWhileItRunsIsTakenWithIt) {
  auto db = empty_database();
  if (!quire::test::on_server()) GTEST_SKIP() << "nobody else writes to a file meanwhile";
  for (int i = 10; i <= 60; i += 10) put(db, "c", R"({"_id":)" + std::to_string(i) + R"(,"n":0})");
  Migrations list;
  list.add({.id = "1", .up = each<Number>("c", [](Number& one) { one.n += 1; })});
  int inserted = 0;
  const auto report = MigrationRunner{db, list}
                          .batch_size(2)
                          .on_event([&](const MigrationEvent& event) {
                            // More than a batch, between the ends that are known already.
                            if (event.kind != MigrationEvent::Kind::batch || inserted > 0) return;
                            for (int i = 21; i <= 25; ++i, ++inserted)
                              put(db, "c", R"({"_id":)" + std::to_string(i) + R"(,"n":0})");
                          })
                          .run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(inserted, 5);
  EXPECT_EQ(count(db, "c", R"({"n":1})"), 11);
}

TEST(Batches, FullVerificationReadsBetweenTwoIds) {
  auto db = empty_database();
  if (!quire::test::on_server()) GTEST_SKIP() << "a file reads what it is asked for";
  constexpr int documents = 5'500;
  std::vector<bson::Document> list;
  for (int i = 0; i < documents; ++i) list.push_back(bson::make_document("_id", i, "n", i));
  const std::vector<bson::View> views(list.begin(), list.end());
  ASSERT_EQ(db.store().insert(db.ns("c"), views, {}).inserted, documents);
  Migrations all;
  all.add({.id = "1", .verify = VerifyLevel::full, .up = each<Number>("c", [](Number&) {})});
  const auto open = quire::test::OpenRanges::of(db, "c");
  const auto report = MigrationRunner{db, all}.run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_LE(open->count, 3);  // the rests of the step and of its verification
  EXPECT_GE(open->closed, 8);
}

TEST(Batches, ALargeCollectionWithAClashInOneOfItsPartsIsNotChangedThere) {
  auto db = empty_database();
  if (quire::test::on_server() && !db.capabilities().transactions && !ten::soak())
    GTEST_SKIP() << "long: with QUIRE_MIGRATION_SOAK only";
  constexpr int documents = 12'000;
  std::vector<bson::Document> list;
  for (int i = 0; i < documents; ++i) {
    // One of the first part has no name, which is no clash.
    list.push_back(i == 7 ? bson::make_document("_id", i)
                          : bson::make_document("_id", i, "name", "A B"));
  }
  std::vector<bson::View> views(list.begin(), list.end());
  ASSERT_EQ(db.store().insert(db.ns("c"), views, {}).inserted, documents);
  const auto set = [&](int id, const char* json) {
    const bson::Document update = bson::from_json(json);
    ASSERT_EQ(
        db.store().update(db.ns("c"), bson::make_document("_id", id), {update.view()}, {}).modified,
        1);
  };
  const auto run = [&] {
    Migrations all;
    all.add({.id = "1", .up = split_field("c", "name", {"first", "last"})});
    return MigrationRunner{db, all}.run();
  };
  set(500, R"({"$set":{"first":"there"}})");
  const auto early = run();
  EXPECT_FALSE(early.ok());
  EXPECT_NE(early.json().find("_id 500:"), std::string::npos) << early.json();
  EXPECT_EQ(count(db, "c", R"({"last":{"$exists":true}})"), 0);
  set(500, R"({"$unset":{"first":1}})");
  set(11'000, R"({"$set":{"name":7}})");
  const auto late = run();
  EXPECT_FALSE(late.ok());
  EXPECT_NE(late.json().find("_id 11000"), std::string::npos) << late.json();
  set(11'000, R"({"$set":{"name":"A B"}})");
  const auto done = run();
  ASSERT_TRUE(done.ok()) << done.json();
  EXPECT_EQ(count(db, "c", R"({"first":"A","last":"B","name":{"$exists":false}})"), documents - 1);
}

TEST(Batches, AStartWithNothingToDoTakesTwoRoundTripsAtMost) {
  const SharedStore shared("nothing");
  Migrations list;
  for (int i = 0; i < 8; ++i) {
    list.add({.id = "m" + std::to_string(i),
              .up = add_field("c", "f" + std::to_string(i), bson::Value(i))});
  }
  {
    Database db = shared.open();
    put(db, "c", R"({"_id":1})");
    const auto report = MigrationRunner{db, list}.run();
    ASSERT_TRUE(report.ok()) << report.json();
  }
  const Database again = shared.open();
  const auto commands = std::make_shared<Commands>();
  again.store().observers().add(commands);
  const auto report = MigrationRunner{again, list}.run();
  EXPECT_EQ(report.result, MigrationResult::nothing) << report.json();
  EXPECT_GE(commands->count, 1);
  EXPECT_LE(commands->count, 2) << commands->names;
}

}  // namespace quire::migrate::test::batches
