#include "fixture.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/duplicates.hpp"
#include "quire/testing/hooked_store.hpp"

namespace quire::migrate {
namespace {

using namespace test;

bson::Document keys(std::string_view json) { return bson::from_json(json); }

/// Pairs of one value, and an empty store in front of which calls are counted.
class CountedPairs {
 public:
  explicit CountedPairs(std::int32_t pairs) {
    std::vector<bson::Document> documents;
    for (std::int32_t i = 0; i < 2 * pairs; ++i)
      documents.push_back(bson::make_document("_id", i, "k", i % pairs));
    const std::vector<bson::View> views(documents.begin(), documents.end());
    EXPECT_TRUE(plain.store().insert(plain.ns("c"), views, {}).errors.empty());
  }
  Database plain = empty_database();
  std::int64_t aggregates = 0;
  std::int64_t writes = 0;
  std::int64_t fails_at = 0;  ///< number of the write that throws
  Database db{std::make_shared<testing::HookedStore>(
                  plain.shared_store(),
                  [this](const testing::StoreCall& call) {
                    if (call.returned) return;
                    if (call.operation == "aggregate") ++aggregates;
                    if (call.operation == "bulk_write" && ++writes == fails_at)
                      throw StoreError(ErrorCode::io_error, "gone");
                  }),
              plain.name()};
};

TEST(Duplicates, AreListedInOnePassHoweverManyThereAre) {
  CountedPairs counted(400);
  DuplicateOptions options;
  options.most = 399;
  const auto found = find_duplicates(counted.db, "c", keys(R"({"k": 1})"), options);
  EXPECT_EQ(found.groups.size(), 399U);
  EXPECT_TRUE(found.more);
  EXPECT_EQ(found.groups.back().ids,
            (std::vector<bson::Value>{bson::Value(398), bson::Value(798)}));
  EXPECT_EQ(counted.aggregates, 1);
}

TEST(ResolveDuplicates, ReadsTheCollectionTwiceHoweverManyGroupsThereAre) {
  // Servers take longest: fewer batches show the same.
  const int groups = quire::test::on_server() ? 260 : 1200;
  const int batches = (2 * groups + 499) / 500;
  CountedPairs counted(groups);
  const auto done = resolve_duplicates(counted.db, "c", keys(R"({"k": 1})"), Keep::newest);
  EXPECT_EQ(done.groups, groups);
  EXPECT_EQ(done.removed, groups);
  const std::string later = R"({"_id": {"$gte": )" + std::to_string(groups) + "}}";
  EXPECT_EQ(count(counted.plain, "c", later), groups);
  EXPECT_EQ(count(counted.plain, "c"), groups);
  // The collection, once more at the end, and the documents of each batch of 500.
  EXPECT_EQ(counted.aggregates, 2 + batches);
  EXPECT_EQ(counted.writes, 2 * batches);
}

TEST(ResolveDuplicates, GoesOnWhereACallFailed) {
  CountedPairs counted(300);
  counted.fails_at = 4;  // the removals of the second batch
  EXPECT_THROW((void)resolve_duplicates(counted.db, "c", keys(R"({"k": 1})"), Keep::oldest),
               StoreError);
  EXPECT_EQ(count(counted.plain, "c"), 350);
  const auto rest = resolve_duplicates(counted.db, "c", keys(R"({"k": 1})"), Keep::oldest);
  EXPECT_EQ(rest.removed, 50);
  EXPECT_EQ(count(counted.plain, "c", R"({"_id": {"$lt": 300}})"), 300);
  EXPECT_EQ(count(counted.plain, "c"), 300);
  EXPECT_EQ(count(counted.plain, "_quire_rejects"), 300);
}

TEST(ResolveDuplicates, LargeGroupsKeepTheOneOfTheAgeThatIsWanted) {
  // More than a batch of 500; servers take longest.
  const std::int32_t size = quire::test::on_server() ? 510 : 1300;
  for (const Keep keep : {Keep::oldest, Keep::newest}) {
    Database db = empty_database();
    std::vector<bson::Document> documents;
    for (std::int32_t i = 0; i < size; ++i)
      documents.push_back(bson::make_document("_id", i, "k", 1, "at", i * 7 % size));
    const std::vector<bson::View> views(documents.begin(), documents.end());
    ASSERT_TRUE(db.store().insert(db.ns("c"), views, {}).errors.empty());
    ResolveOptions by_time;
    by_time.by = "at";
    by_time.keep_removed = false;
    const auto done = resolve_duplicates(db, "c", keys(R"({"k": 1})"), keep, by_time);
    EXPECT_EQ(done.groups, 1);
    EXPECT_EQ(done.removed, size - 1);
    const std::int32_t kept = keep == Keep::oldest ? 0 : size - 1;
    EXPECT_EQ(count(db, "c", R"({"at": )" + std::to_string(kept) + "}"), 1);
  }
}

TEST(ResolveDuplicates, HoldsFewOfLargeDocumentsAtOnce) {
  if (quire::test::on_server()) GTEST_SKIP() << "21 MB for what does not depend on the store";
  Database db = empty_database();
  const std::string three(3 << 20, 'x');
  for (std::int32_t i = 0; i < 7; ++i) {
    const auto document = bson::make_document("_id", i, "k", i < 5 ? 1 : 2, "text", three);
    const bson::View view = document;
    ASSERT_TRUE(db.store().insert(db.ns("c"), {&view, 1}, {}).errors.empty());
  }
  const auto done = resolve_duplicates(db, "c", keys(R"({"k": 1})"), Keep::newest);
  EXPECT_EQ(done.groups, 2);
  EXPECT_EQ(done.removed, 5);
  EXPECT_EQ(count(db, "c", R"({"_id": {"$in": [4, 6]}})"), 2);
}

TEST(ResolveDuplicates, NumbersAreTheSameWhateverTheirType) {
  Database db = empty_database();
  const char* groups[][4] = {
      {"7", "7.0", R"({"$numberLong": "7"})", R"({"$numberDecimal": "7.00"})"},
      {"0.5", R"({"$numberDecimal": "0.50"})", "0.5", "0.5"},
      {R"({"a": [1, {"b": 2}]})", R"({"a": [1.0, {"b": 2}]})", R"({"a": [1, {"b": 2.0}]})",
       R"({"a": [1, {"b": 2}]})"},
      {"0.0", "-0.0", "0", R"({"$numberDecimal": "0E+3"})"},
      {R"({"$numberDouble": "NaN"})", R"({"$numberDecimal": "NaN"})", R"({"$numberDouble": "NaN"})",
       R"({"$numberDouble": "NaN"})"}};
  int id = 0;
  // SecantusDB finds no document that has a NaN by $$ROOT, so it cannot be removed as it was read.
  const std::size_t some = std::size(groups) - (quire::test::on_server() ? 1 : 0);
  for (const auto& group : std::span(groups).first(some)) {
    for (const char* value : group)
      put(db, "c", R"({"_id": )" + std::to_string(id++) + R"(, "k": )" + value + "}");
  }
  const int pairs = id;
  for (const char* other : {R"({"$numberLong": "9007199254740993"})", "9007199254740992.0",
                            R"({"$numberDecimal": "0.1"})", "0.1", R"({"b": 1, "a": 2})",
                            R"({"a": 2, "b": 1})", R"("7")", R"({"$numberDouble": "Infinity"})"})
    put(db, "c", R"({"_id": )" + std::to_string(id++) + R"(, "k": )" + other + "}");
  const auto done = resolve_duplicates(db, "c", keys(R"({"k": 1})"), Keep::oldest);
  EXPECT_EQ(done.removed, pairs / 4 * 3) << find_duplicates(db, "c", keys(R"({"k": 1})")).str();
  EXPECT_EQ(count(db, "c"), id - pairs / 4 * 3);
}

TEST(ResolveDuplicates, KeepsTheOldestOrTheNewest) {
  Database db = empty_database();
  for (int i = 0; i < 7; ++i)
    put(db, "c",
        R"({"_id": )" + std::to_string(i) + R"(, "k": )" + std::to_string(i % 2) + R"(, "at": )" +
            std::to_string(-i) + "}");
  ResolveOptions by_time;
  by_time.by = "at";
  const auto done = resolve_duplicates(db, "c", keys(R"({"k": 1})"), Keep::newest, by_time);
  EXPECT_EQ(done.groups, 2);
  EXPECT_EQ(done.removed, 5);
  EXPECT_EQ(all(db, "c"), (std::vector<std::string>{same(R"({"_id": 0, "k": 0, "at": 0})"),
                                                    same(R"({"_id": 1, "k": 1, "at": -1})")}));
  EXPECT_EQ(count(db, "_quire_rejects"), 5);
  EXPECT_EQ(count(db, "_quire_rejects", R"({"document.at": -6, "_id.job": "duplicates:c:k_1"})"),
            1);
  EXPECT_EQ(resolve_duplicates(db, "c", keys(R"({"k": 1})"), Keep::oldest).removed, 0);
}

TEST(ResolveDuplicates, DocumentsOfSeveralGroupsGoOnce) {
  Database db = empty_database();
  put(db, "c", R"({"_id": 1, "k": ["a"]})");
  put(db, "c", R"({"_id": 2, "k": ["a", "b"]})");
  put(db, "c", R"({"_id": 3, "k": ["b"]})");
  const auto done = resolve_duplicates(db, "c", keys(R"({"k": 1})"), Keep::oldest);
  EXPECT_GE(done.removed, 1);
  EXPECT_EQ(done.removed, count(db, "_quire_rejects"));
  EXPECT_TRUE(find_duplicates(db, "c", keys(R"({"k": 1})")).empty());
}

TEST(ResolveDuplicates, MergesUnderTheIdOfOne) {
  Database db = empty_database();
  put(db, "c", R"({"_id": 1, "k": "a", "n": 2})");
  put(db, "c", R"({"_id": 2, "k": "a", "n": 3})");
  put(db, "c", R"({"_id": 3, "k": "b", "n": 4})");
  const auto add = [](const std::vector<bson::Document>& group) {
    std::int32_t n = 0;
    for (const auto& one : group) n += one["n"].as_int32();
    return bson::make_document("_id", group.back()["_id"], "k", group.back()["k"], "n", n);
  };
  const auto done = resolve_duplicates(db, "c", keys(R"({"k": 1})"), add);
  EXPECT_EQ(done.merged, 1);
  EXPECT_EQ(done.removed, 1);
  EXPECT_EQ(all(db, "c"), (std::vector<std::string>{same(R"({"_id": 2, "k": "a", "n": 5})"),
                                                    same(R"({"_id": 3, "k": "b", "n": 4})")}));
  put(db, "c", R"({"_id": 4, "k": "b", "n": 4})");
  const auto other = [](const std::vector<bson::Document>&) {
    return bson::from_json(R"({"_id": 99})");
  };
  EXPECT_THROW(resolve_duplicates(db, "c", keys(R"({"k": 1})"), other), StoreError);
  EXPECT_EQ(count(db, "c"), 3);
}

TEST(ResolveDuplicates, IsAStepInFrontOfTheIndex) {
  Database db = empty_database();
  const int last = quire::test::on_server() ? 20 : 1202;  // more than two batches
  for (int i = 0; i <= last; ++i)
    put(db, "users", R"({"_id": )" + std::to_string(i) + R"(, "email": "one"})");
  Migrations migrations;
  migrations.add({.id = "unique",
                  .up = Steps{resolve_duplicates("users", keys(R"({"email": 1})"), Keep::newest),
                              create_index("users", keys(R"({"email": 1})"), {.unique = true})}});
  const auto report = MigrationRunner{db, migrations}.run();
  EXPECT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(all(db, "users"), std::vector<std::string>{same(R"({"_id": )" + std::to_string(last) +
                                                            R"(, "email": "one"})")});
  EXPECT_THROW((void)resolve_duplicates("users", keys("{}"), Keep::newest), QueryError);
}

}  // namespace
}  // namespace quire::migrate
