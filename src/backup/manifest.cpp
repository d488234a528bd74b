#include "backup/manifest.hpp"

#include <chrono>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::backup {
namespace {

constexpr std::string_view schema = "quire.backup/1";

[[noreturn]] void fail_manifest(const std::string& why) {
  throw StoreError(ErrorCode::corrupt, std::string(manifest_name) + " is damaged: " + why);
}

void append_file(bson::Writer& w, std::string_view key, const ManifestFile& file) {
  w.begin_document(key)
      .append("path", file.path)
      .append("size", file.sum.size)
      .append("xxh3_128", file.sum.hash)
      .end();
}

ManifestFile read_file_entry(bson::View entry) {
  return {std::string(entry["path"].as_string()),
          {entry["size"].as_int64(), std::string(entry["xxh3_128"].as_string())}};
}

/// The fields before `sum`, again as a document.
bson::Document without_sum(bson::View manifest) {
  bson::Writer w;
  for (const auto& field : manifest) {
    if (field.key != "sum") w.append_raw(field);
  }
  return w.finish();
}

}  // namespace

std::string Manifest::json() const {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  bson::Writer w;
  w.append("schema", schema)
      .append("created", bson::DateTime{now.time_since_epoch()})
      .append("source", source)
      .append("kind", kind)
      .append("database", database)
      .append("snapshot", snapshot)
      .begin_array("collections");
  for (const auto& one : collections) {
    w.push_document_begin()
        .append("name", one.saved.name)
        .append("type", one.saved.type)
        .append("documents", one.saved.documents)
        .append("bytes", one.saved.bytes)
        .append("indexes", one.saved.indexes);
    if (one.data) append_file(w, "data", *one.data);
    append_file(w, "metadata", one.metadata);
    w.end();
  }
  w.end();
  const auto body = w.finish();
  bson::Writer whole;
  whole.append_all(body);
  whole.append("sum", sum_of(body.view().data(), body.view().size()).hash);
  return bson::to_json(whole.finish(), bson::JsonMode::canonical, 2) + "\n";
}

Manifest Manifest::parse(std::string_view json) {
  try {
    const auto document = bson::from_json(json);
    const auto version = document["schema"].as_string();
    if (version != schema && version.starts_with("quire.backup/"))
      throw StoreError(ErrorCode::unsupported, std::string(manifest_name) + " has the format " +
                                                   std::string(version) + "; this quire reads " +
                                                   std::string(schema));
    const auto body = without_sum(document);
    if (document["sum"].as_string() != sum_of(body.view().data(), body.view().size()).hash)
      fail_manifest("its checksum is another one");
    Manifest out;
    out.source = document["source"].as_string();
    out.kind = document["kind"].as_string();
    out.database = document["database"].as_string();
    out.snapshot = document["snapshot"].as_bool();
    for (const auto& field : document["collections"].as_array()) {
      const auto entry = field.value.as_document();
      ManifestCollection one;
      one.saved.name = entry["name"].as_string();
      one.saved.type = entry["type"].as_string();
      one.saved.documents = entry["documents"].as_int64();
      one.saved.bytes = entry["bytes"].as_int64();
      one.saved.indexes = entry["indexes"].as_int64();
      if (const auto data = entry.find("data")) one.data = read_file_entry(data->as_document());
      one.metadata = read_file_entry(entry["metadata"].as_document());
      out.collections.push_back(std::move(one));
    }
    return out;
  } catch (const StoreError&) {
    throw;
  } catch (const Error& error) {  // no JSON, a field that is not there or of another type
    fail_manifest(error.what());
  }
}

std::string Metadata::json() const {
  bson::Writer w;
  if (!options.empty()) w.append("options", options);
  w.begin_array("indexes");
  for (const auto& index : indexes) w.push(index);
  w.end();
  if (!uuid.empty()) w.append("uuid", uuid);
  w.append("collectionName", name).append("type", type);
  return bson::to_json(w.finish(), bson::JsonMode::canonical);
}

Metadata Metadata::parse(std::string_view json, const std::string& file) {
  try {
    const auto document = bson::from_json(json);
    Metadata out;
    if (const auto options = document.find("options"); options && !options->is_null())
      out.options = bson::Document(options->as_document());
    if (const auto indexes = document.find("indexes"); indexes && !indexes->is_null()) {
      for (const auto& index : indexes->as_array()) {
        const auto spec = index.value.as_document();
        (void)spec["key"].as_document();
        (void)spec["name"].as_string();
        out.indexes.emplace_back(spec);
      }
    }
    if (const auto uuid = document.find("uuid")) out.uuid = uuid->as_string();
    if (const auto name = document.find("collectionName")) out.name = name->as_string();
    if (const auto type = document.find("type")) out.type = type->as_string();
    if (out.type.empty()) {  // as older versions wrote it
      out.type = out.options.contains("viewOn")       ? "view"
                 : out.options.contains("timeseries") ? "timeseries"
                                                      : "collection";
    }
    return out;
  } catch (const Error& error) {
    throw StoreError(ErrorCode::corrupt, file + " is no metadata of a collection: " + error.what());
  }
}

}  // namespace quire::backup
