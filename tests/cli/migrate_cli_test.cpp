#include <chrono>
#include <set>
#include <thread>

#include "migrate_cli_fixture.hpp"
#include "quire/cli/exit_codes.hpp"
#include "quire/migrate/inspect.hpp"
#include "sanitized.hpp"

namespace quire {
namespace {

using namespace quire::test;

TEST_F(MigrateCli, GoesUpAndBackAndSaysSo) {
  EXPECT_EQ(run("base", {"status"}).code, 0);
  const auto pending = run("base", {"status", "--check", "--json"});
  EXPECT_EQ(pending.code, 10);
  EXPECT_EQ(report(pending)["pending"].as_int32(), 2);
  EXPECT_EQ(report(pending)["next"].as_array()["1"].as_string(), "migrate_program up");
  const auto plan = run("base", {"plan"});
  EXPECT_EQ(plan.code, 0);
  EXPECT_NE(plan.out.find("2026_02_status  users have a status"), std::string::npos) << plan.out;
  EXPECT_FALSE(has_collection(db(), "_quire_history"));

  const auto up = run("base", {"up"});
  EXPECT_EQ(up.code, 0) << up.err;
  EXPECT_NE(up.out.find("Done: 2 migrations applied."), std::string::npos) << up.out;
  EXPECT_EQ(run("base", {"status", "--check"}).code, 0);
  EXPECT_NE(run("base", {"up"}).out.find("Nothing to do."), std::string::npos);

  const auto history = run("base", {"history", "2026_02_status", "--json"});
  EXPECT_EQ(report(history)["migrations"].as_array()["0"].as_document()["app"].as_string(),
            "shop 1.4");
  EXPECT_EQ(run("base", {"history", "nonsense"}).code, 2);
  const auto events = run("base", {"events", "--last", "1"});
  EXPECT_NE(events.out.find("running -> applied"), std::string::npos) << events.out;
  EXPECT_EQ(lines_of(run("base", {"events", "--json"}).out).size(), 5U);

  const auto down = run("base", {"down", "2026_02_status", "--yes", "--json"});
  EXPECT_EQ(down.code, 0) << down.err;
  EXPECT_EQ(report(down)["op"].as_string(), "down");
  EXPECT_FALSE(all(db(), "users")[0].view().contains("status"));
  EXPECT_EQ(run("base", {"down", "-n", "1", "--yes"}).code, 0);
  EXPECT_EQ(run("base", {"status", "--check"}).code, 10);
}

TEST_F(MigrateCli, TakesNothingAwayWithoutYes) {
  ASSERT_EQ(run("base", {"up"}).code, 0);
  ASSERT_EQ(run("base", {"backup", file("b")}).code, 0);
  insert_json(db(), "logs", R"({"_id": 1, "k": 1})");
  insert_json(db(), "logs", R"({"_id": 2, "k": 1})");
  const std::vector<std::vector<std::string>> commands = {
      {"down", "-n", "1"},
      {"down", "2026_02_status"},
      {"unlock", "--token", "1", "--reason", "gone"},
      {"restore", file("b"), "--drop"},
      {"duplicates", "logs", "k", "--keep", "newest"}};
  for (const auto& command : commands) {
    const auto refused = run("base", command);
    EXPECT_EQ(refused.code, 2) << command[0];
    EXPECT_NE(refused.err.find("--yes"), std::string::npos) << refused.err;
    auto json = command;
    json.emplace_back("--json");
    EXPECT_EQ(report(run("base", json))["result"].as_string(), "not_confirmed") << command[0];
  }
  EXPECT_EQ(run("base", {"status", "--check"}).code, 0);
  EXPECT_EQ(all(db(), "logs").size(), 2U);
  const auto kept = run("base", {"duplicates", "logs", "k", "--keep", "newest", "--yes"});
  EXPECT_EQ(kept.code, 0) << kept.err;
  EXPECT_EQ(all(db(), "logs")[0]["_id"].as_int32(), 2);
  EXPECT_EQ(run("base", {"restore", file("b"), "--drop", "--yes"}).code, 0);
  // A lock that is free is nobody's.
  EXPECT_EQ(run("base", {"unlock", "--token", "1", "--reason", "gone", "--yes"}).code, 20);
}

TEST_F(MigrateCli, KeepsWritersOut) {
  const auto on = run("base", {"maintenance", "on", "--reason", "moving"});
  EXPECT_EQ(on.code, 0) << on.err;
  EXPECT_NE(on.out.find("moving"), std::string::npos) << on.out;
  EXPECT_EQ(run("base", {"maintenance", "on", "--reason", "again"}).code, 20);
  const auto status = report(run("base", {"maintenance", "status", "--json"}));
  EXPECT_TRUE(status["on"].as_bool());
  EXPECT_EQ(status["reason"].as_string(), "moving");
  EXPECT_EQ(run("base", {"up"}).code, 0);  // migrations write all the same
  EXPECT_EQ(run("base", {"maintenance", "off"}).code, 0);
  EXPECT_FALSE(report(run("base", {"maintenance", "status", "--json"}))["on"].as_bool());
}

TEST_F(MigrateCli, MistakesInArgumentsAreUsage) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"stauts"},
      {"status", "--chek"},
      {"status", "more"},
      {"up", "--wait", "soon"},
      {"up", "--wait"},
      {"up", "--json=1"},
      {"down"},
      {"down", "x", "-n", "1", "--yes"},
      {"down", "nonsense", "--yes"},
      {"mark", "2026_02_status", "gone", "--reason", "x"},
      {"mark", "2026_02_status", "applied"},
      {"mark", "2026_02_status", "applied", "--reason", "x"},
      {"unlock", "--yes", "--reason", "x"},
      {"unlock", "--yes", "--token", "3"},
      {"maintenance", "on"},
      {"maintenance", "maybe"},
      {"maintenance"},
      {"duplicates", "users", "$bad"},
      {"duplicates", "users", "{bad"},
      {"types", "nonsense"},
      {"new", "not a name"},
      {"help", "stauts"},
      {"to"},
      {"to", "nonsense"},
      {"accept", "2026_02_status"},
      {"accept", "nonsense", "--reason", "x"},
      {"baseline"},
      {"baseline", "nonsense"},
      {"plan", "nonsense"},
      {"plan", "--sample", "-1"},
      {"lint", "--large", "many"},
      {"verify"},
      {"verify", "nonsense"},
      {"verify", "users", "users"},
      {"verify", "users", "copies", "--level", "deep"},
      {"rejects", "--export", "xml"},
      {"retry-rejects"},
      {"retry-rejects", "nonsense"},
      {"squash", "2026_09_09_all", "2026_01_email"},
      {"squash", "2026_09_09_all", "2026_02_status", "2026_01_email"},
      {"squash", "no name", "2026_01_email", "2026_02_status"},
      {"test", "nonsense"},
      {"events", "--last", "1", "--last", "2"}};
  // Two processes each; those of a sanitizer start slowly.
  for (std::size_t i = 0; i < wrong.size(); i += sanitized ? 3 : 1) {
    const auto& arguments = wrong[i];
    const std::string name = arguments.empty() ? "nothing" : arguments.front();
    const auto result = run("base", arguments);
    EXPECT_EQ(result.code, 2) << name << result.out << result.err;
    EXPECT_NE(result.err.find("next: "), std::string::npos) << name << result.err;
    auto json = arguments;
    json.emplace_back("--json");
    if (!arguments.empty()) {
      EXPECT_EQ(run("base", json).code, 2) << name;
    }
  }
  EXPECT_NE(run("base", {"stauts"}).err.find("did you mean status?"), std::string::npos);
  EXPECT_NE(run("base", {"status", "--chek"}).err.find("did you mean --check?"), std::string::npos);
  EXPECT_EQ(run("without_models", {"diff"}).code, 2);
  EXPECT_EQ(run("cycle", {"up", "--json"}).code, 2);
}

