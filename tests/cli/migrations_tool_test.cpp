#ifdef QUIRE_TOOL

#include <algorithm>
#include <atomic>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "quire/migrate/data_migrator.hpp"
#include "quire/migrate/inspect.hpp"
#include "quire/migrate/runner.hpp"
#include "quire/migrate/steps.hpp"
#include "tool_fixture.hpp"

namespace quire {
namespace {

using namespace quire::test;

/// The tool on what migrations of a program left.
class MigrationsTool : public ToolTest {
 protected:
  MigrationsTool() {
    const Database db = open_file("a.quire");
    insert_json(db, "users", R"({"_id": 1, "email": "ada@x"})");
    migrate::Migrations all;
    all.add({.id = "2026_01", .title = "status", .up = migrate::add_field("users", "status", "x")});
    EXPECT_TRUE((migrate::MigrationRunner{db, all}.application("shop 1.4").run().ok()));
    db.close();
  }
  /// A lock as a process elsewhere holds it, and what it is about.
  void put_holder(const Database& db) {
    (void)db.store().drop_collection(db.ns("_quire_lock"), {});
    insert(db, "_quire_lock",
           {bson::make_document("_id", "migrate", "holder", Uuid::generate(), "token",
                                std::int64_t{7}, "beat", std::int64_t{1}, "lease_ms",
                                std::int64_t{100}, "host", "elsewhere", "pid", std::int64_t{1})});
    insert_json(db, "_quire_jobs",
                R"({"_id": "2026_02:up:1", "migration": "2026_02", "direction": "up", "number": 1,
                    "fence": {"$numberLong": "7"}, "seq": 3, "state": "running", "matched": 1500})");
  }
  /// Without the breaks of lines that are too long.
  static std::string on_one_line(const std::string& text) {
    std::istringstream words(text);
    std::string out, word;
    while (words >> word) out += (out.empty() ? "" : " ") + word;
    return out;
  }
  static bson::Document report(const Result& result) {
    std::string last, line;
    std::istringstream in(result.out);
    while (std::getline(in, line)) {
      EXPECT_NO_THROW((void)bson::from_json(line)) << line;
      last = line;
    }
    const auto document = bson::from_json(last);
    EXPECT_EQ(document["exit"].as_int32(), result.code) << last;
    return document;
  }
};

TEST_F(MigrationsTool, ReadsWithoutTheProgram) {
  const std::string uri = file("a.quire");
  const auto status = run({"status", uri});
  EXPECT_EQ(status.code, 0) << status.err;
  EXPECT_NE(status.out.find("2026_01    applied"), std::string::npos) << status.out;
  EXPECT_NE(status.out.find("lock: free"), std::string::npos) << status.out;
  EXPECT_EQ(report(run({"status", uri, "--json"}))["lock"].as_document()["held"].as_bool(), false);
  EXPECT_NE(run({"history", uri}).out.find("shop 1.4"), std::string::npos);
  EXPECT_EQ(run({"history", uri, "2026_09"}).code, 2);
  EXPECT_EQ(report(run({"events", uri, "--json"}))["events"].as_int32(), 2);
  EXPECT_EQ(report(run({"progress", uri, "--follow", "--json"}))["result"].as_string(), "nothing");
  EXPECT_EQ(run({"status", file("none.quire")}).code, 30);
  EXPECT_FALSE(std::filesystem::exists(file("none.quire")));
  EXPECT_EQ(run({"unlock", uri, "--yes"}).code, 2);
}

TEST_F(MigrationsTool, UnlocksOnlyWhoIsGoneAndOnlyWhenTold) {
  const std::string uri = file("a.quire");
  put_holder(open_file("a.quire"));
  EXPECT_EQ(run({"unlock", uri, "--token", "7", "--reason", "gone"}).code, 2);
  EXPECT_EQ(run({"unlock", uri, "--token", "6", "--reason", "gone", "--yes"}).code, 20);
  const auto done = run({"unlock", uri, "--token", "7", "--reason", "gone", "--yes", "--json"});
  EXPECT_EQ(done.code, 0) << done.err;
  (void)report(done);
  EXPECT_FALSE(migrate::lock_info(open_file("a.quire"))->held);
  EXPECT_NE(run({"events", uri, "--last", "1", "--json"}).out.find("\"gone\""), std::string::npos);
}

TEST_F(MigrationsTool, KeepsWritersOut) {
  const std::string uri = file("a.quire");
  put_holder(open_file("a.quire"));
  EXPECT_EQ(run({"maintenance", uri, "on"}).code, 2);
  EXPECT_EQ(run({"maintenance", uri, "perhaps"}).code, 2);
  EXPECT_EQ(run({"maintenance", uri, "on", "--reason", "by hand"}).code, 0);
  const auto status = run({"maintenance", uri, "status"});
  EXPECT_NE(status.out.find("by hand"), std::string::npos) << status.out;
  EXPECT_TRUE(migrate::lock_info(open_file("a.quire"))->held);
  EXPECT_EQ(run({"maintenance", uri, "off"}).code, 0);
  EXPECT_TRUE(report(run({"maintenance", uri, "status", "--json"}))["token"].is_string());
}

TEST_F(MigrationsTool, FollowsAJobUntilItsLockIsFree) {
  const Database db = open_file("a.quire");
  put_holder(db);
  const auto once = run({"progress", file("a.quire")});
  EXPECT_EQ(once.code, 0);
  EXPECT_NE(once.out.find("held by process 1 on elsewhere"), std::string::npos) << once.out;
  EXPECT_NE(once.out.find("2026_02:up:1: running, 1,500 documents done"), std::string::npos)
      << once.out;
  const pid_t pid = start({"progress", file("a.quire"), "--follow", "--interval", "20", "--json"});
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const auto free = bson::from_json(R"({"$set": {"holder": null}})");
  (void)db.store().update(db.ns("_quire_lock"), {}, {free.view()}, {});
  const auto followed = wait(pid);
  EXPECT_EQ(followed.code, 0);
  EXPECT_EQ(report(followed)["result"].as_string(), "nothing");
  EXPECT_NE(followed.out.find("\"2026_02:up:1\""), std::string::npos);
}

TEST_F(MigrationsTool, ShowsHowFarADataJobIsWithRateAndTimeLeft) {
  const std::string uri = file("a.quire");
  const Database db = open_file("a.quire");
  std::vector<bson::Document> people;
  for (std::int64_t i = 0; i < 4000; ++i) people.push_back(bson::make_document("_id", i, "n", i));
  insert(db, "people", people);
  std::atomic<bool> go = false;
  migrate::DataMigrator job(db, "people");
  job.to(db, "archive").name("archive").workers(1).batch(10).partition(2500);
  job.rejects(migrate::RejectPolicy::reject);
  job.map([](bson::View one) -> std::optional<bson::Document> {
    if (one["n"].as_int64() == 3) throw std::runtime_error("three");
    return bson::Document(one);
  });
  // At most a hundred documents a second, until all was looked at.
  std::atomic<int> batches = 0;
  job.throttle({.wait = [&]() -> std::string {
    if (!go) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    ++batches;
    return "";
  }});
  migrate::DataReport done;
  std::thread worker([&] { done = job.run(); });
  while (batches < 3) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const auto once = run({"progress", uri, "--interval", "1000"});
  const auto json = run({"progress", uri, "--interval", "1000", "--json"});
  migrate::DataMigrator::control(db, "archive", migrate::Desired::pause, "peak hours");
  const auto paused = run({"progress", uri, "--interval", "20"});
  const pid_t follower = start({"progress", uri, "--follow", "--interval", "50", "--json"});
  migrate::DataMigrator::control(db, "archive", migrate::Desired::run, "", 1'000'000);
  go = true;
  worker.join();
  const auto followed = wait(follower);
  ASSERT_TRUE(done.ok()) << done.json();

  EXPECT_EQ(once.code, 0);
  const std::string text = on_one_line(once.out);
  for (const char* part : {"archive: running, ", " of about 4,000 documents (", ", 1 rejected, ",
                           "/s, ", " left, 0 of 2 partitions, 1 process"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << once.out;
  const auto said = report(json);
  EXPECT_EQ(said["result"].as_string(), "running");
  const auto first = said["jobs"].as_array().begin()->value.as_document();
  EXPECT_EQ(first["job"].as_string(), "archive");
  EXPECT_EQ(first["state"].as_string(), "running");
  EXPECT_EQ(first["total"].as_int32(), 4000);
  EXPECT_GT(first["done"].as_int32(), 0);
  EXPECT_GT(first["rate"].as_double(), 0);
  EXPECT_GT(first["eta_s"].as_double(), 0);
  EXPECT_EQ(first["rejected"].as_int32(), 1);
  EXPECT_NE(on_one_line(paused.out).find("paused by the control document: peak hours"),
            std::string::npos)
      << paused.out;
  // The control document stays, and is no job: what follows comes to an end.
  EXPECT_EQ(report(followed)["result"].as_string(), "nothing") << followed.out;
  EXPECT_EQ(report(run({"progress", uri, "--json"}))["jobs"].as_array().count(), 0U);
  const auto entries = migrate::data_jobs(db);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].progress.state, migrate::JobState::complete);
  EXPECT_EQ(entries[0].counts.written, 3999);
  EXPECT_EQ(entries[0].partitions_done, 2);
  EXPECT_FALSE(entries[0].runs());
}

TEST_F(MigrationsTool, ADataJobOfADeadProcessDoesNotRun) {
  const std::string uri = file("a.quire");
  const Database db = open_file("a.quire");
  insert_json(db, "_quire_jobs",
              R"({"_id": "data:old", "kind": "data", "job": "old", "state": "running", "epoch": 1,
                  "estimate": {"$numberLong": "1000"}, "total_kind": "estimate", "chunks": 4})");
  insert_json(db, "_quire_chunks",
              R"({"_id": {"job": "old", "epoch": 1, "n": 0}, "job": "old", "epoch": 1,
                  "state": "copied", "read": {"$numberLong": "250"}})");
  // On another machine: it may be alive, until its beat stood still for 1.25 of its leases.
  insert_json(db, "_quire_jobs",
              R"({"_id": "data:old:run:x", "kind": "run", "job": "old", "beat": 5,
                  "lease_ms": 100, "host": "elsewhere", "pid": 1})");
  const auto followed = run({"progress", uri, "--follow", "--interval", "100"});
  EXPECT_EQ(followed.code, 0);
  const std::string text = on_one_line(followed.out);
  for (const char* part : {"old: running, 250 of about 1,000 documents (25 %), 1 of 4 partitions, ",
                           "1 process", "no process works on it", "No migration runs."})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << followed.out;
}

