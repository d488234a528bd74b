// Copying a collection: through functions, between stores, ids of all types, resumed.
#include <atomic>
#include <cmath>

#include "counting_store.hpp"
#include "data_fixture.hpp"

namespace quire::migrate::test::data_copy {

TEST(DataCopy, TransformsEachDocumentOnceAndIsDoneThen) {
  auto db = empty_database();
  put_people(db, 95);
  const auto transform = [](const OldPerson& old) -> std::optional<NewPerson> {
    if (old.id % 10 == 7) return std::nullopt;
    return split(old);
  };
  auto job = small_job(db, db);
  job.transform<OldPerson, NewPerson>(transform).verify(VerifyLevel::digest);
  auto report = job.run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.result, DataResult::complete);
  EXPECT_EQ(report.state, JobState::complete);
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_EQ(report.counts.read, 95);
  EXPECT_EQ(report.counts.written, 86);
  EXPECT_EQ(report.counts.dropped, 9);
  EXPECT_EQ(report.partitions, 10);
  EXPECT_EQ(report.partitions_done, 10);
  EXPECT_EQ(report.guarantee, db.capabilities().transactions ? "txn" : "fenced");
  ASSERT_TRUE(report.verification.has_value());
  EXPECT_EQ(report.verification->source, 86);
  EXPECT_EQ(report.verification->source_digest, report.verification->target_digest);
  const auto users = without_stamps(db, "users");
  ASSERT_EQ(users.size(), 86U);
  EXPECT_EQ(users[0], same(R"({"_id":{"$numberLong":"0"},"first":"F0","last":"L0"})"));
  EXPECT_EQ(count(db, "people"), 95);
  // Its processes left nothing behind, and there is nothing to do any more.
  EXPECT_EQ(count(db, "_quire_jobs", R"({"kind":"run"})"), 0);
  EXPECT_EQ(job.run().result, DataResult::nothing);
  EXPECT_EQ(job.status().result, DataResult::complete);
  EXPECT_EQ(job.status().counts.written, 86);
}

TEST(DataCopy, OfAnEmptyOrAbsentCollectionIsComplete) {
  auto db = empty_database();
  const auto report = small_job(db, db).verify(VerifyLevel::full).run();
  EXPECT_EQ(report.result, DataResult::complete) << report.json();
  EXPECT_EQ(report.counts.read, 0);
}

TEST(DataCopy, KeepsIdsOfAllTypesInRangesThatSplitAmongThem) {
  auto db = empty_database();
  std::vector<bson::Value> ids = {bson::MinKey{},
                                  bson::Null{},
                                  std::nan(""),
                                  -HUGE_VAL,
                                  std::int32_t{-3},
                                  std::int64_t{4},
                                  2.5,
                                  Decimal128::from_string("7.25"),
                                  "",
                                  "a",
                                  "b",
                                  bson::from_json(R"({"a":1})"),
                                  bson::from_json(R"({"a":2})"),
                                  Uuid::generate(),
                                  ObjectId::generate(),
                                  false,
                                  true,
                                  DateTime{std::chrono::milliseconds{5}},
                                  bson::Timestamp{1, 2},
                                  bson::MaxKey{}};
  std::vector<bson::Document> documents;
  for (std::size_t i = 0; i < ids.size(); ++i)
    documents.push_back(bson::make_document("_id", ids[i], "n", static_cast<std::int64_t>(i)));
  const std::vector<bson::View> views(documents.begin(), documents.end());
  ASSERT_EQ(db.store().insert(db.ns("people"), views, {}).inserted,
            static_cast<std::int64_t>(ids.size()));
  // Bounds fall between and within all types, and the cursor stops at each id.
  for (const std::int64_t size : {1, 3}) {
    SCOPED_TRACE(size);
    const std::string into = "copy" + std::to_string(size);
    const auto report =
        small_job(db, db, into).partition(size).batch(1).verify(VerifyLevel::full).run();
    ASSERT_TRUE(report.ok()) << report.json();
    EXPECT_EQ(report.counts.read, static_cast<std::int64_t>(ids.size()));
    EXPECT_EQ(report.counts.written, static_cast<std::int64_t>(ids.size()));
    EXPECT_EQ(report.partitions, static_cast<std::int64_t>(ids.size()) / size + 1);
    EXPECT_EQ(without_stamps(db, into), all(db, "people"));
  }
}

