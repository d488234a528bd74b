// Later passes by a change column, and the last one.
#include <chrono>
#include <thread>

#include "cli_fixture.hpp"
#include "dying_store.hpp"
#include "migrate/documents.hpp"
#include "quire/importer/last_pass.hpp"
#include "quire/importer/step.hpp"
#include "quire/migrate/lint.hpp"
#include "quire/migrate/maintenance.hpp"
#include "quire/migrate/runner.hpp"
#ifdef QUIRE_WITH_MYSQL
#include "mysql.hpp"
#endif
#ifdef QUIRE_WITH_POSTGRESQL
#include "postgresql.hpp"
#endif

namespace quire::importer::test {
namespace {

using migrate::DataResult;
using migrate::VerifyLevel;
using Sql = std::function<void(const std::string&)>;

Mapping by_change(std::int64_t margin = 60) {
  TableMapping table;
  table.table = "users";
  table.into = "people";
  ChildRule orders;
  orders.to = "orders";
  orders.table = "orders";
  orders.columns = {"user_id"};
  table.children = {orders};
  table.changed = ChangeColumn{"updated_at", margin};
  return one(table);
}

/// One way for all databases. `type`: of the change column.
void catches_up(const std::function<std::unique_ptr<Source>()>& open, const Sql& run,
                const std::string& type) {
  run("CREATE TABLE users(id INT PRIMARY KEY, name VARCHAR(40), updated_at " + type + " NULL)");
  run("CREATE TABLE orders(id INT PRIMARY KEY, user_id INT, sku VARCHAR(40))");
  for (int i = 1; i <= 40; ++i)
    run("INSERT INTO users VALUES (" + std::to_string(i) +
        ", 'n', '2024-01-01 10:" + std::to_string(10 + i) + ":00')");
  run("INSERT INTO users VALUES (41, 'of no time', NULL)");
  run("INSERT INTO orders VALUES (1, 1, 'a'), (2, 40, 'b'), (3, 40, 'c')");
  auto db = empty_database();
  const auto pass = [&](const std::function<void(ImportOptions&)>& with = {}) {
    auto options = small();
    if (with) with(options);
    const auto source = open();
    return Importer(*source, db, by_change(), options).run();
  };
  ImportReport report = pass();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_FALSE(report.parts[0].by_change);
  EXPECT_EQ(report.parts[0].data.counts.written, 41);

  // Of the last minute, without a time, and what is behind it.
  run("UPDATE users SET name = 'newer', updated_at = '2024-01-01 11:30:00' WHERE id = 3");
  run("INSERT INTO orders VALUES (4, 3, 'd')");
  run("INSERT INTO users VALUES (50, 'new', '2024-01-01 12:00:00')");
  run("UPDATE users SET name = 'unseen' WHERE id = 4");  // by who does not say it
  run("DELETE FROM users WHERE id = 5");
  report = pass();
  ASSERT_TRUE(report.ok()) << report.json();
  const ImportPart& part = report.parts[0];
  EXPECT_TRUE(part.by_change);
  EXPECT_EQ(part.data.counts.read, 5) << report.json();  // 3, 39, 40, 41, 50
  EXPECT_EQ(part.data.counts.written, 2);
  EXPECT_EQ(part.data.counts.unchanged, 3);
  EXPECT_EQ(count(db, "people"), 42);
  EXPECT_EQ(count(db, "people", R"({"_id": 3, "name": "newer", "orders.sku": "d"})"), 1);
  EXPECT_EQ(count(db, "people", R"({"name": "unseen"})"), 0);
  ASSERT_FALSE(report.warnings.empty());
  EXPECT_NE(report.warnings[0].find("rows that are gone were not looked for"), std::string::npos);

  report = pass([](ImportOptions& options) { options.remove_gone = true; });
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.parts[0].removed, 1);
  EXPECT_LT(report.parts[0].data.counts.read, 5);
  EXPECT_EQ(count(db, "people", R"({"_id": 5})"), 0);
  EXPECT_EQ(count(db, "people"), 41);

