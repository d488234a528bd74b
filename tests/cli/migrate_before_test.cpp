// Commands of migrate_cli that look before a run, bring a database somewhere, or look at data jobs.
#include <chrono>
#include <thread>

#include "migrate_cli_fixture.hpp"
#include "quire/migrate/data_migrator.hpp"

namespace quire {
namespace {

using namespace quire::test;

/// Wherever lines are broken.
std::string joined(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const char plain = c == '\n' ? ' ' : c;
    if (plain != ' ' || out.empty() || out.back() != ' ') out += plain;
  }
  return out;
}
bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos || joined(text).find(part) != std::string::npos;
}

TEST_F(MigrateCli, LintEndsWithTwelveOnDanger) {
  EXPECT_EQ(run("base", {"lint"}).code, 0);
  EXPECT_EQ(run("base", {"lint", "--offline"}).code, 12);  // the index may meet duplicates
  insert_json(db(), "users", R"({"_id": 3, "email": "ada@x"})");
  const auto duplicates = run("base", {"lint"});
  EXPECT_EQ(duplicates.code, 12);
  EXPECT_TRUE(has(duplicates.out, "migrate_program duplicates users email")) << duplicates.out;
  EXPECT_TRUE(has(duplicates.out, "1 danger, 0 warnings.")) << duplicates.out;
  const auto json = run("base", {"lint", "--json"});
  EXPECT_EQ(report(json)["op"].as_string(), "lint");
  EXPECT_EQ(report(json)["findings"].as_array()["0"].as_document()["code"].as_string(), "Q201");
  EXPECT_EQ(run("base", {"lint", "--no-data"}).code, 12);
}

TEST_F(MigrateCli, LintListensToAssurancesAndBackups) {
  const auto dangerous = run("dangerous", {"lint"});
  EXPECT_EQ(dangerous.code, 12);
  EXPECT_TRUE(has(dangerous.out, "Q101") && has(dangerous.out, "Q501")) << dangerous.out;
  EXPECT_TRUE(has(dangerous.out, "migrate_program backup FOLDER")) << dangerous.out;
  ASSERT_EQ(run("base", {"backup", file("b"), "--quiet"}).code, 0);
  const auto backed = run("dangerous", {"lint", "--backup", file("b"), "--json"});
  EXPECT_EQ(report(backed)["findings"].as_array()["0"].as_document()["code"].as_string(), "Q101");
  EXPECT_FALSE(report(backed)["findings"].as_array().contains("1"));
  const auto assured = run("assured", {"lint"});
  EXPECT_EQ(assured.code, 0);
  EXPECT_TRUE(has(assured.out, "counters are not read any more")) << assured.out;
  ASSERT_EQ(run("assured", {"up"}).code, 0);
  EXPECT_TRUE(has(run("assured", {"history"}).out, "assured: counters are not"));
  EXPECT_EQ(report(run("assured", {"lint", "--json"}))["migrations"].as_int32(), 0);
  EXPECT_EQ(report(run("assured", {"lint", "--all", "--json"}))["migrations"].as_int32(), 3);
}

TEST_F(MigrateCli, PreflightTellsWhatIsInTheWay) {
  const auto good = run("base", {"preflight"});
  EXPECT_EQ(good.code, 0);
  for (const char* code : {"P101", "P102", "P103", "P104", "P105", "P106", "P107", "P108", "P109",
                           "P110", "P111", "P112"})
    EXPECT_TRUE(has(good.out, code)) << code << good.out;
  EXPECT_TRUE(has(good.out, "preflight --backup FOLDER")) << good.out;
  EXPECT_FALSE(has(good.out, "duplicates COLLECTION")) << good.out;  // where all is well
  EXPECT_FALSE(has_collection(db(), "_quire_history"));
  ASSERT_EQ(run("base", {"backup", file("b"), "--quiet"}).code, 0);
  const auto json = run("base", {"preflight", "--backup", file("b"), "--json"});
  EXPECT_EQ(report(json)["result"].as_string(), "ready") << json.out;
  EXPECT_EQ(run("base", {"preflight", "--backup", file("none")}).code, 12);
  insert_json(db(), "users", R"({"_id": 3, "email": "ada@x"})");
  EXPECT_EQ(run("base", {"preflight", "--json"}).code, 12);
}

