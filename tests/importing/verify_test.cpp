// What a verification looks for in the target besides the rows.
#include <atomic>
#include <functional>
#include <stdexcept>

#include "cli_fixture.hpp"
#include "migrate/documents.hpp"
#include "quire/collection/collection.hpp"
#include "quire/importer/checks.hpp"
#include "quire/importer/typed.hpp"
#include "quire/testing/hooked_store.hpp"
#ifdef QUIRE_WITH_POSTGRESQL
#include "postgresql.hpp"
#endif
#ifdef QUIRE_WITH_MYSQL
#include "mysql.hpp"
#endif

namespace quire::importer::test {
namespace {

using migrate::DataResult;
using migrate::VerifyLevel;

struct Person {
  std::int64_t id = 0;
  std::string name;
  std::optional<std::string> mail;
  static auto model() {
    return quire::model<Person>("people").index(query::field<&Person::mail>.asc(), quire::unique);
  }
};
struct Sale {
  std::int64_t id = 0;
  std::int64_t user_id = 0;
  std::string sku;
  static auto model() { return quire::model<Sale>("sales"); }
};

Mapping people_and_sales() {
  Mapping all;
  all.tables.push_back(into<Person>("users")
                           .field<&Person::id>("id")
                           .field<&Person::name>("name")
                           .field<&Person::mail>("mail"));
  all.tables.push_back(into<Sale>("orders")
                           .field<&Sale::id>("id")
                           .field<&Sale::user_id>("user_id")
                           .field<&Sale::sku>("sku")
                           .refers_to<Person, &Sale::user_id>());
  return all;
}

void put_legacy(Legacy& legacy) {
  legacy.put_users(30);
  legacy.put_orders(2);
}

const TargetCheck& check_of(const ImportReport& report, std::size_t part, std::size_t check = 0) {
  return report.parts.at(part).checks.at(check);
}

TEST(ImportVerify, CountsReferencesThatLeadNowhere) {
  Legacy legacy;
  put_legacy(legacy);
  auto db = empty_database();
  db.collection<Person>().sync_indexes();
  const auto source = legacy.open();
  ASSERT_TRUE(Importer(*source, db, people_and_sales(), small()).run().ok());
  ImportReport report =
      Importer(*source, db, people_and_sales(), small()).verify(VerifyLevel::digest);
  EXPECT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(check_of(report, 1).of, "user_id -> people");
  EXPECT_EQ(check_of(report, 1).checked, 60);
  EXPECT_TRUE(check_of(report, 0).ok());  // the index is there

  db.store().remove(db.ns("people"), bson::make_document("_id", std::int64_t{7}), {});
  put(db, "sales", R"({"_id": 9000, "user_id": 77777, "sku": "x"})");  // not of the import
  report = Importer(*source, db, people_and_sales(), small()).verify(VerifyLevel::full);
  EXPECT_EQ(report.result, DataResult::mismatch);
  EXPECT_EQ(report.exit_code(), 41);
  ASSERT_EQ(report.parts.size(), 2U);  // it went on behind the part that differs
  EXPECT_EQ(report.parts[0].data.verification->missing, 1);
  const TargetCheck& orphans = check_of(report, 1);
  EXPECT_EQ(orphans.wrong, 2);
  ASSERT_EQ(orphans.examples.size(), 2U);
  EXPECT_NE(orphans.examples[0].find("user_id 7"), std::string::npos) << orphans.examples[0];
  EXPECT_NE(report.markdown().find("2 of 60 values refer to no document of people"),
            std::string::npos)
      << report.markdown();
  const auto json = bson::from_json(report.json());
  const auto parts = json["parts"].as_array();
  const auto second = parts["1"].as_document()["checks"].as_array()["0"].as_document();
  EXPECT_EQ(migrate::get_int(second, "wrong"), 2);
  EXPECT_TRUE(
      Importer(*source, db, people_and_sales(), small()).verify(VerifyLevel::counts, "sales").ok());
}

TEST(ImportVerify, LooksForUniqueIndexesOfTheModels) {
  Legacy legacy;
  put_legacy(legacy);
  legacy.run("UPDATE users SET mail = 'same' WHERE id IN (3, 4, 5)");
  auto db = empty_database();
  const auto source = legacy.open();
  ASSERT_TRUE(Importer(*source, db, people_and_sales(), small()).run().ok());
  ImportReport report =
      Importer(*source, db, people_and_sales(), small()).verify(VerifyLevel::digest, "people");
  EXPECT_EQ(report.result, DataResult::mismatch);
  EXPECT_EQ(check_of(report, 0).wrong, 2);
  EXPECT_NE(check_of(report, 0).problem.find("no such index"), std::string::npos);
  EXPECT_EQ(check_of(report, 0).examples.size(), 3U);
  const auto keys = bson::make_document("key", bson::make_document("mail", 1), "name", "mail_1");
  const bson::View plain = keys;
  db.store().create_indexes(db.ns("people"), {&plain, 1}, {});
  report = Importer(*source, db, people_and_sales(), small()).verify(VerifyLevel::digest, "people");
  EXPECT_NE(check_of(report, 0).problem.find("it is not unique"), std::string::npos)
      << check_of(report, 0).problem;
}

TEST(ImportVerify, TakesReferencesListsAndUniqueFieldsFromJson) {
  Legacy legacy;
  put_legacy(legacy);
  legacy.run(
      "CREATE TABLE tags(id INTEGER PRIMARY KEY, user_id INTEGER, of_user INTEGER);"
      "INSERT INTO tags VALUES (1, 1, 2), (2, 1, 99), (3, 2, NULL)");
  const Mapping mapping = Mapping::from_json(R"({"tables": [{"table": "users", "into": "people",
    "children": [{"to": "tags", "table": "tags", "columns": ["user_id"], "value": "of_user"}],
    "references": [{"field": "tags", "collection": "people"}],
    "unique": [["name"], ["age", "name"], ["age"]]}]})");
  EXPECT_EQ(Mapping::from_json(mapping.json()).json(), mapping.json());
  auto db = empty_database();
  const auto source = legacy.open();
  ASSERT_TRUE(Importer(*source, db, mapping, small()).run().ok());
  put(db, "people", R"({"_id": 500, "name": "name 1", "age": null})");
  const auto report = Importer(*source, db, mapping, small()).verify(VerifyLevel::sample);
  ASSERT_EQ(report.parts.at(0).checks.size(), 4U);
  EXPECT_EQ(check_of(report, 0, 0).checked, 2);
  EXPECT_EQ(check_of(report, 0, 0).wrong, 1);
  EXPECT_EQ(check_of(report, 0, 1).wrong, 1);  // "name 1" twice, one of them not the import's
  EXPECT_TRUE(check_of(report, 0, 2).ok());    // null is no duplicate
  EXPECT_TRUE(check_of(report, 0, 3).ok());
  // What is looked for is not what was imported: another question goes on with the same import.
  Mapping more = mapping;
  more.tables[0].references.clear();
  EXPECT_TRUE(Importer(*source, db, more, small()).run().ok());
}

