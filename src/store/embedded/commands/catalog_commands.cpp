#include <array>
#include <vector>

#include "store/embedded/commands/catalog_support.hpp"
#include "store/embedded/commands/context.hpp"
#include "store/embedded/commands/create_options.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/matcher.hpp"
#include "store/embedded/expression/expression.hpp"
#include "store/embedded/pipeline/stage.hpp"
#include "store/embedded/storage/sizes.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded::commands {
namespace {

constexpr auto drop_rules = std::to_array<Rule>({
    {"drop", Takes::collection},
    {"collectionUUID", Takes::uuid},
});

constexpr auto drop_database_rules = std::to_array<Rule>({
    {"dropDatabase", Takes::any},
});

constexpr auto list_collections_rules = std::to_array<Rule>({
    {"listCollections", Takes::any},
    {"filter", Takes::document},
    {"nameOnly", Takes::flag},
    {"authorizedCollections", Takes::boolean},
    {"cursor", Takes::document},
});

constexpr auto list_databases_rules = std::to_array<Rule>({
    {"listDatabases", Takes::any},
    {"filter", Takes::document},
    {"nameOnly", Takes::flag},
    {"authorizedDatabases", Takes::boolean},
});

}  // namespace

void run_create(Context& context, bson::Writer&) {
  const Namespace ns = context.target();
  if (ns.collection.find('$') != ns.collection.npos)
    fail(code::invalid_namespace, "the name of a collection has no '$'");
  const bson::Document options = read_create_options(context.command);
  try {
    context.store.create_collection(ns, options, context.options());
  } catch (const StoreError& error) {
    // The same collection again is no mistake, except in a transaction.
    if (error.code() != ErrorCode::namespace_exists || context.in_user_transaction()) throw;
    ReadScope scope(embedded_store(context.store).file(), context.options().session);
    const auto& there = scope.find(ns);
    if (there == nullptr || compare_documents(there->options, options) != 0) throw;
  }
}

void run_drop(Context& context, bson::Writer& reply) {
  const Arguments arguments(context.command, drop_rules, "drop");
  const Namespace ns = context.target();
  std::optional<std::size_t> indexes;  // a view has none
  {
    ReadScope scope(embedded_store(context.store).file(), context.options().session);
    const auto& meta = scope.find(ns);
    check_collection_uuid(arguments, ns, meta.get());
    if (meta != nullptr && !meta->traits.view)
      indexes = meta->indexes.size() + (meta->traits.clustered ? 0U : 1U);
  }
  if (!context.store.drop_collection(ns, context.options())) return;
  if (indexes) reply.append("nIndexesWas", static_cast<std::int32_t>(*indexes));
  reply.append("ns", full_name(ns));
}

void run_drop_database(Context& context, bson::Writer&) {
  const Arguments arguments(context.command, drop_database_rules, "dropDatabase");
  const auto value = *arguments.get("dropDatabase");
  if (!value.is_number() || exact_integer(value) != 1) fail(5, "'dropDatabase' takes 1");
  check_database_name(context.database);
  context.store.drop_database(context.database);
}

void run_list_databases(Context& context, bson::Writer& reply) {
  const Arguments arguments(context.command, list_databases_rules, "listDatabases");
  const bool name_only = arguments.flag("nameOnly");
  ParseScope variables;
  variables.cluster_time.reset();
  const Matcher matcher(arguments.document("filter"), variables);
  ReadScope scope(embedded_store(context.store).file(), nullptr);
  std::int64_t total = 0;
  reply.begin_array("databases");
  for (const auto& [name, size] : database_sizes(scope.connection(), !name_only)) {
    bson::Writer one;
    one.append("name", name);
    if (!name_only) one.append("sizeOnDisk", size).append("empty", false);
    const auto document = one.finish();
    if (!matcher.matches(document)) continue;
    total += size;
    reply.push(document.view());
  }
  reply.end();
  if (!name_only) reply.append("totalSize", total).append("totalSizeMb", total / (1024 * 1024));
}

void run_list_collections(Context& context, bson::Writer& reply) {
  const Arguments arguments(context.command, list_collections_rules, "listCollections");
  check_database_name(context.database);
  const auto batch = list_batch(arguments, "listCollections.cursor");
  const bool name_only = arguments.flag("nameOnly");
  const Matcher matcher(arguments.document("filter"));
  std::vector<bson::Document> listed;
  const auto all = context.store.list_collections(context.database);
  ReadScope scope(embedded_store(context.store).file(), nullptr);
  for (const auto& info : all) {
    const auto& meta = scope.find({context.database, info.name});
    bson::Writer writer;
    writer.append("name", info.name).append("type", info.type);
    if (!name_only) {
      writer.append("options", info.options);
      const bool view = info.type == "view";
      writer.begin_document("info").append("readOnly", view);
      if (!view && meta != nullptr) writer.append("uuid", uuid_of({context.database, info.name}));
      writer.end();
      if (!view && !(meta != nullptr && meta->traits.clustered)) {
        writer.begin_document("idIndex").append("v", std::int32_t{2});
        writer.begin_document("key").append("_id", std::int32_t{1}).end();
        writer.append("name", "_id_").end();
      }
    }
    auto document = writer.finish();
    if (matcher.matches(document)) listed.push_back(std::move(document));
  }
  auto cursor = std::make_unique<OpenCursor>();
  cursor->documents = list_stage(std::move(listed));
  cursor->ns = std::string(context.database) + ".$cmd.listCollections";
  cursor->session = context.session_id;
  cursor->knows_its_end = true;
  append_cursor_reply(reply, context.cursors, std::move(cursor), "firstBatch", batch);
}

}  // namespace quire::store::embedded::commands