TEST_F(MigrationsTool, ChecksAFileAndWhatMigrationsNeed) {
  const std::string uri = file("a.quire");
  EXPECT_EQ(run({"check", uri}).code, 0);
  insert_json(open_file("a.quire"), "_quire_history",
              R"({"_id": "2026_02", "state": "attention", "error": "who knows"})");
  const auto waiting = run({"check", uri, "--json"});
  EXPECT_EQ(waiting.code, 31);
  EXPECT_EQ(report(waiting)["look_at"].as_array()["0"].as_string(), "2026_02");
}

#ifdef QUIRE_TEST_MONGODB
TEST_F(MigrationsTool, ReadsAServer) {
  QUIRE_NEEDS_SERVER(uri, "replica_set");
  const Database db = open(uri);
  const DropAtEnd drop(db);
  put_holder(db);
  EXPECT_EQ(run({"check", uri}).code, 0);
  EXPECT_NE(run({"status", uri}).out.find("token 7, held by"), std::string::npos);
  const auto unreached =
      run({"status", "mongodb://shop:secret@127.0.0.1:1/x?serverSelectionTimeoutMS=100"});
  EXPECT_EQ(unreached.code, 30);
  EXPECT_EQ((unreached.out + unreached.err).find("secret"), std::string::npos);
}
#endif

}  // namespace
}  // namespace quire

#endif