TEST(ImportVerify, TellsEditsFromWhatTheImportMissed) {
  Legacy legacy;
  put_legacy(legacy);
  App app([&] { return legacy.open(); }, people_and_sales());
  app.db.collection<Person>().sync_indexes();
  ASSERT_EQ(app.run({"import", "--all", "--yes"}).code, 0);
  set(app.db, "people", R"({"_id": 7})", R"({"$set": {"name": "other"}})");
  app.db.collection<Person>().save(Person{8, "saved", "m8"});
  for (const char* level : {"sample", "digest", "full"}) {
    Ran ran = app.run({"verify", "people", "--level", level});
    EXPECT_EQ(ran.code, 41) << ran;
    EXPECT_TRUE(ran.says("2 of the documents that differ were edited") && ran.says("_id 7, 8"))
        << level << ran;
    EXPECT_TRUE(ran.complains("app verify --ignore-edited")) << ran;
    ran = app.run({"verify", "people", "--level", level, "--ignore-edited"});
    EXPECT_EQ(ran.code, 0) << level << ran;
  }
  legacy.run("UPDATE users SET name = 'newer' WHERE id = 9");
  const Ran ran = app.run({"verify", "people", "--full", "--ignore-edited"});
  EXPECT_EQ(ran.code, 41) << ran;
  EXPECT_TRUE(ran.says("different _id 9")) << ran;
}

TEST(ImportVerify, AsksPartialIndexesOnlyForTheirDocuments) {
  Legacy legacy;
  legacy.put_users(20);
  legacy.run("UPDATE users SET mail = 'same' WHERE id IN (3, 4, 15)");
  const auto source = legacy.open();
  const Mapping mapping = one(users_mapping());
  IndexInfo index;
  index.name = "mail_of_some";
  index.keys = bson::make_document("mail", 1);
  index.unique = true;
  index.partial =
      bson::from_json(R"({"age": {"$gte": 4, "$lt": 100}, "mail": {"$type": "string"}})");
  const auto found = find_refused(*source, mapping, mapping.tables[0], index);
  EXPECT_EQ(found.surplus, 1);  // 4 and 15
  EXPECT_EQ(found.unusable, 3);
  index.partial = bson::from_json(R"({"$or": [{"age": 3}, {"age": {"$in": [4, 15]}}]})");
  EXPECT_EQ(find_refused(*source, mapping, mapping.tables[0], index).surplus, 2);
  index.partial = bson::from_json(R"({"age": {"$mod": [2, 0]}})");
  try {
    (void)find_refused(*source, mapping, mapping.tables[0], index);
    FAIL() << "looked at $mod";
  } catch (const ImportError& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
  }
}