  // What it cannot see is found by a comparison, and by a pass over all rows.
  {
    const auto source = open();
    EXPECT_EQ(Importer(*source, db, by_change(), small()).verify(VerifyLevel::full).exit_code(),
              41);
  }
  report = pass([](ImportOptions& options) { options.all_rows = true; });
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_FALSE(report.parts[0].by_change);
  EXPECT_EQ(report.parts[0].data.counts.written, 1);
  const auto source = open();
  const auto proof = Importer(*source, db, by_change(), small()).verify(VerifyLevel::full);
  EXPECT_TRUE(proof.ok()) << proof.json();
}

TEST(ImportByChange, CatchesUpFromSqlite) {
  for (const char* type : {"DATETIME", "TEXT"}) {
    if (quire::test::on_server() && type == std::string("TEXT")) break;  // of the source alone
    Legacy legacy;
    catches_up([&] { return legacy.open(); }, [&](const std::string& sql) { legacy.run(sql); },
               type);
  }
}
#ifdef QUIRE_WITH_POSTGRESQL
TEST(ImportByChange, CatchesUpFromPostgresql) {
  QUIRE_ON_ONE_STORE();
  for (const char* type : {"timestamptz", "timestamp"}) {
    QUIRE_NEEDS_POSTGRESQL(database);
    catches_up([&] { return open_source(database.uri()); },
               [&](const std::string& sql) { database.run(sql); }, type);
  }
}
#endif
#ifdef QUIRE_WITH_MYSQL
TEST(ImportByChange, CatchesUpFromMariadb) {
  QUIRE_ON_ONE_STORE();
  for (const char* type : {"DATETIME(3)", "TIMESTAMP"}) {
    QUIRE_NEEDS_DATABASE(server, "mysql");
    quire::test::MysqlDatabase database(server);
    database.run("SET time_zone = '+00:00'");
    catches_up([&] { return open_source(database.uri()); },
               [&](const std::string& sql) { database.run(sql); }, type);
  }
}
#endif

TEST(ImportByChange, KeepsAndRetriesWhatWasPutAside) {
  Legacy legacy;
  legacy.run(
      "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT, version INTEGER);"
      "INSERT INTO users VALUES (1, NULL, 1), (2, NULL, 2), (3, 'c', 900)");
  TableMapping table = users_mapping();
  table.changed = ChangeColumn{"version", 10};
  auto db = empty_database();
  auto options = small();
  options.reject_limits.percent = 70;  // of the table's rows, not of the one that is read
  const auto pass = [&] {
    const auto source = legacy.open();
    return Importer(*source, db, one(table), options).run();
  };
  ASSERT_TRUE(pass().ok());
  EXPECT_EQ(count(db, "_quire_rejects"), 2);
  legacy.run("UPDATE users SET name = 'a' WHERE id = 1");  // its version stays
  const ImportReport report = pass();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_TRUE(report.parts[0].by_change);
  EXPECT_EQ(report.parts[0].data.counts.rejected, 1);
  EXPECT_EQ(count(db, "_quire_rejects"), 1);
  EXPECT_EQ(count(db, "people"), 2);
}

/// A pass that was begun, but of which no row was read.
TEST(ImportByChange, ReadsAllRowsWhereTheyAreAskedForAfterADeath) {
  QUIRE_ON_ONE_STORE();
  Legacy legacy;
  legacy.run(
      "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT, version INTEGER);"
      "INSERT INTO users VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 900)");
  TableMapping table = users_mapping();
  table.changed = ChangeColumn{"version", 10};
  auto db = empty_database();
  const auto pass = [&](const testing::HookedStore::Hook& hook, bool all_rows) {
    const auto source = legacy.open();
    auto options = small();
    options.all_rows = all_rows;
    const auto store = std::make_shared<testing::HookedStore>(db.shared_store(), hook);
    return Importer(*source, {store, db.name()}, one(table), options).run();
  };
  const auto lives = [](const testing::StoreCall&) {};
  ASSERT_TRUE(pass(lives, false).ok());
  legacy.run("UPDATE users SET name = 'unseen' WHERE id = 1");
  bool dead = false;
  const auto dies = [&](const testing::StoreCall& call) {
    dead = dead || quire::test::is_call(call, "update", "_quire_jobs");
    if (dead) throw StoreError(ErrorCode::network_error, "the process is gone");
  };
  ASSERT_FALSE(pass(dies, false).ok());
  ASSERT_EQ(count(db, "_quire_jobs", R"({"since": {"$exists": true}})"), 1);
  const ImportReport report = pass(lives, true);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_FALSE(report.parts[0].by_change);
  EXPECT_EQ(report.parts[0].data.counts.read, 3);
  EXPECT_EQ(count(db, "people", R"({"name": "unseen"})"), 1);
}

TEST(ImportByChange, RefusesColumnsThatCannotTell) {
  Legacy legacy;
  legacy.put_users(3);
  const auto source = legacy.open();
  TableMapping table = users_mapping();
  for (const auto& [column, text] : std::vector<std::pair<std::string, std::string>>{
           {"nmae", "no column"}, {"blob", "whole number"}}) {
    if (column == "blob") legacy.run("ALTER TABLE users ADD COLUMN blob BLOB");
    const auto now = legacy.open();
    table.changed = ChangeColumn{column, 0};
    const auto wrong = validate(one(table), now->schema());
    ASSERT_EQ(wrong.size(), 1U);
    EXPECT_NE(wrong[0].find(text), std::string::npos) << wrong[0];
  }
}

TEST(LastPass, HoldsWritersUntilBothSidesAreAlike) {
  Legacy legacy;
  legacy.put_users(30);
  App app([&] { return legacy.open(); }, one(users_mapping()));
  ASSERT_EQ(app.run({"import", "--all", "--yes"}).code, 0);
  legacy.run("DELETE FROM users WHERE id = 4; UPDATE users SET name = 'x' WHERE id = 5");
  EXPECT_EQ(app.run({"import", "--last"}).code, 2);  // asks
  const migrate::Maintenance maintenance(app.db);
  EXPECT_FALSE(maintenance.status().on);
  Ran ran = app.run({"import", "--last", "--yes", "--json"});
  EXPECT_EQ(ran.code, 0) << ran;
  EXPECT_EQ(report_of(ran)["op"].as_string(), "last-pass");
  EXPECT_EQ(count(app.db, "people"), 29);
  EXPECT_FALSE(maintenance.status().on);

  set(app.db, "people", R"({"_id": 7})", R"({"$set": {"name": "edited"}})");
  ran = app.run({"import", "--last", "--yes"});
  EXPECT_EQ(ran.code, 41) << ran;
  EXPECT_TRUE(ran.complains("stays in maintenance")) << ran;
  EXPECT_TRUE(maintenance.status().on);
  EXPECT_EQ(app.run({"import", "--last", "--yes", "--ignore-edited"}).code, 0);
  EXPECT_TRUE(maintenance.status().on);  // it was on before
}

TEST(LastPass, EndsWhereTheSourceIsWrittenAllTheTime) {
  Legacy legacy;
  legacy.put_users(20);
  auto db = empty_database();
  int opened = 0;
  const auto open = [&] {
    legacy.run("UPDATE users SET age = age + 1");
    ++opened;
    return legacy.open();
  };
  LastPassOptions options{.import = small(), .passes = 3};
  options.maintenance.ttl = std::chrono::milliseconds(1);
  const ImportReport report = last_pass(open, db, one(users_mapping()), options);
  EXPECT_EQ(report.result, DataResult::mismatch) << report.json();
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->code(), ErrorCode::source_changed);
  EXPECT_EQ(opened, 3);
  EXPECT_TRUE(migrate::Maintenance(db).status().on);
}

