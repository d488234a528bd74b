#pragma once

#include "program_fixture.hpp"

namespace quire::test {

/// The tool quire.
class ToolTest : public ProgramTest {
 protected:
  pid_t start(const std::vector<std::string>& arguments) {
    return start_program(QUIRE_TOOL, arguments);
  }
  Result run(const std::vector<std::string>& arguments) { return wait(start(arguments)); }
};

}  // namespace quire::test
