#ifdef QUIRE_TOOL

#include <chrono>
#include <csignal>
#include <thread>

#include "tool_fixture.hpp"

namespace quire {
namespace {

using namespace quire::test;

class Tool : public ToolTest {
 protected:
  void make_source(std::int32_t documents) {
    const Database db = open_file("a.quire");
    std::vector<bson::Document> users;
    for (std::int32_t i = 0; i < documents; ++i)
      users.push_back(bson::make_document("_id", i, "text", std::string(100, 'x')));
    insert(db, "users", users);
    create_index(db, "users", R"({"key": {"text": 1}, "name": "text_1"})");
    insert_json(db, "zoo", R"({"_id": 1})");
    db.close();
  }

  /// Sends `signal` once the target has 500 documents or more.
  Result interrupt(pid_t pid, const std::string& target, int signal) {
    for (int i = 0; i < 3000; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      try {
        const Database db = open(target);
        if (db.store().count(db.ns("users"), {}, {}) >= 500) break;
      } catch (const Error&) {  // not there yet
      }
    }
    ::kill(pid, signal);
    return wait(pid);
  }

  void expect_resumes(const std::string& target, int signal) {
    make_source(20'000);
    const auto stopped =
        interrupt(start({"copy", file("a.quire"), target, "--batch", "10"}), target, signal);
    if (signal == SIGKILL) {
      ASSERT_EQ(stopped.signal, SIGKILL) << "it was done before the signal";
    } else {
      ASSERT_EQ(stopped.code, 32) << stopped.err;
      EXPECT_NE(stopped.err.find("--resume"), std::string::npos);
    }
    const Database a = open_file("a.quire"), b = open(target);
    const auto before = b.store().count(b.ns("users"), {}, {});
    EXPECT_LT(before, 20'000);
    EXPECT_TRUE(has_collection(b, "_quire_copy"));
    const auto again = run({"copy", file("a.quire"), target});
    EXPECT_EQ(again.code, 30);
    EXPECT_EQ(b.store().count(b.ns("users"), {}, {}), before);
    const auto done = run({"copy", file("a.quire"), target, "--resume", "--json"});
    ASSERT_EQ(done.code, 0) << done.err;
    const auto report = bson::from_json(done.out);
    EXPECT_TRUE(report["verified"].as_bool());
    const auto left = all(a, "users"), right = all(b, "users");
    ASSERT_EQ(left.size(), right.size());
    for (std::size_t i = 0; i < left.size(); ++i) ASSERT_TRUE(left[i] == right[i]);
    EXPECT_EQ(b.store().list_indexes(b.ns("users")).size(), 2U);
    EXPECT_FALSE(has_collection(b, "_quire_copy"));
  }
};

TEST_F(Tool, CopiesAndTellsWhatItDid) {
  make_source(100);
  const auto result = run({"copy", file("a.quire"), file("b.quire"), "--collection", "users"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("Done: 1 collection, 100 documents"), std::string::npos) << result.out;
  EXPECT_NE(result.err.find("copy users"), std::string::npos);  // plain lines, no terminal
  EXPECT_EQ(result.err.find('\r'), std::string::npos);
  const auto quiet = run({"copy", file("a.quire"), file("c.quire"), "--quiet"});
  EXPECT_EQ(quiet.code, 0);
  EXPECT_EQ(quiet.out + quiet.err, "");
}

TEST_F(Tool, ComparesTwoDatabasesAndNamesWhatDiffers) {
  make_source(100);
  ASSERT_EQ(run({"copy", file("a.quire"), file("b.quire")}).code, 0);
  const auto same = run({"verify", file("a.quire"), file("b.quire")});
  EXPECT_EQ(same.code, 0) << same.err;
  EXPECT_NE(same.out.find("Same: 2 collections compared"), std::string::npos) << same.out;
  {
    const Database b = open_file("b.quire");
    EXPECT_EQ(b.store().remove(b.ns("users"), bson::make_document("_id", 7), {}), 1);
    insert_json(b, "users", R"({"_id": 700})");
    insert_json(b, "of_one_side", R"({"_id": 1})");
    b.close();
  }
  const auto other = run({"verify", file("a.quire"), file("b.quire")});
  EXPECT_EQ(other.code, 41) << other.err;
  for (const char* line : {"_id 7 is missing in the target", "_id 700 is in the target only",
                           "of_one_side: 0 documents in the source, 1 in the target", "MISMATCH"})
    EXPECT_NE(other.out.find(line), std::string::npos) << other.out;
  const auto report =
      bson::from_json(run({"verify", file("a.quire"), file("b.quire"), "--json"}).out);
  EXPECT_EQ(report["exit"].as_int32(), 41);
  EXPECT_EQ(report["collections"].as_array().count(), 3U);
  EXPECT_EQ(run({"verify", file("a.quire"), file("b.quire"), "--collection", "zoo"}).code, 0);
  const auto quiet = run({"verify", file("a.quire"), file("b.quire"), "--exclude", "users",
                          "--exclude", "of_one_side", "--quiet"});
  EXPECT_EQ(quiet.code, 0);
  EXPECT_EQ(quiet.out + quiet.err, "");
  const auto unknown = run({"verify", file("a.quire"), file("b.quire"), "--collection", "zoos"});
  EXPECT_EQ(unknown.code, 30);
  EXPECT_NE(unknown.err.find("neither side has a collection \"zoos\""), std::string::npos);
  EXPECT_EQ(run({"verify", file("a.quire"), file("none.quire")}).code, 30);
  EXPECT_FALSE(std::filesystem::exists(file("none.quire")));
}

TEST_F(Tool, GoesOnAfterKillMinus9) { expect_resumes(file("b.quire"), SIGKILL); }
TEST_F(Tool, StopsAtInterruptAndGoesOn) { expect_resumes(file("b.quire"), SIGINT); }

TEST_F(Tool, AFileThatIsNotThereIsNotMade) {
  const auto result = run({"copy", file("a.quire"), file("b.quire")});
  EXPECT_EQ(result.code, 30);
  EXPECT_FALSE(std::filesystem::exists(file("a.quire")));
  EXPECT_EQ(run({"health", file("a.quire")}).code, 1);
  EXPECT_FALSE(std::filesystem::exists(file("a.quire")));
}

TEST_F(Tool, ReplacingWithoutATerminalNeedsYes) {
  make_source(10);
  ASSERT_EQ(run({"copy", file("a.quire"), file("b.quire")}).code, 0);
  EXPECT_EQ(run({"copy", file("a.quire"), file("b.quire")}).code, 30);
  EXPECT_EQ(run({"copy", file("a.quire"), file("b.quire"), "--existing", "replace"}).code, 2);
  EXPECT_EQ(run({"copy", file("a.quire"), file("b.quire"), "--existing", "replace", "--yes"}).code,
            0);
}

TEST_F(Tool, MistakesInArgumentsAreCode2AndShowNoPassword) {
  const std::string uri = "mongodb://ann:topsecret@h/app";
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {},
           {"copy"},
           {"cpy", uri},
           {"copy", uri, uri, uri},
           {"copy", uri, "b", "--existing", "perhaps"},
           {"copy", uri, "b", "--batch", "0"},
           {"copy", "env:QUIRE_NOT_SET", "b"},
           {"copy", "mysql://ann:topsecret@h/app", "b"},
           {"copy", "mongodb://ann:topsecret@h/", file("b.quire")},
           {"copy", "mongodb://ann:topsecret@h:x/app", file("b.quire")},
           {"check-uri", "mongodb://ann:top/topsecret@h/app"},
           {"check-uri", "file.quire?speed=9"}}) {
    const auto result = run(arguments);
    EXPECT_EQ(result.code, 2) << result.out << result.err;
    EXPECT_EQ((result.out + result.err).find("topsecret"), std::string::npos) << result.err;
    EXPECT_NE(result.err, "");
  }
}

TEST_F(Tool, AUriMayComeFromTheEnvironment) {
  ::setenv("QUIRE_TEST_URI", "mongodb://ann:topsecret@h:27018/app?replicaSet=rs", 1);
  const auto result = run({"check-uri", "env:QUIRE_TEST_URI", "--json"});
  ::unsetenv("QUIRE_TEST_URI");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out,
            R"({"kind": "mongodb", "uri": "mongodb://ann:***@h:27018/app?replicaSet=rs", )"
            R"("database": "app", "hosts": ["h:27018"]})"
            "\n");
}

TEST_F(Tool, HealthSaysWhetherAStoreAnswers) {
  make_source(1);
  const auto good = run({"health", file("a.quire"), "--json"});
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_TRUE(bson::from_json(good.out)["ok"].as_bool());
#ifdef QUIRE_TEST_MONGODB
  const auto begin = std::chrono::steady_clock::now();
  const auto bad = run({"health", "mongodb://ann:topsecret@127.0.0.1:1/", "--timeout", "300"});
  EXPECT_EQ(bad.code, 1);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_EQ((bad.out + bad.err).find("topsecret"), std::string::npos);
#endif
}

#ifdef QUIRE_TEST_MONGODB
TEST_F(Tool, AWrongPasswordIsOneErrorThatDoesNotShowIt) {
  const std::string host = server("auth_host");
  if (host.empty()) GTEST_SKIP() << "no server \"auth\" was started";
  make_source(1);
  const auto result =
      run({"copy", file("a.quire"), "mongodb://quire:wr0ngsecret@" + host + "/app?authSource=admin",
           "--json"});
  EXPECT_EQ(result.code, 30);
  EXPECT_EQ((result.out + result.err).find("wr0ngsecret"), std::string::npos);
  EXPECT_EQ(bson::from_json(result.out)["error"].as_document()["name"].as_string(),
            "authentication_failed");  // and nothing else is printed there
}

TEST_F(Tool, GoesOnAfterKillMinus9OnAServer) {
  QUIRE_NEEDS_SERVER(uri, "standalone");
  const DropAtEnd drop(open(uri));
  expect_resumes(uri, SIGKILL);
}
#endif

}  // namespace
}  // namespace quire

#endif