TEST_F(MigrateCli, ExitCodesOfRuns) {
  ASSERT_EQ(run("base", {"up"}).code, 0);
  const auto changed = run("changed", {"up", "--json"});
  EXPECT_EQ(changed.code, 11);
  EXPECT_NE(changed.out.find("migrate_program accept 2026_02_status --reason TEXT"),
            std::string::npos)
      << changed.out;
  EXPECT_EQ(run("changed", {"status", "--check"}).code, 11);
  const auto failing = run("failing", {"up"});
  EXPECT_EQ(failing.code, 30);
  EXPECT_NE(failing.err.find("next: "), std::string::npos) << failing.err;
  EXPECT_EQ(run("failing", {"up", "--json"}).code, 30);
  const auto partial = run("partial", {"up", "--json"});
  EXPECT_EQ(partial.code, 31);
  EXPECT_EQ(sum(), 20);
  EXPECT_EQ(run("repaired", {"resume"}).code, 0);
  EXPECT_EQ(sum(), 60);
  EXPECT_NE(run("repaired", {"resume"}).out.find("Nothing to do."), std::string::npos);
  EXPECT_EQ(run("final", {"up"}).code, 0);
  EXPECT_EQ(run("final", {"down", "2026_03_final", "--yes", "--json"}).code, 2);
  EXPECT_EQ(run("newer", {"up"}).code, 0);
  EXPECT_EQ(run("base", {"up", "--json"}).code, 13);
}

