#include "store/mongodb/source.hpp"

namespace quire::store::mongodb {

/// How long an operation waits for a connection where the URI does not say: for ever, the driver's
/// own default, would turn a pool that is too small into a program that stands still.
constexpr std::int32_t default_wait_ms = 30'000;

Source::Source(Uri uri, std::shared_ptr<Observers> observers)
    : uri_(std::move(uri)), monitor_(std::move(observers)), owned_(true) {
  if (!mongoc_uri_has_option(uri_.uri.get(), MONGOC_URI_WAITQUEUETIMEOUTMS))
    mongoc_uri_set_option_as_int32(uri_.uri.get(), MONGOC_URI_WAITQUEUETIMEOUTMS, default_wait_ms);
  bson_error_t error{};
  pool_ = mongoc_client_pool_new_with_error(uri_.uri.get(), &error);
  if (pool_ == nullptr) {
    // The names of mongodb+srv:// are looked up here.
    const bool unknown_name = error.domain == MONGOC_ERROR_STREAM;
    throw StoreError(unknown_name ? ErrorCode::server_unreachable : ErrorCode::invalid_uri,
                     uri_.secrets.scrub("the connection string \"" + uri_.redacted +
                                        "\" cannot be used: " + error.message));
  }
  mongoc_client_pool_set_error_api(pool_, MONGOC_ERROR_API_VERSION_2);
  monitor_.watch(pool_);
  limit_ = mongoc_uri_get_option_as_int32(uri_.uri.get(), MONGOC_URI_MAXPOOLSIZE, 100);
}

Source::Source(mongoc_client_pool_t* pool, std::shared_ptr<Observers> observers)
    : monitor_(std::move(observers)), pool_(pool) {
  init_driver();
  mongoc_client_t* client = mongoc_client_pool_pop(pool);
  if (client == nullptr)
    throw StoreError(ErrorCode::pool_exhausted, "the application's pool gave no client");
  try {
    take_uri_of(client);
  } catch (...) {
    mongoc_client_pool_push(pool, client);
    throw;
  }
  mongoc_client_pool_push(pool, client);
  limit_ = mongoc_uri_get_option_as_int32(uri_.uri.get(), MONGOC_URI_MAXPOOLSIZE, 100);
}

Source::Source(mongoc_client_t* client, std::shared_ptr<Observers> observers)
    : monitor_(std::move(observers)), single_(client) {
  init_driver();
  take_uri_of(client);
  limit_ = 1;
}

void Source::take_uri_of(mongoc_client_t* client) {
  uri_ = Uri::adopt(mongoc_client_get_uri(client));
}

Source::~Source() {
  if (owned_) mongoc_client_pool_destroy(pool_);
}

void Source::check_open() const {
  if (closed_) throw StoreError(ErrorCode::store_closed, "the store was closed");
}

Lease Source::lease() {
  check_open();
  mongoc_client_t* client = single_;
  if (client == nullptr) {
    client = mongoc_client_pool_try_pop(pool_);
    if (client == nullptr) {
      ++waits_;
      client = mongoc_client_pool_pop(pool_);
    }
    if (client == nullptr) {
      ++timeouts_;
      throw StoreError(
          ErrorCode::pool_exhausted,
          "no connection became free within waitQueueTimeoutMS; " + std::to_string(in_use_.load()) +
              " of maxPoolSize=" + std::to_string(limit_) +
              " are in use by operations, open cursors and sessions: end those sooner, "
              "or raise maxPoolSize");
    }
  }
  return lend(client);
}

Lease Source::try_lease() {
  check_open();
  mongoc_client_t* client = single_ != nullptr ? single_ : mongoc_client_pool_try_pop(pool_);
  return client == nullptr ? Lease() : lend(client);
}

Lease Source::lend(mongoc_client_t* client) {
  const auto now = ++in_use_;
  for (auto most = most_.load(); now > most && !most_.compare_exchange_weak(most, now);) {
  }
  return {shared_from_this(), client};
}

void Lease::give_back() noexcept {
  if (client_ == nullptr) return;
  --source_->in_use_;
  if (source_->pool_ != nullptr) mongoc_client_pool_push(source_->pool_, client_);
  client_ = nullptr;
  source_.reset();
}

PoolState Source::state() const noexcept {
  PoolState out;
  out.in_use = in_use_;
  out.most = most_;
  out.limit = limit_;
  out.waits = waits_;
  out.timeouts = timeouts_;
  return out;
}

}  // namespace quire::store::mongodb
