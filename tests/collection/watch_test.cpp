#include "quire/collection/watch.hpp"

#include <string>
#include <vector>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/collection/document.hpp"
#include "watch_fixture.hpp"
#ifdef QUIRE_TEST_MONGODB
#include "quire/store/mongodb/interop.hpp"
#endif

namespace quire::watch_test {
namespace {

using query::json;

INSTANTIATE_TEST_SUITE_P(Stores, Watch, watched_stores, store_name);

TEST_P(Watch, GivesATypedEventOfEachOperation) {
  auto stream = users->watch();
  User ada{.email = "ada", .age = 36, .address = Address{"London"}};
  users->insert(ada);
  users->update_one(email == "ada", age.set(37), address.unset());
  ada.age = 1;
  users->replace(ada);
  users->remove(ada.id);

  auto event = wait_for_event(stream);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, ChangeType::insert);
  EXPECT_EQ(event->operation_name, "insert");
  EXPECT_EQ(event->database, db->name());
  EXPECT_EQ(event->collection, "users");
  EXPECT_EQ(event->id, ada.id);
  EXPECT_EQ(event->document_key, bson::make_document("_id", ada.id));
  ASSERT_TRUE(event->document);
  EXPECT_EQ(event->document->age, 36);
  EXPECT_EQ(event->document->address->city, "London");
  EXPECT_FALSE(event->before);
  EXPECT_TRUE(event->cluster_time);
  EXPECT_EQ(event->raw["operationType"].as_string(), "insert");
  EXPECT_EQ(event->resume_token, stream.resume_token());
  if (event->wall_time) {  // of MongoDB 6.0 and newer
    EXPECT_LT(std::chrono::abs(now() - *event->wall_time), 1min);
  }

  event = wait_for_event(stream);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, ChangeType::update);
  EXPECT_EQ(event->id, ada.id);
  EXPECT_FALSE(event->document);
  EXPECT_EQ(event->update.updated_fields, bson::make_document("age", 37));
  EXPECT_EQ(event->update.removed_fields, std::vector<std::string>{"address"});

  event = wait_for_event(stream);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, ChangeType::replace);
  EXPECT_EQ(event->document->age, 1);
  EXPECT_TRUE(event->update.updated_fields.empty());

  event = wait_for_event(stream);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, ChangeType::remove);
  EXPECT_EQ(event->operation_name, "delete");
  EXPECT_EQ(event->id, ada.id);
  EXPECT_FALSE(event->document);
  EXPECT_FALSE(stream.next());
  EXPECT_FALSE(stream.ended());
}

TEST_P(Watch, EndsAfterADrop) {
  users->insert(User{.email = "a"});
  auto stream = users->watch();
  users->insert(User{.email = "b"});
  users->drop();
  std::vector<ChangeType> types;
  for (const auto& event : stream) types.push_back(event.type);
  EXPECT_EQ(types, (std::vector<ChangeType>{ChangeType::insert, ChangeType::drop,
                                            ChangeType::invalidate}));
  EXPECT_TRUE(stream.ended());
  EXPECT_FALSE(stream.next());
  // The token of the invalidate: a new stream may start behind it.
  auto after = users->watch({}, {.start_after = stream.resume_token(), .max_await = 100ms});
  users->insert(User{.email = "c"});
  const auto event = wait_for_event(after);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->document->email, "c");
}

TEST_P(Watch, TellsTheNewNameOfARenamedCollection) {
  users->insert(User{.email = "a"});
  auto stream = users->watch();
  (void)db->with_name("admin").run_command(
      bson::make_document("renameCollection", db->name() + ".users", "to", db->name() + ".people"));
  const auto event = wait_for_event(stream);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, ChangeType::rename);
  EXPECT_EQ(event->collection, "users");
  EXPECT_EQ(event->renamed_to, "people");
  EXPECT_FALSE(event->id);
}

TEST_P(Watch, LooksUpTheDocumentOfAnUpdate) {
  users->insert(User{.email = "a", .age = 1});
  auto stream = users->watch({}, {.full_document = FullDocument::update_lookup});
  users->update_one(email == "a", age.set(2));
  const auto event = wait_for_event(stream);
  ASSERT_TRUE(event);
  ASSERT_TRUE(event->document);
  EXPECT_EQ(event->document->age, 2);
  // It is looked up when the event is read: what is gone by then is no document.
  users->update_one(email == "a", age.set(3));
  users->remove_many({});
  const auto gone = wait_for_event(stream);
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->type, ChangeType::update);
  EXPECT_FALSE(gone->document);
}

