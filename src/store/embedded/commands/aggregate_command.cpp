#include <array>
#include <limits>

#include "store/embedded/commands/change_stream_command.hpp"
#include "store/embedded/commands/context.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/pipeline/stage.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded::commands {
namespace {

constexpr std::int64_t first_batch_default = 101;

constexpr auto aggregate_rules = std::to_array<Rule>({
    {"aggregate", Takes::any},
    {"pipeline", Takes::array, true, false},
    {"explain", Takes::flag},
    {"allowDiskUse", Takes::boolean},
    {"cursor", Takes::document},
    {"hint", Takes::hint},
    {"let", Takes::document},
    {"collation", Takes::document},
    {"bypassDocumentValidation", Takes::flag},
    {"exchange", Takes::unsupported},
    {"fromMongos", Takes::ignored},
    {"fromRouter", Takes::ignored},
    {"needsMerge", Takes::ignored},
    {"collectionUUID", Takes::unsupported},
    {"passthroughToShard", Takes::unsupported},
    {"encryptionInformation", Takes::unsupported},
    {"isMapReduceCommand", Takes::ignored},
    {"includeQueryStatsMetrics", Takes::flag},
    {"querySettings", Takes::unsupported},
});

constexpr auto cursor_rules = std::to_array<Rule>({{"batchSize", Takes::number}});

/// The collection, or nothing where the command runs on the database (aggregate: 1).
Namespace aggregate_target(const Context& context) {
  const auto value = context.command.begin()->value;
  if (value.is_number()) {
    if (exact_integer(value) != 1)
      fail(code::failed_to_parse,
           "Invalid command format: the 'aggregate' field must specify a "
           "collection name or 1");
    check_database_name(context.database);
    return {context.database, {}};
  }
  if (!value.is_string())
    fail(code::type_mismatch,
         "collection name has invalid type: " + std::string(bson::type_name(value.type())));
  return context.target();
}

bool needs_no_collection(std::string_view stage) {
  return stage == "$documents" || stage == "$currentOp" || stage == "$listLocalSessions" ||
         stage == "$listSessions" || stage == "$changeStream" || stage == "$listClusterCatalog" ||
         stage == "$queryStats" || stage == "$listSampledQueries";
}

void check_first_stage(Namespace ns, bson::View pipeline) {
  std::string_view first;
  if (const auto stage = pipeline.begin();
      stage != pipeline.end() && stage->value.is_document() && !stage->value.as_document().empty())
    first = stage->value.as_document().begin()->key;
  if (ns.collection.empty() && !needs_no_collection(first))
    fail(code::invalid_namespace,
         "{aggregate: 1} is not valid for '" +
             (first.empty() ? std::string("an empty pipeline") : std::string(first)) +
             "'; a collection is required.");
  if (!ns.collection.empty() && first == "$documents")
    fail(code::invalid_namespace, "$documents can only be run with {aggregate: 1}");
}

std::string last_stage(bson::View pipeline) {
  std::string name;
  for (const auto& stage : pipeline) {
    if (stage.value.is_document() && !stage.value.as_document().empty())
      name = stage.value.as_document().begin()->key;
  }
  return name;
}

}  // namespace

void run_aggregate(Context& context, bson::Writer& reply) {
  if (run_change_stream(context, reply)) return;
  const Arguments arguments(context.command, aggregate_rules, "aggregate");
  const Namespace ns = aggregate_target(context);
  const bool explain = arguments.flag("explain");
  if (!arguments.has("cursor") && !explain)
    fail(code::failed_to_parse,
         "The 'cursor' option is required, except for aggregate with the explain argument");
  std::optional<std::int64_t> batch = first_batch_default;
  if (const auto cursor = arguments.get("cursor")) {
    const Arguments cursor_arguments(cursor->as_document(), cursor_rules, "cursor");
    if (cursor_arguments.has("batchSize")) batch = cursor_arguments.natural("batchSize");
  }
  const bson::View pipeline = arguments.array("pipeline");
  AggregateOptions options;
  static_cast<OperationOptions&>(options) = context.options();
  options.let = arguments.document("let");
  if (const auto disk = arguments.get("allowDiskUse")) options.allow_disk_use = truthy(*disk);
  const auto hint = read_hint(arguments.get("hint"));
  options.hint = hint.key;
  options.hint_name = hint.name;
  options.bypass_document_validation = arguments.flag("bypassDocumentValidation");
  check_collation(arguments.get("collation"));
  for (const auto& stage : pipeline) {
    if (!stage.value.is_document())
      fail(code::type_mismatch, "Each element of the 'pipeline' array must be an object");
  }
  check_first_stage(ns, pipeline);
  const std::string last = last_stage(pipeline);
  const bool writes = last == "$out" || last == "$merge";
  if (explain) {
    auto* embedded = dynamic_cast<EmbeddedStore*>(&context.store);
    if (embedded == nullptr) refuse("explain of an aggregate on this store");
    if (writes && context.command.contains("writeConcern"))
      fail(code::failed_to_parse, "explain does not take a writeConcern");
    reply.append_all(embedded->explain_aggregate(ns, pipeline, options));
    return;
  }
  auto cursor = std::make_unique<OpenCursor>();
  cursor->documents = context.store.aggregate(ns, pipeline, options);
  cursor->ns = std::string(ns.database) + "." +
               (ns.collection.empty() ? "$cmd.aggregate" : std::string(ns.collection));
  cursor->session = context.session_id;
  cursor->knows_its_end = true;
  append_cursor_reply(reply, context.cursors, std::move(cursor), "firstBatch", batch);
}

}  // namespace quire::store::embedded::commands