TEST_F(MigrateCli, ManualCodeIsMarkedByAPerson) {
  const auto up = run("manual", {"up", "--json"});
  EXPECT_EQ(up.code, 31);
  EXPECT_EQ(report(up)["result"].as_string(), "attention");
  EXPECT_NE(up.out.find("migrate_program mark 2026_03_manual applied --reason TEXT"),
            std::string::npos)
      << up.out;
  EXPECT_EQ(run("manual", {"up"}).code, 31);
  EXPECT_EQ(run("manual", {"mark", "2026_03_manual", "applied", "--reason", "mail is out"}).code,
            0);
  EXPECT_EQ(run("manual", {"status", "--check"}).code, 0);
  EXPECT_NE(run("manual", {"events", "--json"}).out.find("mail is out"), std::string::npos);
}

TEST_F(MigrateCli, DataJobsAreToldWhatToDo) {
  insert_json(db(), "_quire_jobs", R"({"_id": "archive", "state": "running"})");
  EXPECT_EQ(run("base", {"pause", "archive", "--reason", "noon"}).code, 0);
  EXPECT_EQ(run("base", {"pause", "nonsense"}).code, 2);
  const auto slower = run("base", {"throttle", "archive", "--rate", "50", "--json"});
  EXPECT_EQ(slower.code, 0);
  EXPECT_EQ(report(slower)["rate"].as_int32(), 50);
  EXPECT_EQ(run("base", {"throttle", "archive"}).code, 2);
  EXPECT_EQ(run("base", {"resume", "archive"}).code, 0);
}

TEST_F(MigrateCli, ASignalStopsAtABatchAndResumeGoesOn) {
  const pid_t pid = start("slow", {"up", "--json"});
  (void)wait_for_holder();
  ::kill(pid, SIGTERM);
  const auto stopped = checked(wait(pid), {"--json"});
  EXPECT_EQ(stopped.code, 32) << stopped.out << stopped.err;
  EXPECT_NE(stopped.out.find(R"("event": "batch")"), std::string::npos) << stopped.out;
  const auto half = sum();
  EXPECT_GT(half, 0);
  EXPECT_LT(half, 60);
  EXPECT_FALSE(migrate::lock_info(db())->held);
  EXPECT_EQ(run("repaired", {"resume", "--json"}).code, 0);
  EXPECT_EQ(sum(), 60);
}

