#include <algorithm>

#include "operations.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::unified {
namespace {

using bson::Value;
using bson::View;
using bson::Writer;

/// The fields that `taken` does not name.
bson::Document rest_of(View all, std::initializer_list<std::string_view> taken,
                       Arguments& arguments) {
  Writer out;
  for (const auto& field : all) {
    if (std::ranges::find(taken, field.key) != taken.end()) continue;
    (void)arguments.take(field.key);
    out.append_raw(field);
  }
  return out.finish();
}

void refuse_filter(Arguments& arguments) {
  const auto filter = arguments.take("filter");
  if (filter && !filter->as_document().empty())
    throw Skip{"argument filter of listCollections has no counterpart"};
}

Answer list_collections(World&, Target& target, Arguments& arguments) {
  refuse_filter(arguments);
  arguments.done();
  Writer out;
  for (const auto& info : target.store().list_collections(target.database)) {
    Writer one;
    one.append("name", info.name).append("type", info.type).append("options", info.options);
    out.push(one.finish());
  }
  return Value::array(out.finish());
}

Answer list_indexes(World&, Target& target, Arguments& arguments) {
  arguments.done();
  Writer out;
  for (const auto& index : target.store().list_indexes(target.ns())) out.push(index);
  return Value::array(out.finish());
}

std::string index_name(View keys) {
  std::string out;
  for (const auto& key : keys) {
    if (!out.empty()) out += '_';
    out += std::string(key.key) + "_" +
           (key.value.is_string() ? std::string(key.value.as_string()) : bson::to_json(key.value));
  }
  return out;
}

Answer create_index(World& world, Target& target, Arguments& arguments) {
  const auto keys = arguments.need("keys").as_document();
  store::OperationOptions options;
  arguments.common(world, target, options, false, true);
  Writer spec;
  spec.append("key", keys);
  const auto more =
      rest_of(arguments.all(), {"keys", "session", "comment", "maxTimeMS"}, arguments);
  const auto given = more.find("name");
  const std::string name = given ? std::string(given->as_string()) : index_name(keys);
  if (!given) spec.append("name", name);
  spec.append_all(more);
  const auto document = spec.finish();
  const View view = document;
  target.store().create_indexes(target.ns(), {&view, 1}, options);
  return Value(name);
}

Answer drop_index(World& world, Target& target, Arguments& arguments) {
  const auto name = arguments.need("name").as_string();
  store::OperationOptions options;
  arguments.common(world, target, options, false, true);
  arguments.done();
  target.store().drop_index(target.ns(), name, options);
  return std::nullopt;
}

Answer create_collection(World& world, Target& target, Arguments& arguments) {
  const auto name = arguments.need("collection").as_string();
  store::OperationOptions options;
  arguments.common(world, target, options, false, true);
  const auto more =
      rest_of(arguments.all(), {"collection", "session", "comment", "maxTimeMS"}, arguments);
  target.store().create_collection({target.database, name}, more, options);
  return std::nullopt;
}

Answer drop_collection(World& world, Target& target, Arguments& arguments) {
  const auto name = arguments.need("collection").as_string();
  store::OperationOptions options;
  arguments.common(world, target, options, false, true);
  arguments.done();
  (void)target.store().drop_collection({target.database, name}, options);
  return std::nullopt;
}

Answer run_command(World& world, Target& target, Arguments& arguments) {
  const auto command = arguments.need("command").as_document();
  (void)arguments.take("commandName");
  store::Session* session = nullptr;
  if (const auto id = arguments.take("session")) session = world.session(id->as_string()).current;
  arguments.done();
  return Value(target.store().run_command(target.database, command, session).view());
}

// What the port leaves to run_command.
Answer modify_collection(World&, Target& target, Arguments& arguments) {
  Writer command;
  command.append("collMod", arguments.need("collection").as_string());
  command.append_all(rest_of(arguments.all(), {"collection"}, arguments));
  (void)target.store().run_command(target.database, command.finish(), nullptr);
  return std::nullopt;
}
Answer rename(World&, Target& target, Arguments& arguments) {
  Writer command;
  command.append("renameCollection", target.database + "." + target.collection);
  command.append("to", target.database + "." + std::string(arguments.need("to").as_string()));
  if (const auto drop = arguments.take("dropTarget")) command.append("dropTarget", *drop);
  arguments.done();
  (void)target.store().run_command("admin", command.finish(), nullptr);
  return std::nullopt;
}

void collection_is(World& world, Arguments& arguments, bool wanted) {
  const auto database = arguments.need("databaseName").as_string();
  const auto name = arguments.need("collectionName").as_string();
  arguments.done();
  const auto all = world.deployment().store->list_collections(database);
  const bool there = std::ranges::any_of(all, [&](const auto& info) { return info.name == name; });
  if (there != wanted)
    throw Failed{"the collection " + std::string(name) + (there ? " exists" : " does not exist")};
}
void index_is(World& world, Arguments& arguments, bool wanted) {
  const auto database = arguments.need("databaseName").as_string();
  const auto collection = arguments.need("collectionName").as_string();
  const auto name = arguments.need("indexName").as_string();
  arguments.done();
  const auto all = world.deployment().store->list_indexes({database, collection});
  const bool there = std::ranges::any_of(
      all, [&](const auto& index) { return index["name"].as_string() == name; });
  if (there != wanted)
    throw Failed{"the index " + std::string(name) + (there ? " exists" : " does not exist")};
}

Answer fail_point(World& world, Target&, Arguments& arguments) {
  auto& client = world.client(arguments.need("client").as_string());
  const auto command = arguments.need("failPoint").as_document();
  arguments.done();
  if (world.deployment().embedded) throw Skip{"fail points: the embedded store has none"};
  (void)world.deployment().store->run_command("admin", command, nullptr);
  world.fail_points.emplace_back(&client, command["configureFailPoint"].as_string());
  return std::nullopt;
}

}  // namespace

const Table& admin_operations() {
  static const Table table = {
      {"listCollections", list_collections},
      {"listCollectionObjects", list_collections},
      {"listCollectionNames", list_collections},
      {"listIndexes", list_indexes},
      {"listIndexNames", list_indexes},
      {"createIndex", create_index},
      {"dropIndex", drop_index},
      {"createCollection", create_collection},
      {"dropCollection", drop_collection},
      {"modifyCollection", modify_collection},
      {"rename", rename},
      {"runCommand", run_command},
      {"failPoint", fail_point},
      {"assertCollectionExists",
       [](World& w, Target&, Arguments& a) { return collection_is(w, a, true), Answer(); }},
      {"assertCollectionNotExists",
       [](World& w, Target&, Arguments& a) { return collection_is(w, a, false), Answer(); }},
      {"assertIndexExists",
       [](World& w, Target&, Arguments& a) { return index_is(w, a, true), Answer(); }},
      {"assertIndexNotExists",
       [](World& w, Target&, Arguments& a) { return index_is(w, a, false), Answer(); }}};
  return table;
}

}  // namespace quire::unified
