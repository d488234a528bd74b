#pragma once

#include "store/mongodb/error.hpp"
#include "store/mongodb/source.hpp"

namespace quire::store::mongodb {

/// A client session on a client of its own.
class MongoSession final : public Session {
 public:
  MongoSession(std::shared_ptr<Source> source, const SessionOptions& options);
  ~MongoSession() override;
  using Session::start_transaction;
  void start_transaction(const StartOptions& options) override;
  void commit_transaction() override;
  void abort_transaction() override;
  [[nodiscard]] bool in_transaction() const noexcept override;
  [[nodiscard]] bson::Document id() const override;

  [[nodiscard]] mongoc_client_t* client() const noexcept { return lease_.client(); }
  [[nodiscard]] mongoc_client_session_t* get() const noexcept { return session_; }
  [[nodiscard]] const std::shared_ptr<Source>& source() const noexcept { return lease_.source(); }

 private:
  Lease lease_;
  mongoc_client_session_t* session_ = nullptr;
};

}  // namespace quire::store::mongodb
