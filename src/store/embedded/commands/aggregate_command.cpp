#include <array>
#include <limits>

#include "store/embedded/commands/change_stream_command.hpp"
#include "store/embedded/commands/context.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/commands/server_stages.hpp"
#include "store/embedded/pipeline/stage.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded::commands {
namespace {

constexpr std::int64_t first_batch_default = 101;

constexpr auto aggregate_rules = std::to_array<Rule>({
    {"aggregate", Takes::any},
    {"pipeline", Takes::array, true, false},
    {"explain", Takes::boolean},
    {"allowDiskUse", Takes::boolean, false, false},
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
    if (to_double(value) != 1)
      fail(code::bad_value,
           "Invalid command format: the 'aggregate' field must specify a "
           "collection name or 1");
    check_database_name(context.database);
    return {context.database, {}};
  }
  return context.target();
}

/// What only documents that are in a command can tell; the rest is told by the parser.
void check_first_stage(Namespace ns, bson::View pipeline) {
  if (ns.collection.empty() || pipeline.empty()) return;
  const bson::View stage = pipeline.begin()->value.as_document();
  if (!stage.empty() && stage.begin()->key == "$documents")
    fail(code::invalid_namespace, "$documents can only be run with {aggregate: 1}");
}

/// Stages that tell of the store are none of a transaction's, and have no snapshot to read.
void check_statistics(const Context& context, bson::View pipeline) {
  const auto concern = context.command.find("readConcern");
  const auto level =
      concern && concern->is_document() ? concern->as_document().find("level") : std::nullopt;
  const bool local = !level || !level->is_string() || level->as_string() == "local";
  for (const auto& element : pipeline) {
    const bson::View stage = element.value.as_document();
    if (stage.empty()) continue;
    const std::string name(stage.begin()->key);
    const StageKind* kind = find_stage(name);
    if (kind == nullptr || kind->of_data) continue;
    if (context.in_user_transaction())
      fail(code::not_in_transaction, name + " cannot be used in a transaction");
    if (!local)
      fail(code::invalid_options, name + " supports the readConcern 'local' only, not '" +
                                      std::string(level->as_string()) + "'");
  }
}

/// What a pipeline that writes its result cannot read with.
void check_write_stage(const Context& context, bson::View pipeline) {
  std::string_view last;
  for (const auto& element : pipeline) {
    const bson::View stage = element.value.as_document();
    last = stage.empty() ? std::string_view() : stage.begin()->key;
  }
  if (last != "$out" && last != "$merge") return;
  if (context.common.linearizable)
    fail(code::invalid_options,
         std::string(last) + " cannot be used with a 'linearizable' read concern level");
  if (context.common.snapshot) refuse(std::string(last) + " with the readConcern 'snapshot'");
}

bool is_strict(bson::View command) {
  const auto strict = command.find("apiStrict");
  return strict && strict->type() == bson::Type::boolean && strict->as_bool();
}

void check_explain(bson::View command) {
  if (command.contains("writeConcern"))
    fail(code::failed_to_parse, "Aggregation explain does not support the 'writeConcern' option");
  if (is_strict(command)) fail(323, "'explain' of an aggregate is not in API version 1");
}

/// Stages that API version 1 leaves out.
void check_strict(bson::View command, bson::View pipeline) {
  if (!is_strict(command)) return;
  for (const auto& element : pipeline) {
    const bson::View stage = element.value.as_document();
    if (stage.empty()) continue;
    const auto first = *stage.begin();
    const std::string_view name = first.key;
    const bool storage_stats = name == "$collStats" && first.value.is_document() &&
                               (first.value.as_document().contains("storageStats") ||
                                first.value.as_document().contains("latencyStats") ||
                                first.value.as_document().contains("queryExecStats"));
    if (storage_stats || name == "$currentOp" || name == "$indexStats" ||
        name == "$listLocalSessions" || name == "$listSessions" || name == "$planCacheStats" ||
        name == "$queryStats" || name == "$listClusterCatalog")
      fail(323, "stage " + std::string(name) +
                    " is not allowed with 'apiStrict: true' in API "
                    "Version 1");
  }
}

/// The pipeline with what only commands know in the place of its first stage, where that asks for
/// sessions or operations.
std::optional<bson::Document> with_server_stage(const Context& context, Namespace ns,
                                                bson::View pipeline) {
  if (pipeline.empty()) return std::nullopt;
  const bson::View stage = pipeline.begin()->value.as_document();
  if (stage.count() != 1) return std::nullopt;
  const auto field = *stage.begin();
  const bool sessions = field.key == "$listLocalSessions" || field.key == "$listSessions";
  if (!sessions && field.key != "$currentOp") return std::nullopt;
  // Whether the whole is a pipeline at all.
  (void)embedded_store(context.store).explain_aggregate(ns, pipeline, {});
  bson::Writer documents;
  if (sessions) {
    append_sessions(context, documents);
  } else {
    append_operation(context, documents);
  }
  const auto list = documents.finish();
  bson::Writer out;
  bool first = true;
  for (const auto& element : pipeline) {
    if (first) {
      out.begin_document("0").begin_document("$documents");
      out.append_array("$literal", list).end().end();
      first = false;
    } else {
      out.append(element.key, element.value);
    }
  }
  return out.finish();
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
  check_statistics(context, pipeline);
  check_write_stage(context, pipeline);
  check_strict(context.command, pipeline);
  if (explain) {
    check_explain(context.command);
    auto* embedded = dynamic_cast<EmbeddedStore*>(&context.store);
    if (embedded == nullptr) refuse("explain of an aggregate on this store");
    reply.append_all(embedded->explain_aggregate(ns, pipeline, options));
    reply.append("command", context.command);
    reply.begin_document("serverInfo")
        .append("host", "localhost")
        .append("port", std::int32_t{0})
        .append("version", server_version)
        .append("gitVersion", "")
        .end();
    return;
  }
  auto cursor = std::make_unique<OpenCursor>();
  const auto told = with_server_stage(context, ns, pipeline);
  cursor->documents = told ? context.store.aggregate({ns.database, {}}, *told, options)
                           : context.store.aggregate(ns, pipeline, options);
  cursor->ns = std::string(ns.database) + "." +
               (ns.collection.empty() ? "$cmd.aggregate" : std::string(ns.collection));
  cursor->session = context.session_id;
  cursor->knows_its_end = true;
  append_cursor_reply(reply, context.cursors, std::move(cursor), "firstBatch", batch);
}

}  // namespace quire::store::embedded::commands
