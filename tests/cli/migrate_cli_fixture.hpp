#pragma once

#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "program_fixture.hpp"
#include "quire/migrate/inspect.hpp"

namespace quire::test {

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

inline std::size_t columns(const std::string& line) {
  std::size_t n = 0;
  for (const char c : line) n += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1U : 0U;
  return n;
}

/// An application that is its own migration tool, on a file of its own.
class MigrateCli : public ProgramTest {
 protected:
  MigrateCli() {
    uri_ = "quire:" + file("a.quire") + "?durability=normal";
    const Database db = open(uri_);
    insert_json(db, "users", R"({"_id": 1, "email": "ada@x"})");
    insert_json(db, "users", R"({"_id": 2, "email": "bob@x"})");
    std::vector<bson::Document> counters;
    for (std::int64_t i = 0; i < 60; ++i)
      counters.push_back(bson::make_document("_id", i, "n", std::int64_t{0}));
    insert(db, "counters", counters);
    db.close();
  }

  pid_t start(const std::string& release, const std::vector<std::string>& arguments) {
    ::setenv("PROGRAM_URI", uri_.c_str(), 1);
    ::setenv("PROGRAM_RELEASE", release.c_str(), 1);
    return start_program(QUIRE_MIGRATE_PROGRAM, arguments);
  }
  /// Also looks at what holds of every command's output.
  Result run(const std::string& release, const std::vector<std::string>& arguments) {
    return checked(wait(start(release, arguments)), arguments);
  }
  static Result checked(Result result, const std::vector<std::string>& arguments) {
    const bool json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
    EXPECT_EQ(result.out.find('\x1b'), std::string::npos) << result.out;
    EXPECT_EQ(result.err.find('\x1b'), std::string::npos) << result.err;
    for (const std::string& line : lines_of(result.err)) EXPECT_LE(columns(line), 80U) << line;
    const auto lines = lines_of(result.out);
    if (!json) {
      for (const std::string& line : lines) EXPECT_LE(columns(line), 80U) << line;
      return result;
    }
    EXPECT_FALSE(lines.empty());
    for (const std::string& line : lines) EXPECT_NO_THROW((void)bson::from_json(line)) << line;
    if (!lines.empty()) {
      const auto report = bson::from_json(lines.back());
      EXPECT_EQ(report["exit"].as_int32(), result.code) << lines.back();
      EXPECT_TRUE(report.view().contains("schema") && report.view().contains("result"))
          << lines.back();
    }
    return result;
  }
  static bson::Document report(const Result& result) {
    const auto lines = lines_of(result.out);
    return lines.empty() ? bson::Document() : bson::from_json(lines.back());
  }
  [[nodiscard]] Database db() const { return open(uri_); }
  [[nodiscard]] std::int64_t sum() const {
    std::int64_t n = 0;
    const auto database = db();
    for (const auto& one : all(database, "counters")) n += one["n"].as_int64();
    return n;
  }
  /// Waits until the run that goes on in another process has the lock and done something.
  [[nodiscard]] std::int64_t wait_for_holder(bool saved = true) const {
    const auto database = db();
    for (int i = 0; i < 2000; ++i) {
      const auto lock = migrate::lock_info(database);
      const auto jobs = migrate::jobs(database);
      if (lock && lock->held && (!saved || (!jobs.empty() && jobs.front().saves > 0)))
        return lock->token;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "no run took the lock";
    return 0;
  }
  std::string uri_;
};

}  // namespace quire::test
