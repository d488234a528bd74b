#pragma once

#include <memory>
#include <string>

#include "quire/store/store.hpp"
#include "store/embedded/storage/scope.hpp"

namespace quire::store::embedded {

class CommandLayer;
class TtlSweeper;

/// The Store port over one SQLite file. Thread-safe. Each call of the port is told to observers
/// (store_observed.cpp); what it does is in the function of its name with do_ in front.
class EmbeddedStore final : public Store {
 public:
  explicit EmbeddedStore(Options options);
  ~EmbeddedStore() override;

  Capabilities capabilities() override;
  [[nodiscard]] std::string_view kind() const noexcept override { return "embedded"; }
  [[nodiscard]] std::string redacted_uri() const override;
  [[nodiscard]] std::string default_database() const override { return file_->options().database; }
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
  /// Told as "count".
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
  void close() override;

  /// How aggregate() does it: what reads the collection, and the stages behind.
  bson::Document explain_aggregate(Namespace ns, bson::View pipeline,
                                   const AggregateOptions& options);
  /// What find, count and distinct of a view do: `stages` on what the view gives.
  std::unique_ptr<Cursor> read_view(Namespace ns, bson::View stages,
                                    const AggregateOptions& options) {
    return do_aggregate(ns, stages, options);
  }

  [[nodiscard]] const std::shared_ptr<StorageFile>& file() const noexcept { return file_; }

 private:
  InsertResult do_insert(Namespace ns, std::span<const bson::View> documents,
                         const InsertOptions& options);
  std::unique_ptr<Cursor> do_find(Namespace ns, bson::View filter, const FindOptions& options);
  bool do_find_one(Namespace ns, bson::View filter, const FindOptions& options,
                   FunctionRef<void(bson::View)> sink);
  std::unique_ptr<Cursor> do_aggregate(Namespace ns, bson::View pipeline,
                                       const AggregateOptions& options);
  UpdateResult do_update(Namespace ns, bson::View filter, UpdateSpec update,
                         const UpdateOptions& options);
  std::int64_t do_remove(Namespace ns, bson::View filter, const RemoveOptions& options);
  FindAndModifyResult do_find_and_modify(Namespace ns, bson::View filter, UpdateSpec update,
                                         const FindAndModifyOptions& options);
  BulkResult do_bulk_write(Namespace ns, std::span<const BulkOperation> operations,
                           const BulkOptions& options);
  std::int64_t do_count(Namespace ns, bson::View filter, const CountOptions& options);
  bson::Document do_distinct(Namespace ns, std::string_view field, bson::View filter,
                             const DistinctOptions& options);
  bson::Document do_explain(Namespace ns, bson::View filter, const FindOptions& options);
  std::vector<bson::Document> do_list_indexes(Namespace ns);
  void do_create_indexes(Namespace ns, std::span<const bson::View> specs,
                         const OperationOptions& options);
  void do_drop_index(Namespace ns, std::string_view name, const OperationOptions& options);
  std::vector<CollectionInfo> do_list_collections(std::string_view database);
  void do_create_collection(Namespace ns, bson::View collection_options,
                            const OperationOptions& options);
  bool do_drop_collection(Namespace ns, const OperationOptions& options);
  void do_drop_database(std::string_view database);
  /// As the option `changes` says.
  void set_up_change_log();
  bool find_one_general(Namespace ns, bson::View filter, const FindOptions& options,
                        FunctionRef<void(bson::View)> sink);
  std::shared_ptr<StorageFile> file_;
  std::unique_ptr<TtlSweeper> sweeper_;
  std::unique_ptr<CommandLayer> commands_;
};

/// The store as this kind. Throws StoreError unsupported, store_closed.
[[nodiscard]] EmbeddedStore& embedded_store(Store& store);

}  // namespace quire::store::embedded