TEST_P(Watch, GivesImagesOfBeforeAndAfterWhereTheCollectionKeepsThem) {
  db->create_collection("users",
                        bson::from_json(R"({"changeStreamPreAndPostImages": {"enabled": true}})"));
  users->insert(User{.email = "a", .age = 1});
  auto stream = users->watch(
      {}, {.full_document = FullDocument::when_available, .before_change = BeforeChange::required});
  for (const int n : {1, 2}) {
    // One by one: the test server looks the document up late, also where images are kept.
    users->update_one(email == "a", age.set(n + 1));
    const auto event = wait_for_event(stream);
    ASSERT_TRUE(event);
    ASSERT_TRUE(event->before);
    EXPECT_EQ(event->before->age, n);
    ASSERT_TRUE(event->document);
    EXPECT_EQ(event->document->age, n + 1);
  }
  users->remove_one(email == "a");
  const auto removed = wait_for_event(stream);
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->before->age, 3);
  EXPECT_FALSE(removed->document);
}

TEST_P(Watch, FailsWhereARequiredImageIsMissing) {
  users->insert(User{.email = "a", .age = 1});
  auto stream = users->watch({}, {.before_change = BeforeChange::required});
  users->update_one(email == "a", age.set(2));
  EXPECT_EQ(code_of([&] { (void)wait_for_event(stream); }), ErrorCode::command_failed);
}

TEST_P(Watch, FiltersByPipelineAndByTheDocument) {
  auto adults = users->watch({document_matches(age >= 18 && email != "x")});
  auto either = users->watch({document_matches(email == "b" || !(age < 30))});
  auto removes = users->watch({only_changes({ChangeType::remove, ChangeType::drop})});
  auto own = users->watch({json(R"({"$match": {"fullDocument.email": "c"}})")});
  users->insert(User{.email = "a", .age = 17});
  users->insert(User{.email = "b", .age = 18});
  users->insert(User{.email = "c", .age = 40});
  users->insert(User{.email = "x", .age = 50});
  users->remove_many(age == 40);
  const auto emails = [](auto& stream, int n) {
    std::string all;
    for (int i = 0; i < n; ++i) {
      const auto event = wait_for_event(stream);
      all += event && event->document ? event->document->email : "-";
    }
    EXPECT_FALSE(stream.next());
    return all;
  };
  EXPECT_EQ(emails(adults, 2), "bc");
  EXPECT_EQ(emails(either, 3), "bcx");
  EXPECT_EQ(emails(removes, 1), "-");
  EXPECT_EQ(emails(own, 1), "c");
}

TEST_P(Watch, FiltersByTheDocumentBeforeTheChange) {
  db->create_collection("users",
                        bson::from_json(R"({"changeStreamPreAndPostImages": {"enabled": true}})"));
  users->insert(User{.email = "a", .age = 1});
  users->insert(User{.email = "b", .age = 2});
  auto stream = users->watch({before_matches(age == 2)}, {.before_change = BeforeChange::required});
  users->remove_many({});
  const auto event = wait_for_event(stream);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->before->email, "b");
  EXPECT_FALSE(stream.next());
}

class AgeInMonths : public DatabaseHooks {
 public:
  std::optional<bson::Document> upgrade(store::Namespace ns, bson::View document) override {
    EXPECT_EQ(ns.collection, "users");
    if (document.contains("age")) return std::nullopt;
    return bson::make_document("_id", document["_id"], "age", document["months"].as_int32() / 12);
  }
};

TEST_P(Watch, GivesDocumentsInTheShapeOfToday) {
  db->set_hooks(std::make_shared<AgeInMonths>());
  auto stream = users->watch();
  auto all = db->watch();
  auto old = open(uri);
  old.collection<bson::Document>("users").insert(
      bson::make_document("_id", ObjectId::generate(), "months", 24));
  EXPECT_EQ(wait_for_event(stream)->document->age, 2);
  const auto event = wait_for_event(all);
  EXPECT_EQ((*event->document)["age"].as_int32(), 2);
  EXPECT_EQ(event->raw["fullDocument"].as_document()["months"].as_int32(), 24);
}

TEST_P(Watch, OfADatabaseGivesRawEventsOfAllCollections) {
  auto stream = db->watch();
  users->insert(User{.email = "a"});
  (void)db->collection<bson::Document>("other").insert(bson::make_document("_id", "x", "n", 1));
  std::vector<std::string> seen;
  for (int i = 0; i < 2; ++i) {
    const auto event = wait_for_event(stream);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->type, ChangeType::insert);
    ASSERT_TRUE(event->document);
    seen.push_back(event->collection);
    if (event->collection == "other") {
      EXPECT_EQ(event->id, bson::Value("x"));
      EXPECT_EQ((*event->document)["n"].as_int32(), 1);
    }
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"users", "other"}));
  db->store().drop_database(db->name());
  std::vector<ChangeType> types;
  for (const auto& event : stream) types.push_back(event.type);
  ASSERT_GE(types.size(), 2U);
  EXPECT_EQ(types[types.size() - 2], ChangeType::drop_database);
  EXPECT_EQ(types.back(), ChangeType::invalidate);
}

