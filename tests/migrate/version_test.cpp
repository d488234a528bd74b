// The schema version of documents, _v, in transforms and in what a versioned model writes.
#include "fixture.hpp"
#include "quire/quire.hpp"

namespace quire::migrate::test::versions {

struct Person {  // version 2: the name in two fields
  std::int64_t id = 0;
  std::string first = {};
  std::string last = {};
  static auto model() { return quire::model<Person>("people").version(2); }
};
struct PersonV1 {
  std::int64_t id = 0;
  std::string name = {};
};

Person split(const PersonV1& old) {
  const auto space = old.name.find(' ');
  return {.id = old.id, .first = old.name.substr(0, space), .last = old.name.substr(space + 1)};
}

TEST(Versions, TransformsPassOverDocumentsThatAreNewAlready) {
  auto db = empty_database();
  put(db, "people", R"({"_id": {"$numberLong": "1"}, "name": "Ada Lovelace", "kept": true})");
  auto people = db.collection<Person>();
  people.insert(Person{.id = 2, .first = "Grace", .last = "Hopper"});
  EXPECT_EQ(count(db, "people", R"({"_id": 2, "_v": 2})"), 1);

  Migrations migrations;
  migrations.add({.id = "split", .up = transform<PersonV1, Person>("people", split)});
  const auto report = MigrationRunner{db, migrations}.run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.migrations[0].changed, 1);
  EXPECT_EQ(people.get(1).last, "Lovelace");
  EXPECT_EQ(people.get(2).last, "Hopper");
  EXPECT_EQ(count(db, "people", R"({"_id": 1, "_v": 2, "kept": true, "name": {"$exists": false}})"),
            1);
  EXPECT_EQ(count(db, "people", R"({"_v": {"$not": {"$gte": 2}}})"), 0);
}

TEST(Versions, EveryWholeWriteOfAVersionedModelCarriesIt) {
  auto db = empty_database();
  auto people = db.collection<Person>();
  people.insert(Person{.id = 1});
  people.save(Person{.id = 2});
  people.save(Person{.id = 1, .first = "again"});
  people.replace(Person{.id = 2, .first = "other"});
  const std::vector<Person> more{{.id = 3}, {.id = 4}};
  (void)people.insert_many(more);
  EXPECT_EQ(count(db, "people"), 4);
  EXPECT_EQ(count(db, "people", R"({"_v": 2})"), 4);
}

struct PersonOne {  // the same documents, version 1
  std::int64_t id = 0;
  std::string name = {};
  static auto model() { return quire::model<PersonOne>("people").version(1); }
};
struct PersonTwo {  // version 2, without a version
  std::int64_t id = 0;
  std::string first = {};
  std::string last = {};
};

template <class Old>
Old join(const Person& person) {
  return {.id = person.id, .name = person.first + " " + person.last};
}

template <class Old>
Person part(const Old& old) {
  return split({.id = old.id, .name = old.name});
}

template <class Old>
void goes_there_and_back() {
  auto db = empty_database();
  put(db, "people", R"({"_id": {"$numberLong": "1"}, "name": "Ada Lovelace", "kept": true})");
  const auto before = all(db, "people");
  Migrations migrations;
  migrations.add({.id = "split",
                  .up = transform<Old, Person>("people", part<Old>),
                  .down = transform<Person, Old>("people", join<Old>)});
  ASSERT_TRUE((MigrationRunner{db, migrations}.run().ok()));
  EXPECT_EQ(count(db, "people", R"({"_v": 2, "first": "Ada", "name": {"$exists": false}})"), 1);
  db.collection<Person>().insert(Person{.id = 2, .first = "Grace", .last = "Hopper"});
  const auto report = MigrationRunner{db, migrations}.rollback("split");
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.migrations[0].changed, 2);
  EXPECT_EQ(count(db, "people", R"({"first": {"$exists": true}})"), 0);
  EXPECT_EQ(count(db, "people", R"({"_v": 2})"), 0);
  EXPECT_EQ(count(db, "people", R"({"_id": 1, "name": "Ada Lovelace", "kept": true})"), 1);
  EXPECT_EQ(count(db, "people", R"({"_id": 2, "name": "Grace Hopper"})"), 1);
  ASSERT_TRUE((MigrationRunner{db, migrations}.run().ok()));
  EXPECT_EQ(db.collection<Person>().get(2).last, "Hopper");
}

TEST(Versions, DownToAnEarlierVersionChangesDocuments) { goes_there_and_back<PersonOne>(); }
TEST(Versions, DownToAStructWithoutVersionChangesDocuments) { goes_there_and_back<PersonV1>(); }

TEST(Versions, WithoutVersionsWhatWasTransformedIsLeftAlone) {
  // As after a batch that was written and not noted down, or beside a program that writes the new
  // shape already.
  auto db = empty_database();
  put(db, "people", R"({"_id": {"$numberLong": "1"}, "first": "Grace", "last": "Hopper"})");
  put(db, "people", R"({"_id": {"$numberLong": "2"}, "name": "Ada Lovelace"})");
  Migrations migrations;
  int calls = 0;
  migrations.add(
      {.id = "split", .up = transform<PersonV1, PersonTwo>("people", [&](const PersonV1& old) {
                        ++calls;
                        const Person person = split(old);
                        return PersonTwo{person.id, person.first, person.last};
                      })});
  const auto report = MigrationRunner{db, migrations}.run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.migrations[0].changed, 1);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(count(db, "people", R"({"_id": 1, "first": "Grace", "last": "Hopper"})"), 1);
  EXPECT_EQ(count(db, "people", R"({"_id": 2, "first": "Ada", "last": "Lovelace"})"), 1);
}

}  // namespace quire::migrate::test::versions
