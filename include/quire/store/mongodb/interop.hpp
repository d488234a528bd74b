#pragma once

#include <mongoc/mongoc.h>

#include <memory>
#include <string>

#include "quire/core/function_ref.hpp"
#include "quire/store/store.hpp"

/// quire beside code that uses libmongoc itself: the only header that includes the driver's.
/// Link quire::mongodb, which brings the driver along.
namespace quire::store::mongodb {

/// A store on the application's own pool or client, which must outlive it, its cursors and its
/// sessions. `database`: empty = the one that the client's connection string names.
/// A pool is shared with all that the application does by itself. A single client serves one call
/// at a time: quire's own calls wait for each other; the application's must be kept apart from
/// them by the application, cursors and sessions of quire included.
/// Observers are told nothing: the callbacks of a client belong to whoever made it.
/// Throws StoreError pool_exhausted, invalid_argument.
[[nodiscard]] std::shared_ptr<Store> adopt(mongoc_client_pool_t* pool, std::string database = {});
[[nodiscard]] std::shared_ptr<Store> adopt(mongoc_client_t* client, std::string database = {});

/// Lends a client of the store for the time of a call. Throws StoreError unsupported for a store of
/// another kind, store_closed, pool_exhausted; what `function` throws passes through.
void with_client(Store& store, FunctionRef<void(mongoc_client_t*)> function);
/// Lends the driver's handle on a collection for the time of a call; do not keep it.
void with_collection(Store& store, Namespace ns, FunctionRef<void(mongoc_collection_t*)> function);
/// What with_collection lends within a session of quire's: `opts` holds its sessionId, to be passed
/// to the driver's functions so that what they do is a part of its transaction.
struct LentCollection {
  mongoc_collection_t* collection;
  const bson_t* opts;
};
void with_collection(Store& store, Namespace ns, Session& session,
                     FunctionRef<void(const LentCollection&)> function);

/// The driver's error as the exception that quire throws for it. `reply`: may be null.
[[noreturn]] void throw_error(const bson_error_t& error, const bson_t* reply = nullptr);

/// quire's bytes as the driver reads them, without a copy: valid as long as they are. Stands
/// wherever the driver takes a const bson_t*. Stays where it was made: a bson_t points into itself.
class Borrowed {
 public:
  explicit Borrowed(bson::View view) noexcept {
    (void)bson_init_static(&bson_, view.data(), view.size());
  }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  [[nodiscard]] const bson_t* get() const noexcept { return &bson_; }
  operator const bson_t*() const noexcept { return &bson_; }  // NOLINT

 private:
  bson_t bson_;
};
/// The driver's document as quire reads it, without a copy: valid as long as it is unchanged.
[[nodiscard]] inline bson::View view(const bson_t& document) {
  return {bson_get_data(&document), document.len};
}

}  // namespace quire::store::mongodb
