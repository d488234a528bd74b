#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/store/embedded/embedded.hpp"
#include "quire/store/store.hpp"

namespace quire::store::embedded {

class FileTest : public ::testing::Test {
 protected:
  FileTest() {
    static std::atomic<int> number{0};
    folder_ = std::filesystem::temp_directory_path() /
              ("quire_file_" + std::to_string(::getpid()) + "_" + std::to_string(number++));
    std::filesystem::create_directories(folder_);
    path_ = (folder_ / "a.quire").string();
  }
  ~FileTest() override { std::filesystem::remove_all(folder_); }

  static bson::Document json(std::string_view text) { return bson::from_json(text); }
  static InsertResult insert(Store& store, std::string_view text, Session* session = nullptr) {
    const auto document = json(text);
    const bson::View view = document;
    InsertOptions options;
    options.session = session;
    return store.insert({"main", "c"}, {&view, 1}, options);
  }
  static std::int64_t count(Store& store, std::string_view filter = "{}",
                            Session* session = nullptr) {
    const auto f = json(filter);
    CountOptions options;
    options.session = session;
    return store.count({"main", "c"}, f, options);
  }
  static void create_index(Store& store, std::string_view spec, Session* session = nullptr) {
    const auto owned = json(spec);
    const bson::View view = owned;
    OperationOptions options;
    options.session = session;
    store.create_indexes({"main", "c"}, {&view, 1}, options);
  }
  static UpdateResult update(Store& store, std::string_view filter, std::string_view body,
                             Session* session = nullptr, bool multi = false) {
    const auto f = json(filter), b = json(body);
    UpdateOptions options;
    options.session = session;
    options.multi = multi;
    return store.update({"main", "c"}, f, {b, false}, options);
  }
  static void expect_clean(Store& store) {
    const auto report = check(store);
    for (const auto& problem : report.problems)
      ADD_FAILURE() << problem.where << ": " << problem.what;
    EXPECT_TRUE(report.ok());
  }

  std::filesystem::path folder_;
  std::string path_;
};

/// The code of the quire error that `action` throws.
template <class F>
ErrorCode code_of(F&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::internal;
}

}  // namespace quire::store::embedded
