#include <algorithm>

#include "store/mongodb/store.hpp"

namespace quire::store::mongodb {

std::vector<bson::Document> MongoStore::list_indexes(Namespace ns) {
  const OperationOptions options;
  Call call(source(), ns, Asked::admin, options);
  const auto collection = call.collection();
  std::vector<bson::Document> out;
  try {
    const auto cursor = make_cursor(
        call, CursorPtr(mongoc_collection_find_indexes_with_opts(collection.get(), nullptr)));
    while (const auto index = cursor->next()) out.emplace_back(*index);
  } catch (const StoreError& error) {
    if (error.code() != ErrorCode::namespace_not_found) throw;
  }
  return out;
}

void MongoStore::create_indexes(Namespace ns, std::span<const bson::View> specs,
                                const OperationOptions& options) {
  if (specs.empty()) return;
  Fields list, command;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    // listIndexes gives more than createIndexes takes.
    bson_t spec = BSON_INITIALIZER;
    const Borrowed given(specs[i]);
    bson_copy_to_excluding_noinit(given, &spec, "ns", nullptr);
    list.add(std::to_string(i), view_of(spec));
    bson_destroy(&spec);
  }
  command.add("createIndexes", ns.collection).add_array("indexes", list.view());
  (void)write_command(ns, Asked::index, command, options);
}

void MongoStore::drop_index(Namespace ns, std::string_view name, const OperationOptions& options) {
  Fields command;
  command.add("dropIndexes", ns.collection).add("index", name);
  (void)write_command(ns, Asked::admin, command, options);
}

std::vector<CollectionInfo> MongoStore::list_collections(std::string_view database) {
  const OperationOptions options;
  Call call(source(), {database, {}}, Asked::admin, options);
  const auto handle = call.database();
  const auto cursor = make_cursor(
      call, CursorPtr(mongoc_database_find_collections_with_opts(handle.get(), nullptr)));
  std::vector<CollectionInfo> out;
  while (const auto info = cursor->next()) {
    const auto name = (*info)["name"].as_string();
    if (name.starts_with("system.")) continue;  // the server's own
    CollectionInfo one{std::string(name), "collection", {}};
    if (const auto type = info->find("type"); type && type->is_string())
      one.type = type->as_string();
    if (const auto given = info->find("options"); given && given->is_document())
      one.options = bson::Document(given->as_document());
    out.push_back(std::move(one));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

void MongoStore::create_collection(Namespace ns, bson::View collection_options,
                                   const OperationOptions& options) {
  if (ns.collection.empty())
    throw StoreError(ErrorCode::invalid_argument, "the collection name is empty", 73);
  // A server says ok where it is there already with the same options. Not to be asked within a
  // transaction, which would have to read the catalog.
  if (options.session == nullptr || !options.session->in_transaction()) {
    for (const auto& present : list_collections(ns.database)) {
      if (present.name != ns.collection) continue;
      throw StoreError(ErrorCode::namespace_exists,
                       "Collection " + std::string(ns.database) + "." + std::string(ns.collection) +
                           " already exists.",
                       48);
    }
    if (!collection_options.empty() && !capabilities().collection_options)
      throw StoreError(ErrorCode::unsupported,
                       "the server does not read the options of a collection: it would make an "
                       "ordinary one. Create it without options, or use another server");
  }
  Fields command;
  command.add("create", ns.collection).add_all(collection_options);
  (void)write_command(ns, Asked::admin, command, options);
}

bool MongoStore::drop_collection(Namespace ns, const OperationOptions& options) {
  Fields command;
  command.add("drop", ns.collection);
  try {
    // A server of today says ok for one that is not there, but names what it dropped.
    return write_command(ns, Asked::admin, command, options).contains("ns");
  } catch (const StoreError& error) {
    if (error.code() != ErrorCode::namespace_not_found) throw;
    return false;
  }
}

void MongoStore::drop_database(std::string_view database) {
  Fields command;
  command.add("dropDatabase", std::int32_t{1});
  (void)write_command({database, {}}, Asked::admin, command, {});
}

}  // namespace quire::store::mongodb
