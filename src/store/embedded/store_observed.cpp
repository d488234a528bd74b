#include "store/embedded/observed.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded {

void CallReport::tell(CommandEvent& event) noexcept {
  if (told_) return;
  told_ = true;
  event.command = call_.command;
  event.database = call_.ns.database;
  event.collection = call_.ns.collection;
  event.duration = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - start_);
  event.filter = call_.filter;
  event.sort = call_.sort;
  observers_.tell(event);
}

void CallReport::done() noexcept {
  CommandEvent event;
  tell(event);
}

void CallReport::failed(ErrorCode code, int backend_code) noexcept {
  CommandEvent event;
  event.ok = false;
  event.code = code;
  event.backend_code = backend_code;
  event.error = to_string(code);  // never the sentence, which may quote values
  tell(event);
}

namespace {

/// As of a server's command with several statements: the first that has one.
bson::View first_filter(std::span<const BulkOperation> operations) noexcept {
  for (const auto& operation : operations) {
    if (operation.kind != BulkOperation::Kind::insert) return operation.filter;
  }
  return {};
}

}  // namespace

InsertResult EmbeddedStore::insert(Namespace ns, std::span<const bson::View> documents,
                                   const InsertOptions& options) {
  return observed(*observers_, {"insert", ns}, [&] { return do_insert(ns, documents, options); });
}

std::unique_ptr<Cursor> EmbeddedStore::find(Namespace ns, bson::View filter,
                                            const FindOptions& options) {
  return observed(*observers_, {"find", ns, filter, options.sort},
                  [&] { return do_find(ns, filter, options); });
}

bool EmbeddedStore::find_one(Namespace ns, bson::View filter, const FindOptions& options,
                             FunctionRef<void(bson::View)> sink) {
  if (!observers_->any()) [[likely]]
    return do_find_one(ns, filter, options, sink);
  const ObservedCall call{"find", ns, filter, options.sort};
  CallReport report(*observers_, call);
  try {
    // What `sink` does, or throws, is no part of the command.
    const bool found = do_find_one(ns, filter, options, [&](bson::View document) {
      report.done();
      sink(document);
    });
    report.done();
    return found;
  } catch (const Error& error) {
    report.failed(error.code(), error.backend_code());
    throw;
  }
}

std::unique_ptr<Cursor> EmbeddedStore::aggregate(Namespace ns, bson::View pipeline,
                                                 const AggregateOptions& options) {
  return observed(*observers_, {"aggregate", ns},
                  [&] { return do_aggregate(ns, pipeline, options); });
}

UpdateResult EmbeddedStore::update(Namespace ns, bson::View filter, UpdateSpec update,
                                   const UpdateOptions& options) {
  return observed(*observers_, {"update", ns, filter, options.sort},
                  [&] { return do_update(ns, filter, update, options); });
}

std::int64_t EmbeddedStore::remove(Namespace ns, bson::View filter, const RemoveOptions& options) {
  return observed(*observers_, {"delete", ns, filter},
                  [&] { return do_remove(ns, filter, options); });
}

FindAndModifyResult EmbeddedStore::find_and_modify(Namespace ns, bson::View filter,
                                                   UpdateSpec update,
                                                   const FindAndModifyOptions& options) {
  return observed(*observers_, {"findAndModify", ns, filter, options.sort},
                  [&] { return do_find_and_modify(ns, filter, update, options); });
}

BulkResult EmbeddedStore::bulk_write(Namespace ns, std::span<const BulkOperation> operations,
                                     const BulkOptions& options) {
  return observed(*observers_, {"bulkWrite", ns, first_filter(operations)},
                  [&] { return do_bulk_write(ns, operations, options); });
}

std::int64_t EmbeddedStore::count(Namespace ns, bson::View filter, const CountOptions& options) {
  return observed(*observers_, {"count", ns, filter},
                  [&] { return do_count(ns, filter, options); });
}

bson::Document EmbeddedStore::distinct(Namespace ns, std::string_view field, bson::View filter,
                                       const DistinctOptions& options) {
  return observed(*observers_, {"distinct", ns, filter},
                  [&] { return do_distinct(ns, field, filter, options); });
}

bson::Document EmbeddedStore::explain(Namespace ns, bson::View filter, const FindOptions& options) {
  return observed(*observers_, {"explain", ns, filter, options.sort},
                  [&] { return do_explain(ns, filter, options); });
}

std::vector<bson::Document> EmbeddedStore::list_indexes(Namespace ns) {
  return observed(*observers_, {"listIndexes", ns}, [&] { return do_list_indexes(ns); });
}

void EmbeddedStore::create_indexes(Namespace ns, std::span<const bson::View> specs,
                                   const OperationOptions& options) {
  observed(*observers_, {"createIndexes", ns}, [&] { do_create_indexes(ns, specs, options); });
}

void EmbeddedStore::drop_index(Namespace ns, std::string_view name,
                               const OperationOptions& options) {
  observed(*observers_, {"dropIndexes", ns}, [&] { do_drop_index(ns, name, options); });
}

std::vector<CollectionInfo> EmbeddedStore::list_collections(std::string_view database) {
  return observed(*observers_, {"listCollections", {database, {}}},
                  [&] { return do_list_collections(database); });
}

void EmbeddedStore::create_collection(Namespace ns, bson::View collection_options,
                                      const OperationOptions& options) {
  observed(*observers_, {"create", ns},
           [&] { do_create_collection(ns, collection_options, options); });
}

bool EmbeddedStore::drop_collection(Namespace ns, const OperationOptions& options) {
  return observed(*observers_, {"drop", ns}, [&] { return do_drop_collection(ns, options); });
}

void EmbeddedStore::drop_database(std::string_view database) {
  observed(*observers_, {"dropDatabase", {database, {}}}, [&] { do_drop_database(database); });
}

}  // namespace quire::store::embedded
