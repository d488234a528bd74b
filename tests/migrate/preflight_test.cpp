#include "quire/migrate/preflight.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>

#include "fixture.hpp"
#include "quire/backup/backup.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/model/model.hpp"
#include "quire/query/path.hpp"
#include "quire/testing/database_image.hpp"
#include "quire/testing/hooked_store.hpp"

namespace quire::migrate::test::before {
namespace {

struct User {
  std::int64_t id = 0;
  std::string email = {};
  static auto model() {
    return quire::model<User>("users").index(query::field<&User::email>.asc(), quire::unique);
  }
};

Migrations email_index() {
  Migrations all;
  IndexOptions unique;
  unique.unique = true;
  all.add({.id = "email", .up = create_index("users", bson::make_document("email", 1), unique)});
  return all;
}
Migrations status_field() {
  Migrations all;
  all.add({.id = "status", .up = add_field("users", "status", "active")});
  return all;
}

/// The worst finding of a code; its text says what was missing where there is none.
Finding of(const PreflightReport& report, std::string_view code) {
  Finding found;
  found.text = "no finding of this code";
  bool any = false;
  for (const Finding& one : report.findings) {
    if (one.code != code || (any && one.severity <= found.severity)) continue;
    found = one;
    any = true;
  }
  EXPECT_TRUE(any) << code;
  return found;
}

/// A server's answers that cannot be had here.
class AnsweringStore final : public testing::HookedStore {
 public:
  explicit AnsweringStore(std::shared_ptr<store::Store> inner)
      : HookedStore(std::move(inner), [this](const testing::StoreCall& call) {
          if (call.operation == "update" && refuse_writes)
            throw StoreError(ErrorCode::unauthorized, "not authorized on app to execute update");
        }) {}
  std::string_view kind() const noexcept override { return "mongodb"; }
  bson::Document run_command(std::string_view, bson::View command, store::Session*) override {
    const auto name = command.begin()->key;
    if (name == "connectionStatus" && !status.empty()) return bson::from_json(status);
    if (name == "dbStats" && !stats.empty()) return bson::from_json(stats);
    throw StoreError(ErrorCode::unsupported, "no such command");
  }
  store::Health health(std::chrono::milliseconds limit) noexcept override {
    auto result = HookedStore::health(limit);
    result.ok = answers;
    result.writable = writable;
    if (!answers) result.error = "nobody listens";
    return result;
  }
  std::string status, stats;
  bool refuse_writes = false, answers = true, writable = true;
};

struct Answering {
  explicit Answering(const Database& db)
      : store(std::make_shared<AnsweringStore>(db.shared_store())), database(store, db.name()) {}
  std::shared_ptr<AnsweringStore> store;
  Database database;
};

TEST(Preflight, LooksAtEverythingAndWritesNothing) {
  Database db = empty_database();
  put(db, "users", R"({"_id": 1, "email": "a"})");
  const testing::DatabaseImage image(db);
  PreflightOptions options;
  options.models = {&model_of<User>()};
  const auto report = preflight(db, status_field(), options);
  EXPECT_TRUE(report.ok()) << report.str();
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_EQ(report.pending, 1);
  std::string_view last;
  for (const PreflightCode& one : preflight_codes) {
    EXPECT_LT(last, one.code);
    last = one.code;
    (void)of(report, one.code);
  }
  EXPECT_TRUE(std::ranges::is_sorted(report.findings, {}, &Finding::code));
  for (const char* code : {"P101", "P106", "P107", "P108", "P109", "P110", "P111"})
    EXPECT_EQ(of(report, code).severity, Severity::ok) << of(report, code).str();
  EXPECT_EQ(of(report, "P105").severity, Severity::warning);
  EXPECT_EQ(of(report, "P102").severity,
            db.capabilities().transactions ? Severity::ok : Severity::warning);
  EXPECT_EQ(testing::DatabaseImage(db).difference(image, "after", "before"), "");
  EXPECT_EQ(db.store().list_collections(db.name()).size(), 1U);
  const auto json = bson::from_json(report.json());
  EXPECT_EQ(json["op"].as_string(), "preflight");
  EXPECT_EQ(json["result"].as_string(), "warnings");
  EXPECT_EQ(json["pending"].as_int32(), 1);
  options.data = false;
  const auto less = preflight(db, status_field(), options);
  EXPECT_TRUE(std::ranges::none_of(
      less.findings, [](const Finding& one) { return one.code >= "P107" && one.code <= "P110"; }));
}

TEST(Preflight, AStoreThatDoesNotAnswerOrTakesNoWrites) {
  Answering one(empty_database());
  one.store->answers = false;
  const auto silent = preflight(one.database, status_field());
  ASSERT_EQ(silent.findings.size(), 1U);
  EXPECT_EQ(silent.findings[0].code, "P101");
  EXPECT_NE(silent.findings[0].text.find("nobody listens"), std::string::npos);
  EXPECT_EQ(silent.exit_code(), 12);
  one.store->answers = true;
  one.store->writable = false;
  EXPECT_EQ(of(preflight(one.database, status_field()), "P101").severity, Severity::danger);
}

TEST(Preflight, AStoreWithoutTransactions) {
  Answering one(empty_database());
  one.store->without_transactions = true;
  EXPECT_EQ(of(preflight(one.database, status_field()), "P102").severity, Severity::warning);
  EXPECT_EQ(of(preflight(one.database, Migrations()), "P102").severity, Severity::ok);
  Migrations needs;
  needs.add({.id = "t",
             .up = run(Atomicity::transactional, [](Database&, Session&) {}),
             .down = irreversible("a test")});
  const auto found = of(preflight(one.database, needs), "P102");
  EXPECT_EQ(found.severity, Severity::danger);
  EXPECT_EQ(found.migration, "t");
}

TEST(Preflight, RightsAsTheServerTellsThem) {
  Answering one(empty_database());
  const std::string database = one.database.name();
  const auto status = [](const std::string& privileges) {
    return R"({"authInfo": {"authenticatedUsers": [{"user": "u"}], "authenticatedUserPrivileges": [)" +
           privileges + "]}}";
  };
  const std::string all =
      R"("find", "insert", "update", "remove", "createCollection", "createIndex")";
  one.store->status = status(R"({"resource": {"db": ")" + database +
                             R"(", "collection": ""}, "actions": [)" + all + "]}");
  EXPECT_EQ(of(preflight(one.database, email_index()), "P103").severity, Severity::ok);
  Migrations drops;
  drops.add({.id = "d", .up = drop_collection("users")});
  auto found = of(preflight(one.database, drops), "P103");
  EXPECT_EQ(found.severity, Severity::danger);
  EXPECT_EQ(found.text, "the user may not: dropCollection on users");
  one.store->status = status(R"({"resource": {"anyResource": true}, "actions": ["anyAction"]})");
  EXPECT_EQ(of(preflight(one.database, drops), "P103").severity, Severity::ok);
  one.store->status =
      status(R"({"resource": {"db": "other", "collection": ""}, "actions": [)" + all + "]}");
  found = of(preflight(one.database, email_index()), "P103");
  EXPECT_NE(found.text.find("find on _quire_history"), std::string::npos) << found.text;
  one.store->status =
      status(R"({"resource": {"db": "", "collection": "users"}, "actions": ["find"]},
      {"resource": {"cluster": true}, "actions": ["killop"]}, 7)");
  EXPECT_EQ(of(preflight(one.database, email_index()), "P103").severity, Severity::danger);
}

