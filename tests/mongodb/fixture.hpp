#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "own_server.hpp"
#include "quire/bson/json.hpp"
#include "quire/store/store.hpp"
#include "tcp_proxy.hpp"

namespace quire::store::mongodb_test {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

inline bson::Document json(std::string_view text) { return bson::from_json(text); }

/// What `action` threw, and after how long.
struct Failure {
  ErrorCode code = ErrorCode::internal;
  int backend_code = 0;
  std::string text = "nothing was thrown";
  std::vector<std::string> labels;
  milliseconds after{0};
};
template <class F>
Failure failure_of(F&& action) {
  Failure out;
  const auto start = Clock::now();
  try {
    action();
  } catch (const Error& error) {
    out = {error.code(), error.backend_code(), error.what(), error.labels(), {}};
  }
  out.after = std::chrono::duration_cast<milliseconds>(Clock::now() - start);
  return out;
}
inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// A store with short words for one collection of it.
struct Things {
  std::shared_ptr<Store> store;
  std::string database;

  explicit Things(const std::string& uri) : store(open(uri)), database(store->default_database()) {}

  [[nodiscard]] Namespace ns() const { return {database, "things"}; }
  InsertResult insert(std::string_view text, Session* session = nullptr) const {
    const auto document = json(text);
    const bson::View view = document;
    InsertOptions options;
    options.session = session;
    return store->insert(ns(), {&view, 1}, options);
  }
  UpdateResult update(std::string_view filter, std::string_view body, bool multi = false,
                      Session* session = nullptr) const {
    const auto f = json(filter);
    const auto b = json(body);
    UpdateOptions options;
    options.multi = multi;
    options.session = session;
    return store->update(ns(), f, {b, false}, options);
  }
  [[nodiscard]] std::int64_t count(std::string_view filter = "{}") const {
    const auto f = json(filter);
    return store->count(ns(), f, {});
  }
  bson::Document command(std::string_view text) const {
    return store->run_command("admin", json(text), nullptr);
  }
  /// Makes the server fail commands. `data`: {failCommands, errorCode …}.
  void fail_point(std::string_view mode, std::string_view data = "{}") const {
    (void)command(R"({"configureFailPoint": "failCommand", "mode": )" + std::string(mode) +
                  R"(, "data": )" + std::string(data) + "}");
  }
};

/// A proxy before the shared replica set. `direct` is not behind it: what is really there.
class ProxyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string uri =
        test::with_database(test::server("replica_set"), test::fresh_database());
    if (uri.empty()) GTEST_SKIP() << "no server \"replica_set\" was started";
    direct_ = std::make_unique<Things>(uri);
    port_ = test::port_of(uri);
    proxy_ = std::make_unique<test::TcpProxy>(port_);
  }
  void TearDown() override {
    if (direct_) direct_->store->drop_database(direct_->database);
  }
  [[nodiscard]] Things through(const std::string& options = {}) const {
    return Things(proxy_->uri(direct_->database, options));
  }
  int port_ = 0;
  std::unique_ptr<Things> direct_;
  std::unique_ptr<test::TcpProxy> proxy_;
};

}  // namespace quire::store::mongodb_test