/// A mapping is in the step's checksum, but for what is code in it, also of a row inside.
TEST(ImportStep, IsLintedForCodeThatNoChecksumCovers) {
  QUIRE_ON_ONE_STORE();
  FieldRule computed;
  computed.to = "extra";
  computed.compute = [](const RowView&) { return bson::Value(1); };
  TableMapping plain = users_mapping(), own = plain, inside = plain;
  own.fields.push_back(computed);
  ChildRule orders;
  orders.to = orders.table = "orders";
  orders.columns = {"user_id"};
  plain.children = inside.children = {orders};
  inside.children[0].fields = {computed};
  const auto codes = [](const TableMapping& table, std::int32_t revision) {
    migrate::Migrations migrations;
    const auto none = [] { return std::unique_ptr<Source>(); };
    migrations.add({.id = "2026_01_01_import",
                    .title = "an import",
                    .revision = revision,
                    .up = import_step(none, one(table), small())});
    std::string text;
    for (const auto& found : migrate::lint(migrations).findings) text += found.code + " ";
    return text;
  };
  EXPECT_EQ(codes(plain, 0), "");
  EXPECT_EQ(codes(own, 0), "Q601 ");
  EXPECT_EQ(codes(inside, 0), "Q601 ");
  EXPECT_EQ(codes(inside, 1), "");
}

TEST(ImportStep, EndsAtABatchWhenTheMigrationIsAskedToStop) {
  Legacy legacy;
  legacy.put_users(300);
  auto db = empty_database();
  std::stop_source stop;
  TableMapping table = users_mapping();
  std::atomic<int> rows{0};
  FieldRule rule;
  rule.to = "extra";
  rule.compute = [&](const RowView&) {
    if (++rows == 50) stop.request_stop();
    return bson::Value(1);
  };
  table.fields.push_back(rule);
  auto options = small();
  options.workers = 1;
  migrate::Migrations migrations;
  migrations.add({.id = "2026_01_01_import",
                  .title = "an import",
                  .revision = 1,
                  .up = import_step([&] { return legacy.open(); }, one(table), options)});
  const auto plan = migrate::MigrationRunner{db, migrations}.plan();
  EXPECT_EQ(plan.json().find("$numberInt"), std::string::npos);
  EXPECT_NE(plan.json().find("users -> people"), std::string::npos) << plan.json();
  const auto stopped = migrate::MigrationRunner{db, migrations}.stop_token(stop.get_token()).run();
  EXPECT_EQ(stopped.exit_code(), 32) << stopped.json();
  EXPECT_LT(count(db, "people"), 300);
  const auto resumed = migrate::MigrationRunner{db, migrations}.run();
  EXPECT_TRUE(resumed.ok()) << resumed.json();
  EXPECT_EQ(count(db, "people"), 300);
}

}  // namespace
}  // namespace quire::importer::test