TEST(Preflight, RightsThatTheServerDoesNotTellAreTried) {
  Answering one(empty_database());
  one.store->refuse_writes = true;
  EXPECT_NE(of(preflight(one.database, status_field()), "P103").text.find("no collection to try"),
            std::string::npos);
  one.store->refuse_writes = false;
  put(one.database, "users", R"({"_id": 1})");
  for (const char* status :
       {"", R"({"authInfo": {"authenticatedUsers": []}})", R"({"authInfo": 3})",
        R"({"authInfo": {"authenticatedUsers": [{}], "authenticatedUserPrivileges": []}})"}) {
    one.store->status = status;
    const auto found = of(preflight(one.database, status_field()), "P103");
    EXPECT_EQ(found.severity, Severity::warning) << status;
    EXPECT_NE(found.text.find("could not be found out"), std::string::npos) << found.text;
  }
  one.store->refuse_writes = true;
  const auto found = of(preflight(one.database, status_field()), "P103");
  EXPECT_EQ(found.severity, Severity::danger);
  EXPECT_NE(found.text.find("not authorized"), std::string::npos);
}

TEST(Preflight, DiskSpace) {
  Answering one(empty_database());
  EXPECT_EQ(of(preflight(one.database, status_field()), "P104").severity, Severity::warning);
  one.store->stats = R"({"fsTotalSize": 1000, "fsUsedSize": 400.0, "totalSize": 500})";
  EXPECT_EQ(of(preflight(one.database, status_field()), "P104").severity, Severity::ok);
  one.store->stats = R"({"fsTotalSize": 1000, "fsUsedSize": 600, "totalSize": 500})";
  EXPECT_EQ(of(preflight(one.database, status_field()), "P104").severity, Severity::warning);
  one.store->stats = R"({"fsTotalSize": 1000, "fsUsedSize": 960, "totalSize": 500})";
  EXPECT_EQ(of(preflight(one.database, status_field()), "P104").severity, Severity::danger);
  PreflightOptions options;
  options.free_bytes = 41;
  EXPECT_EQ(of(preflight(one.database, status_field(), options), "P104").severity,
            Severity::danger);
  options.free_bytes = 40;
  EXPECT_EQ(of(preflight(one.database, status_field(), options), "P104").severity, Severity::ok);
}

