#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "quire/serve/server.hpp"
#include "wire_client.hpp"

namespace quire::test {

/// A server on a file of its own.
class ServeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("quire_serve_" + std::to_string(::getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    options.port = 0;
  }
  void TearDown() override {
    server.reset();
    std::filesystem::remove_all(folder_);
  }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_ / name; }
  void start() {
    server = std::make_unique<serve::Server>(file("a.quire"), options);
    server->start();
  }
  [[nodiscard]] Wire connect() const { return Wire(server->port()); }

  serve::Options options;
  std::unique_ptr<serve::Server> server;

 private:
  std::filesystem::path folder_;
};

}  // namespace quire::test