TEST_F(MigrateCli, WarnsOfSlowStepsWhereItIsAsked) {
  const auto json = run("slow", {"up", "--slow-after", "1", "--json"});  // takes three seconds
  EXPECT_EQ(json.code, 0) << json.err;
  bson::Document slow;
  for (const std::string& line : lines_of(json.out)) {
    auto event = bson::from_json(line);
    const auto what = event.view().find("event");
    if (what && what->as_string() == "slow" && slow.empty()) slow = std::move(event);
  }
  ASSERT_FALSE(slow.empty()) << json.out;
  EXPECT_EQ(slow["migration"].as_string(), "2026_03_count");
  EXPECT_EQ(slow["step"].as_int32(), 1);
  EXPECT_EQ(slow["collection"].as_string(), "counters");
  EXPECT_GE(slow["elapsed_ms"].as_int32(), 1000);
  EXPECT_NE(slow["text"].as_string().find("; "), std::string::npos);
  const bson::Document last = report(json);
  ASSERT_EQ(last["warnings"].as_array().count(), 1U);
  EXPECT_EQ(last["warnings"].as_array()["0"].as_string().substr(0, 46),
            "2026_03_count, step 1 (each of counters): it h");

  EXPECT_EQ(run("slow", {"down", "2026_03_count", "--slow-after", "1", "--yes"}).code, 2);
  EXPECT_EQ(run("slow", {"up", "--slow-after", "soon"}).code, 2);
  EXPECT_EQ(run("slow", {"up", "--slow-after", "0"}).code, 0);
}