struct Code {
  std::string id;
  std::optional<std::int32_t> rank;
  static auto model() { return quire::model<Code>("codes"); }
};

TEST(ImportIds, TakeAllThatAFieldSays) {
  Legacy legacy;
  legacy.run(
      "CREATE TABLE codes(code TEXT PRIMARY KEY, rank INTEGER);"
      "INSERT INTO codes VALUES (' a ', 1), ('old', 2), (' new', 3)");
  const Mapping mapping =
      one(into<Code>("codes")
              .field<&Code::id>("code", {.upper = true,
                                         .trim = true,
                                         .values = {{bson::Value("OLD"), bson::Value("GONE")}},
                                         .other = OtherValue::keep})
              .field<&Code::rank>("rank"));
  auto db = empty_database();
  const auto source = legacy.open();
  ASSERT_TRUE(Importer(*source, db, mapping, small()).run().ok());
  const std::vector<std::string> wanted{same(R"({"_id": "A", "rank": 1})"),
                                        same(R"({"_id": "GONE", "rank": 2})"),
                                        same(R"({"_id": "NEW", "rank": 3})")};
  EXPECT_EQ(all(db, "codes"), wanted);
  EXPECT_THROW((void)into<Code>("codes").field<&Code::id>("code", {.fallback = bson::Value("x")}),
               ImportError);
}

TEST(ImportRejects, KeepRowsApartWhoseKeyIsNull) {
  Legacy legacy;
  legacy.run(
      "CREATE TABLE users(member INTEGER, guild INTEGER, name TEXT, UNIQUE(member, guild));"
      "INSERT INTO users VALUES (1, NULL, 'a'), (1, NULL, 'b'), (NULL, NULL, 'c'), (2, 2, 'd')");
  TableMapping table;
  table.table = "users";
  table.into = "people";
  table.key = {"member", "guild"};
  auto db = empty_database();
  const auto source = legacy.open();
  ImportReport report = Importer(*source, db, one(table), small()).run();
  EXPECT_EQ(report.parts[0].data.counts.rejected, 3) << report.json();
  EXPECT_EQ(count(db, "_quire_rejects"), 3);
  EXPECT_EQ(count(db, "_quire_rejects", R"({"document.name": "b"})"), 1);
  report = Importer(*source, db, one(table), small()).retry_rejects();
  EXPECT_EQ(report.parts[0].data.counts.read, 3);
  EXPECT_EQ(count(db, "_quire_rejects"), 3);
}

TEST(ImportRejects, AreCountedAgainstTheTableWhenTheyAreRetried) {
  Legacy legacy;
  legacy.run("CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT)");
  for (int i = 1; i <= 20; ++i)
    legacy.run("INSERT INTO users VALUES (" + std::to_string(i) + ", " + (i <= 2 ? "NULL" : "'n'") +
               ")");
  auto db = empty_database();
  auto options = small();
  options.reject_limits = {.most = 100, .percent = 15};
  const auto source = legacy.open();
  ASSERT_TRUE(Importer(*source, db, one(users_mapping()), options).run().ok());
  const auto some = Importer(*source, db, one(users_mapping()), options).retry_rejects();
  EXPECT_TRUE(some.ok()) << some.json();  // 2 of 20
  EXPECT_EQ(some.parts[0].data.counts.rejected, 2);
  options.reject_limits.percent = 5;
  EXPECT_EQ(Importer(*source, db, one(users_mapping()), options).retry_rejects().result,
            DataResult::rejects);
}

#ifdef QUIRE_WITH_MYSQL
/// MariaDB tells of no rows when it was started again, and else of about as many as there are.
TEST(ImportRejects, AreAShareOfTheRowsThatAreThereNotOfThoseThatAreTold) {
  QUIRE_ON_ONE_STORE();
  QUIRE_NEEDS_DATABASE(server, "mysql");
  quire::test::MysqlDatabase old(server);
  old.run(
      "CREATE TABLE users(id INT PRIMARY KEY, name TEXT) STATS_PERSISTENT=1 STATS_AUTO_RECALC=0");
  for (int i = 1; i <= 60; ++i)
    old.run("INSERT INTO users VALUES (" + std::to_string(i) + ", " + (i <= 3 ? "NULL" : "'n'") +
            ")");
  for (const int told : {0, 34}) {
    SCOPED_TRACE(std::to_string(told) + " rows are told");
    old.run("ANALYZE TABLE users");
    old.run("UPDATE mysql.innodb_table_stats SET n_rows = " + std::to_string(told) +
            " WHERE table_name = 'users' AND database_name = DATABASE()");
    old.run("RENAME TABLE users TO away");  // only then it looks there
    old.run("RENAME TABLE away TO users");
    const auto source = open_source(old.uri());
    ASSERT_EQ(source->schema().at("users").rows, told);
    for (const double percent : {100.0, 6.0, 4.0}) {
      SCOPED_TRACE(std::to_string(percent) + " percent may be rejected");
      auto db = empty_database();
      auto options = small();
      options.reject_limits = {.most = 100, .percent = percent};
      const auto report = Importer(*source, db, one(users_mapping()), options).run();
      if (percent > 5) {
        EXPECT_TRUE(report.ok()) << report.json();
        EXPECT_TRUE(Importer(*source, db, one(users_mapping()), options).retry_rejects().ok());
      } else {
        EXPECT_EQ(report.exit_code(), 40) << report.json();
      }
    }
  }
}
#endif

