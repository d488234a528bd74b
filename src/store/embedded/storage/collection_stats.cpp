#include "store/embedded/storage/collection_stats.hpp"

#include <limits>
#include <string>

#include "store/embedded/storage/connection.hpp"
#include "store/embedded/storage/sizes.hpp"

namespace quire::store::embedded {

bson::Document id_index(const CollectionMeta& collection) {
  bson::Writer out;
  out.append("v", std::int32_t{2});
  out.begin_document("key").append("_id", std::int32_t{1}).end();
  if (collection.traits.clustered) {
    out.append("name", collection.options["clusteredIndex"].as_document()["name"]);
    out.append("unique", true).append("clustered", true);
  } else {
    out.append("name", "_id_");
  }
  return out.finish();
}

std::vector<bson::Document> index_definitions(const CollectionMeta& collection) {
  std::vector<bson::Document> out;
  out.push_back(id_index(collection));
  for (const auto& index : collection.indexes) out.push_back(index->spec.definition);
  return out;
}

std::int64_t count_documents(Connection& connection, const CollectionMeta& collection) {
  if (collection.traits.view) return 0;
  return connection.query_integer(
      ("SELECT count(*) FROM c" + std::to_string(collection.cid)).c_str());
}

void append_number(bson::Writer& out, std::string_view name, std::int64_t value) {
  if (value <= std::numeric_limits<std::int32_t>::max()) {
    out.append(name, static_cast<std::int32_t>(value));
  } else {
    out.append(name, value);
  }
}

void append_collection_stats(bson::Writer& out, Connection& connection,
                             const CollectionMeta* collection, std::int64_t scale) {
  CollectionSizes sizes;
  if (collection != nullptr) sizes = collection_sizes(connection, *collection);
  std::int64_t of_indexes = 0;
  for (const auto& [name, size] : sizes.indexes) of_indexes += size;
  append_number(out, "size", sizes.data / scale);
  append_number(out, "count", sizes.documents);
  if (sizes.documents > 0) append_number(out, "avgObjSize", sizes.data / sizes.documents);
  append_number(out, "numOrphanDocs", 0);
  append_number(out, "storageSize", sizes.storage / scale);
  append_number(out, "totalIndexSize", of_indexes / scale);
  append_number(out, "totalSize", (sizes.storage + of_indexes) / scale);
  out.begin_document("indexSizes");
  for (const auto& [name, size] : sizes.indexes) append_number(out, name, size / scale);
  out.end();
  const bool capped = collection != nullptr && collection->traits.capped;
  out.append("capped", capped);
  if (capped) {
    append_number(out, "max", collection->traits.most_documents);
    append_number(out, "maxSize", collection->traits.most_bytes / scale);
  }
  append_number(out, "nindexes", static_cast<std::int64_t>(sizes.indexes.size()));
  out.begin_array("indexBuilds").end();
  append_number(out, "scaleFactor", scale);
}

}  // namespace quire::store::embedded
