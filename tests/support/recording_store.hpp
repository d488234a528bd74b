#pragma once

#include <optional>

#include "counting_store.hpp"
#include "quire/bson/json.hpp"

namespace quire::test {

/// Keeps what is sent, and stands in for parts of a deployment that cannot be run here: answers of
/// listIndexes and listCollections, commands of a router.
class RecordingStore final : public CountingStore {
 public:
  explicit RecordingStore(std::shared_ptr<store::Store> inner)
      : CountingStore(std::move(inner), [](const char*) {}) {}

  store::Capabilities capabilities() override {
    auto result = CountingStore::capabilities();
    result.sharding = result.sharding || sharded;
    result.json_schema = validators.value_or(result.json_schema);
    return result;
  }
  store::UpdateResult update(store::Namespace ns, bson::View filter, store::UpdateSpec spec,
                             const store::UpdateOptions& options) override {
    filters.push_back(bson::to_json(filter));
    upserts.push_back(options.upsert);
    return CountingStore::update(ns, filter, spec, options);
  }
  std::int64_t remove(store::Namespace ns, bson::View filter,
                      const store::RemoveOptions& options) override {
    filters.push_back(bson::to_json(filter));
    return CountingStore::remove(ns, filter, options);
  }
  store::FindAndModifyResult find_and_modify(store::Namespace ns, bson::View filter,
                                             store::UpdateSpec spec,
                                             const store::FindAndModifyOptions& options) override {
    filters.push_back(bson::to_json(filter));
    return CountingStore::find_and_modify(ns, filter, spec, options);
  }
  bool find_one(store::Namespace ns, bson::View filter, const store::FindOptions& options,
                FunctionRef<void(bson::View)> sink) override {
    filters.push_back(bson::to_json(filter));
    return CountingStore::find_one(ns, filter, options, sink);
  }
  std::vector<bson::Document> list_indexes(store::Namespace ns) override {
    return listed_indexes.empty() ? CountingStore::list_indexes(ns) : listed_indexes;
  }
  void create_indexes(store::Namespace ns, std::span<const bson::View> specs,
                      const store::OperationOptions& options) override {
    if (pass_indexes) return CountingStore::create_indexes(ns, specs, options);
    for (const auto& spec : specs) created.push_back(bson::to_json(spec));
  }
  void drop_index(store::Namespace ns, std::string_view name,
                  const store::OperationOptions& options) override {
    if (pass_indexes) return CountingStore::drop_index(ns, name, options);
    dropped.emplace_back(name);
  }
  std::vector<store::CollectionInfo> list_collections(std::string_view database) override {
    return listed_collections.empty() ? CountingStore::list_collections(database)
                                      : listed_collections;
  }
  void create_collection(store::Namespace ns, bson::View collection_options,
                         const store::OperationOptions& options) override {
    if (!validators.value_or(false))
      return CountingStore::create_collection(ns, collection_options, options);
    created.push_back(bson::to_json(collection_options));
  }
  bson::Document run_command(std::string_view database, bson::View command,
                             store::Session* session) override {
    commands.push_back(std::string(database) + " " + bson::to_json(command));
    const auto name = command.begin()->key;
    if (name == "enableSharding" || name == "shardCollection" || name == "collMod")
      return bson::from_json(R"({"ok": 1})");
    return CountingStore::run_command(database, command, session);
  }

  bool sharded = false;  ///< says that it is a router
  /// Says that it has them, then create_collection is only kept; or that it has none.
  std::optional<bool> validators;
  bool pass_indexes = true;  ///< else they are only kept
  std::vector<std::string> filters, commands, created, dropped;
  std::vector<bool> upserts;
  std::vector<bson::Document> listed_indexes;             ///< instead of the inner store's
  std::vector<store::CollectionInfo> listed_collections;  ///< instead of the inner store's
};

}  // namespace quire::test
