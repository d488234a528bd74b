// What each level of a comparison finds, and that writers raise no false alarm.
#include <atomic>
#include <thread>

#include "data_fixture.hpp"
#include "migrate/data/compare.hpp"

namespace quire::migrate::test::data_verify {

using std::chrono::milliseconds;
using Kind = VerifyDifference::Kind;

VerifyReport compare(Database& db, VerifyLevel level, VerifyOptions options = {}) {
  options.level = level;
  options.settle = milliseconds(5);
  return verify(
      {.from = db, .collection = "people", .to = db, .into = "users", .options = options});
}

/// Two collections that are alike.
Database twins(int documents = 50) {
  auto db = empty_database();
  put_people(db, documents);
  put_people(db, documents, "users");
  return db;
}

void remove(Database& db, std::string_view collection, int id) {
  const auto filter = bson::make_document("_id", std::int64_t{id});
  ASSERT_EQ(db.store().remove(db.ns(collection), filter, {}), 1);
}

constexpr VerifyLevel levels[] = {VerifyLevel::counts, VerifyLevel::sample, VerifyLevel::digest,
                                  VerifyLevel::full};

TEST(Verify, LikeCollectionsAreAlikeAtAllLevels) {
  auto db = twins();
  // Stamps and versions are left out.
  set(db, "users", R"({"_id":3})", R"({"$set":{"_v":2,"_q":{"j":"x"}}})");
  for (const VerifyLevel level : levels) {
    const auto report = compare(db, level);
    EXPECT_TRUE(report.ok()) << report.json();
    EXPECT_EQ(report.exit_code(), 0);
    EXPECT_EQ(report.source, 50) << report.json();
    EXPECT_EQ(report.target, 50) << report.json();
  }
  EXPECT_EQ(compare(db, VerifyLevel::digest).source_digest,
            compare(db, VerifyLevel::full).target_digest);
}

TEST(Verify, AMissingAndAnExtraDocumentAreFoundAtAllLevels) {
  for (const bool missing : {true, false}) {
    auto db = twins();
    remove(db, missing ? "users" : "people", 17);
    for (const VerifyLevel level : levels) {
      const auto report = compare(db, level);
      EXPECT_EQ(report.exit_code(), 41) << report.json();
      EXPECT_EQ(report.missing, missing ? 1 : 0) << report.json();
      EXPECT_EQ(report.extra, missing ? 0 : 1) << report.json();
      if (level == VerifyLevel::digest || level == VerifyLevel::full) {
        ASSERT_EQ(report.differences.size(), 1U);
        EXPECT_EQ(report.differences[0].kind, missing ? Kind::missing : Kind::extra);
        EXPECT_EQ(*report.differences[0].key, bson::Value(std::int64_t{17}));
      }
    }
  }
}

TEST(Verify, AChangedFieldIsFoundByDigestAndFullAndByASampleOfAll) {
  auto db = twins();
  set(db, "users", R"({"_id":17})", R"({"$set":{"name":"F17 L18"}})");
  EXPECT_TRUE(compare(db, VerifyLevel::counts).ok());
  EXPECT_FALSE(compare(db, VerifyLevel::sample).ok());  // 1000 of 50
  for (const VerifyLevel level : {VerifyLevel::digest, VerifyLevel::full}) {
    const auto report = compare(db, level);
    ASSERT_EQ(report.differences.size(), 1U) << report.json();
    EXPECT_EQ(report.differences[0].kind, Kind::different);
    EXPECT_EQ(report.differences[0].path, "name");
    EXPECT_NE(report.source_digest, report.target_digest);
  }
}

TEST(Verify, ASampleIsTheSameForASeed) {
  auto db = twins(200);
  for (int i = 0; i < 200; i += 8)
    set(db, "users", R"({"_id":)" + std::to_string(i) + "}", R"({"$set":{"name":"x"}})");
  VerifyOptions options;
  options.sample = 40;
  const auto first = compare(db, VerifyLevel::sample, options);
  EXPECT_EQ(first.json(), compare(db, VerifyLevel::sample, options).json());
  EXPECT_GT(first.different, 0);
  EXPECT_LT(first.different, 25);
}

TEST(Verify, TellsTheFirstPathThatDiffers) {
  const auto path = [](const char* a, const char* b) {
    return data::first_difference(bson::from_json(a), bson::from_json(b));
  };
  EXPECT_EQ(path(R"({"a":{"b":[1,{"c":2}]}})", R"({"a":{"b":[1,{"c":3}]}})"), "a.b[1].c");
  EXPECT_EQ(path(R"({"a":1,"b":2})", R"({"a":1})"), "b");
  EXPECT_EQ(path(R"({"a":1})", R"({"a":1,"c":2})"), "c");
  EXPECT_EQ(path(R"({"a":[1,2]})", R"({"a":[1]})"), "a[1]");
  EXPECT_EQ(path(R"({"a":1})", R"({"a":1.0})"), "a");
  EXPECT_EQ(path(R"({"a":1,"b":2})", R"({"b":2,"a":1})"), "b");  // the order counts
}

TEST(Verify, ComparesThroughAFunctionAlsoWhenItChangesIds) {
  auto db = empty_database();
  put_people(db, 30);
  const auto fn = [](bson::View document) -> std::optional<bson::Document> {
    const auto id = document["_id"].as_int64();
    if (id == 4) return std::nullopt;
    return bson::make_document("_id", "p" + std::to_string(id), "name", document["name"]);
  };
  auto job = small_job(db, db);
  auto report = job.map(fn).verify({.level = VerifyLevel::digest, .settle = milliseconds(5)}).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.verification->source, 29);
  const auto again = [&](VerifyLevel level) {
    return verify({.from = db,
                   .collection = "people",
                   .to = db,
                   .into = "users",
                   .map = fn,
                   .options = {.level = level, .settle = milliseconds(5)}});
  };
  put(db, "users", R"({"_id":"stranger"})");
  set(db, "users", R"({"_id":"p9"})", R"({"$set":{"name":"x"}})");
  for (const VerifyLevel level : {VerifyLevel::digest, VerifyLevel::full}) {
    const auto found = again(level);
    EXPECT_EQ(found.different, 1) << found.json();
    EXPECT_EQ(found.extra, 1) << found.json();
    EXPECT_EQ(found.missing, 0) << found.json();
  }
  EXPECT_EQ(again(VerifyLevel::counts).extra, 1);
}

