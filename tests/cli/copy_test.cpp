#include "quire/cli/copy.hpp"

#include <cmath>
#include <set>

#include "copy_fixture.hpp"

namespace quire {
namespace {

using namespace quire::test;
using cli::copy_database;
using cli::CopyOptions;
using cli::CopyResult;
using cli::Existing;

class Copy : public CopyTest {};

std::vector<bson::Document> numbered(int from, int to) {
  std::vector<bson::Document> out;
  for (int i = from; i < to; ++i)
    out.push_back(bson::make_document("_id", std::int32_t{i}, "email",
                                      "user" + std::to_string(i) + "@example.org", "age",
                                      std::int32_t{i % 90}));
  return out;
}

/// Documents of every type, 10,000 plain ones, indexes of all kinds that a file has, an empty
/// collection, and the bookkeeping of migrations.
void fill(const Database& db) {
  insert(db, "types", every_type());
  insert(db, "users", numbered(0, 10'000));
  create_index(db, "users", R"({"key": {"email": 1}, "name": "email_1", "unique": true})");
  create_index(db, "users", R"({"key": {"age": -1, "email": 1}, "name": "age_-1_email_1"})");
  create_index(db, "users", R"({"key": {"nick": 1}, "name": "nick_1", "sparse": true})");
  create_index(db, "users", R"({"key": {"age": 1}, "name": "adults",
    "partialFilterExpression": {"age": {"$gte": 18}}})");
  create_index(db, "sessions", R"({"key": {"at": 1}, "name": "at_1", "expireAfterSeconds": 3600})");
  db.store().create_collection(db.ns("nothing"), {}, {});
  insert_json(db, "_quire_history", R"({"_id": "2026_01_01_first", "state": "applied"})");
  insert_json(db, "_quire_lock", R"({"_id": "migrate", "token": 5})");
}

std::set<std::string> index_names(const Database& db, std::string_view collection) {
  std::set<std::string> out;
  for (const auto& index : db.store().list_indexes(db.ns(collection)))
    out.insert(std::string(index["name"].as_string()));
  return out;
}

void expect_same(const Database& a, const Database& b) {
  for (const char* name : {"types", "users", "_quire_history"}) {
    const auto left = all(a, name), right = all(b, name);
    ASSERT_EQ(left.size(), right.size()) << name;
    for (std::size_t i = 0; i < left.size(); ++i)
      ASSERT_TRUE(left[i] == right[i])
          << name << ": " << bson::to_json(left[i], bson::JsonMode::canonical) << "\n"
          << bson::to_json(right[i], bson::JsonMode::canonical);
  }
  for (const char* name : {"users", "sessions"}) {
    EXPECT_EQ(index_names(a, name), index_names(b, name));
    for (const auto& mine : a.store().list_indexes(a.ns(name))) {
      for (const auto& theirs : b.store().list_indexes(b.ns(name))) {
        if (!(mine["name"].as_string() == theirs["name"].as_string())) continue;
        EXPECT_TRUE(mine["key"].as_document() == theirs["key"].as_document());
        for (const char* option : {"unique", "sparse", "partialFilterExpression"})
          EXPECT_EQ(mine.contains(option), theirs.contains(option)) << option;
        EXPECT_EQ(mine.contains("expireAfterSeconds"), theirs.contains("expireAfterSeconds"));
      }
    }
  }
  EXPECT_TRUE(has_collection(b, "nothing"));
  EXPECT_FALSE(has_collection(b, "_quire_lock"));
  EXPECT_FALSE(has_collection(b, "_quire_copy"));
}

TEST_F(Copy, ValidatorsGoAlongWithDocumentsThatAreOlderThanThey) {
  const Database a = open_file("a.quire"), b = open_file("b.quire");
  insert_json(a, "people", R"({"_id": 1, "age": "old"})");
  (void)a.store().run_command(
      a.name(), bson::from_json(R"({"collMod": "people", "validator": {"age": {"$type": "int"}}})"),
      nullptr);
  const auto report = copy_database(a, b);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(of(report, "people").copied, 1);
  EXPECT_EQ(bson::to_json(b.store().list_collections(b.name()).at(0).options),
            bson::to_json(a.store().list_collections(a.name()).at(0).options));
}

TEST_F(Copy, FromFileToFileIsTheSameByteForByte) {
  const Database a = open_file("a.quire"), b = open_file("b.quire");
  fill(a);
  CopyOptions options;
  options.batch_documents = 7;  // ids of a type end within batches and at their edges
  options.collections = {"types"};
  ASSERT_EQ(copy_database(a, b, options).exit_code(), 0);
  options = {};
  options.exclude = {"types"};
  options.existing = Existing::skip;
  const auto report = copy_database(a, b, options);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_TRUE(report.verified);
  EXPECT_EQ(of(report, "users").copied, 10'000);
  EXPECT_EQ(of(report, "users").indexes, 4);
  EXPECT_EQ(of(report, "users").source->documents, 10'000);
  EXPECT_EQ(of(report, "users").source->digest, of(report, "users").target->digest);
  expect_same(a, b);
}

TEST_F(Copy, EachSizeOfBatchTakesAllIdsOfMixedTypes) {
  const Database a = open_file("a.quire");
  insert(a, "types", every_type());
  const auto wanted = all(a, "types");
  for (std::int64_t size : {1, 2, 3, 5, 18, 19, 20, 21, 100}) {
    const Database b = open_file("b" + std::to_string(size) + ".quire");
    CopyOptions options;
    options.batch_documents = size;
    ASSERT_TRUE(copy_database(a, b, options).ok()) << size;
    EXPECT_EQ(all(b, "types").size(), wanted.size()) << size;
  }
}

TEST_F(Copy, BatchesEndByBytesToo) {
  const Database a = open_file("a.quire"), b = open_file("b.quire");
  std::vector<bson::Document> big;
  for (std::int32_t i = 0; i < 40; ++i)
    big.push_back(bson::make_document("_id", i, "text", std::string(100'000, 'x')));
  insert(a, "big", big);
  int calls = 0;
  CopyOptions options;
  options.batch_bytes = 500'000;
  options.progress = [&](const cli::CopyProgress& p) { calls += p.phase == "copy"; };
  ASSERT_TRUE(copy_database(a, b, options).ok());
  EXPECT_GE(calls, 8);
  EXPECT_EQ(all(b, "big").size(), 40U);
}

TEST_F(Copy, ATargetWithDocumentsIsRefusedBeforeAnythingIsWritten) {
  const Database a = open_file("a.quire"), b = open_file("b.quire");
  fill(a);
  insert_json(b, "other", R"({"_id": 1})");
  const auto report = copy_database(a, b);
  EXPECT_EQ(report.result, CopyResult::failed);
  EXPECT_EQ(report.exit_code(), 30);
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->code(), ErrorCode::namespace_exists);
  EXPECT_NE(report.error->detail().find("\"other\""), std::string::npos);
  EXPECT_EQ(b.collection_names(), std::vector<std::string>{"other"});
  EXPECT_THROW((void)report.or_throw(), Error);
}

TEST_F(Copy, ExistingDocumentsAreSkippedOrReplacedAsAsked) {
  const Database a = open_file("a.quire");
  insert(a, "users", numbered(0, 100));
  for (const auto existing : {Existing::skip, Existing::replace}) {
    const bool skip = existing == Existing::skip;
    const Database b = open_file(skip ? "skip.quire" : "replace.quire");
    insert_json(b, "users", R"({"_id": 5, "email": "kept"})");
    insert_json(b, "users", R"({"_id": 1000, "email": "own"})");
    CopyOptions options;
    options.existing = existing;
    const auto report = copy_database(a, b, options);
    ASSERT_TRUE(report.ok()) << report.json();
    EXPECT_EQ(of(report, "users").copied, 99);
    EXPECT_EQ(of(report, "users").skipped, skip ? 1 : 0);
    EXPECT_EQ(of(report, "users").replaced, skip ? 0 : 1);
    const auto now = all(b, "users");
    ASSERT_EQ(now.size(), 101U);
    EXPECT_EQ(now[5]["email"].as_string(), skip ? "kept" : "user5@example.org");
  }
}

TEST_F(Copy, SkippingDoesNotHideADocumentThatAnotherUniqueIndexRefuses) {
  const Database a = open_file("a.quire"), b = open_file("b.quire");
  insert(a, "users", numbered(0, 10));
  create_index(b, "users", R"({"key": {"email": 1}, "name": "email_1", "unique": true})");
  insert_json(b, "users", R"({"_id": "x", "email": "user3@example.org"})");
  CopyOptions options;
  options.existing = Existing::skip;
  const auto report = copy_database(a, b, options);
  EXPECT_EQ(report.exit_code(), 31);
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->code(), ErrorCode::duplicate_key);
  EXPECT_NE(report.error->detail().find("document _id 3 of \"users\""), std::string::npos)
      << report.error->detail();
}

TEST_F(Copy, AChangeMeanwhileIsFoundAndNamed) {
  const Database a = open_file("a.quire"), b = open_file("b.quire");
  insert(a, "users", numbered(0, 3000));
  insert(a, "orders", numbered(0, 10));
  CopyOptions options;
  bool changed = false;
  options.progress = [&](const cli::CopyProgress& p) {
    if (p.phase != "verify" || changed) return;
    changed = true;
    const auto one = bson::from_json(R"({"$set": {"age": 1000}})");
    (void)a.store().update(a.ns("users"), bson::from_json(R"({"_id": 1234})"), {one.view()}, {});
    (void)a.store().remove(a.ns("users"), bson::from_json(R"({"_id": 2000})"), {});
    insert_json(a, "users", R"({"_id": "new"})");
  };
  const auto report = copy_database(a, b, options);
  EXPECT_EQ(report.result, CopyResult::mismatch);
  EXPECT_EQ(report.exit_code(), 41);
  EXPECT_TRUE(of(report, "orders").matches);
  const auto& users = of(report, "users");
  EXPECT_FALSE(users.matches);
  ASSERT_EQ(users.differences.size(), 3U);
  using Kind = cli::CopyDifference::Kind;
  EXPECT_EQ(users.differences[0].kind, Kind::changed);
  EXPECT_EQ(users.differences[0].id, bson::Value(std::int32_t{1234}));
  EXPECT_EQ(users.differences[1].kind, Kind::missing);
  EXPECT_EQ(users.differences[1].id, bson::Value("new"));
  EXPECT_EQ(users.differences[2].kind, Kind::extra);
  EXPECT_EQ(users.differences[2].id, bson::Value(std::int32_t{2000}));
  EXPECT_NE(report.json().find(R"("result": "mismatch")"), std::string::npos) << report.json();
  EXPECT_FALSE(has_collection(b, "_quire_copy"));
}

TEST_F(Copy, AnIdOfAnotherNumericTypeIsADifference) {
  const Database a = open_file("a.quire"), b = open_file("b.quire");
  insert_json(a, "c", R"({"_id": {"$numberInt": "1"}})");
  insert_json(b, "c", R"({"_id": {"$numberDouble": "1.0"}})");
  CopyOptions options;
  options.existing = Existing::skip;  // 1 and 1.0 are one _id: it is there, and stays
  const auto report = copy_database(a, b, options);
  EXPECT_EQ(of(report, "c").skipped, 1);
  EXPECT_EQ(report.result, CopyResult::mismatch);
}

TEST_F(Copy, StopsAtTheEdgeOfABatchAndGoesOn) {
  const Database a = open_file("a.quire"), b = open_file("b.quire");
  fill(a);
  std::stop_source stop;
  CopyOptions options;
  options.batch_documents = 100;
  options.stop = stop.get_token();
  options.progress = [&](const cli::CopyProgress& p) {
    if (p.collection == "users" && p.done >= 3000) stop.request_stop();
  };
  const auto first = copy_database(a, b, options);
  EXPECT_EQ(first.exit_code(), 32);
  EXPECT_EQ(all(b, "users").size(), 3000U);
  EXPECT_TRUE(has_collection(b, "_quire_copy"));

  const auto again = copy_database(a, b, {});
  EXPECT_EQ(again.exit_code(), 30);
  EXPECT_NE(again.error->detail().find("--resume"), std::string::npos);

  CopyOptions resume;
  resume.resume = true;
  const auto second = copy_database(a, b, resume);
  ASSERT_TRUE(second.ok()) << second.json();
  EXPECT_EQ(of(second, "users").copied, 7000);
  EXPECT_EQ(of(second, "types").copied, 0);  // that was done
  expect_same(a, b);
}

TEST_F(Copy, ResumesOnlyACopyOfTheSameSource) {
  const Database a = open_file("a.quire"), b = open_file("b.quire"), c = open_file("c.quire");
  insert(a, "users", numbered(0, 10));
  insert(c, "users", numbered(0, 10));
  CopyOptions resume;
  resume.resume = true;
  const auto none = copy_database(a, b, resume);
  EXPECT_EQ(none.exit_code(), 30);
  EXPECT_EQ(none.error->code(), ErrorCode::not_found);
  std::stop_source stop;
  CopyOptions options;
  options.stop = stop.get_token();
  options.progress = [&](const cli::CopyProgress&) { stop.request_stop(); };
  ASSERT_EQ(copy_database(a, b, options).exit_code(), 32);
  const auto other = copy_database(c, b, resume);
  EXPECT_EQ(other.error->code(), ErrorCode::invalid_argument);
  const auto from_unfinished = copy_database(b, c, {.existing = Existing::skip});
  EXPECT_EQ(from_unfinished.error->code(), ErrorCode::invalid_argument);
  EXPECT_TRUE(copy_database(a, b, resume).ok());
}

TEST_F(Copy, NamesThatTheSourceLacksAreRefused) {
  const Database a = open_file("a.quire"), b = open_file("b.quire");
  insert(a, "users", numbered(0, 10));
  for (const bool exclude : {false, true}) {
    CopyOptions options;
    (exclude ? options.exclude : options.collections) = {"usres"};
    const auto report = copy_database(a, b, options);
    EXPECT_EQ(report.exit_code(), 30);
    EXPECT_EQ(report.error->code(), ErrorCode::namespace_not_found);
    EXPECT_NE(report.error->detail().find("usres"), std::string::npos);
  }
  EXPECT_TRUE(b.collection_names().empty());
}

TEST_F(Copy, TheSameDatabaseIsRefusedUnderTwoHandles) {
  const Database a = open_file("a.quire"), again = open_file("a.quire");
  insert(a, "users", numbered(0, 10));
  for (const Database& target : {a, again}) {
    CopyOptions options;
    options.existing = Existing::replace;
    const auto report = copy_database(a, target, options);
    EXPECT_EQ(report.exit_code(), 30);
    EXPECT_EQ(report.error->code(), ErrorCode::invalid_argument);
  }
  EXPECT_FALSE(has_collection(a, "_quire_copy"));
  EXPECT_EQ(all(a, "users").size(), 10U);
  EXPECT_TRUE(copy_database(a, a.with_name("other")).ok());
}

TEST_F(Copy, WithoutVerificationNothingIsReadAgain) {
  const Database a = open_file("a.quire"), b = open_file("b.quire");
  insert(a, "users", numbered(0, 10));
  CopyOptions options;
  options.verify = false;
  const auto report = copy_database(a, b, options);
  EXPECT_TRUE(report.ok());
  EXPECT_FALSE(report.verified);
  EXPECT_FALSE(of(report, "users").source);
}

}  // namespace
}  // namespace quire