TEST_P(Watch, CallsWhatItDoesNotKnowByTheServersName) {
  auto stream = users->watch({json(R"({"$addFields": {"operationType": "reshardCollection"}})")});
  users->insert(User{.email = "a"});
  const auto event = wait_for_event(stream);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, ChangeType::other);
  EXPECT_EQ(event->operation_name, "reshardCollection");
  EXPECT_EQ(to_string(event->type), "other");
  EXPECT_EQ(event->document->email, "a");
}

#if defined(QUIRE_TEST_MONGODB) && MONGOC_CHECK_VERSION(1, 24, 0)
TEST_P(Watch, TellsOfIndexesWhenAskedForAllEvents) {
  users->insert(User{.email = "a"});
  auto stream = users->watch({}, {.show_expanded_events = true});
  (void)db->run_command(bson::from_json(
      R"({"createIndexes": "users", "indexes": [{"key": {"age": 1}, "name": "age_1"}]})"));
  const auto event = wait_for_event(stream);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, ChangeType::other);
  EXPECT_EQ(event->operation_name, "createIndexes");
}
#endif

TEST_P(Watch, ToleratesEventsThatAPipelineMadeSmall) {
  auto stream = users->watch({json(R"({"$project": {"documentKey": 1}})")});
  users->insert(User{.email = "a"});
  const auto event = wait_for_event(stream);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, ChangeType::other);
  EXPECT_EQ(event->operation_name, "");
  EXPECT_TRUE(event->id);
  EXPECT_FALSE(event->document);
  EXPECT_FALSE(event->cluster_time);
}

TEST_P(Watch, RefusesWhatMeansNothing) {
  EXPECT_EQ(code_of([&] { (void)users->watch({}, {.max_await = 0ms}); }),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { (void)only_changes({ChangeType::other}); }), ErrorCode::invalid_query);
  EXPECT_EQ(code_of([&] {
              (void)document_matches(query::Filter<User>(json(R"({"$expr": {"$gt": ["$a", 1]}})")));
            }),
            ErrorCode::invalid_query);
  // Servers differ in the number that they give for bytes that are no token.
  EXPECT_THROW(
      {
        auto stream = users->watch({}, {.resume_after = bson::from_json(R"({"_data": "82"})")});
        (void)stream.next();
      },
      Error);
}

struct Person : quire::Document<Person> {
  std::string name;
  BOOST_DESCRIBE_CLASS(Person, (quire::Document<Person>), (name), (), ())
  static auto model() { return quire::model<Person>("people"); }
};

TEST_P(Watch, AttachesActiveRecords) {
  const auto people = db->collection<Person>();
  auto stream = people.watch();
  Person person;
  person.name = "Ada";
  person.save(*db);
  auto event = wait_for_event(stream);
  ASSERT_TRUE(event && event->document);
  event->document->name = "Eve";
  event->document->save();
  EXPECT_EQ(people.get(person.id).name, "Eve");
}

TEST(WatchElsewhere, IsRefusedByADeploymentWithoutChangeStreams) {
  QUIRE_NEEDS_SERVER(uri, "standalone");
  const auto db = open(uri);
  EXPECT_EQ(code_of([&] { (void)db.collection<User>().watch(); }), ErrorCode::unsupported);
  EXPECT_EQ(code_of([&] { (void)db.watch(); }), ErrorCode::unsupported);
  try {
    (void)db.watch();
  } catch (const StoreError& error) {
    EXPECT_NE(error.detail().find("replica set"), std::string::npos);
  }
}

TEST(DocumentMatches, PutsTheFieldsUnderTheDocument) {
  const auto stage = [](const query::Filter<User>& filter) {
    return bson::to_json(document_matches(filter).document());
  };
  EXPECT_EQ(bson::from_json(stage(age >= 18)), bson::from_json(R"({"$match": {
      "fullDocument": {"$type": "object"}, "$and": [{"fullDocument.age": {"$gte": 18}}]}})"));
  EXPECT_EQ(bson::from_json(stage({})),
            bson::from_json(R"({"$match": {"fullDocument": {"$type": "object"}}})"));
  EXPECT_EQ(bson::from_json(stage((age < 1 || email == "a") && tags.size(2))),
            bson::from_json(R"({"$match": {"fullDocument": {"$type": "object"}, "$and": [{
          "$or": [{"fullDocument.age": {"$lt": 1}}, {"fullDocument.email": "a"}],
          "fullDocument.tags": {"$size": 2}}]}})"));
}

TEST(ChangeTypes, HaveTheServersNames) {
  EXPECT_EQ(to_string(ChangeType::remove), "delete");
  EXPECT_EQ(to_string(ChangeType::drop_database), "dropDatabase");
  EXPECT_EQ(to_string(ChangeType::invalidate), "invalidate");
}

}  // namespace
}  // namespace quire::watch_test
