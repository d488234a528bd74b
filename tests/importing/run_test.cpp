#include "fixture.hpp"
#include "quire/testing/hooked_store.hpp"

namespace quire::importer::test {
namespace {

using migrate::DataResult;
using migrate::Edited;

TEST(Import, BringsRowsWithTheirChildrenAndTellsTheNumbers) {
  Legacy legacy;
  legacy.put_users(100);
  legacy.put_orders(3);
  Database db = empty_database();
  TableMapping table = users_mapping();
  ChildRule orders;
  orders.to = "orders";
  orders.table = "orders";
  orders.columns = {"user_id"};
  orders.order = {{"id"}};
  orders.skip = {"id", "user_id"};
  table.children = {orders};
  const auto source = legacy.open();
  const auto report = Importer(*source, db, one(table), small()).run();
  ASSERT_TRUE(report.ok()) << report.json();
  ASSERT_EQ(report.parts.size(), 1U);
  EXPECT_EQ(report.parts[0].data.counts.written, 100);
  EXPECT_EQ(report.parts[0].data.state, migrate::JobState::complete);
  EXPECT_FALSE(report.parts[0].changed_meanwhile);
  const auto lines = all(db, "people");
  ASSERT_EQ(lines.size(), 100U);
  EXPECT_EQ(lines[0], same(R"({"_id": 1, "name": "name 1", "mail": "m1@example.org", "age": 1,
      "orders": [{"sku": "s1-0", "qty": 1}, {"sku": "s1-1", "qty": 1}, {"sku": "s1-2", "qty": 1}]})"));
}

TEST(Import, OfACompleteOneBringsWhatIsNewAndChangesNothingElse) {
  Legacy legacy;
  legacy.put_users(50);
  Database db = empty_database();
  const auto source = legacy.open();
  ASSERT_TRUE(Importer(*source, db, one(users_mapping()), small()).run().ok());
  const auto before = all(db, "people", true);
  auto again = Importer(*source, db, one(users_mapping()), small()).run();
  ASSERT_TRUE(again.ok()) << again.json();
  EXPECT_EQ(again.parts[0].data.counts.unchanged, 50) << again.json();
  EXPECT_EQ(again.parts[0].data.counts.written, 0);
  EXPECT_EQ(all(db, "people", true), before);

  legacy.put_users(5, 51);
  legacy.run("UPDATE users SET mail = 'new@example.org' WHERE id = 7");
  legacy.run("DELETE FROM users WHERE id = 9 OR id = 11");
  set(db, "people", R"({"_id": 11})", R"({"$set": {"name": "edited"}})");
  const auto later = legacy.open();
  again = Importer(*later, db, one(users_mapping()), small()).run();
  ASSERT_TRUE(again.ok()) << again.json();
  EXPECT_EQ(again.parts[0].data.counts.written, 6);
  EXPECT_EQ(again.parts[0].data.counts.replaced, 1);
  EXPECT_EQ(count(db, "people"), 55);  // a row that is gone is not told to go
  EXPECT_EQ(count(db, "people", R"({"_id": 7, "mail": "new@example.org"})"), 1);

  auto options = small();
  options.remove_gone = true;
  again = Importer(*later, db, one(users_mapping()), options).run();
  EXPECT_EQ(again.result, migrate::DataResult::mismatch) << again.json();  // one is left over
  EXPECT_EQ(again.parts[0].removed, 1);
  EXPECT_EQ(count(db, "people", R"({"_id": 9})"), 0);
  EXPECT_EQ(count(db, "people", R"({"_id": 11})"), 1);
  ASSERT_EQ(again.warnings.size(), 1U) << again.json();
  EXPECT_NE(
      again.warnings[0].find("edited since stay though the source has them no longer: _id 11"),
      std::string::npos);
  options.edited = Edited::overwrite;
  again = Importer(*later, db, one(users_mapping()), options).run();
  EXPECT_TRUE(again.ok()) << again.json();
  EXPECT_EQ(again.parts[0].removed, 1);
  const auto proof =
      Importer(*later, db, one(users_mapping()), small()).verify(migrate::VerifyLevel::full);
  EXPECT_TRUE(proof.ok()) << proof.json();
}

TEST(Import, OfARowThatChangedUnderAnEditIsByThePolicy) {
  Legacy legacy;
  legacy.put_users(3);
  Database db = empty_database();
  const auto source = legacy.open();
  ASSERT_TRUE(Importer(*source, db, one(users_mapping()), small()).run().ok());
  set(db, "people", R"({"_id": 2})", R"({"$set": {"name": "edited"}})");
  // The row is as it was: the edit is newer, whatever the policy.
  auto options = small();
  options.edited = Edited::overwrite;
  ASSERT_TRUE(Importer(*source, db, one(users_mapping()), options).run().ok());
  EXPECT_EQ(count(db, "people", R"({"name": "edited"})"), 1);

  legacy.run("UPDATE users SET name = 'source' WHERE id = 2");
  const auto later = legacy.open();
  options.edited = Edited::reject;
  auto report = Importer(*later, db, one(users_mapping()), options).run();
  EXPECT_EQ(report.parts[0].data.counts.rejected, 1) << report.json();
  EXPECT_EQ(count(db, "people", R"({"name": "edited"})"), 1);
  options.edited = Edited::keep;
  report = Importer(*later, db, one(users_mapping()), options).run();
  EXPECT_EQ(report.parts[0].data.counts.existing, 1) << report.json();
  EXPECT_EQ(count(db, "people", R"({"name": "edited"})"), 1);
  options.edited = Edited::overwrite;
  report = Importer(*later, db, one(users_mapping()), options).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(count(db, "people", R"({"name": "source"})"), 1);
}

class ExistingPolicy : public ::testing::Test {
 protected:
  ExistingPolicy() {
    legacy.put_users(30);
    put(db, "people", R"({"_id": {"$numberLong": "7"}, "name": "there", "own": true, "made": 1})");
  }
  ImportReport run(ExistingDocument policy) {
    auto table = users_mapping();
    table.existing = policy;
    FieldRule made;
    made.to = "made";
    made.constant = bson::Value(std::int32_t{2});
    made.on_insert = true;
    table.fields.push_back(made);
    const auto source = legacy.open();
    return Importer(*source, db, one(table), small()).run();
  }
  Legacy legacy;
  Database db = empty_database();
};

TEST_F(ExistingPolicy, FailPutsTheRowAside) {
  const auto report = run(ExistingDocument::fail);
  EXPECT_EQ(report.parts[0].data.counts.rejected, 1) << report.json();
  EXPECT_EQ(report.parts[0].data.counts.written, 29);
  EXPECT_EQ(count(db, "people", R"({"_id": 7, "name": "there"})"), 1);
  EXPECT_EQ(count(db, "_quire_rejects", R"({"key": 7, "name": "duplicate_key"})"), 1);
}
TEST_F(ExistingPolicy, SkipLeavesTheDocument) {
  const auto report = run(ExistingDocument::skip);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.parts[0].data.counts.existing, 1);
  EXPECT_EQ(count(db, "people", R"({"_id": 7, "name": "there", "own": true})"), 1);
}
TEST_F(ExistingPolicy, ReplaceTakesItsPlaceAndRollbackGivesItBack) {
  const auto before = all(db, "people", true);
  auto report = run(ExistingDocument::replace);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(count(db, "people", R"({"_id": 7, "name": "name 7", "own": {"$exists": false}})"), 1);
  auto table = users_mapping();
  table.existing = ExistingDocument::replace;
  const auto source = legacy.open();
  report = Importer(*source, db, one(table), small()).rollback();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(all(db, "people", true), before);
  EXPECT_EQ(count(db, "_quire_replaced"), 0);
  EXPECT_EQ(count(db, "_quire_jobs"), 0);
}
TEST_F(ExistingPolicy, UpdateSetsTheMappedFieldsAndLeavesTheRest) {
  const auto before = all(db, "people", true);
  auto report = run(ExistingDocument::update);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(count(db, "people", R"({"_id": 7, "name": "name 7", "own": true, "made": 1})"), 1);
  EXPECT_EQ(count(db, "people", R"({"made": 2})"), 29);
  report = run(ExistingDocument::update);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.parts[0].data.counts.unchanged, 30);
  auto table = users_mapping();
  table.existing = ExistingDocument::update;
  const auto source = legacy.open();
  ASSERT_TRUE(Importer(*source, db, one(table), small()).rollback().ok());
  EXPECT_EQ(all(db, "people", true), before);
}

