#pragma once

#include <fcntl.h>
#include <sys/wait.h>

#include <fstream>
#include <string>
#include <vector>

#include "copy_fixture.hpp"

namespace quire::test {

/// A real program, with its output in files.
class ProgramTest : public CopyTest {
 protected:
  struct Result {
    int code = -1;  ///< exit code; -1 when a signal ended it
    int signal = 0;
    std::string out;
    std::string err;
  };

  pid_t start_program(std::string program, const std::vector<std::string>& arguments) {
    std::vector<char*> argv;
    argv.push_back(program.data());
    auto copy = arguments;
    for (auto& argument : copy) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const std::string out = file("out"), err = file("err");
    // After a kill -9 libmongoc finds the counters of that process in /dev/shm when its number
    // comes again, and says so on stdout before main begins.
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
  [[nodiscard]] std::string text_of(const std::string& name) const {
    std::ifstream in(file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

}  // namespace quire::test
