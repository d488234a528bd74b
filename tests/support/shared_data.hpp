#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace quire::test {

/// Third-party data beside the project: $QUIRE_SHARED_DIR, else ../shared. Empty when it is not
/// there.
inline std::filesystem::path shared_data(const std::string& name) {
  const char* given = std::getenv("QUIRE_SHARED_DIR");
  const auto base = given != nullptr
                        ? std::filesystem::path(given)
                        : std::filesystem::path(QUIRE_SOURCE_DIR).parent_path() / "shared";
  const auto path = base / name;
  return std::filesystem::exists(path) ? path : std::filesystem::path{};
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace quire::test

/// First in a test that reads such data.
#define QUIRE_NEEDS_SHARED(variable, name)                \
  const auto variable = ::quire::test::shared_data(name); \
  if (variable.empty()) GTEST_SKIP() << name << " is absent"
