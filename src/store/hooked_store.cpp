#include "quire/store/hooked_store.hpp"

#include <type_traits>
#include <utility>

namespace quire::store {

class HookedStore::HookedSession final : public Session {
 public:
  HookedSession(std::unique_ptr<Session> inner, std::shared_ptr<const Hook> hook)
      : inner_(std::move(inner)), hook_(std::move(hook)) {}

  void start_transaction(const StartOptions& options) override {
    StoreCall call{.operation = "start_transaction"};
    (*hook_)(call);
    inner_->start_transaction(options);
    call.returned = call.in_transaction = true;
    (*hook_)(call);
  }
  void commit_transaction() override {
    StoreCall call{.operation = "commit_transaction", .in_transaction = true};
    (*hook_)(call);
    inner_->commit_transaction();
    call.returned = true;
    call.in_transaction = false;
    (*hook_)(call);
  }
  void abort_transaction() override { inner_->abort_transaction(); }
  [[nodiscard]] bool in_transaction() const noexcept override { return inner_->in_transaction(); }
  [[nodiscard]] bson::Document id() const override { return inner_->id(); }
  [[nodiscard]] Session* inner() const noexcept { return inner_.get(); }

  /// The same options with the inner store's own session.
  template <class Options>
  static Options with(Options options) {
    options.session = of(options.session);
    return options;
  }
  static Session* of(Session* session) {
    const auto* own = dynamic_cast<const HookedSession*>(session);
    return own != nullptr ? own->inner() : session;
  }

 private:
  std::unique_ptr<Session> inner_;
  std::shared_ptr<const Hook> hook_;
};

HookedStore::HookedStore(std::shared_ptr<Store> inner, Hook hook)
    : inner_(std::move(inner)), hook_(std::make_shared<const Hook>(std::move(hook))) {}
HookedStore::~HookedStore() = default;

Store& HookedStore::behind(Store& outer) noexcept {
  Store* store = &outer;
  while (const auto* hooked = dynamic_cast<HookedStore*>(store)) store = hooked->inner_.get();
  return *store;
}

template <class F>
auto HookedStore::told(std::string_view operation, Namespace ns, const Session* session, F&& call) {
  StoreCall told{operation, ns, false, session != nullptr && session->in_transaction()};
  (*hook_)(told);
  if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
    call();
    told.returned = true;
    (*hook_)(told);
  } else {
    auto result = call();
    told.returned = true;
    (*hook_)(told);
    return result;
  }
}

Capabilities HookedStore::capabilities() {
  auto result = inner_->capabilities();
  if (without_transactions) result.transactions = false;
  return result;
}
std::string_view HookedStore::kind() const noexcept { return inner_->kind(); }
std::string HookedStore::redacted_uri() const { return inner_->redacted_uri(); }
std::string HookedStore::default_database() const { return inner_->default_database(); }
std::unique_ptr<Session> HookedStore::start_session(const SessionOptions& options) {
  return std::make_unique<HookedSession>(inner_->start_session(options), hook_);
}

