// import_cli: an application as the tool of its own imports.
#include "quire/importer/cli.hpp"

#include <signal.h>

#include <fstream>

#include "cli_fixture.hpp"
#include "migrate/documents.hpp"
#include "quire/importer/typed.hpp"

namespace quire::importer::test {
namespace {

TEST(ImportCli, GoesFromTheMappingToTheEnd) {
  Legacy legacy;
  legacy.put_users(40);
  App app([&] { return legacy.open(); }, one(users_mapping()));
  Ran ran = app.run({"map"});
  EXPECT_EQ(ran.code, 0) << ran;
  EXPECT_TRUE(ran.says("people: from users") && ran.says("null is refused")) << ran;
  EXPECT_EQ(app.run({"validate-schema"}).code, 0);
  ran = app.run({"dry-run"});
  EXPECT_EQ(ran.code, 0) << ran;
  EXPECT_TRUE(ran.says("Nothing was written.")) << ran;
  EXPECT_EQ(count(app.db, "people"), 0);
  ran = app.run({"import", "--all"});
  EXPECT_EQ(ran.code, 2) << ran;
  EXPECT_TRUE(ran.complains("--yes")) << ran;
  EXPECT_EQ(count(app.db, "people"), 0);
  EXPECT_EQ(app.run({"import", "--all", "--yes"}).code, 0);
  EXPECT_EQ(count(app.db, "people"), 40);
  EXPECT_TRUE(app.run({"import", "users"}).says("40 unchanged"));  // by its table's name
  EXPECT_TRUE(app.run({"verify", "--full"}).says("Both sides are alike."));
  EXPECT_TRUE(app.run({"status"}).says("complete"));
  set(app.db, "people", R"({"_id": 7})", R"({"$set": {"name": "other"}})");
  ran = app.run({"verify", "--full"});
  EXPECT_EQ(ran.code, 41) << ran;
  EXPECT_TRUE(ran.says("different _id 7, name")) << ran;
  ran = app.run({"rollback", "--yes"});
  EXPECT_EQ(ran.code, 40) << ran;
  EXPECT_TRUE(ran.complains("app rollback --edited overwrite")) << ran;
  EXPECT_EQ(app.run({"rollback", "--yes", "--edited", "overwrite"}).code, 0);
  EXPECT_EQ(count(app.db, "people"), 0);
  EXPECT_EQ(app.run({"import", "--all", "--yes", "--quiet"}).out, "");
  EXPECT_EQ(app.run({"finish", "--yes"}).code, 0);
  EXPECT_EQ(count(app.db, "people", R"({"_q": {"$exists": true}})"), 0);
}

TEST(ImportCli, SpeaksJson) {
  Legacy legacy;
  legacy.put_users(5);
  App app([&] { return legacy.open(); }, one(users_mapping()));
  for (const Words& words : std::vector<Words>{{"help"},
                                               {"audit"},
                                               {"check-pk", "users"},
                                               {"check-duplicates", "users", "age"},
                                               {"map"},
                                               {"map", "--structs"},
                                               {"validate-schema"},
                                               {"dry-run", "people"},
                                               {"import", "people"},
                                               {"verify", "--level", "counts"},
                                               {"status"},
                                               {"rejects"},
                                               {"retry-rejects"},
                                               {"rollback", "--yes"},
                                               {"finish", "--yes"}}) {
    Words json = words;
    json.emplace_back("--json");
    const Ran ran = app.run(json);
    EXPECT_EQ(ran.code, 0) << words[0] << "\n" << ran;
    EXPECT_EQ(report_of(ran)["op"].as_string(), words[0] == "check" ? "" : words[0]) << ran;
  }
  EXPECT_EQ(report_of(app.run({"import", "--all", "--json"}))["result"].as_string(),
            "not_confirmed");
  app.mapping.tables[0].fields[0].compute = [](const RowView&) { return bson::Value("x"); };
  app.mapping.tables[0].fields[0].from = {};
  EXPECT_EQ(app.run({"map", "--json"}).code, 0);  // what JSON has no form for is told to be there
}

TEST(ImportCli, ProposesAMappingThatImports) {
  Legacy legacy;
  legacy.put_users(10);
  legacy.put_orders(2);
  App app([&] { return legacy.open(); });
  const std::string file = testing::TempDir() + "proposed-" + std::to_string(::getpid()) + ".json";
  std::filesystem::remove(file);
  EXPECT_TRUE(app.run({"map"}).says("inside of users"));
  EXPECT_TRUE(app.run({"map", "--structs"}).says("struct UsersOrders"));
  EXPECT_EQ(app.run({"dry-run"}).code, 2);  // none yet
  EXPECT_EQ(app.run({"map", "--file", file}).code, 0);
  EXPECT_EQ(app.run({"map", "--file", file}).code, 2);  // it is there
  std::ifstream in(file);
  app.mapping = Mapping::from_json(std::string{std::istreambuf_iterator<char>(in), {}});
  EXPECT_EQ(app.run({"import", "--all", "--yes"}).code, 0);
  EXPECT_EQ(count(app.db, "users", R"({"orders": {"$size": 2}})"), 10);
  std::filesystem::remove(file);
}

TEST(ImportCli, AuditNamesWhatIsOdd) {
  Legacy legacy("odd");
  legacy.run(R"(
    CREATE TABLE "select"("id" TEXT PRIMARY KEY, "a.b" INTEGER, "$x" DATETIME, "😀" ANY, note TEXT);
    INSERT INTO "select" VALUES ('', 1, '0000-00-00', 1, CAST(X'FF41' AS TEXT)),
      (' p', 9007199254740993, '2024-01-01', 'x', 'a' || char(0)), (NULL, 'many', NULL, 2, NULL);
    CREATE TABLE child(id INTEGER PRIMARY KEY, parent TEXT REFERENCES "select"(id),
      up INTEGER REFERENCES child(id));
    INSERT INTO child VALUES (1, ' p', NULL), (2, 'gone', 1), (3, 'gone', 99), (4, NULL, NULL);
    CREATE TABLE "empty""quoted"(a, b))");
  App app([&] { return legacy.open(); });
  const Ran ran = app.run({"audit", "--json", "--check"});
  EXPECT_EQ(ran.code, 12) << ran;
  std::vector<std::string> found;
  const auto report = report_of(ran);
  for (const auto& table : report["tables"].as_array()) {
    for (const auto& one : table.value.as_document()["findings"].as_array()) {
      const auto finding = one.value.as_document();
      std::ostringstream text;
      text << table.value.as_document()["name"].as_string() << " " << finding["kind"].as_string()
           << " " << finding["column"].as_string() << " " << migrate::get_int(finding, "rows");
      found.push_back(text.str());
    }
  }
  std::sort(found.begin(), found.end());
  const std::vector<std::string> expected{
      "child orphans parent 2",    "child orphans up 1",         "child untrimmed_key parent 1",
      "select bad_utf8 note 1",    "select beyond_double a.b 1", "select empty_key id 1",
      "select mixed_types 😀 1",   "select null_key id 1",       "select other_type a.b 1",
      "select untrimmed_key id 1", "select zero_byte note 1",    "select zero_date $x 1"};
  EXPECT_EQ(found, expected);
  const Ran text = app.run({"audit", "child", "--sample", "2"});
  EXPECT_EQ(text.code, 0) << text;
  EXPECT_TRUE(text.says("2 rows looked at") && text.says("without a parent")) << text;
  EXPECT_EQ(app.run({"audit", "chld"}).code, 2);
}

struct Account {
  std::int64_t id = 0;
  std::string mail;
  std::int32_t age = 0;
  std::string missing;
  std::int32_t given = 0;
  static auto model() {
    return quire::model<Account>("people")
        .index(query::field<&Account::mail>.asc(), quire::unique)
        .default_value(query::field<&Account::given>, 7);
  }
};

TEST(ImportCli, FindsWhatWouldComeTwice) {
  Legacy legacy;
  legacy.run(
      "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT, mail TEXT);"
      "INSERT INTO users VALUES (1, 'a', 'A@x'), (2, 'b', 'a@x'), (3, 'a', 'c@x'), (4, 'a', NULL)");
  TableMapping people;
  people.table = "users";
  people.into = "people";
  people.id = {.kind = IdKind::columns, .columns = {"name"}};
  FieldRule mail;
  mail.to = mail.from = "mail";
  mail.lower = true;
  people.fields = {mail};
  App app([&] { return legacy.open(); }, one(people));
  app.options.models = {&model_of<Account>()};
  Ran ran = app.run({"check-pk", "users"});
  EXPECT_EQ(ran.code, 12) << ran;
  EXPECT_TRUE(ran.says("id of users: 4 rows, none twice")) << ran;
  EXPECT_TRUE(ran.says("_id of people: 4 rows, 1 value more than once, 2 rows too many")) << ran;
  ran = app.run({"check-duplicates", "users", "mail"});
  EXPECT_EQ(ran.code, 12) << ran;  // by its own bytes none, in lower case one
  EXPECT_TRUE(ran.says("mail of users: 4 rows, 1 with null, none twice")) << ran;
  EXPECT_TRUE(ran.says("more than once, 1 row too many") && ran.says("a@x")) << ran;
  ran = app.run({"check-duplicates", "users", "name", "--most", "1", "--json"});
  const auto report = report_of(ran);
  const auto check = report["checks"].as_array()["0"].as_document();
  EXPECT_EQ(migrate::get_int(check, "surplus"), 2);
  EXPECT_EQ(length_of(check["shown"].as_array()["0"].as_document()["keys"]), 3);
  EXPECT_EQ(app.run({"check-duplicates", "users", "nmae"}).code, 2);
}

TEST(ImportCli, ComparesTheMappingWithModels) {
  Legacy legacy;
  legacy.run("CREATE TABLE users(id INTEGER PRIMARY KEY, mail INTEGER, age INTEGER NOT NULL)");
  TableMapping people;
  people.table = "users";
  people.into = "people";
  App app([&] { return legacy.open(); }, one(people));
  app.options.models = {&model_of<Account>()};
  Ran ran = app.run({"validate-schema"});
  EXPECT_EQ(ran.code, 12) << ran;
  EXPECT_TRUE(ran.says("field mail: the mapping gives long, the model reads string")) << ran;
  EXPECT_TRUE(ran.says("field missing: the model needs it, and no rule sets it")) << ran;
  EXPECT_FALSE(ran.says("field age")) << ran;
  EXPECT_TRUE(ran.says("field given: the model needs it")) << ran;
  app.options.set_later = {"people.missing", "people.given"};  // the latter by reading
  ran = app.run({"validate-schema"});
  EXPECT_FALSE(ran.says("field missing") || ran.says("field given")) << ran;
}

TEST(ImportCli, ShowsAndRetriesWhatWasPutAside) {
  Legacy legacy;
  legacy.put_users(9);
  legacy.run(
      "DROP TABLE users; CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT, mail, age);"
      "INSERT INTO users VALUES (1, 'a', NULL, 1), (2, NULL, NULL, 2)");
  App app([&] { return legacy.open(); }, one(users_mapping()));
  EXPECT_EQ(app.run({"import", "people", "--most-rejects", "0"}).code, 40);
  Ran ran = app.run({"rejects", "--raw"});
  EXPECT_TRUE(ran.says("name") && ran.says(R"("age": 2)")) << ran;
  EXPECT_EQ(app.run({"retry-rejects", "--most-rejects", "0"}).code, 40);
  EXPECT_EQ(app.run({"retry-rejects"}).code, 0);  // one may stay aside, as in the import
  legacy.run("UPDATE users SET name = 'b' WHERE id = 2");
  EXPECT_EQ(app.run({"retry-rejects"}).code, 0);
  EXPECT_TRUE(app.run({"rejects", "people"}).says("No rows were put aside."));
  EXPECT_EQ(count(app.db, "people"), 2);
}

TEST(ImportCli, StopsAtTheNextBatchWhenAsked) {
  Legacy legacy;
  legacy.put_users(200);
  TableMapping people = users_mapping();
  int rows = 0;
  FieldRule rule;
  rule.to = "extra";
  rule.compute = [&](const RowView&) {
    if (++rows == 50) ::raise(SIGINT);
    // The signal is handled by another thread: it has been, long before the last row.
    if (rows > 50) ::usleep(2000);
    return bson::Value(1);
  };
  people.fields.push_back(rule);
  App app([&] { return legacy.open(); }, one(people));
  app.options.import = small();
  app.options.import.workers = 1;
  const Ran ran = app.run({"import", "people"});
  EXPECT_EQ(ran.code, 32) << ran;
  EXPECT_TRUE(ran.complains("stopped on request") && ran.complains("app import --all")) << ran;
  EXPECT_LT(count(app.db, "people"), 200);
  EXPECT_EQ(app.run({"import", "people"}).code, 0);
  EXPECT_EQ(count(app.db, "people"), 200);
}

TEST(ImportCli, TakesAllForACommandOfItsOwn) {
  Legacy legacy;
  legacy.put_users(3);
  App app([&] { return legacy.open(); }, one(users_mapping()));
  app.options.program = "app import";
  const Ran ran = app.run({"--all"});
  EXPECT_EQ(ran.code, 2) << ran;
  EXPECT_TRUE(ran.complains("app import: ")) << ran;
  EXPECT_EQ(app.run({"--yes", "--all"}).code, 0);
  EXPECT_EQ(app.run({"--help"}).code, 0);
  EXPECT_EQ(count(app.db, "people"), 3);
}

TEST(ImportCli, SaysNothingOfProgressWhereItIsShort) {
  if (quire::test::on_server()) GTEST_SKIP() << "a driver has lines of its own";
  Legacy legacy;
  legacy.put_users(30);
  App app([&] { return legacy.open(); }, one(users_mapping()));
  for (const Words& words : std::vector<Words>{
           {"audit"}, {"check-pk", "users"}, {"dry-run"}, {"import", "people"}, {"verify"}})
    EXPECT_EQ(app.run(words).err, "") << words[0];
}

TEST(ImportCli, TellsMistakes) {
  Legacy legacy;
  legacy.put_users(3);
  App app([&] { return legacy.open(); }, one(users_mapping()));
  const struct {
    Words words;
    std::string text;
  } cases[] = {{{}, "a command is missing"},
               {{"imprt"}, "did you mean import?"},
               {{"import"}, "the name of a part, --all, or --last"},
               {{"import", "people", "--last"}, "the name of a part, --all, or --last"},
               {{"import", "people", "--passes", "2"}, "of import --last"},
               {{"import", "peple"}, "did you mean people?"},
               {{"import", "people", "--exsting", "skip"}, "did you mean --existing?"},
               {{"import", "people", "--existing", "maybe"}, "fail, skip, replace, update"},
               {{"import", "people", "--parallel", "0"}, "1 to 64"},
               {{"import", "people", "--report", "x.txt"}, ".md or .json"},
               {{"verify", "--level", "deep"}, "counts, sample, digest or full"},
               {{"verify", "--full", "--level", "full"}, "not both"},
               {{"check-pk"}, "an argument is missing"},
               {{"check-pk", "user"}, "users"},
               {{"check-pk", "sqlite://u:s3cret@x"}, "a name stands here"},
               {{"audit", "mysql://u:s3cret@x/y"}, "a name stands here"},
               {{"dry-run", "mysql://u:s3cret@x/y"}, "a name stands here"},
               {{"check-duplicates", "users"}, "columns that should be unique"},
               {{"rollback"}, "--yes"},
               {{"finish"}, "--yes"}};
  for (const auto& one_case : cases) {
    const Ran ran = app.run(one_case.words);
    EXPECT_EQ(ran.code, 2) << ran;
    EXPECT_TRUE(ran.complains(one_case.text)) << one_case.text << "\n" << ran;
    EXPECT_TRUE(ran.complains("next: ")) << ran;
    EXPECT_EQ(ran.err.find("s3cret"), std::string::npos) << ran;
  }
  App away([] { return open_source("postgresql://me:s3cret@127.0.0.1:1/none"); });
  const Ran ran = away.run({"audit"});
  EXPECT_EQ(ran.code, 30) << ran;
  EXPECT_EQ((ran.out + ran.err).find("s3cret"), std::string::npos) << ran;
  App wrong([&] { return legacy.open(); }, one(users_mapping()));
  wrong.mapping.tables[0].fields[0].from = "nam";
  EXPECT_EQ(wrong.run({"validate-schema"}).code, 12);
  const Ran refused = wrong.run({"import", "people"});
  EXPECT_EQ(refused.code, 2) << refused;
  EXPECT_TRUE(refused.complains("app validate-schema")) << refused;
}

TEST(ImportCli, WritesReports) {
  Legacy legacy;
  legacy.put_users(3);
  App app([&] { return legacy.open(); }, one(users_mapping()));
  const std::string base = testing::TempDir() + "report-" + std::to_string(::getpid());
  const auto text = [&](const std::string& end) {
    std::ifstream in(base + end);
    return std::string{std::istreambuf_iterator<char>(in), {}};
  };
  for (const Words& words : std::vector<Words>{{"audit"},
                                               {"check-pk", "users"},
                                               {"map"},
                                               {"validate-schema"},
                                               {"dry-run"},
                                               {"import", "people"},
                                               {"verify"}}) {
    for (const std::string end : {".md", ".json"}) {
      Words all = words;
      all.insert(all.end(), {"--report", base + end});
      EXPECT_EQ(app.run(all).code, 0) << words[0];
    }
    EXPECT_TRUE(text(".md").starts_with("# ")) << text(".md");
    EXPECT_NO_THROW((void)bson::from_json(text(".json"))) << text(".json");
  }
  const Ran ran = app.run({"verify", "--report", "/nowhere/x.md"});
  EXPECT_EQ(ran.code, 30) << ran;
  EXPECT_TRUE(ran.complains("/nowhere/x.md cannot be written")) << ran;
  for (const char* end : {".md", ".json"}) std::filesystem::remove(base + end);
}

}  // namespace
}  // namespace quire::importer::test
