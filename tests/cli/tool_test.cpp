#ifdef QUIRE_TOOL

#include <fcntl.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "copy_fixture.hpp"

namespace quire {
namespace {

using namespace quire::test;

/// The real program, with its output in files.
class Tool : public CopyTest {
 protected:
  struct Result {
    int code = -1;  ///< exit code; -1 when a signal ended it
    int signal = 0;
    std::string out;
    std::string err;
  };

  pid_t start(const std::vector<std::string>& arguments) {
    std::vector<char*> argv;
    std::string program = QUIRE_TOOL;
    argv.push_back(program.data());
    auto copy = arguments;
    for (auto& argument : copy) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const std::string out = file("out"), err = file("err");
    // After a kill -9 libmongoc finds the counters of that process in /dev/shm when its number comes
    // again, and says so on stdout before main begins.
    ::setenv("MONGOC_DISABLE_SHM", "1", 1);
    const pid_t pid = ::fork();
    if (pid == 0) {
      const int to = ::open(out.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
      const int errors = ::open(err.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
      const int none = ::open("/dev/null", O_RDONLY);
      ::dup2(none, 0);
      ::dup2(to, 1);
      ::dup2(errors, 2);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    return pid;
  }

  Result wait(pid_t pid) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    Result result;
    if (WIFEXITED(status)) result.code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
    result.out = text_of("out");
    result.err = text_of("err");
    return result;
  }
  Result run(const std::vector<std::string>& arguments) { return wait(start(arguments)); }

  [[nodiscard]] std::string text_of(const std::string& name) const {
    std::ifstream in(file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

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
