#pragma once

#include <fcntl.h>

#include <algorithm>
#include <sstream>

#include "fixture.hpp"
#include "quire/importer/cli.hpp"

namespace quire::importer::test {

using Words = std::vector<std::string>;

struct Ran {
  int code = -1;
  std::string out, err;
  [[nodiscard]] bool says(std::string_view text) const { return out.find(text) != out.npos; }
  [[nodiscard]] bool complains(std::string_view text) const { return err.find(text) != err.npos; }
};
inline std::ostream& operator<<(std::ostream& to, const Ran& ran) {
  return to << "exit " << ran.code << "\n" << ran.out << "\n" << ran.err;
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}
inline bson::Document report_of(const Ran& ran) {
  const auto lines = lines_of(ran.out);
  return lines.empty() ? bson::Document() : bson::from_json(lines.back());
}

inline int length_of(bson::ValueView list) {
  int length = 0;
  for ([[maybe_unused]] const auto& element : list.as_array()) ++length;
  return length;
}

/// A program with a source, a target and a mapping.
class App {
 public:
  explicit App(std::function<std::unique_ptr<Source>()> open, Mapping what = {})
      : mapping(std::move(what)), db(empty_database()), open_(std::move(open)) {
    const int none = ::open("/dev/null", O_RDONLY);  // nobody can be asked
    ::dup2(none, 0);
    ::close(none);
    options.import.name = "app";
  }
  Ran run(const Words& words) {
    std::vector<const char*> argv{"/usr/bin/app"};
    for (const std::string& word : words) argv.push_back(word.c_str());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Ran ran;
    ran.code = import_cli(
        static_cast<int>(argv.size()), argv.data(), open_, [&] { return db; }, mapping, options);
    ran.out = testing::internal::GetCapturedStdout();
    ran.err = testing::internal::GetCapturedStderr();
    if (std::find(words.begin(), words.end(), "--json") != words.end()) check_lines(ran);
    return ran;
  }

  Mapping mapping;
  Database db;
  ImportCliOptions options;

 private:
  static void check_lines(const Ran& ran) {
    for (const std::string& line : lines_of(ran.out))
      EXPECT_NO_THROW((void)bson::from_json(line)) << line;
    const auto report = report_of(ran);
    ASSERT_TRUE(report.view().contains("schema")) << ran;
    EXPECT_EQ(report["exit"].as_int32(), ran.code) << ran;
    EXPECT_TRUE(report.view().contains("next") && report.view().contains("op")) << ran;
  }
  std::function<std::unique_ptr<Source>()> open_;
};

}  // namespace quire::importer::test