TEST(DataCopy, GoesBetweenStoresInBothDirections) {
  auto server = empty_database();
  auto file = open(":memory:");
  put_people(file, 40);
  auto report = small_job(file, server).verify(VerifyLevel::digest).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(without_stamps(server, "users"), all(file, "people"));
  DataMigrator back(server, "users");
  report = back.to(file, "again").partition(10).batch(3).verify(VerifyLevel::digest).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(without_stamps(file, "again"), all(file, "people"));
}

TEST(DataCopy, StopsAtTheEdgeOfABatchAndGoesOn) {
  auto db = empty_database();
  put_people(db, 40);
  std::stop_source stop;
  std::atomic<int> mapped{0};
  const auto fn = [&](bson::View document) -> std::optional<bson::Document> {
    if (++mapped == 10) stop.request_stop();
    return bson::Document(document);
  };
  auto report = small_job(db, db).map(fn).workers(1).stop_token(stop.get_token()).run();
  EXPECT_EQ(report.result, DataResult::stopped) << report.json();
  EXPECT_EQ(report.exit_code(), 32);
  EXPECT_EQ(report.state, JobState::running);
  EXPECT_LT(report.counts.written, 40);
  EXPECT_FALSE(report.next.empty());
  const auto before = report.counts.written;
  report = small_job(db, db).map(fn).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.counts.written, 40);
  EXPECT_EQ(mapped, 40 + (10 - before) * (before < 10 ? 1 : 0));  // nothing saved is mapped twice
}

TEST(DataCopy, AnotherHeaderIsRefusedAcceptedOrRestarted) {
  auto db = empty_database();
  put_people(db, 12);
  std::stop_source stop;
  stop.request_stop();
  const auto keep = [](bson::View document) { return std::optional(bson::Document(document)); };
  ASSERT_EQ(small_job(db, db).map(keep).stop_token(stop.get_token()).run().result,
            DataResult::stopped);
  auto report = small_job(db, db).map(keep).revision(2).run();
  EXPECT_EQ(report.result, DataResult::changed);
  EXPECT_EQ(report.exit_code(), 42);
  ASSERT_TRUE(report.error.has_value());
  EXPECT_FALSE(report.next.empty());
  EXPECT_EQ(count(db, "users"), 0);
  report = small_job(db, db).map(keep).revision(2).accept_changes().run();
  EXPECT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(small_job(db, db).map(keep).revision(2).run().result, DataResult::nothing);
  ASSERT_TRUE(db.drop_collection("people"));
  put_people(db, 5);
  if (quire::test::on_server()) {  // a source that was made again has another UUID
    report = small_job(db, db).map(keep).revision(2).run();
    EXPECT_EQ(report.exit_code(), 42) << report.json();
  }
  report = small_job(db, db).map(keep).revision(2).existing(Existing::replace).restart().run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.counts.written, 5);
  EXPECT_EQ(report.counts.replaced, 5);
  EXPECT_EQ(count(db, "users"), 12);
}