TEST(Import, RollbackLeavesEditedDocumentsByThePolicy) {
  Legacy legacy;
  legacy.put_users(20);
  Database db = empty_database();
  put(db, "people", R"({"_id": 1000, "name": "not imported"})");
  const auto source = legacy.open();
  ASSERT_TRUE(Importer(*source, db, one(users_mapping()), small()).run().ok());
  set(db, "people", R"({"_id": 4})", R"({"$set": {"name": "edited"}})");
  auto report = Importer(*source, db, one(users_mapping()), small()).rollback();
  EXPECT_EQ(report.exit_code(), 40) << report.json();
  EXPECT_FALSE(report.next.empty());
  EXPECT_EQ(count(db, "people"), 2);
  report = Importer(*source, db, one(users_mapping()), small()).rollback(Edited::keep);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(all(db, "people", true),
            (std::vector<std::string>{
                same(R"({"_id": 4, "name": "edited", "mail": "m4@example.org", "age": 4})"),
                same(R"({"_id": 1000, "name": "not imported"})")}));
}

/// The last command of a process that was killed goes on at the server.
TEST(Import, RollbackTellsWhatSomebodyElseTookBackFromWhatWasEdited) {
  Legacy legacy;
  legacy.put_users(20);
  Database db = empty_database();
  const auto source = legacy.open();
  ASSERT_TRUE(Importer(*source, db, one(users_mapping()), small()).run().ok());
  bool once = false;
  auto hooked = std::make_shared<testing::HookedStore>(
      db.shared_store(), [&](const testing::StoreCall& call) {
        if (std::exchange(once, once || call.operation == "bulk_write") || !once) return;
        const auto three = bson::from_json(R"({"_id": {"$lte": 3}})");
        store::RemoveOptions many;
        many.multi = true;
        EXPECT_EQ(db.store().remove(db.ns("people"), three, many), 3);
        set(db, "people", R"({"_id": 4})", R"({"$set": {"name": "edited"}})");
      });
  hooked->without_transactions = true;
  const Database gone_before{hooked, db.name()};
  const auto report = Importer(*source, gone_before, one(users_mapping()), small()).rollback();
  EXPECT_EQ(report.exit_code(), 40) << report.json();
  EXPECT_EQ(report.parts.at(0).data.counts.existing, 1) << report.json();
  EXPECT_EQ(report.parts.at(0).removed, 16);
  EXPECT_EQ(count(db, "people"), 1);
}