/// A target where something happens once, right before documents are read again behind the write
/// that made one that `written` says.
Database behind_write(Database& plain, std::string written, std::atomic<bool>& armed,
                      std::function<void()> happens) {
  auto hooked = std::make_shared<testing::HookedStore>(
      plain.shared_store(), [&plain, &armed, written = std::move(written),
                             happens = std::move(happens)](const testing::StoreCall& call) {
        if (call.operation != "find" || call.returned || call.in_transaction || !armed ||
            call.ns.collection != "people" || count(plain, "people", written) == 0)
          return;
        armed = false;
        happens();
      });
  return {std::move(hooked), plain.name()};
}

ImportOptions looking_behind() {
  auto options = small();
  options.workers = 1;
  options.batch_time = std::chrono::seconds(20);  // batches stay as large as they are
  options.verify = VerifyLevel::none;
  options.inline_verify = true;
  return options;
}

TEST(ImportInlineVerify, PutsAsideWhatSomebodyChangesBehindTheWrite) {
  Legacy legacy;
  legacy.put_users(30);
  auto plain = empty_database();
  std::atomic<bool> armed{true};
  auto db = behind_write(plain, R"({"_id": 17})", armed, [&] {
    set(plain, "people", R"({"_id": 17})", R"({"$set": {"name": "edited"}})");
  });
  auto options = looking_behind();
  options.verify = VerifyLevel::full;  // it leaves out what was put aside
  const auto source = legacy.open();
  Importer import(*source, db, one(users_mapping()), options);
  ImportReport report = import.run();
  EXPECT_TRUE(report.ok()) << report.json();
  EXPECT_FALSE(armed);
  EXPECT_EQ(report.parts[0].data.counts.rejected, 1);
  EXPECT_EQ(count(plain, "_quire_rejects", R"({"_id.stage": "verify", "field": "name"})"), 1);
  EXPECT_TRUE(import.verify(VerifyLevel::counts).ok());

  // It stays as it was edited, and is a difference once nothing tells of it any more.
  report = import.retry_rejects();
  EXPECT_EQ(report.parts[0].data.counts.existing, 1) << report.json();
  EXPECT_EQ(count(plain, "_quire_rejects"), 0);
  EXPECT_EQ(count(plain, "people", R"({"_id": 17, "name": "edited"})"), 1);
  report = import.verify(VerifyLevel::full);
  ASSERT_TRUE(report.parts[0].data.verification.has_value()) << report.json();
  EXPECT_EQ(report.parts[0].data.verification->different, 1);
}

TEST(ImportInlineVerify, OfALaterPassThatWasKilledLeavesWhatWasEditedBefore) {
  Legacy legacy;
  legacy.put_users(30);
  auto plain = empty_database();
  const auto options = looking_behind();
  ASSERT_TRUE(Importer(*legacy.open(), plain, one(users_mapping()), options).run().ok());
  set(plain, "people", R"({"_id": 16})", R"({"$set": {"name": "edited"}})");
  legacy.run("UPDATE users SET name = 'new' WHERE id = 17");  // of the same batch
  const auto source = legacy.open();
  std::atomic<bool> armed{true};
  auto db = behind_write(plain, R"({"_id": 17, "name": "new"})", armed,
                         [] { throw std::runtime_error("the process dies here"); });
  EXPECT_FALSE(Importer(*source, db, one(users_mapping()), options).run().ok());
  EXPECT_FALSE(armed);
  const auto report = Importer(*source, plain, one(users_mapping()), options).run();
  EXPECT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.parts[0].data.counts.written, 1);
  EXPECT_EQ(report.parts[0].data.counts.unchanged, 29);
  EXPECT_EQ(report.parts[0].data.counts.rejected, 0);
}

}  // namespace
}  // namespace quire::importer::test