TEST_F(MigrateCli, ASecondSignalEndsAtOnce) {
  const pid_t pid = start("slow", {"up"});
  (void)wait_for_holder();
  ::kill(pid, SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ::kill(pid, SIGINT);
  // It may have reached the end of its batch between the two.
  const auto result = wait(pid);
  EXPECT_TRUE(result.signal == SIGINT || result.code == 32) << result.code;
  EXPECT_EQ(run("repaired", {"up"}).code, 0);
  EXPECT_EQ(sum(), 60);
}

TEST_F(MigrateCli, TheLockIsTakenAwayFromWhoHoldsItOnlyByForce) {
  const pid_t pid = start("waiting", {"up"});
  const auto token = std::to_string(wait_for_holder(false));
  // Other files of output than those of the first.
  const std::string out = file("out");
  std::filesystem::rename(out, file("first.out"));
  std::filesystem::rename(file("err"), file("first.err"));
  EXPECT_EQ(run("waiting", {"up", "--wait", "0", "--json"}).code, 20);
  EXPECT_NE(run("waiting", {"status"})
                .out.find("lock: token " + token + ", held by process " + std::to_string(pid)),
            std::string::npos);
  EXPECT_EQ(run("waiting", {"restore", file("none"), "--yes"}).code, 20);
  EXPECT_EQ(run("waiting", {"unlock", "--token", "999", "--reason", "x", "--yes"}).code, 20);
  // While it beats: each beat comes within a third of the lease.
  const auto lives = run("waiting", {"unlock", "--token", token, "--reason", "x", "--yes"});
  EXPECT_EQ(lives.code, 20);
  EXPECT_NE(lives.err.find("lives"), std::string::npos) << lives.err;
  const auto forced = run("waiting", {"unlock", "--token", token, "--reason", "it hangs", "--force",
                                      "--yes", "--json"});
  EXPECT_EQ(forced.code, 0) << forced.err;
  std::this_thread::sleep_for(std::chrono::milliseconds(1400));  // past 0.6 leases it looks
  insert_json(db(), "go", R"({"_id": 1})");
  EXPECT_EQ(wait(pid).code, 21);
  EXPECT_NE(run("waiting", {"events", "--json"}).out.find("it hangs"), std::string::npos);
  EXPECT_EQ(run("waiting", {"up"}).code, 0);
  EXPECT_EQ(run("waiting", {"status", "--check"}).code, 0);
}

TEST_F(MigrateCli, ComparesModelsAndWritesMigrations) {
  EXPECT_EQ(run("base", {"diff"}).code, 0);
  EXPECT_EQ(run("base", {"diff", "--check", "--json"}).code, 11);
  EXPECT_EQ(run("base", {"types", "--check"}).code, 0);
  insert_json(db(), "users", R"({"_id": 3, "email": 7, "status": "x"})");
  const auto types = run("base", {"types", "users", "--check"});
  EXPECT_EQ(types.code, 11);
  EXPECT_NE(types.out.find("email is int in 1 document; read is string: _id 3 has 7"),
            std::string::npos)
      << types.out;
  EXPECT_EQ(run("base", {"types", "--check", "--json"}).code, 11);
  const auto made = run("base", {"new", "2026_09_01_tidy", file("tidy.cpp"), "--json"});
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_NE(text_of("tidy.cpp").find("add_2026_09_01_tidy"), std::string::npos);
  EXPECT_EQ(run("base", {"new", "2026_09_01_tidy", file("tidy.cpp")}).code, 2);
  insert_json(db(), "users", R"({"_id": 4, "email": "ada@x"})");
  const auto found = run("base", {"duplicates", "users", "email", "--check"});
  EXPECT_EQ(found.code, 11);
  EXPECT_NE(found.out.find("2 documents, _id 1, 4"), std::string::npos) << found.out;
  EXPECT_EQ(run("base", {"duplicates", "users", "email,_id", "--check", "--json"}).code, 0);
}

TEST_F(MigrateCli, HelpNamesEveryCommandAndExitCode) {
  const auto help = run("base", {"help"});
  EXPECT_EQ(help.code, 0);
  for (const auto& one : cli::exit_codes) {
    EXPECT_NE(help.out.find("\n  " + std::to_string(one.code) + " "), std::string::npos)
        << one.code;
  }
  for (const char* name :
       {"status",     "plan",          "up",      "resume",    "pause",  "throttle", "down",
        "mark",       "history",       "events",  "unlock",    "diff",   "new",      "types",
        "duplicates", "backup",        "restore", "to",        "accept", "baseline", "verify",
        "rejects",    "retry-rejects", "lint",    "preflight", "export", "test",     "squash"}) {
    EXPECT_NE(help.out.find(std::string("\n  ") + name + " "), std::string::npos) << name;
    if (sanitized && std::string_view(name).size() % 3 > 0) continue;
    const auto own = run("base", {"help", name});
    EXPECT_EQ(own.code, 0);
    EXPECT_NE(own.out.find(std::string("usage: migrate_program ") + name), std::string::npos);
    EXPECT_EQ(run("base", {name, "--help"}).out, own.out);
  }
}

TEST_F(MigrateCli, ThePageHasTheTableOfExitCodes) {
  std::ifstream in(QUIRE_SOURCE_DIR "/docs/command-line.md");
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  std::set<int> codes;
  std::set<std::string_view> names;
  for (const auto& one : cli::exit_codes) {
    EXPECT_TRUE(codes.insert(one.code).second && names.insert(one.name).second) << one.code;
    const std::string row = "| " + std::to_string(one.code) + " | " + std::string(one.text) + " |";
    EXPECT_NE(page.find(row), std::string::npos) << row;
  }
}

#ifdef QUIRE_TEST_MONGODB
TEST_F(MigrateCli, NeverShowsAPassword) {
  uri_ = "mongodb://shop:secret@127.0.0.1:1/shop?serverSelectionTimeoutMS=100";
  const std::vector<std::vector<std::string>> commands = {
      {"status"},
      {"up"},
      {"down", "-n", "1", "--yes"},
      {"down", "-n", "1"},
      {"plan", "--json"},
      {"history"},
      {"unlock", "--token", "1", "--reason", "x", "--yes"},
      {"backup", file("b")},
      {"diff"},
      {"duplicates", "users", "email"},
      {"status", uri_},
      {uri_},
      {"up", "--uri=" + uri_}};
  for (const auto& command : commands) {
    const auto result = run("base", command);
    EXPECT_NE(result.code, 0) << command[0];
    EXPECT_NE(result.err, "") << command[0];
    EXPECT_EQ((result.out + result.err).find("secret"), std::string::npos)
        << command[0] << result.out << result.err;
  }
}

TEST_F(MigrateCli, RunsOnAServer) {
  QUIRE_NEEDS_SERVER(uri, "replica_set");
  uri_ = uri;
  const DropAtEnd drop(db());
  insert_json(db(), "users", R"({"_id": 1, "email": "ada@x"})");
  EXPECT_EQ(run("base", {"status", "--check"}).code, 10);
  EXPECT_EQ(run("base", {"up", "--json"}).code, 0);
  EXPECT_EQ(run("base", {"down", "-n", "2", "--yes"}).code, 0);
}
#endif

}  // namespace
}  // namespace quire