TEST(Import, PutsRowsAsideAndTakesThemWhenTheyAreRepaired) {
  Legacy legacy;
  legacy.run("CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT, mail TEXT, age INTEGER)");
  legacy.run("INSERT INTO users VALUES (1, 'a', 'm', 1), (2, NULL, 'm', 2), (3, 'c', 'm', 3)");
  Database db = empty_database();
  const auto source = legacy.open();
  auto report = Importer(*source, db, one(users_mapping()), small()).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.parts[0].data.counts.rejected, 1);
  EXPECT_EQ(report.parts[0].data.counts.written, 2);
  const auto rejects = all(db, "_quire_rejects");
  ASSERT_EQ(rejects.size(), 1U);
  EXPECT_NE(rejects[0].find("\"field\": \"name\""), std::string::npos) << rejects[0];
  legacy.run("UPDATE users SET name = 'b' WHERE id = 2");
  const auto later = legacy.open();
  report = Importer(*later, db, one(users_mapping()), small()).retry_rejects();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(count(db, "people"), 3);
  EXPECT_EQ(count(db, "_quire_rejects"), 0);
}

TEST(Import, RefusesToGoOnWithAnotherMappingOrOtherTables) {
  Legacy legacy;
  legacy.put_users(30);
  Database db = empty_database();
  {
    const auto source = legacy.open();
    ASSERT_TRUE(Importer(*source, db, one(users_mapping()), small()).run().ok());
  }
  auto other = users_mapping();
  other.skip = {"age"};
  {
    const auto source = legacy.open();
    const auto report = Importer(*source, db, one(other), small()).run();
    EXPECT_EQ(report.exit_code(), 42) << report.json();
    EXPECT_FALSE(report.next.empty());
  }
  legacy.run("ALTER TABLE users ADD COLUMN city TEXT");
  const auto source = legacy.open();
  EXPECT_EQ(Importer(*source, db, one(users_mapping()), small()).run().exit_code(), 42);
  auto options = small();
  options.accept_changes = true;
  const auto report = Importer(*source, db, one(users_mapping()), options).run();
  EXPECT_TRUE(report.ok()) << report.json();
}

