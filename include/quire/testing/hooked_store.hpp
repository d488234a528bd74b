#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quire/store/store.hpp"

namespace quire::testing {

/// One call to a store, as a hook is told of it.
struct StoreCall {
  /// The function's name: "find", "bulk_write", "start_transaction", "commit_transaction" …
  std::string_view operation;
  store::Namespace ns = {};     ///< empty where the call has no collection
  bool returned = false;        ///< false: it is about to be passed on; true: it is done, and the
                                ///< caller does not know yet
  bool in_transaction = false;  ///< it was given a session with an open transaction
};

/// A store in front of another one that tells of each call before it is passed on and after it is
/// done: to count, to wait, to fail or to die there. What the hook throws reaches the caller.
/// Told of: all operations on documents, indexes and collections, run_command, and start and commit
/// of transactions; not capabilities(), health(), aborts, and what cursors fetch.
/// Threads: as the inner store; the hook is called in the caller's thread, from several at once
/// where several call (a migration's heartbeat is one).
class HookedStore : public store::Store {
 public:
  using Hook = std::function<void(const StoreCall&)>;
  HookedStore(std::shared_ptr<store::Store> inner, Hook hook);
  ~HookedStore() override;

  /// Says that there are no transactions, as a standalone server does. Set it before use.
  bool without_transactions = false;

  [[nodiscard]] store::Capabilities capabilities() override;
  [[nodiscard]] std::string_view kind() const noexcept override;
  [[nodiscard]] std::string redacted_uri() const override;
  [[nodiscard]] std::string default_database() const override;
  using Store::start_session;
  [[nodiscard]] std::unique_ptr<store::Session> start_session(
      const store::SessionOptions& options) override;

  store::InsertResult insert(store::Namespace ns, std::span<const bson::View> documents,
                             const store::InsertOptions& options) override;
  [[nodiscard]] std::unique_ptr<store::Cursor> find(store::Namespace ns, bson::View filter,
                                                    const store::FindOptions& options) override;
  bool find_one(store::Namespace ns, bson::View filter, const store::FindOptions& options,
                FunctionRef<void(bson::View)> sink) override;
  store::UpdateResult update(store::Namespace ns, bson::View filter, store::UpdateSpec update,
                             const store::UpdateOptions& options) override;
  std::int64_t remove(store::Namespace ns, bson::View filter,
                      const store::RemoveOptions& options) override;
  store::FindAndModifyResult find_and_modify(store::Namespace ns, bson::View filter,
                                             store::UpdateSpec update,
                                             const store::FindAndModifyOptions& options) override;
  store::BulkResult bulk_write(store::Namespace ns,
                               std::span<const store::BulkOperation> operations,
                               const store::BulkOptions& options) override;
  [[nodiscard]] std::unique_ptr<store::Cursor> aggregate(
      store::Namespace ns, bson::View pipeline, const store::AggregateOptions& options) override;
  [[nodiscard]] std::unique_ptr<store::ChangeStream> watch(
      store::Namespace ns, bson::View pipeline, const store::WatchOptions& options) override;
  [[nodiscard]] std::int64_t count(store::Namespace ns, bson::View filter,
                                   const store::CountOptions& options) override;
  using Store::estimated_count;
  [[nodiscard]] std::int64_t estimated_count(store::Namespace ns,
                                             const store::OperationOptions& options) override;
  [[nodiscard]] bson::Document distinct(store::Namespace ns, std::string_view field,
                                        bson::View filter,
                                        const store::DistinctOptions& options) override;
  [[nodiscard]] bson::Document explain(store::Namespace ns, bson::View filter,
                                       const store::FindOptions& options) override;
  [[nodiscard]] std::vector<bson::Document> list_indexes(store::Namespace ns) override;
  void create_indexes(store::Namespace ns, std::span<const bson::View> specs,
                      const store::OperationOptions& options) override;
  void drop_index(store::Namespace ns, std::string_view name,
                  const store::OperationOptions& options) override;
  [[nodiscard]] std::vector<store::CollectionInfo> list_collections(
      std::string_view database) override;
  void create_collection(store::Namespace ns, bson::View collection_options,
                         const store::OperationOptions& options) override;
  bool drop_collection(store::Namespace ns, const store::OperationOptions& options) override;
  void drop_database(std::string_view database) override;
  bson::Document run_command(std::string_view database, bson::View command,
                             store::Session* session) override;
  [[nodiscard]] store::Health health(std::chrono::milliseconds limit) noexcept override;
  [[nodiscard]] store::PoolState pool_state() const noexcept override;
  [[nodiscard]] std::vector<store::ServerState> servers() override;
  [[nodiscard]] store::Observers& observers() noexcept override;
  void close() override;

 private:
  class HookedSession;
  template <class F>
  auto told(std::string_view operation, store::Namespace ns, const store::Session* session,
            F&& call);

  std::shared_ptr<store::Store> inner_;
  std::shared_ptr<const Hook> hook_;
};

}  // namespace quire::testing