TEST(Verify, FindsOrphansIndexesValidatorsAndWhatTheProgramChecks) {
  auto db = empty_database();
  put(db, "people", R"({"_id":1,"home":{"city":7},"tags":["a","b"],"age":5})");
  put(db, "users", R"({"_id":1,"home":{"city":7},"tags":["a","b"],"age":5})");
  put(db, "cities", R"({"_id":8})");
  put(db, "tags", R"({"_id":"a"})");
  const auto index = bson::from_json(R"({"key":{"age":1},"name":"age_1","unique":true})");
  const bson::View view = index;
  db.store().create_indexes(db.ns("people"), {&view, 1}, {});
  VerifyOptions options;
  options.indexes = true;
  options.validators = true;
  options.references = {{"home.city", "cities"}, {"tags", "tags"}, {"absent", "cities"}};
  options.check = [](bson::View document) {
    return document["age"].as_int32() < 18 ? std::string("too young") : std::string();
  };
  const auto report = compare(db, VerifyLevel::digest, options);
  EXPECT_EQ(report.exit_code(), 41);
  EXPECT_EQ(report.findings, 4) << report.json();
  const auto has = [&](Kind kind, std::string_view path, std::string_view text) {
    for (const auto& one : report.differences) {
      if (one.kind == kind && one.path == path && one.text.find(text) != std::string::npos)
        return true;
    }
    return false;
  };
  EXPECT_TRUE(has(Kind::index, "age_1", "unique")) << report.json();
  EXPECT_TRUE(has(Kind::orphan, "home.city", "cities has no document with _id 7"));
  EXPECT_TRUE(has(Kind::orphan, "tags", "\"b\""));
  EXPECT_TRUE(has(Kind::check, "", "too young"));
  if (!db.capabilities().json_schema) return;
  ASSERT_TRUE(db.drop_collection("users"));
  db.create_collection("users", bson::from_json(R"({"validator":{"age":{"$gt":1}}})"));
  put(db, "users", R"({"_id":1,"home":{"city":7},"tags":["a","b"],"age":5})");
  options = {};
  options.validators = true;
  const auto validator = compare(db, VerifyLevel::counts, options);
  ASSERT_EQ(validator.differences.size(), 1U) << validator.json();
  EXPECT_EQ(validator.differences[0].kind, Kind::validator);
}

