#include "quire/store/mongodb/interop.hpp"

#include "store/mongodb/store.hpp"

namespace quire::store::mongodb {

std::shared_ptr<Store> adopt(mongoc_client_pool_t* pool, std::string database) {
  if (pool == nullptr) throw StoreError(ErrorCode::invalid_argument, "adopt: no pool");
  return std::make_shared<MongoStore>(pool, std::move(database));
}

std::shared_ptr<Store> adopt(mongoc_client_t* client, std::string database) {
  if (client == nullptr) throw StoreError(ErrorCode::invalid_argument, "adopt: no client");
  return std::make_shared<MongoStore>(client, std::move(database));
}

void with_client(Store& store, FunctionRef<void(mongoc_client_t*)> function) {
  const auto source = mongo_store(store).source();
  const Lease lease = source->lease();
  const auto guard = source->guard();
  function(lease.client());
}

void with_collection(Store& store, Namespace ns, FunctionRef<void(mongoc_collection_t*)> function) {
  const OperationOptions options;
  const Call call(mongo_store(store).source(), ns, Asked::admin, options);
  const auto collection = call.collection();
  function(collection.get());
}

void with_collection(Store& store, Namespace ns, Session& session,
                     FunctionRef<void(const LentCollection&)> function) {
  OperationOptions options;
  options.session = &session;
  const Call call(mongo_store(store).source(), ns, Asked::admin, options);
  const auto collection = call.collection();
  Fields opts;
  call.add_session(opts);
  function({collection.get(), opts.get()});
}

void throw_error(const bson_error_t& error, const bson_t* reply) {
  fail(error, reply != nullptr ? view_of(*reply) : bson::View{}, {{}, Asked::admin}, {});
}

}  // namespace quire::store::mongodb