TEST_F(MigrateCli, PlanCountsMeasuresAndWarns) {
  const auto plan = report(run("more", {"plan", "--json"}));
  const auto list = plan["migrations"].as_array();
  EXPECT_EQ(list["1"].as_document()["matched"].as_int32(), 2);
  const auto part = list["3"].as_document()["parts"].as_array()["0"].as_document();
  EXPECT_EQ(part["measured"].as_string(), "functions");
  EXPECT_EQ(part["sampled"].as_int32(), 60);
  EXPECT_FALSE(plan["findings"].as_array().empty());
  const auto text = run("more", {"plan", "--measure"});
  EXPECT_TRUE(has(text.out, "done and rolled back")) << text.out;
  EXPECT_TRUE(has(text.out, "Nothing was written.")) << text.out;
  EXPECT_EQ(sum(), 0);
  EXPECT_TRUE(has(run("more", {"plan", "2026_01_email", "--no-lint"}).out, "1 migration to run"));
}

TEST_F(MigrateCli, GoesToAMigrationForwardAndBack) {
  ASSERT_EQ(run("more", {"to", "2026_02_status"}).code, 0);
  EXPECT_EQ(report(run("more", {"status", "--json"}))["pending"].as_int32(), 2);
  ASSERT_EQ(run("more", {"to", "2026_03_more"}).code, 0);
  EXPECT_TRUE(all(db(), "users")[0].view().contains("more"));
  EXPECT_EQ(run("more", {"to", "2026_01_email"}).code, 2);  // not without --yes
  const auto back = run("more", {"to", "2026_01_email", "--yes", "--json"});
  EXPECT_EQ(back.code, 0) << back.err;
  EXPECT_EQ(report(back)["op"].as_string(), "down");
  EXPECT_FALSE(all(db(), "users")[0].view().contains("status"));
  EXPECT_TRUE(has(run("more", {"to", "2026_01_email"}).out, "Nothing to do."));
  // What has no way back stops all of it.
  ASSERT_EQ(run("more", {"up"}).code, 0);
  const auto refused = run("more", {"to", "2026_01_email", "--yes"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_FALSE(has(refused.err, "MigrationRunner")) << refused.err;
  EXPECT_TRUE(all(db(), "users")[0].view().contains("status"));
}

TEST_F(MigrateCli, AcceptsChangesAndBaselines) {
  EXPECT_EQ(run("base", {"baseline", "2026_02_status"}).code, 11);  // the index is not there
  EXPECT_EQ(run("base", {"baseline", "2026_02_status", "--force", "--reason", "by hand"}).code, 0);
  EXPECT_EQ(run("base", {"status", "--check"}).code, 0);
  EXPECT_TRUE(has(run("base", {"events"}).out, "by hand"));
  EXPECT_EQ(run("base", {"baseline", "2026_02_status"}).code, 11);
  // Another database.
  uri_ = "quire:" + file("second.quire");
  ASSERT_EQ(run("base", {"up"}).code, 0);
  EXPECT_EQ(run("base", {"accept", "2026_02_status", "--reason", "x"}).code, 2);  // unchanged
  EXPECT_EQ(run("changed", {"up"}).code, 11);
  const auto accepted = run("changed", {"accept", "2026_02_status", "--reason", "x", "--json"});
  EXPECT_EQ(accepted.code, 0) << accepted.err;
  EXPECT_EQ(run("changed", {"up"}).code, 0);
}

TEST_F(MigrateCli, VerifiesCollectionsAndJobs) {
  insert_json(db(), "copies", R"({"_id": 1, "email": "ada@x"})");
  const auto differs = run("base", {"verify", "users", "copies"});
  EXPECT_EQ(differs.code, 41);
  EXPECT_TRUE(has(differs.out, "missing _id 2")) << differs.out;
  insert_json(db(), "copies", R"({"_id": 2, "email": "bob@x"})");
  const auto alike = run("base", {"verify", "users", "copies", "--json"});
  EXPECT_EQ(alike.code, 0);
  EXPECT_EQ(report(alike)["op"].as_string(), "verify");
  const std::string other = "quire:" + file("other.quire");
  insert_json(open(other), "copies", R"({"_id": 1, "email": "x"})");
  EXPECT_EQ(run("base", {"verify", "copies", "--source", other, "--level", "full"}).code, 41);
  EXPECT_EQ(run("base", {"verify", "copies", "--source", other, "--level", "counts", "--filter",
                         R"({"_id": 7})", "--extra-allowed"})
                .code,
            0);
  EXPECT_EQ(run("base", {"verify", "archive"}).code, 41);
}

TEST_F(MigrateCli, ShowsExportsAndRetriesRejects) {
  EXPECT_TRUE(has(run("base", {"rejects"}).out, "No documents were put aside."));
  insert_json(db(), "counters", R"({"_id": 99, "n": 0, "odd": 1})");
  {
    const Database database = db();
    migrate::DataMigrator job(database, "counters");
    job.to(database, "archive").name("archive").rejects(migrate::RejectPolicy::reject);
    job.map([](bson::View one) -> std::optional<bson::Document> {
      if (one.contains("odd")) throw std::runtime_error("it is \"odd\", and no more");
      return bson::Document(one);
    });
    (void)job.run();
  }
  const auto list = run("base", {"rejects", "archive"});
  EXPECT_TRUE(has(list.out, "1 document put aside.")) << list.out;
  EXPECT_EQ(report(run("base", {"rejects", "--json"}))["total"].as_int32(), 1);
  const auto ndjson = wait(start("base", {"rejects", "--export", "ndjson"}));
  EXPECT_EQ(ndjson.code, 0);
  ASSERT_EQ(lines_of(ndjson.out).size(), 1U);
  EXPECT_EQ(bson::from_json(lines_of(ndjson.out)[0])["key"].as_int32(), 99);
  const auto csv = wait(start("base", {"rejects", "--export", "csv"}));
  EXPECT_EQ(csv.out.find("job,key,stage,collection,code,name,field,text,attempts,at,document\r\n"),
            0U)
      << csv.out;
  EXPECT_TRUE(has(csv.out, R"(archive,99,map,)") && has(csv.out, R"("it is ""odd"", and no more")"))
      << csv.out;
  EXPECT_EQ(run("base", {"rejects", "--export", "csv", "--json"}).code, 2);
  EXPECT_EQ(run("base", {"rejects", "--export", "csv", "--file", file("r.csv"), "--json"}).code, 0);
  EXPECT_EQ(text_of("r.csv"), csv.out);
  EXPECT_EQ(run("base", {"rejects", "--export", "csv", "--file", file("r.csv")}).code, 2);

  const auto again = run("base", {"retry-rejects", "archive", "--json"});
  EXPECT_EQ(again.code, 40) << again.out << again.err;
  const Database database = db();
  (void)database.store().update(database.ns("counters"), bson::make_document("_id", 99),
                                {bson::from_json(R"({"$unset": {"odd": 1}})").view()}, {});
  EXPECT_EQ(run("base", {"retry-rejects", "archive"}).code, 0);
  EXPECT_TRUE(has(run("base", {"rejects"}).out, "No documents were put aside."));
  EXPECT_EQ(run("base", {"verify", "archive"}).code, 0);
}

TEST_F(MigrateCli, WritesTheProgramsMigrations) {
  const auto all_of_them = report(run("base", {"export", "--json"}));
  const auto list = all_of_them["migrations"].as_array();
  EXPECT_EQ(list["1"].as_document()["id"].as_string(), "2026_02_status");
  EXPECT_EQ(list["1"].as_document()["checksum"].as_string().substr(0, 10), "q1:sha256:");
  EXPECT_EQ(list["1"].as_document()["steps"].as_array()["0"].as_document()["op"].as_string(),
            "add_field");
  EXPECT_EQ(list["1"].as_document()["down"].as_array()["0"].as_document()["op"].as_string(),
            "remove_default");
  EXPECT_EQ(run("base", {"export", file("m.json"), "--plan"}).code, 0);
  EXPECT_TRUE(bson::from_json(text_of("m.json")).view().contains("plan"));
  EXPECT_EQ(run("base", {"export", file("m.json")}).code, 2);
  const auto bare = wait(start("base", {"export"}));
  EXPECT_EQ(bson::from_json(bare.out)["op"].as_string(), "export");

  const auto squash =
      wait(start("more", {"squash", "2026_05_01_all", "2026_01_email", "2026_04_most"}));
  EXPECT_EQ(squash.code, 0) << squash.err;
  for (const char* part :
       {R"(.replaces = {"2026_01_email", "2026_02_status", "2026_03_more", "2026_04_most"})",
        R"(m.create_index("users", q::bson::make_document("email", 1), {.unique = true});)",
        R"(m.add_field("users", "status", "active");)", R"(decide: each over counters)",
        "void add_2026_05_01_all(q::Migrations& all)"})
    EXPECT_TRUE(has(squash.out, part)) << part << "\n" << squash.out;
  EXPECT_EQ(run("base", {"squash", "2026_05_01_all", "2026_01_email", "2026_02_status", "--file",
                         file("s.cpp"), "--json"})
                .code,
            0);
  EXPECT_TRUE(has(text_of("s.cpp"), "stands for 2 earlier ones"));
}

TEST_F(MigrateCli, RunsTheProgramsTests) {
  const auto round_trip = run("base", {"test", "up_down_up"});
  EXPECT_EQ(round_trip.code, 0) << round_trip.out << round_trip.err;
  const auto failing = run("base", {"test", "failing", "--json"});
  EXPECT_EQ(failing.code, 30);
  EXPECT_TRUE(has(failing.out, "seven is not eight"));
  EXPECT_EQ(run("without_models", {"test"}).code, 2);
  EXPECT_FALSE(has_collection(db(), "_quire_history"));
}

TEST_F(MigrateCli, ShowsHowFarTheHolderIs) {
  insert_json(db(), "_quire_lock",
              R"({"_id": "migrate", "holder": "x", "token": 4, "beat": 1, "lease_ms": 600000,
                  "host": "far", "pid": 12, "app": "shop 7",
                  "progress": {"migration": "2026_03_wait", "step": 1, "steps": 2, "done": 1200,
                               "total": 5000, "rate": 300.5, "eta_s": 12, "state": "running"}})");
  const auto status = run("base", {"status"});
  EXPECT_TRUE(has(status.out,
                  "2026_03_wait step 1 of 2, running, 1,200 of 5,000 documents, 300/s, 12 s left"))
      << status.out;
  const auto busy = run("base", {"up", "--wait", "1"});
  EXPECT_EQ(busy.code, 20);
  EXPECT_TRUE(has(busy.out, "Waiting for the migration lock.")) << busy.out;
  EXPECT_TRUE(has(busy.err, "2026_03_wait, step 1")) << busy.err;
  const auto json = run("base", {"up", "--wait", "1", "--json"});
  EXPECT_EQ(bson::from_json(lines_of(json.out).at(0))["lock"]
                .as_document()["progress"]
                .as_document()["done"]
                .as_int32(),
            1200);
  // A text is shown as it is.
  const Database database = db();
  (void)database.store().update(database.ns("_quire_lock"), {},
                                {bson::from_json(R"({"$set": {"progress": "halfway"}})").view()},
                                {});
  EXPECT_TRUE(has(run("base", {"up", "--wait", "1"}).out, "halfway"));
}

#ifdef QUIRE_TEST_MONGODB
TEST_F(MigrateCli, TheDriversLogStaysOffStandardOutput) {
  const auto plan = wait(start("talking", {"plan", "--json"}));
  for (const std::string& line : lines_of(plan.out)) EXPECT_EQ(line.front(), '{') << line;
  EXPECT_FALSE(has(plan.err, "a line of debugging")) << plan.err;
  EXPECT_TRUE(has(plan.err, "a warning")) << plan.err;
}
#endif

}  // namespace
}  // namespace quire
