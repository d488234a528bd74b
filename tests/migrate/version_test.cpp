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

}  // namespace quire::migrate::test::versions
