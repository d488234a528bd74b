#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "quire/store/store.hpp"

namespace quire::test {

/// A store that tells of each call before it is passed on: to count, to fail, to die there.
/// Sessions are the inner store's; their commits are told of too.
class CountingStore : public store::Store {
 public:
  using Hook = std::function<void(const char* what)>;
  CountingStore(std::shared_ptr<store::Store> inner, Hook hook)
      : inner_(std::move(inner)), hook_(std::move(hook)) {}

  store::Capabilities capabilities() override {
    auto result = inner_->capabilities();
    if (without_transactions) result.transactions = false;
    return result;
  }
  std::string_view kind() const noexcept override { return inner_->kind(); }
  std::string redacted_uri() const override { return inner_->redacted_uri(); }
  std::string default_database() const override { return inner_->default_database(); }
  using Store::start_session;
  std::unique_ptr<store::Session> start_session(const store::SessionOptions& options) override;

  store::InsertResult insert(store::Namespace ns, std::span<const bson::View> documents,
                             const store::InsertOptions& options) override {
    hook_("insert");
    return inner_->insert(ns, documents, with(options));
  }
  std::unique_ptr<store::Cursor> find(store::Namespace ns, bson::View filter,
                                      const store::FindOptions& options) override {
    hook_("find");
    return inner_->find(ns, filter, with(options));
  }
  bool find_one(store::Namespace ns, bson::View filter, const store::FindOptions& options,
                FunctionRef<void(bson::View)> sink) override {
    hook_("find_one");
    return inner_->find_one(ns, filter, with(options), sink);
  }
  store::UpdateResult update(store::Namespace ns, bson::View filter, store::UpdateSpec update,
                             const store::UpdateOptions& options) override {
    hook_("update");
    return inner_->update(ns, filter, update, with(options));
  }
  std::int64_t remove(store::Namespace ns, bson::View filter,
                      const store::RemoveOptions& options) override {
    hook_("remove");
    return inner_->remove(ns, filter, with(options));
  }
  store::FindAndModifyResult find_and_modify(store::Namespace ns, bson::View filter,
                                             store::UpdateSpec update,
                                             const store::FindAndModifyOptions& options) override {
    hook_("find_and_modify");
    return inner_->find_and_modify(ns, filter, update, with(options));
  }
  store::BulkResult bulk_write(store::Namespace ns,
                               std::span<const store::BulkOperation> operations,
                               const store::BulkOptions& options) override {
    hook_("bulk_write");
    return inner_->bulk_write(ns, operations, with(options));
  }
  std::unique_ptr<store::Cursor> aggregate(store::Namespace ns, bson::View pipeline,
                                           const store::AggregateOptions& options) override {
    hook_("aggregate");
    return inner_->aggregate(ns, pipeline, with(options));
  }
  std::int64_t count(store::Namespace ns, bson::View filter,
                     const store::CountOptions& options) override {
    hook_("count");
    return inner_->count(ns, filter, with(options));
  }
  std::unique_ptr<store::ChangeStream> watch(store::Namespace ns, bson::View pipeline,
                                             const store::WatchOptions& options) override {
    hook_("watch");
    return inner_->watch(ns, pipeline, with(options));
  }
  using Store::estimated_count;
  std::int64_t estimated_count(store::Namespace ns,
                               const store::OperationOptions& options) override {
    hook_("estimated_count");
    return inner_->estimated_count(ns, with(options));
  }
  bson::Document distinct(store::Namespace ns, std::string_view field, bson::View filter,
                          const store::DistinctOptions& options) override {
    hook_("distinct");
    return inner_->distinct(ns, field, filter, with(options));
  }
  bson::Document explain(store::Namespace ns, bson::View filter,
                         const store::FindOptions& options) override {
    hook_("explain");
    return inner_->explain(ns, filter, with(options));
  }
  std::vector<bson::Document> list_indexes(store::Namespace ns) override {
    hook_("list_indexes");
    return inner_->list_indexes(ns);
  }
  void create_indexes(store::Namespace ns, std::span<const bson::View> specs,
                      const store::OperationOptions& options) override {
    hook_("create_indexes");
    inner_->create_indexes(ns, specs, with(options));
  }
  void drop_index(store::Namespace ns, std::string_view name,
                  const store::OperationOptions& options) override {
    hook_("drop_index");
    inner_->drop_index(ns, name, with(options));
  }
  std::vector<store::CollectionInfo> list_collections(std::string_view database) override {
    hook_("list_collections");
    return inner_->list_collections(database);
  }
  void create_collection(store::Namespace ns, bson::View collection_options,
                         const store::OperationOptions& options) override {
    hook_("create_collection");
    inner_->create_collection(ns, collection_options, with(options));
  }
  bool drop_collection(store::Namespace ns, const store::OperationOptions& options) override {
    hook_("drop_collection");
    return inner_->drop_collection(ns, with(options));
  }
  void drop_database(std::string_view database) override { inner_->drop_database(database); }
  bson::Document run_command(std::string_view database, bson::View command,
                             store::Session* session) override {
    hook_("run_command");
    return inner_->run_command(database, command, session);
  }
  store::Health health(std::chrono::milliseconds limit) noexcept override {
    return inner_->health(limit);
  }
  store::Observers& observers() noexcept override { return inner_->observers(); }
  void close() override { inner_->close(); }

  bool without_transactions = false;

 private:
  struct CountingSession final : store::Session {
    CountingSession(std::unique_ptr<store::Session> session, const Hook& told)
        : inner(std::move(session)), hook(told) {}
    void start_transaction(const store::StartOptions& options) override {
      hook("start_transaction");
      inner->start_transaction(options);
    }
    void commit_transaction() override {
      hook("commit_transaction");
      inner->commit_transaction();
      hook("committed");
    }
    void abort_transaction() override { inner->abort_transaction(); }
    bool in_transaction() const noexcept override { return inner->in_transaction(); }
    std::unique_ptr<store::Session> inner;
    const Hook& hook;
  };

  /// The same options with the inner store's own session.
  template <class Options>
  static Options with(Options options) {
    if (options.session != nullptr)
      options.session = static_cast<CountingSession*>(options.session)->inner.get();
    return options;
  }

  std::shared_ptr<store::Store> inner_;
  Hook hook_;
};

inline std::unique_ptr<store::Session> CountingStore::start_session(
    const store::SessionOptions& options) {
  return std::make_unique<CountingSession>(inner_->start_session(options), hook_);
}

}  // namespace quire::test
