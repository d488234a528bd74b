#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

/// What each target defines: one run on untrusted bytes; returns 0. A wrong result ends the program
/// by QUIRE_FUZZ_CHECK, an exception that is no quire::Error by leaving the function.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// What each target defines: inputs to begin with, right ones, from which mutation goes on.
std::vector<std::string> quire_fuzz_seeds();

/// Ends the program with file and line, which both libFuzzer and ctest report.
#define QUIRE_FUZZ_CHECK(condition)                                                \
  do {                                                                             \
    if (!(condition)) {                                                            \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                \
    }                                                                              \
  } while (false)

namespace quire::fuzz {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace quire::fuzz