TEST(DataCopy, ExistingDocumentsAreSkippedReplacedOrRejected) {
  auto db = empty_database();
  put_people(db, 10);
  for (const char* into : {"a", "b", "c"})
    put(db, into, R"({"_id":{"$numberLong":"4"},"name":"there"})");
  auto report = small_job(db, db, "a").existing(Existing::skip).verify(VerifyLevel::digest).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.counts.existing, 1);
  EXPECT_EQ(report.counts.written, 9);
  EXPECT_EQ(count(db, "a", R"({"name":"there"})"), 1);
  report = small_job(db, db, "b").existing(Existing::replace).verify(VerifyLevel::digest).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.counts.replaced, 1);
  EXPECT_EQ(without_stamps(db, "b"), all(db, "people"));
  report = small_job(db, db, "c").run();
  EXPECT_EQ(report.result, DataResult::rejects);
  EXPECT_EQ(count(db, "c", R"({"name":"there"})"), 1);
  EXPECT_EQ(count(db, "_quire_rejects", R"({"job":"people-c","name":"duplicate_key"})"), 1);
}

TEST(DataCopy, OptionsThatMeanNothingAreRefusedBeforeAnythingIsDone) {
  auto db = empty_database();
  const auto refused = [](DataMigrator job) {
    try {
      (void)job.run();
    } catch (const MigrationError& error) {
      return error.code() == ErrorCode::invalid_migration;
    }
    return false;
  };
  EXPECT_TRUE(refused(DataMigrator(db, "people")));
  EXPECT_TRUE(refused(small_job(db, db, "people")));
  EXPECT_TRUE(refused(small_job(db, db, "_quire_history")));
  EXPECT_TRUE(refused(small_job(db, db).workers(0)));
  EXPECT_TRUE(refused(small_job(db, db).batch(1001)));
  EXPECT_TRUE(refused(small_job(db, db).move().verify(VerifyLevel::digest)));
  EXPECT_TRUE(refused(small_job(db, db).name(std::string(201, 'x'))));
  EXPECT_TRUE(db.collection_names().empty());
}

/// A program that dies at each of its calls, and one that goes on: as if it had not.
TEST(DataCopy, FailsAtAnyCallAndGoesOnToTheSameData) {
  std::vector<std::string> expected;
  const int stride = quire::test::on_server() ? 40 : 3;
  for (const bool fenced : {false, true}) {
    int failures = 0;
    for (int fatal = 1;; fatal += stride) {
      SCOPED_TRACE(fatal);
      auto source = open(":memory:");
      put_people(source, 12);
      set(source, "people", R"({"_id":5})", R"({"$set":{"name":"bad"}})");
      expected = all(source, "people");
      auto target = empty_database();
      std::atomic<int> calls{0};
      auto store =
          std::make_shared<quire::test::CountingStore>(target.shared_store(), [&](const char*) {
            if (++calls >= fatal) throw StoreError(ErrorCode::io_error, "the cable was pulled");
          });
      store->without_transactions = fenced;
      const auto job = [&](const std::shared_ptr<store::Store>& into) {
        auto one = small_job(source, Database(into, target.name()));
        one.partition(5).workers(1).lease(std::chrono::milliseconds(50));
        one.rejects(RejectPolicy::reject, {.most = 10});
        one.map([](bson::View document) -> std::optional<bson::Document> {
          if (document["name"].as_string() == "bad") throw std::runtime_error("bad");
          return bson::Document(document);
        });
        return one.run();
      };
      const auto first = job(store);
      if (first.ok()) break;
      ++failures;
      EXPECT_TRUE(first.exit_code() == 30 || first.exit_code() == 31) << first.json();
      calls = -1'000'000;
      const auto second = job(store);
      ASSERT_TRUE(second.ok()) << second.json();
      EXPECT_EQ(second.counts.read, 12);
      EXPECT_EQ(second.counts.written, 11) << second.json();
      EXPECT_EQ(second.counts.rejected, 1);
      ASSERT_EQ(without_stamps(target, "users").size(), 11U);
      EXPECT_EQ(count(target, "_quire_rejects"), 1);
      if (fenced) {
        EXPECT_EQ(count(target, "users", R"({"_q.j":"people-users"})"), 11);
      }
    }
    EXPECT_GT(failures, 30 / stride);
  }
}

}  // namespace quire::migrate::test::data_copy