TEST(Import, DryRunTellsWhatAnImportWouldDoAndWritesNothing) {
  Legacy legacy;
  legacy.put_users(40);
  legacy.run("INSERT INTO users VALUES (100, '', NULL, NULL)");
  Database db = empty_database();
  put(db, "people", R"({"_id": 3, "name": "there"})");
  const auto source = legacy.open();
  const auto dry = Importer(*source, db, one(users_mapping()), small()).dry_run();
  ASSERT_TRUE(dry.ok()) << dry.json();
  EXPECT_EQ(all(db, "people"), std::vector<std::string>{same(R"({"_id": 3, "name": "there"})")});
  EXPECT_EQ(count(db, "_quire_jobs"), 0);
  const auto& would = dry.parts[0].data.counts;
  const auto report = Importer(*source, db, one(users_mapping()), small()).run();
  const auto& did = report.parts[0].data.counts;
  EXPECT_EQ(would.read, did.read);
  EXPECT_EQ(would.written, did.written);
  EXPECT_EQ(would.rejected, did.rejected);
  EXPECT_EQ(did.rejected, 1);
  ASSERT_EQ(dry.parts[0].data.warnings.size(), 1u);
  EXPECT_TRUE(dry.parts[0].data.warnings[0].starts_with("would reject row 3: "))
      << dry.parts[0].data.warnings[0];
}

TEST(Import, ProvesEqualityAndNamesTheFirstDifference) {
  Legacy legacy;
  legacy.put_users(60);
  Database db = empty_database();
  const auto source = legacy.open();
  const auto verify = [&](migrate::VerifyLevel level) {
    return Importer(*source, db, one(users_mapping()), small()).verify(level);
  };
  ASSERT_TRUE(Importer(*source, db, one(users_mapping()), small()).run().ok());
  EXPECT_TRUE(verify(migrate::VerifyLevel::digest).ok());
  set(db, "people", R"({"_id": 30})", R"({"$set": {"mail": "wrong"}})");
  auto report = verify(migrate::VerifyLevel::digest);
  EXPECT_EQ(report.exit_code(), 41) << report.json();
  ASSERT_TRUE(report.parts[0].data.verification);
  ASSERT_EQ(report.parts[0].data.verification->differences.size(), 1U);
  EXPECT_EQ(report.parts[0].data.verification->differences[0].path, "mail");
  const bson::Document gone = bson::from_json(R"({"_id": 31})");
  ASSERT_EQ(db.store().remove(db.ns("people"), gone, {}), 1);
  report = verify(migrate::VerifyLevel::full);
  EXPECT_EQ(report.parts[0].data.verification->missing, 1) << report.json();
  EXPECT_NE(report.markdown().find("| different |"), std::string::npos) << report.markdown();
}

