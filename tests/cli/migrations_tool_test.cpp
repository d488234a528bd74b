#ifdef QUIRE_TOOL

#include <algorithm>
#include <sstream>
#include <thread>

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
