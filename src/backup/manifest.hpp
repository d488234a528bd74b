#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backup/stream.hpp"
#include "quire/backup/backup.hpp"
#include "quire/bson/document.hpp"

namespace quire::backup {

inline constexpr std::string_view manifest_name = "quire-manifest.json";

struct ManifestFile {
  std::string path;  ///< below the backup's folder, "shop/users.bson"
  FileSum sum;
};
struct ManifestCollection {
  SavedCollection saved;
  std::optional<ManifestFile> data;  ///< a view has none
  ManifestFile metadata;
};

/// quire-manifest.json: {schema: "quire.backup/1", created, source, kind, database, snapshot,
/// collections: [{name, type, documents, bytes, indexes, data?: {path, size, xxh3_128},
/// metadata: {…}}], sum}. `sum` is XXH3_128 of the BSON of all that stands before it.
struct Manifest {
  std::string source;
  std::string kind;
  std::string database;
  bool snapshot = false;
  std::vector<ManifestCollection> collections;

  [[nodiscard]] std::string json() const;
  /// Throws StoreError corrupt, unsupported for one of a later format.
  [[nodiscard]] static Manifest parse(std::string_view json);
};

/// The metadata file of a collection, as mongodump writes it: canonical Extended JSON.
struct Metadata {
  bson::Document options;
  std::vector<bson::Document> indexes;
  std::string uuid;  ///< 32 hexadecimal digits, or empty
  std::string name;  ///< of the collection; old files have none
  std::string type;  ///< "collection", "view", "timeseries"

  [[nodiscard]] std::string json() const;
  /// Throws StoreError corrupt that names `file`.
  [[nodiscard]] static Metadata parse(std::string_view json, const std::string& file);
};

}  // namespace quire::backup
