#pragma once

#include "store/mongodb/session.hpp"

namespace quire::store::mongodb {

/// One operation: the client that serves it and the options that all operations share.
class Call {
 public:
  Call(const std::shared_ptr<Source>& source, Namespace ns, Asked asked,
       const OperationOptions& options);

  [[nodiscard]] mongoc_client_t* client() const noexcept {
    return session_ != nullptr ? session_->client() : lease_.client();
  }
  [[nodiscard]] CollectionPtr collection() const;
  [[nodiscard]] DatabasePtr database() const;
  [[nodiscard]] const char* database_name() const noexcept { return database_.c_str(); }
  [[nodiscard]] const std::string& collection_name() const noexcept { return collection_; }
  [[nodiscard]] Where where() const noexcept { return {{database_, collection_}, asked_}; }
  [[nodiscard]] const mongoc_read_prefs_t* read_prefs() const noexcept { return prefs_.get(); }

  /// Session, comment and time limit.
  void add_common(Fields& opts) const;
  void add_read(Fields& opts) const;   ///< and the read concern
  void add_write(Fields& opts) const;  ///< and the write concern; no time limit
  void add_session(Fields& opts) const;
  void add_comment(Fields& opts) const;

  [[noreturn]] void fail(const bson_error_t& error, bson::View reply = {}) const {
    mongodb::fail(error, reply, where(), source_->secrets());
  }
  [[nodiscard]] Lease take_lease() noexcept { return std::move(lease_); }
  [[nodiscard]] const std::shared_ptr<Source>& source() const noexcept { return source_; }
  [[nodiscard]] const OperationOptions& options() const noexcept { return options_; }

 private:
  std::shared_ptr<Source> source_;
  Lease lease_;
  MongoSession* session_ = nullptr;
  std::unique_lock<std::recursive_mutex> guard_;
  std::string database_, collection_;
  Asked asked_;
  const OperationOptions& options_;
  ReadPrefsPtr prefs_;
};

/// Throws StoreError invalid_argument for a name that no server takes.
void check_names(Namespace ns);
/// An open driver cursor as the port's.
[[nodiscard]] std::unique_ptr<Cursor> make_cursor(Call& call, CursorPtr cursor);

}  // namespace quire::store::mongodb