TEST(Preflight, DiskOfAFile) {
  if (quire::test::on_server()) GTEST_SKIP() << "of the embedded store";
  const SharedStore file("preflight");
  const Database db = file.open();
  const auto found = of(preflight(db, status_field()), "P104");
  EXPECT_NE(found.text.find(" MB are free; "), std::string::npos) << found.text;
  PreflightOptions options;
  options.free_bytes = INT64_MAX;
  EXPECT_EQ(of(preflight(db, status_field(), options), "P104").severity, Severity::danger);
  options.free_bytes = 1;
  EXPECT_EQ(of(preflight(db, status_field(), options), "P104").severity, Severity::ok);
}

TEST(Preflight, ABackupThatCanBeRead) {
  Database db = empty_database();
  put(db, "users", R"({"_id": 1, "email": "a"})");
  const auto folder =
      std::filesystem::temp_directory_path() /
      ("quire-preflight-" + std::to_string(::getpid()) + "-" + quire::test::fresh_database());
  PreflightOptions options;
  options.backup = folder;
  EXPECT_EQ(of(preflight(db, status_field(), options), "P105").severity, Severity::danger);
  ASSERT_TRUE(backup::backup(db, folder).ok());
  const auto good = of(preflight(db, status_field(), options), "P105");
  EXPECT_EQ(good.severity, Severity::ok);
  EXPECT_NE(good.text.find("1 documents of 1 collections"), std::string::npos) << good.text;
  put(db, "orders", R"({"_id": 1})");
  Migrations more = status_field();
  more.add({.id = "orders", .up = add_field("orders", "n", 0)});
  const auto lacks = of(preflight(db, more, options), "P105");
  EXPECT_EQ(lacks.severity, Severity::danger);
  EXPECT_NE(lacks.text.find("orders"), std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST(Preflight, HistoryThatDisagrees) {
  Database db = empty_database();
  ASSERT_TRUE((MigrationRunner{db, status_field()}.run().ok()));
  EXPECT_EQ(preflight(db, status_field()).pending, 0);
  const auto unknown = of(preflight(db, Migrations()), "P106");
  EXPECT_EQ(unknown.severity, Severity::warning);
  EXPECT_EQ(unknown.migration, "status");
  Migrations changed;
  changed.add({.id = "status", .up = add_field("users", "status", "new")});
  changed.add({.id = "next", .up = create_collection("next")});
  const auto drifted = of(preflight(db, changed), "P106");
  EXPECT_EQ(drifted.severity, Severity::danger);
  EXPECT_EQ(drifted.migration, "status");
  Migrations earlier;
  earlier.add({.id = "earlier", .up = add_field("users", "status", "?")});
  earlier.add_one(status_field().items[0]);
  EXPECT_EQ(of(preflight(db, earlier), "P106").migration, "earlier");
  put(db, "_quire_history", R"({"_id": "odd", "state": "upside down"})");
  const auto corrupt = of(preflight(db, status_field()), "P106");
  EXPECT_EQ(corrupt.severity, Severity::danger);
  EXPECT_EQ(corrupt.collection, "_quire_history");
  Migrations circle;
  circle.add({.id = "a", .depends_on = {"a"}, .up = create_collection("a")});
  EXPECT_THROW((void)preflight(db, circle), MigrationError);
}

TEST(Preflight, DocumentsThatStandInTheWay) {
  Database db = empty_database();
  put(db, "users", R"({"_id": 1, "email": "a"})");
  put(db, "users", R"({"_id": 2, "email": "a"})");
  put(db, "users", R"({"_id": 3, "email": 7})");
  EXPECT_EQ(of(preflight(db, email_index()), "P107").severity, Severity::danger);
  EXPECT_EQ(of(preflight(db, status_field()), "P107").severity, Severity::ok);
  PreflightOptions options;
  options.models = {&model_of<User>()};
  const auto report = preflight(db, status_field(), options);
  EXPECT_EQ(of(report, "P107").severity, Severity::danger);
  EXPECT_NE(of(report, "P107").text.find("model User"), std::string::npos);
  EXPECT_EQ(of(report, "P108").severity, Severity::warning);
  EXPECT_EQ(of(report, "P108").where, "users.email");
}

TEST(Preflight, LargeDocumentsAndOddNames) {
  Database db = empty_database();
  bson::Writer large;
  large.append("_id", std::int32_t{1}).append("text", std::string(15 * 1024 * 1024, 'x'));
  const bson::Document document = large.finish();
  const bson::View view = document;
  ASSERT_TRUE(db.store().insert(db.ns("users"), {&view, 1}, {}).errors.empty());
  auto found = of(preflight(db, status_field()), "P109");
  EXPECT_EQ(found.severity, Severity::warning);
  EXPECT_NE(found.text.find("1 document (_id 1) is"), std::string::npos) << found.text;
  put(db, "users", R"({"_id": 2, "a": [{"b.c": 1}]})");
  found = of(preflight(db, status_field()), "P110");
  EXPECT_EQ(found.severity, Severity::warning);
  EXPECT_NE(found.text.find("a.0.\"b.c\" in _id 2"), std::string::npos) << found.text;
  for (const char* path : {"a..b", "a.", "a.$b"}) {
    Migrations odd;
    odd.add({.id = "odd", .up = add_field("others", path, 1)});
    found = of(preflight(db, odd), "P110");
    EXPECT_EQ(found.severity, Severity::danger) << path;
    EXPECT_EQ(found.migration, "odd");
  }
}

TEST(Preflight, NamesOfCollectionsThatStepsWriteInto) {
  Database db = empty_database();
  const std::string longest(255 - db.name().size() - 1, 'x');
  for (const std::string& name :
       {std::string("old$users"), std::string("system.users"), longest + "x"}) {
    for (const bool copies : {true, false}) {
      Migrations odd;
      if (copies) {
        odd.add({.id = "odd", .up = copy_documents("users", name)});
      } else {
        odd.add({.id = "odd", .up = extract("users", "address", name, "address_id")});
      }
      const auto found = of(preflight(db, odd), "P110");
      EXPECT_EQ(found.severity, Severity::danger) << name;
      EXPECT_EQ(found.collection, name);
      EXPECT_EQ(found.migration, "odd");
    }
  }
  Migrations good;
  good.add({.id = "good", .up = copy_documents("users", longest)});
  EXPECT_EQ(of(preflight(db, good), "P110").severity, Severity::ok);
}

TEST(Preflight, TellsWhoHoldsTheLock) {
  Database db = empty_database();
  put(db, "_quire_lock",
      R"({"_id": "migrate", "holder": "x", "token": 4, "host": "far", "pid": 12, "app": "shop 7",
          "progress": {"migration": "status", "done": 3}})");
  const auto found = of(preflight(db, status_field()), "P111");
  EXPECT_EQ(found.severity, Severity::warning);
  EXPECT_NE(found.text.find("process 12 on far (shop 7); "), std::string::npos) << found.text;
}

TEST(Preflight, AsksTheProgramsOwnChecks) {
  Database db = empty_database();
  PreflightOptions options;
  options.more = [](const Database& given, std::vector<Finding>& findings) {
    EXPECT_EQ(given.store().count(given.ns("queue"), {}, {}), 0);
    findings.push_back({.code = "shop", .severity = Severity::danger, .text = "the shop is open"});
  };
  const auto report = preflight(db, status_field(), options);
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(report.findings.back().text, "the shop is open");
  EXPECT_EQ(report.problems(), std::vector<std::string>{"shop danger, the shop is open"});
}

}  // namespace
}  // namespace quire::migrate::test::before
