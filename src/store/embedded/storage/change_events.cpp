#include "store/embedded/storage/change_events.hpp"

#include <array>
#include <cstring>

#include "quire/core/error.hpp"

namespace quire::store::embedded {
namespace {

using bson::ValueView;
using bson::View;

constexpr std::array<std::string_view, 4> expanded_only{"create", "createIndexes", "dropIndexes",
                                                        "modify"};

std::string_view text(View document, std::string_view name) {
  const auto value = document.find(name);
  return value && value->is_string() ? value->as_string() : std::string_view{};
}

Namespace namespace_of(View entry, std::string_view field = "ns") {
  const auto ns = entry.find(field);
  if (!ns) return {};
  return {text(ns->as_document(), "db"), text(ns->as_document(), "coll")};
}

void put_namespace(bson::Writer& out, std::string_view field, Namespace ns) {
  out.begin_document(field).append("db", ns.database);
  if (!ns.collection.empty()) out.append("coll", ns.collection);
  out.end();
}

void copy(bson::Writer& out, View entry, std::string_view field) {
  if (const auto value = entry.find(field)) out.append(field, *value);
}

void put_key(bson::Writer& out, View document) {
  out.begin_document("documentKey").append("_id", document.begin()->value).end();
}

[[noreturn]] void fail_image(const char* which, View entry) {
  const Namespace ns = namespace_of(entry);
  throw StoreError(ErrorCode::command_failed,
                   "Change stream was configured to require a " + std::string(which) +
                       "-image for all update, delete and replace events, but the " + which +
                       "-image was not found for an event of " + std::string(ns.database) + "." +
                       std::string(ns.collection) +
                       "; it is kept where changeStreamPreAndPostImages is enabled",
                   47);
}

}  // namespace

bool tells_changes_of(std::string_view database) noexcept {
  return database != "admin" && database != "config" && database != "local";
}

bool keeps_images(const CollectionMeta& collection) {
  const auto images = collection.options.find("changeStreamPreAndPostImages");
  if (!images || !images->is_document()) return false;
  const auto enabled = images->as_document().find("enabled");
  return enabled && enabled->type() == bson::Type::boolean && enabled->as_bool();
}

bson::Uuid collection_uuid(Namespace ns) {
  std::uint64_t high = 0xcbf29ce484222325U;  // FNV-1a, 64 bits, twice
  std::uint64_t low = 0x9e3779b97f4a7c15U;
  for (const char letter : std::string(ns.database) + "." + std::string(ns.collection)) {
    high = (high ^ static_cast<std::uint8_t>(letter)) * 0x100000001b3U;
    low = (low ^ static_cast<std::uint8_t>(letter)) * 0x100000001b3U;
  }
  bson::Uuid uuid;
  std::memcpy(uuid.bytes.data(), &high, 8);
  std::memcpy(uuid.bytes.data() + 8, &low, 8);
  uuid.bytes[6] = static_cast<std::uint8_t>(0x80 | (uuid.bytes[6] & 0x0F));
  uuid.bytes[8] = static_cast<std::uint8_t>(0x80 | (uuid.bytes[8] & 0x3F));
  return uuid;
}

// ---------------------------------------------------------------- ChangeWriter

bson::Writer ChangeWriter::begin(std::string_view operation, Namespace ns) {
  bson::Writer out;
  out.append("operationType", operation);
  put_namespace(out, "ns", ns);
  log_.append_session(out);
  return out;
}

void ChangeWriter::inserted(const CollectionMeta& collection, View document) {
  auto out = begin("insert", {collection.database, collection.name});
  put_key(out, document);
  append(out.append("fullDocument", document).finish());
}

bson::Document ChangeWriter::changed(const CollectionMeta& collection, const Updater* updater,
                                     View before, View after) {
  std::optional<bson::Document> description;
  if (updater != nullptr) description = updater->describe(before, after);
  auto out = begin(description ? "update" : "replace", {collection.database, collection.name});
  put_key(out, after);
  const bool images = keeps_images(collection);
  if (description) {
    out.append("updateDescription", *description);
    if (images) out.append("after", after);
  } else {
    out.append("fullDocument", after);
  }
  if (images) out.append("before", before);
  return out.finish();
}

bson::Document ChangeWriter::erased(const CollectionMeta& collection, View before) {
  auto out = begin("delete", {collection.database, collection.name});
  put_key(out, before);
  if (keeps_images(collection)) out.append("before", before);
  return out.finish();
}

void ChangeWriter::created(Namespace ns, std::string_view kind, View options) {
  auto out = begin("create", ns);
  out.append("nsType", kind).begin_document("operationDescription");
  if (kind == "collection") {
    out.begin_document("idIndex").append("v", std::int32_t{2});
    out.begin_document("key").append("_id", std::int32_t{1}).end();
    out.append("name", "_id_").end();
  }
  append(out.append_all(options).end().finish());
}

void ChangeWriter::dropped(Namespace ns) { append(begin("drop", ns).finish()); }

void ChangeWriter::renamed(Namespace from, Namespace to, bool replaces) {
  auto out = begin("rename", from);
  put_namespace(out, "to", to);
  out.begin_document("operationDescription");
  put_namespace(out, "to", to);
  if (replaces) out.append("dropTarget", bson::Value(collection_uuid(to)));
  append(out.end().finish());
}

void ChangeWriter::dropped_database(std::string_view database) {
  append(begin("dropDatabase", {database, {}}).finish());
}

void ChangeWriter::index_event(std::string_view operation, Namespace ns, View definition) {
  auto out = begin(operation, ns);
  out.begin_document("operationDescription").begin_array("indexes").push(definition).end().end();
  append(out.finish());
}

void ChangeWriter::created_index(Namespace ns, View definition) {
  index_event("createIndexes", ns, definition);
}

void ChangeWriter::dropped_index(Namespace ns, View definition) {
  index_event("dropIndexes", ns, definition);
}

void ChangeWriter::modified(Namespace ns, View description, View before) {
  auto out = begin("modify", ns);
  append(
      out.append("operationDescription", description).append("stateBeforeChange", before).finish());
}

// ---------------------------------------------------------------- events

bool WatchedNames::covers(View entry) const {
  const auto sees = [&](Namespace ns) {
    if (ns.collection.starts_with("system.") && collection.empty()) return false;
    if (database.empty()) return tells_changes_of(ns.database);
    return ns.database == database && (collection.empty() || ns.collection == collection);
  };
  const Namespace ns = namespace_of(entry);
  if (sees(ns)) return true;
  const auto operation = text(entry, "operationType");
  if (operation == "rename") return sees(namespace_of(entry, "to"));
  return false;
}

bool WatchedNames::ends_with(View entry) const {
  if (database.empty()) return false;
  const auto operation = text(entry, "operationType");
  const Namespace ns = namespace_of(entry);
  if (operation == "dropDatabase") return collection.empty() && ns.database == database;
  return !collection.empty() && (operation == "drop" || operation == "rename") && covers(entry);
}

std::optional<bson::Document> make_event(
    const LoggedChange& change, const bson::Document& token, const EventOptions& options,
    FunctionRef<bool(Namespace, ValueView, bson::Writer&)> look_up) {
  const View entry = change.body;
  const auto operation = text(entry, "operationType");
  for (const auto name : expanded_only) {
    if (operation == name && !options.expanded) return std::nullopt;
  }
  const Namespace ns = namespace_of(entry);
  bson::Writer out;
  out.append("_id", token).append("operationType", operation);
  out.append("clusterTime", bson::Value(to_timestamp(change.time)));
  copy(out, entry, "lsid");
  copy(out, entry, "txnNumber");
  if (options.expanded && !ns.collection.empty())
    out.append("collectionUUID", bson::Value(collection_uuid(ns)));
  out.append("wallTime", DateTime(std::chrono::milliseconds(change.wall)));
  copy(out, entry, "fullDocument");
  copy(out, entry, "ns");
  if (options.expanded) copy(out, entry, "nsType");
  copy(out, entry, "to");
  copy(out, entry, "documentKey");
  if (options.expanded) {
    copy(out, entry, "operationDescription");
    copy(out, entry, "stateBeforeChange");
  }
  if (const auto description = entry.find("updateDescription")) {
    out.begin_document("updateDescription");
    for (const auto& field : description->as_document()) {
      if (field.key != "disambiguatedPaths") out.append_raw(field);
    }
    if (options.expanded) {
      if (const auto paths = description->as_document().find("disambiguatedPaths")) {
        out.append("disambiguatedPaths", *paths);
      } else {
        out.begin_document("disambiguatedPaths").end();
      }
    }
    out.end();
  }
  if (operation == "update") {
    if (options.lookup) {
      const auto id = entry["documentKey"].as_document()["_id"];
      if (!look_up(ns, id, out)) out.append_null("fullDocument");
    } else if (options.after != EventOptions::Image::off) {
      if (const auto image = entry.find("after")) {
        out.append("fullDocument", *image);
      } else if (options.after == EventOptions::Image::required) {
        fail_image("post", entry);
      } else {
        out.append_null("fullDocument");
      }
    }
  }
  if (options.before != EventOptions::Image::off &&
      (operation == "update" || operation == "replace" || operation == "delete")) {
    if (const auto image = entry.find("before")) {
      out.append("fullDocumentBeforeChange", *image);
    } else if (options.before == EventOptions::Image::required) {
      fail_image("pre", entry);
    } else {
      out.append_null("fullDocumentBeforeChange");
    }
  }
  return out.finish();
}

bson::Document make_invalidate(const LoggedChange& change, const bson::Document& token) {
  bson::Writer out;
  out.append("_id", token).append("operationType", "invalidate");
  out.append("clusterTime", bson::Value(to_timestamp(change.time)));
  out.append("wallTime", DateTime(std::chrono::milliseconds(change.wall)));
  return out.finish();
}

}  // namespace quire::store::embedded
