#include "wire.hpp"

#include <utility>

#ifdef QUIRE_UNIFIED_MONGODB
#include "quire/store/mongodb/interop.hpp"
#endif

namespace quire::unified {

void Record::add(Seen one) {
  const std::lock_guard lock(mutex_);
  seen_.push_back(std::move(one));
}
std::vector<Seen> Record::all() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}
std::size_t Record::size() const {
  const std::lock_guard lock(mutex_);
  return seen_.size();
}
void Record::clear() {
  const std::lock_guard lock(mutex_);
  seen_.clear();
}

#ifdef QUIRE_UNIFIED_MONGODB
namespace {

bson::Document copy_of(const bson_t* document) {
  return document == nullptr ? bson::Document() : bson::Document(store::mongodb::view(*document));
}

/// The driver reports the names of a database only when a command starts: one a thread is under
/// way.
std::string& database_of_thread() {
  thread_local std::string name;
  return name;
}

void on_started(const mongoc_apm_command_started_t* event) {
  database_of_thread() = mongoc_apm_command_started_get_database_name(event);
  static_cast<Record*>(mongoc_apm_command_started_get_context(event))
      ->add({Seen::Kind::started, mongoc_apm_command_started_get_command_name(event),
             database_of_thread(), copy_of(mongoc_apm_command_started_get_command(event)), false});
}
void on_succeeded(const mongoc_apm_command_succeeded_t* event) {
  static_cast<Record*>(mongoc_apm_command_succeeded_get_context(event))
      ->add({Seen::Kind::succeeded, mongoc_apm_command_succeeded_get_command_name(event),
             database_of_thread(), copy_of(mongoc_apm_command_succeeded_get_reply(event)), false});
}
void on_failed(const mongoc_apm_command_failed_t* event) {
  bson_error_t error{};
  mongoc_apm_command_failed_get_error(event, &error);
  static_cast<Record*>(mongoc_apm_command_failed_get_context(event))
      ->add({Seen::Kind::failed, mongoc_apm_command_failed_get_command_name(event),
             database_of_thread(), copy_of(mongoc_apm_command_failed_get_reply(event)),
             error.domain == MONGOC_ERROR_SERVER || error.domain == MONGOC_ERROR_WRITE_CONCERN});
}

/// The pool goes after the store that uses it.
struct Pool {
  explicit Pool(const std::string& text, std::shared_ptr<Record> listener)
      : record(std::move(listener)) {
    bson_error_t error{};
    uri = mongoc_uri_new_with_error(text.c_str(), &error);
    if (uri == nullptr) throw StoreError(ErrorCode::invalid_uri, error.message);
    pool = mongoc_client_pool_new(uri);
    mongoc_client_pool_set_error_api(pool, MONGOC_ERROR_API_VERSION_2);
    auto* callbacks = mongoc_apm_callbacks_new();
    mongoc_apm_set_command_started_cb(callbacks, on_started);
    mongoc_apm_set_command_succeeded_cb(callbacks, on_succeeded);
    mongoc_apm_set_command_failed_cb(callbacks, on_failed);
    mongoc_client_pool_set_apm_callbacks(pool, callbacks, record.get());
    mongoc_apm_callbacks_destroy(callbacks);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    store.reset();
    if (pool != nullptr) mongoc_client_pool_destroy(pool);
    if (uri != nullptr) mongoc_uri_destroy(uri);
  }
  std::shared_ptr<Record> record;
  mongoc_uri_t* uri = nullptr;
  mongoc_client_pool_t* pool = nullptr;
  std::shared_ptr<store::Store> store;
};

}  // namespace
#endif

std::shared_ptr<store::Store> open_recorded(const std::string& uri,
                                            const std::shared_ptr<Record>& record) {
#ifdef QUIRE_UNIFIED_MONGODB
  if (uri.starts_with("mongodb")) {
    (void)store::check_uri(uri);  // starts the driver too
    const auto pool = std::make_shared<Pool>(uri, record);
    pool->store = store::mongodb::adopt(pool->pool, "admin");
    return {pool, pool->store.get()};
  }
#else
  (void)record;
#endif
  return store::open(uri);
}

}  // namespace quire::unified
