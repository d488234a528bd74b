#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "quire/collection/collection.hpp"

namespace quire {

/// An operation that a BulkWriter could not do.
struct BulkWriterError {
  std::int64_t index = 0;  ///< of the operation since the writer was made, from 0
  Error error;
  bson::Document details;  ///< of the store: keyPattern, keyValue …; may be empty
  /// The batch broke off: the operation may have been done or not. Insert it again with the same id
  /// (duplicate_key: it had been done), or read it.
  bool unknown = false;
};

struct BulkWriterOptions {
  std::size_t batch = 1000;                  ///< operations sent at once, 1 or more
  std::size_t bytes = std::size_t{8} << 20;  ///< sent when the buffer holds so many
  /// The operations run in their order, and the first that fails ends the writer: what is behind it
  /// in its batch is not done, and later calls throw. Else the others of the batch are done, in any
  /// order: not for operations that build on each other.
  bool ordered = false;
  /// How long an operation may stay in the buffer. There is no thread behind the writer: only the
  /// next call looks at it. 0 = for as long as the batch is not full.
  std::chrono::milliseconds max_wait{0};
  /// Told of each operation that failed, in the call that sent it. What it throws passes through,
  /// but for the destructor; the errors that it was not told then are in errors().
  std::function<void(const BulkWriterError&)> on_error = {};
  SessionRef session = {};
  std::chrono::milliseconds max_time{0};  ///< of one batch
  bson::Value comment = {};               ///< null = none
  std::optional<WriteConcern> write_concern = std::nullopt;
  bool bypass_document_validation = false;  ///< of the collection's validator
  bson::Document let = {};                  ///< variables for $expr
};

/// What a BulkWriter has done so far. operations = all that were added.
struct BulkWriterTotals {
  std::int64_t operations = 0;
  std::int64_t buffered = 0;  ///< added and not sent yet
  std::int64_t batches = 0;
  std::int64_t inserted = 0;
  std::int64_t matched = 0;
  std::int64_t modified = 0;
  std::int64_t removed = 0;
  std::int64_t upserted = 0;
  std::int64_t failed = 0;    ///< operations refused by a check or the store
  std::int64_t unknown = 0;   ///< operations of batches that broke off
  std::int64_t not_sent = 0;  ///< behind the first error of an ordered writer
};

namespace collection_detail {

/// What a BulkWriter does once T is bytes.
class BatchSender {
 public:
  BatchSender(CorePtr core, const BulkWriterOptions& options);

  /// Throws when the writer is over.
  void check() const;
  /// After an operation was added: sends the batch when it is due. The operation's index.
  std::int64_t added(BulkData& data);
  void flush(BulkData& data);
  void close(BulkData& data);
  /// For destructors.
  void finish(BulkData& data) noexcept;

  [[nodiscard]] const BulkWriterTotals& totals() const noexcept { return totals_; }
  [[nodiscard]] const std::vector<BulkWriterError>& errors() const noexcept { return errors_; }

 private:
  void send(BulkData& data);
  void count(const BulkResult& result, std::size_t size, std::vector<BulkWriterError>& failed);
  void broke_off(const BulkData& data, const Error& error, bool sent,
                 std::vector<BulkWriterError>& failed);
  void tell(std::vector<BulkWriterError> failed);
  void keep(BulkWriterError error);
  [[nodiscard]] BulkError failure() const;

  CorePtr core_;
  BulkWriterOptions options_;
  BulkOptions batch_options_;
  BulkWriterTotals totals_;
  std::vector<BulkWriterError> errors_;
  std::chrono::steady_clock::time_point first_{};  // when the oldest buffered operation was added
  std::int64_t start_ = 0;                         // its index
  bool stopped_ = false;                           // ordered, after an error
  bool closed_ = false;
};

}  // namespace collection_detail

/// Buffers writes to a collection and sends them in batches: when `batch` operations or `bytes` are
/// there, by flush(), by close(), and at the end of its scope.
///   auto writer = users.bulk_writer({.batch = 1000});
///   for (const User& user : list) writer.insert(user);
///   writer.close();
/// Each call that adds gives the operation's index, by which errors name it. An operation that
/// fails goes to on_error; without one it is kept, and close() throws BulkError that lists it. A
/// batch that breaks off as a whole (network_error, server_unreachable, a refused transaction …)
/// throws from the call that sent it: its operations are reported as `unknown` and left out of the
/// buffer, and the writer may be used on. The destructor sends what is left, too, but throws
/// nothing: without on_error its errors are lost. Call close() to learn of them, above all in a
/// transaction. Objects are encoded and checked when they are added. One thread at a time.
template <class T>
class BulkWriter {
 public:
  BulkWriter(collection_detail::CorePtr core, const BulkWriterOptions& options)
      : bulk_(core), sender_(std::move(core), options) {}
  ~BulkWriter() { sender_.finish(bulk_.data_); }
  BulkWriter(const BulkWriter&) = delete;
  BulkWriter& operator=(const BulkWriter&) = delete;

  /// The object's id is set where it was empty.
  std::int64_t insert(T& object) {
    return add([&] { bulk_.insert(object); });
  }
  std::int64_t insert(const T& object) {
    return add([&] { bulk_.insert(object); });
  }
  std::int64_t update_one(const query::Filter<T>& filter, const query::Update<T>& update) {
    return add([&] { bulk_.update_one(filter, update); });
  }
  std::int64_t update_many(const query::Filter<T>& filter, const query::Update<T>& update) {
    return add([&] { bulk_.update_many(filter, update); });
  }
  std::int64_t upsert(const query::Filter<T>& filter, const query::Update<T>& update) {
    return add([&] { bulk_.upsert(filter, update); });
  }
  std::int64_t replace_one(const query::Filter<T>& filter, const T& object, bool upsert = false) {
    return add([&] { bulk_.replace_one(filter, object, upsert); });
  }
  std::int64_t remove_one(const query::Filter<T>& filter) {
    return add([&] { bulk_.remove_one(filter); });
  }
  std::int64_t remove_many(const query::Filter<T>& filter) {
    return add([&] { bulk_.remove_many(filter); });
  }

  /// Sends what is buffered. Throws as a batch does that breaks off.
  void flush() { sender_.flush(bulk_.data_); }
  /// Sends what is buffered and ends the writer. Throws BulkError when operations failed and there
  /// was no on_error to tell. Idempotent.
  const BulkWriterTotals& close() {
    sender_.close(bulk_.data_);
    return totals();
  }
  [[nodiscard]] const BulkWriterTotals& totals() const noexcept { return sender_.totals(); }
  /// Operations that failed and were told to no on_error: the first 1,000 of totals().failed and
  /// totals().unknown.
  [[nodiscard]] const std::vector<BulkWriterError>& errors() const noexcept {
    return sender_.errors();
  }

 private:
  template <class F>
  std::int64_t add(F&& f) {
    sender_.check();
    f();
    return sender_.added(bulk_.data_);
  }

  Bulk<T> bulk_;
  collection_detail::BatchSender sender_;
};

template <class T>
BulkWriter<T> Collection<T>::bulk_writer() const {
  return BulkWriter<T>(core_, BulkWriterOptions{});
}
template <class T>
BulkWriter<T> Collection<T>::bulk_writer(const BulkWriterOptions& options) const {
  return BulkWriter<T>(core_, options);
}

}  // namespace quire