InsertResult HookedStore::insert(Namespace ns, std::span<const bson::View> documents,
                                 const InsertOptions& options) {
  return told("insert", ns, options.session,
              [&] { return inner_->insert(ns, documents, HookedSession::with(options)); });
}
std::unique_ptr<Cursor> HookedStore::find(Namespace ns, bson::View filter,
                                          const FindOptions& options) {
  return told("find", ns, options.session,
              [&] { return inner_->find(ns, filter, HookedSession::with(options)); });
}
bool HookedStore::find_one(Namespace ns, bson::View filter, const FindOptions& options,
                           FunctionRef<void(bson::View)> sink) {
  return told("find_one", ns, options.session,
              [&] { return inner_->find_one(ns, filter, HookedSession::with(options), sink); });
}
UpdateResult HookedStore::update(Namespace ns, bson::View filter, UpdateSpec update,
                                 const UpdateOptions& options) {
  return told("update", ns, options.session,
              [&] { return inner_->update(ns, filter, update, HookedSession::with(options)); });
}
std::int64_t HookedStore::remove(Namespace ns, bson::View filter, const RemoveOptions& options) {
  return told("remove", ns, options.session,
              [&] { return inner_->remove(ns, filter, HookedSession::with(options)); });
}
FindAndModifyResult HookedStore::find_and_modify(Namespace ns, bson::View filter, UpdateSpec update,
                                                 const FindAndModifyOptions& options) {
  return told("find_and_modify", ns, options.session, [&] {
    return inner_->find_and_modify(ns, filter, update, HookedSession::with(options));
  });
}
BulkResult HookedStore::bulk_write(Namespace ns, std::span<const BulkOperation> operations,
                                   const BulkOptions& options) {
  return told("bulk_write", ns, options.session,
              [&] { return inner_->bulk_write(ns, operations, HookedSession::with(options)); });
}
std::unique_ptr<Cursor> HookedStore::aggregate(Namespace ns, bson::View pipeline,
                                               const AggregateOptions& options) {
  return told("aggregate", ns, options.session,
              [&] { return inner_->aggregate(ns, pipeline, HookedSession::with(options)); });
}
std::unique_ptr<ChangeStream> HookedStore::watch(Namespace ns, bson::View pipeline,
                                                 const WatchOptions& options) {
  return told("watch", ns, options.session,
              [&] { return inner_->watch(ns, pipeline, HookedSession::with(options)); });
}
std::int64_t HookedStore::count(Namespace ns, bson::View filter, const CountOptions& options) {
  return told("count", ns, options.session,
              [&] { return inner_->count(ns, filter, HookedSession::with(options)); });
}
std::int64_t HookedStore::estimated_count(Namespace ns, const OperationOptions& options) {
  return told("estimated_count", ns, options.session,
              [&] { return inner_->estimated_count(ns, HookedSession::with(options)); });
}
bson::Document HookedStore::distinct(Namespace ns, std::string_view field, bson::View filter,
                                     const DistinctOptions& options) {
  return told("distinct", ns, options.session,
              [&] { return inner_->distinct(ns, field, filter, HookedSession::with(options)); });
}
bson::Document HookedStore::explain(Namespace ns, bson::View filter, const FindOptions& options) {
  return told("explain", ns, options.session,
              [&] { return inner_->explain(ns, filter, HookedSession::with(options)); });
}
std::vector<bson::Document> HookedStore::list_indexes(Namespace ns) {
  return told("list_indexes", ns, nullptr, [&] { return inner_->list_indexes(ns); });
}
void HookedStore::create_indexes(Namespace ns, std::span<const bson::View> specs,
                                 const OperationOptions& options) {
  told("create_indexes", ns, options.session,
       [&] { inner_->create_indexes(ns, specs, HookedSession::with(options)); });
}
void HookedStore::drop_index(Namespace ns, std::string_view name, const OperationOptions& options) {
  told("drop_index", ns, options.session,
       [&] { inner_->drop_index(ns, name, HookedSession::with(options)); });
}
std::vector<CollectionInfo> HookedStore::list_collections(std::string_view database) {
  return told("list_collections", {database, {}}, nullptr,
              [&] { return inner_->list_collections(database); });
}
void HookedStore::create_collection(Namespace ns, bson::View collection_options,
                                    const OperationOptions& options) {
  told("create_collection", ns, options.session,
       [&] { inner_->create_collection(ns, collection_options, HookedSession::with(options)); });
}
bool HookedStore::drop_collection(Namespace ns, const OperationOptions& options) {
  return told("drop_collection", ns, options.session,
              [&] { return inner_->drop_collection(ns, HookedSession::with(options)); });
}
void HookedStore::drop_database(std::string_view database) {
  told("drop_database", {database, {}}, nullptr, [&] { inner_->drop_database(database); });
}
bson::Document HookedStore::run_command(std::string_view database, bson::View command,
                                        Session* session) {
  return told("run_command", {database, {}}, session,
              [&] { return inner_->run_command(database, command, HookedSession::of(session)); });
}
Health HookedStore::health(std::chrono::milliseconds limit) noexcept {
  return inner_->health(limit);
}
PoolState HookedStore::pool_state() const noexcept { return inner_->pool_state(); }
std::vector<ServerState> HookedStore::servers() { return inner_->servers(); }
Observers& HookedStore::observers() noexcept { return inner_->observers(); }
void HookedStore::close() { inner_->close(); }

}  // namespace quire::store