TEST(Import, StopsAtTheLimitOfATrial) {
  Legacy legacy;
  legacy.put_users(100);
  Database db = empty_database();
  const auto source = legacy.open();
  auto options = small();
  options.limit = 33;
  const auto report = Importer(*source, db, one(users_mapping()), options).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(count(db, "people"), 33);
}

TEST(Import, SaysThatRowsChangedMeanwhile) {
  Legacy legacy;
  legacy.put_users(200);
  Database db = empty_database();
  const auto source = legacy.open();
  auto options = small();
  options.workers = 1;
  bool written = false;
  options.throttle.wait = [&]() -> std::string {
    if (!written) legacy.put_users(1, 1000);
    written = true;
    return {};
  };
  const auto report = Importer(*source, db, one(users_mapping()), options).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_TRUE(report.parts[0].changed_meanwhile);
  EXPECT_FALSE(report.next.empty());
}

TEST(Import, RunsPartsInTheOrderOfTheirKeys) {
  Legacy legacy;
  legacy.put_users(5);
  legacy.put_orders(1);
  TableMapping orders;
  orders.table = "orders";
  orders.into = "orders";
  Mapping mapping;
  mapping.tables = {orders, users_mapping()};
  Database db = empty_database();
  const auto source = legacy.open();
  EXPECT_EQ(Importer(*source, db, mapping, small()).parts(),
            (std::vector<std::string>{"people", "orders"}));
  mapping.tables[1].after = {"orders"};
  EXPECT_EQ(Importer(*source, db, mapping, small()).parts(),
            (std::vector<std::string>{"orders", "people"}));
  mapping.tables[0].after = {"people"};
  EXPECT_THROW(Importer(*source, db, mapping, small()), ImportError);
}

TEST(Import, OfARowWhoseOrderChangedWritesTheSameDocument) {
  Legacy legacy;
  legacy.put_users(30);
  auto table = users_mapping();
  table.order = {{"age"}};
  FieldRule age;
  age.to = "age";
  age.from = "age";
  age.on_insert = true;
  table.fields.push_back(age);
  table.existing = ExistingDocument::update;
  Database db = empty_database();
  auto options = small();
  {
    const auto source = legacy.open();
    ASSERT_TRUE(Importer(*source, db, one(table), options).run().ok());
  }
  legacy.run("UPDATE users SET age = 80, mail = 'new' WHERE id = 3");
  legacy.run("UPDATE users SET age = 81 WHERE id = 4");  // its document stays as it is
  const auto later = legacy.open();
  options.remove_gone = true;
  const auto report = Importer(*later, db, one(table), options).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.parts[0].data.counts.rejected, 0) << report.json();
  EXPECT_EQ(report.parts[0].removed, 0);
  EXPECT_EQ(count(db, "people", R"({"_id": 3, "mail": "new", "age": 3})"), 1);
  EXPECT_EQ(count(db, "people"), 30);
}

TEST(Import, FinishTakesTheStampsAway) {
  Legacy legacy;
  legacy.put_users(5);
  Database db = empty_database();
  const auto source = legacy.open();
  ASSERT_TRUE(Importer(*source, db, one(users_mapping()), small()).run().ok());
  EXPECT_EQ(count(db, "people", R"({"_q": {"$exists": true}})"), 5);
  ASSERT_TRUE(Importer(*source, db, one(users_mapping()), small()).finish().ok());
  EXPECT_EQ(count(db, "people", R"({"_q": {"$exists": true}})"), 0);
}

}  // namespace
}  // namespace quire::importer::test
