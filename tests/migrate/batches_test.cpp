// What batches take, keep and cost: ids of several types, references of other number types, rejects
// that do not fit, the round trips of a start with nothing to do.
#include <atomic>

#include "fixture.hpp"
#include "migrate/key_walk.hpp"
#include "migrate/reject_row.hpp"
#include "quire/core/error.hpp"
#include "quire/store/observer.hpp"

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
