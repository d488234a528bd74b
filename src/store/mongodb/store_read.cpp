#include "quire/bson/writer.hpp"
#include "store/mongodb/store.hpp"

namespace quire::store::mongodb {
namespace {

void add_find(Fields& opts, const FindOptions& options) {
  opts.add_if("projection", options.projection).add_if("sort", options.sort);
  opts.add_hint(options.hint, options.hint_name);
  if (options.skip != 0) opts.add("skip", options.skip);
  if (options.limit != 0) opts.add("limit", options.limit);
  if (options.batch_size != 0) {
    // With a batch as large as the limit a server keeps the cursor open for nothing.
    const std::int64_t size = options.batch_size;
    opts.add("batchSize", size == options.limit ? size + 1 : size);
  }
  opts.add_if("collation", options.collation).add_if("let", options.let);
  if (options.allow_disk_use) opts.add("allowDiskUse", *options.allow_disk_use);
}

}  // namespace

std::unique_ptr<Cursor> MongoStore::find(Namespace ns, bson::View filter,
                                         const FindOptions& options) {
  Call call(source(), ns, Asked::read, options);
  Fields opts;
  add_find(opts, options);
  call.add_read(opts);
  const Borrowed body(filter);
  const auto collection = call.collection();
  return make_cursor(call, CursorPtr(mongoc_collection_find_with_opts(
                               collection.get(), body, opts.get(), call.read_prefs())));
}

bool MongoStore::find_one(Namespace ns, bson::View filter, const FindOptions& options,
                          FunctionRef<void(bson::View)> sink) {
  Lease lease;  // given back before `sink`, which may use the store
  bson::Document copy;
  {
    Call call(source(), ns, Asked::read, options);
    Fields opts;
    FindOptions one = options;
    one.limit = 1;
    one.batch_size = 0;
    add_find(opts, one);
    opts.add("singleBatch", true);
    call.add_read(opts);
    const Borrowed body(filter);
    const auto collection = call.collection();
    const CursorPtr cursor(
        mongoc_collection_find_with_opts(collection.get(), body, opts.get(), call.read_prefs()));
    const bson_t* document = nullptr;
    if (!mongoc_cursor_next(cursor.get(), &document)) {
      bson_error_t error{};
      const bson_t* reply = nullptr;
      if (mongoc_cursor_error_document(cursor.get(), &error, &reply))
        call.fail(error, reply != nullptr ? view_of(*reply) : bson::View{});
      return false;
    }
    copy = bson::Document(view_of(*document));
  }
  sink(copy);
  return true;
}

std::unique_ptr<Cursor> MongoStore::aggregate(Namespace ns, bson::View pipeline,
                                              const AggregateOptions& options) {
  Call call(source(), ns, Asked::read, options);
  Fields opts;
  if (options.batch_size != 0) opts.add("batchSize", std::int32_t{options.batch_size});
  if (options.allow_disk_use) opts.add("allowDiskUse", *options.allow_disk_use);
  opts.add_hint(options.hint, options.hint_name);
  opts.add_if("collation", options.collation).add_if("let", options.let);
  if (options.bypass_document_validation) opts.add("bypassDocumentValidation", true);
  call.add_read(opts);
  if (options.write_concern != nullptr) {
    const bson::Document concern = to_document(*options.write_concern);
    if (!concern.empty()) opts.add("writeConcern", concern.view());
  }
  const Borrowed stages(pipeline);
  if (ns.collection.empty()) {
    const auto database = call.database();
    return make_cursor(call, CursorPtr(mongoc_database_aggregate(database.get(), stages, opts.get(),
                                                                 call.read_prefs())));
  }
  const auto collection = call.collection();
  return make_cursor(
      call, CursorPtr(mongoc_collection_aggregate(collection.get(), MONGOC_QUERY_NONE, stages,
                                                  opts.get(), call.read_prefs())));
}

std::int64_t MongoStore::count(Namespace ns, bson::View filter, const CountOptions& options) {
  const Call call(source(), ns, Asked::read, options);
  Fields opts;
  if (options.skip != 0) opts.add("skip", options.skip);
  if (options.limit != 0) opts.add("limit", options.limit);
  opts.add_hint(options.hint, options.hint_name);
  opts.add_if("collation", options.collation);
  call.add_read(opts);
  const Borrowed body(filter);
  const auto collection = call.collection();
  bson_error_t error{};
  Reply reply;
  const auto n = mongoc_collection_count_documents(collection.get(), body, opts.get(),
                                                   call.read_prefs(), reply.fill(), &error);
  if (n < 0) call.fail(error, reply.view());
  return n;
}

std::int64_t MongoStore::estimated_count(Namespace ns, const OperationOptions& options) {
  const Call call(source(), ns, Asked::read, options);
  Fields opts;
  call.add_read(opts);
  const auto collection = call.collection();
  bson_error_t error{};
  Reply reply;
  const auto n = mongoc_collection_estimated_document_count(
      collection.get(), opts.get(), call.read_prefs(), reply.fill(), &error);
  if (n < 0) call.fail(error, reply.view());
  return n;
}

bson::Document MongoStore::distinct(Namespace ns, std::string_view field, bson::View filter,
                                    const DistinctOptions& options) {
  const Call call(source(), ns, Asked::read, options);
  Fields command, opts;
  command.add("distinct", ns.collection).add("key", field).add("query", filter);
  command.add_if("collation", options.collation).add_hint(options.hint, options.hint_name);
  call.add_read(opts);
  bson_error_t error{};
  Reply reply;
  if (!mongoc_client_read_command_with_opts(call.client(), call.database_name(), command.get(),
                                            call.read_prefs(), opts.get(), reply.fill(), &error))
    call.fail(error, reply.view());
  const auto values = reply.view().find("values");
  return values && values->is_array() ? bson::Document(values->as_array()) : bson::Document();
}

bson::Document MongoStore::explain(Namespace ns, bson::View filter, const FindOptions& options) {
  const Call call(source(), ns, Asked::read, options);
  Fields find, command, opts;
  find.add("find", ns.collection).add("filter", filter);
  add_find(find, options);
  find.add_max_time(options.max_time);
  command.add("explain", find.view()).add("verbosity", "executionStats");
  call.add_session(opts);
  bson_error_t error{};
  Reply reply;
  if (!mongoc_client_read_command_with_opts(call.client(), call.database_name(), command.get(),
                                            call.read_prefs(), opts.get(), reply.fill(), &error))
    call.fail(error, reply.view());
  bson::Writer out;
  for (const auto& element : reply.view()) {
    if (!element.key.starts_with('$') && element.key != "operationTime" && element.key != "ok")
      out.append_raw(element);
  }
  return out.finish();
}

}  // namespace quire::store::mongodb
