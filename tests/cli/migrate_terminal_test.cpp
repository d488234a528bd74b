#include <pty.h>

#include <array>

#include "migrate_cli_fixture.hpp"

namespace quire {
namespace {

using namespace quire::test;

/// The program on a terminal of that width, with `answer` typed in.
class OnATerminal : public MigrateCli {
 protected:
  Result type(std::vector<std::string> arguments, const std::string& answer,
              unsigned short width = 60) {
    ::setenv("PROGRAM_URI", uri_.c_str(), 1);
    ::setenv("PROGRAM_RELEASE", "base", 1);
    winsize size{};
    size.ws_col = width;
    size.ws_row = 24;
    int terminal = -1;
    const pid_t pid = ::forkpty(&terminal, nullptr, nullptr, &size);
    if (pid == 0) {
      std::string program = QUIRE_MIGRATE_PROGRAM;
      std::vector<char*> argv{program.data()};
      for (auto& argument : arguments) argv.push_back(argument.data());
      argv.push_back(nullptr);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    if (!answer.empty() && ::write(terminal, answer.data(), answer.size()) < 0) ADD_FAILURE();
    Result result;
    std::array<char, 4096> part{};
    for (ssize_t n = 0; (n = ::read(terminal, part.data(), part.size())) > 0;)
      result.out.append(part.data(), static_cast<std::size_t>(n));
    ::close(terminal);
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (WIFEXITED(status)) result.code = WEXITSTATUS(status);
    return result;
  }
};

TEST_F(OnATerminal, AsksBeforeItTakesSomethingAway) {
  ASSERT_EQ(run("base", {"up"}).code, 0);
  const auto no = type({"down", "-n", "1"}, "n\n");
  EXPECT_EQ(no.code, 2);
  EXPECT_NE(no.out.find("Go on? [y/N]"), std::string::npos) << no.out;
  EXPECT_EQ(run("base", {"status", "--check"}).code, 0);
  EXPECT_EQ(type({"down", "-n", "1"}, "y\n").code, 0);
  EXPECT_EQ(run("base", {"status", "--check"}).code, 10);
}

TEST_F(OnATerminal, UsesColoursUnlessToldNotToAndFits) {
  ::unsetenv("NO_COLOR");
  EXPECT_NE(type({"status"}, "").out.find("\x1b[33mpending"), std::string::npos);
  ::setenv("NO_COLOR", "1", 1);
  std::size_t before = 0;
  for (const unsigned short width : std::vector<unsigned short>{40, 60, 100}) {
    const auto plain = type({"help"}, "", width);
    EXPECT_EQ(plain.out.find('\x1b'), std::string::npos);
    std::size_t widest = 0;
    for (std::string line : lines_of(plain.out)) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      widest = std::max(widest, columns(line));
    }
    EXPECT_LE(widest, width);
    EXPECT_GT(widest, before);
    before = widest;
  }
  ::unsetenv("NO_COLOR");
}

}  // namespace
}  // namespace quire
