#pragma once

#include <map>

#include "store/mongodb/call.hpp"

namespace quire::store::mongodb {

/// The Store port over libmongoc. Thread-safe.
class MongoStore final : public Store {
 public:
  explicit MongoStore(std::string_view uri);
  /// The application's own pool or client, which must outlive the store.
  MongoStore(mongoc_client_pool_t* pool, std::string database);
  MongoStore(mongoc_client_t* client, std::string database);
  ~MongoStore() override;

  Capabilities capabilities() override;
  [[nodiscard]] std::string_view kind() const noexcept override { return "mongodb"; }
  [[nodiscard]] std::string redacted_uri() const override { return redacted_; }
  [[nodiscard]] std::string default_database() const override { return database_; }
  using Store::start_session;
  std::unique_ptr<Session> start_session(const SessionOptions& options) override;

  InsertResult insert(Namespace ns, std::span<const bson::View> documents,
                      const InsertOptions& options) override;
  std::unique_ptr<Cursor> find(Namespace ns, bson::View filter,
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
  std::unique_ptr<Cursor> aggregate(Namespace ns, bson::View pipeline,
                                    const AggregateOptions& options) override;
  std::unique_ptr<ChangeStream> watch(Namespace ns, bson::View pipeline,
                                      const WatchOptions& options) override;
  std::int64_t count(Namespace ns, bson::View filter, const CountOptions& options) override;
  using Store::estimated_count;
  std::int64_t estimated_count(Namespace ns, const OperationOptions& options) override;
  bson::Document distinct(Namespace ns, std::string_view field, bson::View filter,
                          const DistinctOptions& options) override;
  bson::Document explain(Namespace ns, bson::View filter, const FindOptions& options) override;

  std::vector<bson::Document> list_indexes(Namespace ns) override;
  void create_indexes(Namespace ns, std::span<const bson::View> specs,
                      const OperationOptions& options) override;
  void drop_index(Namespace ns, std::string_view name, const OperationOptions& options) override;
  std::vector<CollectionInfo> list_collections(std::string_view database) override;
  void create_collection(Namespace ns, bson::View collection_options,
                         const OperationOptions& options) override;
  bool drop_collection(Namespace ns, const OperationOptions& options) override;
  void drop_database(std::string_view database) override;
  bson::Document run_command(std::string_view database, bson::View command,
                             Session* session) override;
  Health health(std::chrono::milliseconds limit) noexcept override;
  [[nodiscard]] PoolState pool_state() const noexcept override;
  std::vector<ServerState> servers() override;
  void close() override;

  /// Throws StoreError store_closed.
  [[nodiscard]] std::shared_ptr<Source> source() const;

 private:
  bson::Document write_command(Namespace ns, Asked asked, const Fields& command,
                               const OperationOptions& options);
  [[nodiscard]] Health ask(std::chrono::milliseconds limit);

  mutable std::mutex mutex_;
  std::shared_ptr<Source> source_;  // null once closed
  std::string redacted_, database_;
  std::mutex probe_mutex_;
  std::optional<Capabilities> capabilities_;
  std::timed_mutex health_mutex_;
  std::map<std::chrono::milliseconds, ClientPtr> health_clients_;  // by the limit they keep
};

/// The store as this kind. Throws StoreError unsupported for another.
[[nodiscard]] MongoStore& mongo_store(Store& store);
/// Asks the deployment what it can do; see capabilities.cpp for how each is told.
[[nodiscard]] Capabilities probe(const std::shared_ptr<Source>& source,
                                 const std::string& database);

}  // namespace quire::store::mongodb
