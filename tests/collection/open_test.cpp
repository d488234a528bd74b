#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "quire/bson/json.hpp"
#include "quire/collection/collection.hpp"
#include "servers.hpp"

namespace quire {
namespace {

struct Thing {
  std::int32_t id = 0;
  std::string name = {};
  static auto model() { return quire::model<Thing>("things"); }
};
struct Count {
  std::string id;
  std::int32_t n = 0;
};

/// A variable of the environment for the time of a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

template <class F>
std::string message_of(ErrorCode code, F&& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

TEST(OpenFromEnvironment, TakesUriAndDatabase) {
  const Variable uri("QUIRE_OPEN_TEST_URI", ":memory:");
  const Variable database("QUIRE_OPEN_TEST_DATABASE", "tenant");
  const auto db =
      open_from_environment({.uri = "QUIRE_OPEN_TEST_URI", .database = "QUIRE_OPEN_TEST_DATABASE"});
  EXPECT_EQ(db.name(), "tenant");
  EXPECT_EQ(db.store().kind(), "embedded");
  EXPECT_EQ(open_from_environment({.uri = "QUIRE_OPEN_TEST_URI", .database = ""}).name(), "main");
}

TEST(OpenFromEnvironment, NamesTheVariableThatIsNotSet) {
  const auto text = message_of(ErrorCode::invalid_uri, [] {
    (void)open_from_environment({.uri = "QUIRE_OPEN_TEST_NOT_SET"});
  });
  EXPECT_NE(text.find("QUIRE_OPEN_TEST_NOT_SET"), std::string::npos);
  EXPECT_EQ(open_from_environment({.uri = "QUIRE_OPEN_TEST_NOT_SET", .fallback_uri = ":memory:"})
                .store()
                .kind(),
            "embedded");
}

#ifdef QUIRE_TEST_MONGODB
TEST(OpenFromEnvironment, NeverRepeatsAPassword) {
  const Variable uri("QUIRE_OPEN_TEST_URI", "mongodb://ada:h/unter2@localhost");
  const auto text = message_of(ErrorCode::invalid_uri,
                               [] { (void)open_from_environment({.uri = "QUIRE_OPEN_TEST_URI"}); });
  EXPECT_EQ(text.find("unter2"), std::string::npos) << text;
}

TEST(Open, WantsTheNameOfADatabase) {
  const auto text =
      message_of(ErrorCode::invalid_uri, [] { (void)open("mongodb://ada:secret@localhost"); });
  EXPECT_NE(text.find("names no database"), std::string::npos);
  EXPECT_EQ(text.find("secret"), std::string::npos);
  EXPECT_EQ(open("mongodb://localhost", {.database = "given"}).name(), "given");
  EXPECT_EQ(open("mongodb://localhost/own", {.database = "given"}).name(), "given");
}
#endif

TEST(Database, RunsCommandsAndTellsWhatItIs) {
  const auto db = open(test::store_uri());
  EXPECT_TRUE(db.run_command(bson::from_json(R"({"ping": 1})")).contains("ok"));
  EXPECT_TRUE(db.health().ok);
  EXPECT_EQ(db.capabilities().online_backup, db.store().kind() == "embedded");
  EXPECT_FALSE(db.drop_collection("none"));
  db.create_collection("things");
  EXPECT_EQ(db.collection_names(), std::vector<std::string>{"things"});
  EXPECT_TRUE(db.drop_collection("things"));
}

TEST(Aggregate, RawStagesGiveRowsWhereTheStoreHasThem) {
  const auto db = open(test::store_uri());
  const auto things = db.collection<Thing>();
  (void)things.insert_many(std::vector<Thing>{{1, "a"}, {2, "b"}, {3, "a"}}).or_throw();
  const auto groups = [&] {
    return things
        .aggregate({query::json(R"({"$group": {"_id": "$name", "n": {"$sum": 1}}})"),
                    query::json(R"({"$sort": {"_id": 1}})")})
        .as<Count>();
  };
  if (!db.capabilities().aggregation) {
    (void)message_of(ErrorCode::unsupported, [&] { (void)groups().to_vector(); });
    return;
  }
  const auto rows = groups()
                        .batch_size(1)
                        .allow_disk_use()
                        .max_time(std::chrono::seconds(10))
                        .comment("test")
                        .to_vector();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].id, "a");
  EXPECT_EQ(rows[0].n, 2);
  int sum = 0;
  auto again = groups();
  for (const Count& row : again) sum += row.n;
  EXPECT_EQ(sum, 3);
  EXPECT_EQ(groups().first()->n, 2);
  things
      .aggregate({query::json(R"({"$match": {"name": "a"}})"), query::json(R"({"$out": "copy"})")})
      .write_concern(WriteConcern::majority())
      .run();
  EXPECT_EQ(db.collection<Thing>("copy").count(), 2);
  EXPECT_EQ(things.aggregate({query::json(R"({"$match": {"_id": 2}})")}).to_vector().size(), 1U);
  // A server may lack a stage that another has; the embedded store knows all that there are.
  (void)message_of(
      db.store().kind() == "embedded" ? ErrorCode::invalid_query : ErrorCode::unsupported,
      [&] { (void)things.aggregate({query::json(R"({"$noSuchStage": {}})")}).to_vector(); });
}

TEST(View, IsReadThroughItsPipeline) {
  const auto db = open(test::store_uri());
  const auto things = db.collection<Thing>();
  (void)things.insert_many(std::vector<Thing>{{1, "a"}, {2, "b"}}).or_throw();
  const std::vector<bson::Document> pipeline{bson::from_json(R"({"$match": {"name": "b"}})")};
  if (!db.capabilities().views) {
    (void)message_of(ErrorCode::unsupported, [&] { db.create_view("bs", "things", pipeline); });
    return;
  }
  db.create_view("bs", "things", pipeline);
  const auto rows = db.collection<Thing>("bs").find().to_vector();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].id, 2);
}

TEST(Concerns, OfHandlesAndCallsAreTaken) {
  const auto db = open(test::store_uri())
                      .with({.read = ReadConcern{"majority"}, .write = WriteConcern::majority()});
  const auto things = db.collection<Thing>();
  things.insert(Thing{1, "a"});
  things.insert(Thing{2, "b"}, {.write_concern = WriteConcern::members(1)});
  things.update_one(query::field<&Thing::id> == 1, query::field<&Thing::name>.set("c"));
  EXPECT_EQ(things.count(), 2);
  EXPECT_EQ(things.estimated_count(), 2);
  EXPECT_TRUE(things.find_one({}, {.read_concern = ReadConcern{"local"}}));
  EXPECT_EQ(things.find()
                .read_concern(ReadConcern{"local"})
                .read_preference({.mode = ReadPreference::Mode::nearest})
                .to_vector()
                .size(),
            2U);
  const auto many = db.with({.write = WriteConcern::members(50)});
  EXPECT_THROW(many.collection<Thing>().insert(Thing{3, "d"}), StoreError);
  // A server has written it all the same: that 50 members did not confirm it is all it says.
  (void)things.remove_one(query::field<&Thing::id> == 3);
  EXPECT_EQ(things.distinct(query::field<&Thing::name>, {}, {.hint = "_id_"}).size(), 2U);
  if (db.capabilities().transactions) {
    // Within a transaction its own concerns hold: those of the handle would be refused there.
    db.transaction([&](Session& s) { things.insert(Thing{4, "e"}, {.session = s}); });
    EXPECT_EQ(things.count(query::field<&Thing::name> == "e"), 1);
  }
}

}  // namespace
}  // namespace quire
