#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quire/store/store.hpp"

namespace quire::store {

/// One call to a store, as a hook is told of it.
struct StoreCall {
  /// The function's name: "find", "bulk_write", "start_transaction", "commit_transaction" …
  std::string_view operation;
  Namespace ns = {};            ///< empty where the call has no collection
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
class HookedStore : public Store {
 public:
  using Hook = std::function<void(const StoreCall&)>;
  HookedStore(std::shared_ptr<Store> inner, Hook hook);
  ~HookedStore() override;

  /// The store behind any number of hooks; `outer` itself where there is none.
  [[nodiscard]] static Store& behind(Store& outer) noexcept;

  /// Says that there are no transactions, as a standalone server does. Set it before use.
  bool without_transactions = false;

  [[nodiscard]] Capabilities capabilities() override;
  [[nodiscard]] std::string_view kind() const noexcept override;
  [[nodiscard]] std::string redacted_uri() const override;
  [[nodiscard]] std::string default_database() const override;
  using Store::start_session;
  [[nodiscard]] std::unique_ptr<Session> start_session(const SessionOptions& options) override;

  InsertResult insert(Namespace ns, std::span<const bson::View> documents,
                      const InsertOptions& options) override;
  [[nodiscard]] std::unique_ptr<Cursor> find(Namespace ns, bson::View filter,
                                             const FindOptions& options) override;
  bool find_one(Namespace ns, bson::View filter, const FindOptions& options,
                FunctionRef<void(bson::View)> sink) override;
  UpdateResult update(Namespace ns, bson::View filter, UpdateSpec update,
                      const UpdateOptions& options) override;
  std::int64_t remove(Namespace ns, bson::View filter, const RemoveOptions& options) override;
  FindAndModifyResult find_and_modify(Namespace ns, bson::View filter, UpdateSpec update,
                                      const FindAndModifyOptions& options) override;
  BulkResult bulk_write(Namespace ns, std::span<const BulkOperation> operations,
                        const BulkOptions& options) override;
  [[nodiscard]] std::unique_ptr<Cursor> aggregate(Namespace ns, bson::View pipeline,
                                                  const AggregateOptions& options) override;
  [[nodiscard]] std::unique_ptr<ChangeStream> watch(Namespace ns, bson::View pipeline,
                                                    const WatchOptions& options) override;
  [[nodiscard]] std::int64_t count(Namespace ns, bson::View filter,
                                   const CountOptions& options) override;
  using Store::estimated_count;
  [[nodiscard]] std::int64_t estimated_count(Namespace ns,
                                             const OperationOptions& options) override;
  [[nodiscard]] bson::Document distinct(Namespace ns, std::string_view field, bson::View filter,
                                        const DistinctOptions& options) override;
  [[nodiscard]] bson::Document explain(Namespace ns, bson::View filter,
                                       const FindOptions& options) override;
  [[nodiscard]] std::vector<bson::Document> list_indexes(Namespace ns) override;
  void create_indexes(Namespace ns, std::span<const bson::View> specs,
                      const OperationOptions& options) override;
  void drop_index(Namespace ns, std::string_view name, const OperationOptions& options) override;
  [[nodiscard]] std::vector<CollectionInfo> list_collections(std::string_view database) override;
  void create_collection(Namespace ns, bson::View collection_options,
                         const OperationOptions& options) override;
  bool drop_collection(Namespace ns, const OperationOptions& options) override;
  void drop_database(std::string_view database) override;
  bson::Document run_command(std::string_view database, bson::View command,
                             Session* session) override;
  [[nodiscard]] Health health(std::chrono::milliseconds limit) noexcept override;
  [[nodiscard]] PoolState pool_state() const noexcept override;
  [[nodiscard]] std::vector<ServerState> servers() override;
  [[nodiscard]] Observers& observers() noexcept override;
  void close() override;

 protected:
  [[nodiscard]] Store& inner() const noexcept { return *inner_; }

 private:
  class HookedSession;
  template <class F>
  auto told(std::string_view operation, Namespace ns, const Session* session, F&& call);

  std::shared_ptr<Store> inner_;
  std::shared_ptr<const Hook> hook_;
};

}  // namespace quire::store