TEST(Verify, AWriterOfBothSidesRaisesNoAlarm) {
  auto db = twins(300);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      const auto id = bson::make_document("_id", std::int64_t{i * 7 % 300});
      const auto body =
          bson::make_document("$set", bson::make_document("name", "n" + std::to_string(i)));
      // Most of the time one side is behind.
      (void)db.store().update(db.ns("people"), id, {body.view()}, {});
      std::this_thread::sleep_for(milliseconds(3));
      (void)db.store().update(db.ns("users"), id, {body.view()}, {});
    }
  });
  for (const VerifyLevel level : levels) {
    VerifyOptions options;
    options.level = level;
    options.settle = milliseconds(400);
    options.sample = 30;
    const auto report =
        verify({.from = db, .collection = "people", .to = db, .into = "users", .options = options});
    EXPECT_TRUE(report.ok()) << report.json();
  }
  stop = true;
  writer.join();
}

TEST(Verify, AJobWithADifferenceIsNotCompleteUntilItIsRepaired) {
  auto db = empty_database();
  put_people(db, 45);
  const auto job = [&](std::stop_token stop = {}) {
    auto one = small_job(db, db);
    one.verify({.level = VerifyLevel::digest, .settle = milliseconds(5)}).stop_token(stop);
    return one;
  };
  // Stopped between copy and comparison: what was compared is not compared again.
  std::stop_source stop;
  auto first = job(stop.get_token());
  first.on_progress([&](const DataProgress& p) {
    if (p.state == JobState::copied || p.state == JobState::verifying) stop.request_stop();
  });
  (void)first.run();
  set(db, "users", R"({"_id":33})", R"({"$set":{"name":"spoilt"}})");
  const auto copies = small_job(db, db).status().counts.written;
  EXPECT_EQ(copies, 45);
  set(db, "_quire_jobs", R"({"_id":"data:people-users"})", R"({"$set":{"state":"copied"}})");
  auto report = job().run();
  EXPECT_EQ(report.result, DataResult::mismatch) << report.json();
  EXPECT_EQ(report.exit_code(), 41);
  EXPECT_EQ(report.state, JobState::copied);
  EXPECT_EQ(report.verification->differences.at(0).path, "name");
  set(db, "users", R"({"_id":33})", R"({"$set":{"name":"F33 L33"}})");
  report = job().run();
  EXPECT_EQ(report.result, DataResult::complete) << report.json();
  EXPECT_EQ(report.state, JobState::complete);
}

TEST(Verify, GoesOnWhereAComparisonWasStopped) {
  auto db = empty_database();
  put_people(db, 40);
  // Half compared: two partitions are through, the others not.
  ASSERT_TRUE(small_job(db, db).run().ok());
  set(db, "_quire_jobs", R"({"_id":"data:people-users"})", R"({"$set":{"state":"verifying"}})");
  for (const int n : {0, 1}) {
    set(db, "_quire_chunks", R"({"_id.n":)" + std::to_string(n) + "}",
        R"({"$set":{"state":"verified","verification":{"source":10,"target":10}}})");
  }
  set(db, "users", R"({"_id":2})", R"({"$set":{"name":"not seen again"}})");
  const auto report =
      small_job(db, db).verify({.level = VerifyLevel::full, .settle = milliseconds(5)}).run();
  EXPECT_EQ(report.result, DataResult::complete) << report.json();
  EXPECT_EQ(report.verification->source, 40);
}

}  // namespace quire::migrate::test::data_verify
