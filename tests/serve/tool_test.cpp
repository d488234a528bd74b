#ifdef QUIRE_TOOL

#include <fcntl.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "serve_fixture.hpp"

namespace quire {
namespace {

using namespace quire::test;

/// `quire serve` as a process.
class ServeTool : public ServeTest {
 protected:
  pid_t launch(std::vector<std::string> arguments, const std::string& input = {}) {
    arguments.insert(arguments.begin(), {QUIRE_TOOL, "serve"});
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    std::ofstream(file("in")) << input;
    std::ofstream(file("out")).close();
    const std::string in = file("in"), out = file("out"), err = file("err");
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::dup2(::open(in.c_str(), O_RDONLY), 0);
      ::dup2(::open(out.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600), 1);
      ::dup2(::open(err.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600), 2);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    return pid;
  }
  static int wait(pid_t pid) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  [[nodiscard]] std::string text(const std::string& name) const {
    std::ifstream in(file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// The port that the process tells once it listens.
  std::uint16_t port() {
    for (int i = 0; i < 1000; ++i) {
      const auto out = text("out");
      const auto at = out.find("mongodb://127.0.0.1:");
      if (at != std::string::npos && out.find('\n', at) != std::string::npos)
        return static_cast<std::uint16_t>(std::stoi(out.substr(at + 20)));
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    throw std::runtime_error("it does not listen: " + text("err"));
  }
};

TEST_F(ServeTool, TellsWhereItListensAndEndsBySignal) {
  for (const int signal : {SIGTERM, SIGINT}) {
    const auto pid = launch({file("a.quire"), "--port", "0"});
    const auto at = port();
    EXPECT_TRUE(is_ok(Wire(at).run(R"({"insert": "c", "documents": [{"a": 1}]})")));
    const Wire idle(at);
    ::kill(pid, signal);
    EXPECT_EQ(wait(pid), 0);
    EXPECT_TRUE(idle.is_closed());
    EXPECT_NE(text("out").find("a.quire, read and write, no login, replica set quire"),
              std::string::npos)
        << text("out");
    EXPECT_NE(text("out").find("/?replicaSet=quire\n"), std::string::npos);
  }
}

TEST_F(ServeTool, ReadOnlyOpensButDoesNotMake) {
  EXPECT_EQ(wait(launch({file("none.quire"), "--port", "0", "--read-only"})), 30);
  EXPECT_FALSE(std::filesystem::exists(file("none.quire")));
}

TEST_F(ServeTool, UsageMistakesAreToldByTheirExitCode) {
  EXPECT_EQ(wait(launch({})), 2);
  EXPECT_EQ(wait(launch({file("a.quire"), "--port", "0", "--address", "0.0.0.0"})), 2);
  EXPECT_NE(text("err").find("without users"), std::string::npos) << text("err");
  EXPECT_EQ(wait(launch({file("a.quire"), "--port", "70000"})), 2);
  EXPECT_EQ(wait(launch({"--add-user", "ada"})), 2);
  EXPECT_EQ(wait(launch({"--add-user", "ada", "--users", file("u"), file("a.quire")}, "\n")), 2);
  EXPECT_EQ(wait(launch({"mongodb://127.0.0.1/db", "--port", "0"})), 2);
}

TEST_F(ServeTool, APortInUseIsNamed) {
  start();
  EXPECT_EQ(wait(launch({file("b.quire"), "--port", std::to_string(server->port())})), 30);
  EXPECT_NE(text("err").find("port " + std::to_string(server->port())), std::string::npos);
}

TEST_F(ServeTool, AddsUsersFromStandardInput) {
  EXPECT_EQ(wait(launch({"--add-user", "ada", "--users", file("u.json")}, "pa55word\n")), 0);
  EXPECT_EQ(text("u.json").find("pa55word"), std::string::npos);
  EXPECT_EQ(text("out").find("pa55word"), std::string::npos);
  const auto pid = launch({file("a.quire"), "--port", "0", "--users", file("u.json")});
  EXPECT_EQ(code_of(Wire(port()).run(R"({"find": "c"})")), 13);
  ::kill(pid, SIGTERM);
  EXPECT_EQ(wait(pid), 0);
}

}  // namespace
}  // namespace quire
#endif
