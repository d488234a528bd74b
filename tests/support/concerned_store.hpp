#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <utility>

#include "counting_store.hpp"

namespace quire::test {

/// Counts what asks for capabilities, and expects of each call outside of transactions that it
/// reads by the primary or writes to the majority's journals.
class ConcernedStore : public CountingStore {
 public:
  explicit ConcernedStore(std::shared_ptr<store::Store> inner)
      : CountingStore(std::move(inner), [](const char*) {}) {}
  store::Capabilities capabilities() override {
    ++asked;
    return CountingStore::capabilities();
  }
  std::unique_ptr<store::Cursor> find(store::Namespace ns, bson::View filter,
                                      const store::FindOptions& options) override {
    expect_read(options, ns);
    return CountingStore::find(ns, filter, options);
  }
  bool find_one(store::Namespace ns, bson::View filter, const store::FindOptions& options,
                FunctionRef<void(bson::View)> sink) override {
    expect_read(options, ns);
    return CountingStore::find_one(ns, filter, options, sink);
  }
  store::UpdateResult update(store::Namespace ns, bson::View filter, store::UpdateSpec update,
                             const store::UpdateOptions& options) override {
    expect_write(options, ns);
    return CountingStore::update(ns, filter, update, options);
  }
  std::int64_t remove(store::Namespace ns, bson::View filter,
                      const store::RemoveOptions& options) override {
    expect_write(options, ns);
    return CountingStore::remove(ns, filter, options);
  }
  store::FindAndModifyResult find_and_modify(store::Namespace ns, bson::View filter,
                                             store::UpdateSpec update,
                                             const store::FindAndModifyOptions& options) override {
    expect_write(options, ns);
    return CountingStore::find_and_modify(ns, filter, update, options);
  }
  store::BulkResult bulk_write(store::Namespace ns,
                               std::span<const store::BulkOperation> operations,
                               const store::BulkOptions& options) override {
    expect_write(options, ns);
    return CountingStore::bulk_write(ns, operations, options);
  }
  int asked = 0, reads = 0, writes = 0;

 private:
  void expect_read(const store::OperationOptions& options, store::Namespace ns) {
    if (options.session != nullptr && options.session->in_transaction()) return;
    ++reads;
    ASSERT_NE(options.read_preference, nullptr) << ns.collection;
    EXPECT_EQ(options.read_preference->mode, ReadPreference::Mode::primary);
  }
  void expect_write(const store::OperationOptions& options, store::Namespace ns) {
    if (options.session != nullptr && options.session->in_transaction()) return;
    ++writes;
    ASSERT_NE(options.write_concern, nullptr) << ns.collection;
    EXPECT_EQ(options.write_concern->w, "majority");
    EXPECT_EQ(options.write_concern->journal, true);
  }
};

}  // namespace quire::test
