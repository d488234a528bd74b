#include "store/embedded/storage/sizes.hpp"

#include "store/embedded/storage/connection.hpp"

namespace quire::store::embedded {
namespace {

/// Bytes of the pages of one tree, by its name in the schema; -1 when this SQLite has no dbstat.
std::int64_t tree_bytes(Connection& connection, const std::string& tree) {
  sqlite3_stmt* raw = nullptr;
  const char* sql = "SELECT coalesce(sum(pgsize),0) FROM dbstat WHERE name=?1 AND aggregate=TRUE";
  if (sqlite3_prepare_v2(connection.handle(), sql, -1, &raw, nullptr) != SQLITE_OK) {
    sqlite3_finalize(raw);
    return -1;
  }
  sqlite3_bind_text(raw, 1, tree.data(), static_cast<int>(tree.size()), SQLITE_TRANSIENT);
  const std::int64_t bytes = sqlite3_step(raw) == SQLITE_ROW ? sqlite3_column_int64(raw, 0) : -1;
  sqlite3_finalize(raw);
  return bytes;
}

std::int64_t stored_bytes(Connection& connection, const std::string& sql) {
  return connection.query_integer(sql.c_str());
}

std::int64_t documents_storage(Connection& connection, std::int64_t cid) {
  const std::string table = "c" + std::to_string(cid);
  const auto pages = tree_bytes(connection, table);
  return pages >= 0
             ? pages
             : stored_bytes(connection, "SELECT coalesce(sum(length(body)),0) FROM " + table);
}

std::int64_t id_storage(Connection& connection, std::int64_t cid) {
  const std::string table = "c" + std::to_string(cid);
  const auto pages = tree_bytes(connection, "sqlite_autoindex_" + table + "_1");
  return pages >= 0 ? pages
                    : stored_bytes(connection, "SELECT coalesce(sum(length(id)),0) FROM " + table);
}

std::int64_t index_storage(Connection& connection, std::int64_t iid) {
  const std::string table = "i" + std::to_string(iid);
  const auto pages = tree_bytes(connection, table);
  return pages >= 0 ? pages
                    : stored_bytes(connection, "SELECT coalesce(sum(length(key)),0) FROM " + table);
}

}  // namespace

CollectionSizes collection_sizes(Connection& connection, const CollectionMeta& collection) {
  CollectionSizes out;
  if (collection.traits.view) return out;
  Statement sums(connection.handle(), "SELECT count(*),coalesce(sum(length(body)),0) FROM c" +
                                          std::to_string(collection.cid));
  if (sums.step()) {
    out.documents = sums.integer(0);
    out.data = sums.integer(1);
    sums.reset();
  }
  out.storage = documents_storage(connection, collection.cid);
  if (!collection.traits.clustered) out.indexes["_id_"] = id_storage(connection, collection.cid);
  for (const auto& index : collection.indexes)
    out.indexes[index->spec.name] = index_storage(connection, index->iid);
  return out;
}

std::map<std::string, std::int64_t> database_sizes(Connection& connection, bool sized) {
  std::map<std::string, std::int64_t> out{{"admin", 0}, {"config", 0}, {"local", 0}};
  for (const auto& [database, collections] : connection.catalog->databases) {
    auto& bytes = out[database];
    for (const auto& [name, meta] : collections) {
      if (!sized || meta->traits.view) continue;
      bytes += documents_storage(connection, meta->cid) + id_storage(connection, meta->cid);
      for (const auto& index : meta->indexes) bytes += index_storage(connection, index->iid);
    }
  }
  if (sized) {
    for (const auto* tree : {"quire_collections", "quire_indexes", "sqlite_schema"}) {
      const auto pages = tree_bytes(connection, tree);
      if (pages > 0) out["admin"] += pages;
    }
  }
  return out;
}

}  // namespace quire::store::embedded
