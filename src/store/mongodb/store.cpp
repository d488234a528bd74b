#include "store/mongodb/store.hpp"

#include "quire/store/hooked_store.hpp"

namespace quire::store::mongodb {

MongoStore::MongoStore(std::string_view uri) {
  Uri parsed = Uri::parse(uri);
  redacted_ = parsed.redacted;
  database_ = parsed.database;
  source_ = std::make_shared<Source>(std::move(parsed), observers_);
}

MongoStore::MongoStore(mongoc_client_pool_t* pool, std::string database)
    : source_(std::make_shared<Source>(pool, observers_)), database_(std::move(database)) {
  redacted_ = source_->uri().redacted;
  if (database_.empty()) database_ = source_->uri().database;
}

MongoStore::MongoStore(mongoc_client_t* client, std::string database)
    : source_(std::make_shared<Source>(client, observers_)), database_(std::move(database)) {
  redacted_ = source_->uri().redacted;
  if (database_.empty()) database_ = source_->uri().database;
}

MongoStore::~MongoStore() { close(); }

std::shared_ptr<Source> MongoStore::source() const {
  const std::lock_guard lock(mutex_);
  if (source_ == nullptr) throw StoreError(ErrorCode::store_closed, "the store was closed");
  return source_;
}

void MongoStore::close() {
  {
    const std::lock_guard lock(mutex_);
    if (source_ != nullptr) source_->close();
    source_.reset();  // connections end with the last cursor or session
  }
  const std::lock_guard lock(health_mutex_);
  health_clients_.clear();
}

Capabilities MongoStore::capabilities() {
  const std::lock_guard lock(probe_mutex_);
  if (!capabilities_) capabilities_ = probe(source(), database_.empty() ? "test" : database_);
  return *capabilities_;
}

std::unique_ptr<Session> MongoStore::start_session(const SessionOptions& options) {
  return std::make_unique<MongoSession>(source(), options);
}

PoolState MongoStore::pool_state() const noexcept {
  const std::lock_guard lock(mutex_);
  return source_ == nullptr ? PoolState{} : source_->state();
}

std::vector<ServerState> MongoStore::servers() {
  const auto from = source();
  // Asked for when something is wrong: not to be waited for.
  const Lease lease = from->try_lease();
  if (!lease) return {};
  const auto guard = from->guard();
  std::size_t n = 0;
  mongoc_server_description_t** all = mongoc_client_get_server_descriptions(lease.client(), &n);
  std::vector<ServerState> out;
  for (std::size_t i = 0; i < n; ++i) {
    out.push_back({mongoc_server_description_host(all[i])->host_and_port,
                   mongoc_server_description_type(all[i]),
                   std::chrono::milliseconds(mongoc_server_description_round_trip_time(all[i]))});
  }
  mongoc_server_descriptions_destroy_all(all, n);
  return out;
}

bson::Document MongoStore::run_command(std::string_view database, bson::View command,
                                       Session* session) {
  OperationOptions options;
  options.session = session;
  const Call call(source(), {database, {}}, Asked::admin, options);
  Fields opts;
  call.add_session(opts);
  const Borrowed body(command);
  bson_error_t error{};
  Reply reply;
  if (!mongoc_client_command_with_opts(call.client(), call.database_name(), body, nullptr,
                                       opts.get(), reply.fill(), &error))
    call.fail(error, reply.view());
  return bson::Document(reply.view());
}

bson::Document MongoStore::write_command(Namespace ns, Asked asked, const Fields& command,
                                         const OperationOptions& options) {
  const Call call(source(), ns, asked, options);
  Fields opts;
  call.add_write(opts);
  opts.add_max_time(options.max_time);
  bson_error_t error{};
  Reply reply;
  if (!mongoc_client_write_command_with_opts(call.client(), call.database_name(), command.get(),
                                             opts.get(), reply.fill(), &error))
    call.fail(error, reply.view());
  return bson::Document(reply.view());
}

MongoStore& mongo_store(Store& store) {
  auto* own = dynamic_cast<MongoStore*>(&HookedStore::behind(store));
  if (own == nullptr) {
    throw StoreError(ErrorCode::unsupported,
                     "this is for the MongoDB store, not \"" + std::string(store.kind()) + "\"");
  }
  return *own;
}

}  // namespace quire::store::mongodb
