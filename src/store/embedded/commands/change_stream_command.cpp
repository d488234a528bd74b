#include "store/embedded/commands/change_stream_command.hpp"

#include <array>

#include "store/embedded/commands/reply.hpp"
#include "store/embedded/storage/change_stream.hpp"

namespace quire::store::embedded::commands {
namespace {

constexpr auto aggregate_rules = std::to_array<Rule>({
    {"aggregate", Takes::any},
    {"pipeline", Takes::array, true},
    {"cursor", Takes::document},
    {"allowDiskUse", Takes::flag},
    {"explain", Takes::unsupported_flag},
    {"bypassDocumentValidation", Takes::flag},
    {"collation", Takes::document},
    {"hint", Takes::hint},
    {"let", Takes::document},
    {"collectionUUID", Takes::unsupported},
});

constexpr auto cursor_rules = std::to_array<Rule>({{"batchSize", Takes::number}});

constexpr auto stage_rules = std::to_array<Rule>({
    {"fullDocument", Takes::string},
    {"fullDocumentBeforeChange", Takes::string},
    {"resumeAfter", Takes::document},
    {"startAfter", Takes::document},
    {"startAtOperationTime", Takes::timestamp},
    {"showExpandedEvents", Takes::boolean},
    {"allChangesForCluster", Takes::boolean},
    {"allowToRunOnConfigDB", Takes::unsupported_flag},
    {"allowToRunOnSystemNS", Takes::unsupported_flag},
    {"showMigrationEvents", Takes::unsupported_flag},
    {"showSystemEvents", Takes::unsupported_flag},
    {"showRawUpdateDescription", Takes::unsupported_flag},
});

constexpr std::int64_t first_batch_default = 101;

/// What the stage watches. Throws 72, 73.
Namespace watched(const Context& context, bool all) {
  const auto named = context.command.begin()->value;
  if (!named.is_string()) {
    if (!named.is_number() || exact_integer(named) != 1)
      fail(code::failed_to_parse, "'aggregate' takes the name of a collection, or 1");
    if (all && context.database == "admin") return {};
    if (all)
      fail(code::invalid_options,
           "allChangesForCluster: true is for the database admin, not for '" +
               std::string(context.database) + "'");
    return {context.database, {}};
  }
  if (all)
    fail(code::invalid_options, "allChangesForCluster: true is for the database, not a collection");
  return context.target();
}

std::string cursor_name(Namespace ns) {
  const std::string database(ns.database.empty() ? "admin" : ns.database);
  return database + "." + (ns.collection.empty() ? "$cmd.aggregate" : std::string(ns.collection));
}

}  // namespace

bool run_change_stream(Context& context, bson::Writer& reply) {
  const auto given = context.command.find("pipeline");
  if (!given || !given->is_array()) return false;
  const bson::View pipeline = given->as_array();
  const auto first = pipeline.begin();
  if (first == pipeline.end() || !first->value.is_document()) return false;
  const bson::View stage = first->value.as_document();
  if (stage.empty() || stage.begin()->key != "$changeStream") return false;

  const Arguments arguments(context.command, aggregate_rules, "aggregate");
  check_database_name(context.database);
  check_collation(arguments.get("collation"));
  const auto cursor_options = arguments.get("cursor");
  if (!cursor_options)
    fail(code::failed_to_parse,
         "The 'cursor' option is required, except for aggregate with the "
         "explain argument");
  const Arguments batching(cursor_options->as_document(), cursor_rules, "aggregate.cursor");
  const auto batch =
      batching.has("batchSize") ? batching.natural("batchSize") : first_batch_default;

  const auto concern = context.command.find("readConcern");
  const auto level =
      concern && concern->is_document() ? concern->as_document().find("level") : std::nullopt;
  if (level && level->is_string() && level->as_string() != "majority")
    fail(code::invalid_options,
         "$changeStream cannot run with a readConcern other than 'majority', or in a "
         "multi-document transaction. Current readConcern: " +
             std::string(level->as_string()));
  if (stage.count() != 1)
    fail(40323, "A pipeline stage specification object must contain exactly one field.");
  if (!stage.begin()->value.is_document())
    fail(50808, "$changeStream stage expects a document as argument");
  const Arguments spec(stage.begin()->value.as_document(), stage_rules, "$changeStream");
  WatchOptions options;
  static_cast<OperationOptions&>(options) = context.options();
  options.full_document = spec.string("fullDocument");
  options.full_document_before_change = spec.string("fullDocumentBeforeChange");
  for (const auto* name : {"resumeAfter", "startAfter"}) {
    if (spec.has(name) && spec.document(name).empty())
      fail(40647, "Bad resume token: _data of missing or of wrong type");
  }
  options.resume_after = spec.document("resumeAfter");
  options.start_after = spec.document("startAfter");
  if (const auto time = spec.get("startAtOperationTime")) options.start_at = time->as_timestamp();
  options.show_expanded_events = spec.flag("showExpandedEvents");
  const Namespace ns = watched(context, spec.flag("allChangesForCluster"));
  bson::Writer rest;
  for (auto it = std::next(pipeline.begin()); it != pipeline.end(); ++it) rest.push(it->value);

  auto cursor = std::make_unique<OpenCursor>();
  cursor->changes = context.store.watch(ns, rest.finish(), options);
  cursor->ns = cursor_name(ns);
  cursor->session = context.session_id;
  append_change_reply(reply, context.cursors, std::move(cursor), "firstBatch", batch,
                      std::chrono::milliseconds{0}, 0);
  return true;
}

void append_change_reply(bson::Writer& reply, CursorTable& table,
                         std::unique_ptr<OpenCursor> cursor, std::string_view batch_name,
                         std::optional<std::int64_t> batch, std::chrono::milliseconds wait,
                         std::int64_t id) {
  ChangeStream& stream = *cursor->changes;
  auto* own = dynamic_cast<EmbeddedChangeStream*>(&stream);
  reply.begin_document("cursor").begin_array(batch_name);
  const std::size_t start = reply.size();
  bson::Document token = cursor->ahead ? bson::Document() : stream.resume_token();
  std::int64_t given = 0;
  for (; !batch || given < *batch; ++given) {
    if (cursor->ahead) {
      token = bson::Document((*cursor->ahead)["_id"].as_document());
      reply.push(*cursor->ahead);
      cursor->ahead.reset();
      continue;
    }
    const auto most = given == 0 ? wait : std::chrono::milliseconds{0};
    const auto event = own != nullptr ? own->next_within(most) : stream.next();
    if (!event) {
      token = stream.resume_token();
      break;
    }
    if (given > 0 && reply.size() - start + event->size() > bson::max_document_bytes) {
      cursor->ahead.emplace(*event);
      break;
    }
    token = stream.resume_token();
    reply.push(*event);
  }
  reply.end();
  const std::string ns = cursor->ns;
  if (stream.ended() && !cursor->ahead) {
    id = 0;
  } else if (id != 0) {
    table.put_back(id, std::move(cursor));
  } else {
    id = table.put(std::move(cursor));
  }
  if (!token.empty()) reply.append("postBatchResumeToken", token);
  reply.append("id", id).append("ns", ns).end();
}

}  // namespace quire::store::embedded::commands
