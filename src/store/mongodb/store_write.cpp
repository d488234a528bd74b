#include <algorithm>

#include "store/mongodb/store.hpp"

namespace quire::store::mongodb {
namespace {

std::int64_t number_in(bson::View reply, std::string_view name) {
  const auto value = reply.find(name);
  if (!value) return 0;
  switch (value->type()) {
    case bson::Type::int32:
      return value->as_int32();
    case bson::Type::int64:
      return value->as_int64();
    case bson::Type::double_:
      return static_cast<std::int64_t>(value->as_double());
    default:
      return 0;
  }
}

bool has_items(bson::View reply, std::string_view name) {
  const auto list = reply.find(name);
  return list && list->is_array() && !list->as_array().empty();
}

void add_item_errors(std::vector<WriteError>& out, bson::View reply, const Where& where) {
  const auto items = reply.find("writeErrors");
  if (!items || !items->is_array()) return;
  for (const auto& item : items->as_array()) {
    if (item.value.is_document()) out.push_back(item_error(item.value.as_document(), where));
  }
}

/// A template argument would lose the alignment that the driver's type asks for; a member keeps it.
struct Slot {
  bson_t bson;
};

bool is_operators(bson::View update) {
  const auto first = update.begin();
  return first != std::default_sentinel && first->key.starts_with('$');
}

}  // namespace

InsertResult MongoStore::insert(Namespace ns, std::span<const bson::View> documents,
                                const InsertOptions& options) {
  InsertResult result;
  if (documents.empty()) return result;
  const Call call(source(), ns, Asked::insert, options);
  Fields opts;
  opts.add("validate", false);  // the server decides, as it does for all drivers
  if (options.bypass_document_validation) opts.add("bypassDocumentValidation", true);
  call.add_write(opts);
  opts.add_max_time(options.max_time);
  const auto collection = call.collection();
  bson_error_t error{};
  Reply reply;
  bool done = false;
  if (documents.size() == 1) {
    const Borrowed document(documents[0]);
    done =
        mongoc_collection_insert_one(collection.get(), document, opts.get(), reply.fill(), &error);
  } else {
    opts.add("ordered", options.ordered);
    std::vector<Slot> slots(documents.size());
    const auto pointers = std::make_unique<const bson_t*[]>(documents.size());
    for (std::size_t i = 0; i < documents.size(); ++i) {
      (void)bson_init_static(&slots[i].bson, documents[i].data(), documents[i].size());
      pointers[i] = &slots[i].bson;
    }
    done = mongoc_collection_insert_many(collection.get(), pointers.get(), documents.size(),
                                         opts.get(), reply.fill(), &error);
  }
  result.inserted = number_in(reply.view(), "insertedCount");
  if (done) return result;
  if (!has_items(reply.view(), "writeErrors")) call.fail(error, reply.view());
  add_item_errors(result.errors, reply.view(), call.where());
  return result;
}

UpdateResult MongoStore::update(Namespace ns, bson::View filter, UpdateSpec update,
                                const UpdateOptions& options) {
  const bool operators = update.pipeline || is_operators(update.body);
  if (!operators && options.multi) {
    throw QueryError(
        ErrorCode::invalid_update,
        "an update of many is made of operators ($set …); a whole document replaces one", 9);
  }
  if (options.multi && !options.sort.empty()) {
    throw QueryError(ErrorCode::invalid_update, FieldPath("sort"),
                     "a sort picks one document; it cannot stand with multi", 9);
  }
  // The driver's own functions send such an update again after a broken connection. They take no
  // time limit and would read a document whose first field is "0" as a pipeline.
  const bool as_command = options.max_time.count() > 0 || update.body.empty() ||
                          (!update.pipeline && update.body.begin()->key == "0");
  UpdateResult result;
  if (as_command) {
    Fields statement, command, statements;
    statement.add("q", filter);
    if (update.pipeline)
      statement.add_array("u", update.body);
    else
      statement.add("u", update.body);
    statement.add("multi", options.multi).add("upsert", options.upsert);
    if (options.array_filters) statement.add_array("arrayFilters", *options.array_filters);
    statement.add_if("sort", options.sort).add_if("collation", options.collation);
    statement.add_hint(options.hint, options.hint_name);
    statements.add("0", statement.view());
    command.add("update", ns.collection).add_array("updates", statements.view());
    command.add_if("let", options.let);
    if (options.bypass_document_validation) command.add("bypassDocumentValidation", true);
    const bson::Document reply = write_command(ns, Asked::update, command, options);
    if (has_items(reply, "writeErrors")) {
      const bson_error_t none{};
      fail(none, reply, {ns, Asked::update}, source()->secrets());
    }
    result.modified = number_in(reply, "nModified");
    result.matched = number_in(reply, "n");
    if (has_items(reply, "upserted")) {
      const auto first = reply["upserted"].as_array().begin()->value;
      result.upserted_id.emplace(first.as_document()["_id"]);
      result.matched = 0;
    }
    return result;
  }
  const Call call(source(), ns, Asked::update, options);
  Fields opts;
  opts.add("validate", false);
  if (options.upsert) opts.add("upsert", true);
  if (options.array_filters) opts.add_array("arrayFilters", *options.array_filters);
  opts.add_hint(options.hint, options.hint_name);
  opts.add_if("sort", options.sort).add_if("collation", options.collation);
  opts.add_if("let", options.let);
  if (options.bypass_document_validation) opts.add("bypassDocumentValidation", true);
  call.add_write(opts);
  const auto collection = call.collection();
  const Borrowed query(filter);
  const Borrowed body(update.body);
  bson_error_t error{};
  Reply reply;
  const bool done = !operators ? mongoc_collection_replace_one(collection.get(), query, body,
                                                               opts.get(), reply.fill(), &error)
                    : options.multi
                        ? mongoc_collection_update_many(collection.get(), query, body, opts.get(),
                                                        reply.fill(), &error)
                        : mongoc_collection_update_one(collection.get(), query, body, opts.get(),
                                                       reply.fill(), &error);
  if (!done) call.fail(error, reply.view());
  result.matched = number_in(reply.view(), "matchedCount");
  result.modified = number_in(reply.view(), "modifiedCount");
  if (const auto id = reply.view().find("upsertedId")) result.upserted_id.emplace(*id);
  return result;
}

std::int64_t MongoStore::remove(Namespace ns, bson::View filter, const RemoveOptions& options) {
  const Call call(source(), ns, Asked::remove, options);
  Fields opts;
  opts.add_hint(options.hint, options.hint_name);
  opts.add_if("collation", options.collation).add_if("let", options.let);
  call.add_write(opts);
  opts.add_max_time(options.max_time);
  const auto collection = call.collection();
  const Borrowed query(filter);
  bson_error_t error{};
  Reply reply;
  const bool done =
      options.multi
          ? mongoc_collection_delete_many(collection.get(), query, opts.get(), reply.fill(), &error)
          : mongoc_collection_delete_one(collection.get(), query, opts.get(), reply.fill(), &error);
  if (!done) call.fail(error, reply.view());
  return number_in(reply.view(), "deletedCount");
}

FindAndModifyResult MongoStore::find_and_modify(Namespace ns, bson::View filter, UpdateSpec update,
                                                const FindAndModifyOptions& options) {
  Fields command;
  command.add("findAndModify", ns.collection).add("query", filter);
  command.add_if("sort", options.sort).add_if("fields", options.projection);
  if (options.remove) {
    command.add("remove", true);
  } else if (update.pipeline) {
    command.add_array("update", update.body);
  } else {
    command.add("update", update.body);
  }
  if (options.upsert) command.add("upsert", true);
  if (options.return_document == ReturnDocument::after) command.add("new", true);
  if (options.array_filters) command.add_array("arrayFilters", *options.array_filters);
  command.add_hint(options.hint, options.hint_name);
  command.add_if("collation", options.collation).add_if("let", options.let);
  if (options.bypass_document_validation) command.add("bypassDocumentValidation", true);
  const bson::Document reply =
      write_command(ns, options.remove ? Asked::remove : Asked::update, command, options);
  FindAndModifyResult result;
  if (const auto value = reply.find("value"); value && value->is_document())
    result.value.emplace(value->as_document());
  if (const auto last = reply.find("lastErrorObject"); last && last->is_document()) {
    const auto existing = last->as_document().find("updatedExisting");
    result.updated_existing =
        existing && existing->type() == bson::Type::boolean && existing->as_bool();
    if (const auto id = last->as_document().find("upserted"); id && !id->is_null())
      result.upserted_id.emplace(*id);
  }
  return result;
}

BulkResult MongoStore::bulk_write(Namespace ns, std::span<const BulkOperation> operations,
                                  const BulkOptions& options) {
  using Kind = BulkOperation::Kind;
  BulkResult result;
  if (operations.empty()) return result;
  const Call call(source(), ns, Asked::update, options);
  Fields opts;
  opts.add("ordered", options.ordered);
  opts.add_if("let", options.let);
  call.add_write(opts);
  const auto collection = call.collection();
  const BulkPtr bulk(
      mongoc_collection_create_bulk_operation_with_opts(collection.get(), opts.get()));
  if (options.bypass_document_validation)
    mongoc_bulk_operation_set_bypass_document_validation(bulk.get(), true);
  std::vector<std::size_t> places;  // of what the driver took
  places.reserve(operations.size());
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const BulkOperation& one = operations[i];
    Fields more;
    const bool writes = one.kind != Kind::remove_one && one.kind != Kind::remove_many;
    if (writes) more.add("validate", false);
    if (one.kind != Kind::insert) {
      more.add_hint(one.hint, one.hint_name);
      more.add_if("collation", one.collation);
      if (writes && one.upsert) more.add("upsert", true);
      if (one.array_filters) more.add_array("arrayFilters", *one.array_filters);
      more.add_if("sort", one.sort);
    }
    const Borrowed filter(one.filter);
    bson_error_t error{};
    bool taken = false;
    switch (one.kind) {
      case Kind::insert: {
        const Borrowed document(one.document);
        taken = mongoc_bulk_operation_insert_with_opts(bulk.get(), document, more.get(), &error);
        break;
      }
      case Kind::update_one: {
        const Borrowed body(one.update.body);
        if (!one.update.pipeline && !is_operators(one.update.body)) {
          bson_set_error(&error, MONGOC_ERROR_COMMAND, MONGOC_ERROR_COMMAND_INVALID_ARG,
                         "an update consists of operators");
          break;
        }
        taken = mongoc_bulk_operation_update_one_with_opts(bulk.get(), filter, body, more.get(),
                                                           &error);
        break;
      }
      case Kind::update_many: {
        const Borrowed body(one.update.body);
        if (!one.update.pipeline && !is_operators(one.update.body)) {
          bson_set_error(&error, MONGOC_ERROR_COMMAND, MONGOC_ERROR_COMMAND_INVALID_ARG,
                         "an update consists of operators");
          break;
        }
        taken = mongoc_bulk_operation_update_many_with_opts(bulk.get(), filter, body, more.get(),
                                                            &error);
        break;
      }
      case Kind::replace_one: {
        const Borrowed body(one.document);
        if (is_operators(one.document)) {
          bson_set_error(&error, MONGOC_ERROR_COMMAND, MONGOC_ERROR_COMMAND_INVALID_ARG,
                         "a replacement has no operators");
          break;
        }
        taken = mongoc_bulk_operation_replace_one_with_opts(bulk.get(), filter, body, more.get(),
                                                            &error);
        break;
      }
      case Kind::remove_one:
        taken = mongoc_bulk_operation_remove_one_with_opts(bulk.get(), filter, more.get(), &error);
        break;
      case Kind::remove_many:
        taken = mongoc_bulk_operation_remove_many_with_opts(bulk.get(), filter, more.get(), &error);
        break;
    }
    if (taken) {
      places.push_back(i);
      continue;
    }
    if (!one.sort.empty() &&
        std::string_view(error.message).find("'sort'") != std::string_view::npos) {
      throw StoreError(ErrorCode::unsupported,
                       "this version of the driver takes no sort in bulk writes; use an update of "
                       "its own");
    }
    try {
      fail(error, {}, call.where(), call.source()->secrets());
    } catch (const Error& failure) {
      result.errors.push_back({i, failure, {}});
    }
    if (options.ordered) break;
  }
  if (places.empty()) return result;
  bson_error_t error{};
  Reply reply;
  const bool done = mongoc_bulk_operation_execute(bulk.get(), reply.fill(), &error) != 0;
  const bson::View told = reply.view();
  result.inserted = number_in(told, "nInserted");
  result.matched = number_in(told, "nMatched");
  result.modified = number_in(told, "nModified");
  result.removed = number_in(told, "nRemoved");
  if (const auto upserted = told.find("upserted"); upserted && upserted->is_array()) {
    for (const auto& item : upserted->as_array()) {
      const bson::View one = item.value.as_document();
      result.upserted.push_back(
          {places[static_cast<std::size_t>(number_in(one, "index"))], bson::Value(one["_id"])});
    }
  }
  if (done) return result;
  // A connection that broke weighs more than the items.
  if (error.domain == MONGOC_ERROR_STREAM || error.domain == MONGOC_ERROR_SERVER_SELECTION ||
      !has_items(told, "writeErrors"))
    call.fail(error, told);
  std::vector<WriteError> failed;
  if (const auto items = told.find("writeErrors"); items && items->is_array()) {
    for (const auto& item : items->as_array()) {
      const bson::View one = item.value.as_document();
      const auto place = places[static_cast<std::size_t>(number_in(one, "index"))];
      const Kind kind = operations[place].kind;
      const Asked asked = kind == Kind::insert                                    ? Asked::insert
                          : kind == Kind::remove_one || kind == Kind::remove_many ? Asked::remove
                                                                                  : Asked::update;
      auto error_of = item_error(one, {ns, asked});
      error_of.index = place;
      failed.push_back(std::move(error_of));
    }
  }
  // In order: what the server refused came before what was never sent.
  if (options.ordered && !failed.empty()) result.errors.clear();
  result.errors.insert(result.errors.end(), failed.begin(), failed.end());
  std::sort(result.errors.begin(), result.errors.end(),
            [](const auto& a, const auto& b) { return a.index < b.index; });
  return result;
}

}  // namespace quire::store::mongodb
