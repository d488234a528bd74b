#include "store/embedded/commands/catalog_support.hpp"

#include <array>
#include <cstring>

#include "store/embedded/commands/reply.hpp"
#include "store/embedded/storage/change_events.hpp"

namespace quire::store::embedded::commands {
namespace {

constexpr auto cursor_rules = std::to_array<Rule>({
    {"batchSize", Takes::number},
});

}  // namespace

std::string full_name(Namespace ns) {
  return std::string(ns.database) + "." + std::string(ns.collection);
}

bson::Value uuid_of(Namespace ns) { return bson::Value(collection_uuid(ns)); }

void check_collection_uuid(const Arguments& arguments, Namespace ns,
                           const CollectionMeta* collection) {
  const auto wanted = arguments.get("collectionUUID");
  if (!wanted || wanted->is_null()) return;
  if (collection != nullptr && !collection->traits.view) {
    const auto own = collection_uuid(ns);
    if (std::memcmp(own.bytes.data(), wanted->as_binary().data, own.bytes.size()) == 0) return;
  }
  fail(361, "Collection UUID does not match that specified: " + full_name(ns));
}

std::optional<std::int64_t> list_batch(const Arguments& arguments, std::string_view what) {
  const auto cursor = arguments.get("cursor");
  if (!cursor) return std::nullopt;
  const Arguments options(cursor->as_document(), cursor_rules, what);
  if (!options.has("batchSize")) return std::nullopt;
  return options.natural("batchSize");
}

Namespace parse_namespace(std::string_view text) {
  const auto point = text.find('.');
  if (point == text.npos)
    fail(code::invalid_namespace, "'" + std::string(text) + "' is no namespace: it has no '.'");
  const Namespace ns{text.substr(0, point), text.substr(point + 1)};
  if (ns.collection.empty() || ns.collection.front() == '.' ||
      ns.collection.find('\0') != ns.collection.npos || ns.database.empty() ||
      ns.database.size() > 63 ||
      ns.database.find_first_of(std::string_view("/\\. \"\0", 6)) != ns.database.npos)
    fail(code::invalid_namespace, "'" + std::string(text) + "' is no namespace");
  if (text.size() > 255)
    fail(code::invalid_namespace, "the name of a collection with its database is over 255 bytes");
  return ns;
}

}  // namespace quire::store::embedded::commands
