#include <array>
#include <cstdlib>
#include <limits>

#include "store/embedded/commands/change_stream_command.hpp"
#include "store/embedded/commands/context.hpp"
#include "store/embedded/commands/find_keys.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/commands/tailable.hpp"
#include "store/embedded/engine/matcher.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded::commands {
namespace {

constexpr std::int64_t first_batch_default = 101;

constexpr auto find_rules = std::to_array<Rule>({
    {"find", Takes::collection},
    {"filter", Takes::document, false, false},
    {"projection", Takes::document},
    {"sort", Takes::document},
    {"hint", Takes::hint},
    {"skip", Takes::number},
    {"limit", Takes::number},
    {"batchSize", Takes::number},
    {"ntoreturn", Takes::unsupported},
    {"singleBatch", Takes::flag},
    {"let", Takes::document},
    {"collation", Takes::document},
    {"allowDiskUse", Takes::flag},
    {"noCursorTimeout", Takes::flag},
    {"allowPartialResults", Takes::flag},
    {"tailable", Takes::flag},
    {"awaitData", Takes::flag},
    {"oplogReplay", Takes::flag},
    {"min", Takes::document},
    {"max", Takes::document},
    {"returnKey", Takes::flag},
    {"showRecordId", Takes::flag},
    {"resumeAfter", Takes::unsupported},
    {"startAt", Takes::unsupported},
    {"requestResumeToken", Takes::unsupported_flag},
    {"readOnce", Takes::flag},
    {"includeQueryStatsMetrics", Takes::flag},
    {"querySettings", Takes::unsupported},
    {"collectionUUID", Takes::unsupported},
    {"encryptionInformation", Takes::unsupported},
});

constexpr auto get_more_rules = std::to_array<Rule>({
    {"getMore", Takes::long_only},
    {"collection", Takes::string, true},
    {"batchSize", Takes::number},
    {"term", Takes::long_only},
    {"lastKnownCommittedOpTime", Takes::ignored},
    {"includeQueryStatsMetrics", Takes::flag},
});

constexpr auto kill_rules = std::to_array<Rule>({
    {"killCursors", Takes::collection},
    {"cursors", Takes::array, true},
});

constexpr auto count_rules = std::to_array<Rule>({
    {"count", Takes::collection},
    {"query", Takes::document},
    {"limit", Takes::any},
    {"skip", Takes::number},
    {"hint", Takes::hint},
    {"collation", Takes::document},
    {"fields", Takes::ignored},
    {"queryOptions", Takes::ignored},
    {"collectionUUID", Takes::unsupported},
    {"encryptionInformation", Takes::unsupported},
});

constexpr auto distinct_rules = std::to_array<Rule>({
    {"distinct", Takes::collection},
    {"key", Takes::string, true},
    {"query", Takes::document},
    {"hint", Takes::hint},
    {"collation", Takes::document},
    {"collectionUUID", Takes::unsupported},
});

std::string full_name(Namespace ns) {
  return std::string(ns.database) + "." + std::string(ns.collection);
}

/// A hint for an index that is not there is a mistake (2), as long as the collection is there.
void check_hint(Store& store, Namespace ns, const Hint& hint) {
  if (hint.name.empty() && hint.key.empty()) return;
  if (hint.name == "$natural" || hint.key.contains("$natural")) return;
  std::vector<bson::Document> indexes;
  try {
    indexes = store.list_indexes(ns);
  } catch (const StoreError& error) {
    if (error.backend_code() != 166) throw;
    return;  // a view: its pipeline's reader looks at the hint
  }
  if (indexes.empty()) return;
  for (const auto& index : indexes) {
    const bool named = !hint.name.empty() && index["name"].as_string() == hint.name;
    const bool keyed = !hint.key.empty() && same_key_pattern(index["key"].as_document(), hint.key);
    if (!named && !keyed) continue;
    // Such an index would leave documents out of the answer.
    if (index.contains("sparse") || index.contains("partialFilterExpression"))
      refuse("distinct with a hint of a sparse or partial index");
    return;
  }
  fail(code::bad_value, "hint provided does not correspond to an existing index");
}

/// The number that the file gives the collection once; 0 for a view and where there is none. A
/// cursor in a transaction reads what it found, so there is nothing to look for.
std::int64_t collection_number(Context& context, Namespace ns) {
  if (context.options().session != nullptr) return 0;
  ReadScope scope(embedded_store(context.store).file(), nullptr);
  const auto& meta = scope.find(ns);
  return meta == nullptr || meta->traits.view ? 0 : meta->cid;
}

}  // namespace

bool same_key_pattern(bson::View a, bson::View b) {
  auto left = a.begin();
  auto right = b.begin();
  for (; left != a.end() && right != b.end(); ++left, ++right) {
    if (left->key != right->key) return false;
    if (left->value.is_number() && right->value.is_number()) {
      const auto x = exact_integer(left->value);
      if (!x || x != exact_integer(right->value)) return false;
    } else if (left->value.type() != right->value.type() ||
               left->value.size() != right->value.size() ||
               std::memcmp(left->value.data(), right->value.data(), left->value.size()) != 0) {
      return false;
    }
  }
  return left == a.end() && right == b.end();
}

void run_find(Context& context, bson::Writer& reply) {
  const Namespace ns = context.target();
  const Arguments arguments(context.command, find_rules, "find");
  FindOptions options;
  static_cast<OperationOptions&>(options) = context.options();
  options.projection = arguments.document("projection");
  options.sort = arguments.document("sort");
  options.let = arguments.document("let");
  options.skip = arguments.natural("skip");
  options.limit = arguments.natural("limit");
  const auto hint = read_hint(arguments.get("hint"));
  options.hint = hint.key;
  options.hint_name = hint.name;
  check_collation(arguments.get("collation"));
  std::optional<std::int64_t> batch = first_batch_default;
  if (arguments.has("batchSize")) batch = arguments.natural("batchSize");
  const bool tailable = arguments.flag("tailable");
  if (tailable) {
    if (arguments.flag("singleBatch")) fail(code::bad_value, "tailable excludes singleBatch");
    const auto natural = options.sort.find("$natural");
    if (!options.sort.empty() &&
        !(natural && options.sort.count() == 1 && exact_integer(*natural) == 1))
      fail(code::bad_value, "tailable excludes a sort");
  }
  if (arguments.flag("awaitData") && !tailable)
    fail(code::failed_to_parse, "awaitData is for tailable cursors");
  const KeyBounds bounds{arguments.document("min"), arguments.document("max"),
                         arguments.flag("returnKey"), arguments.flag("showRecordId")};
  const bool single = arguments.flag("singleBatch");
  options.batch_size = static_cast<std::int32_t>(
      std::min<std::int64_t>(*batch, std::numeric_limits<std::int32_t>::max()));
  auto cursor = std::make_unique<OpenCursor>();
  const auto& file = embedded_store(context.store).file();
  if (tailable) {
    bool empty = false;
    cursor->documents = open_tail(file, ns, arguments.document("filter"), options, empty);
    cursor->tailable = !empty;
    cursor->awaits = arguments.flag("awaitData");
  } else if (bounds.any()) {
    cursor->documents = find_by_keys(file, ns, arguments.document("filter"), options, bounds);
  } else {
    cursor->documents = context.store.find(ns, arguments.document("filter"), options);
  }
  cursor->ns = full_name(ns);
  cursor->session = context.session_id;
  cursor->may_time_out = !arguments.flag("noCursorTimeout");
  cursor->knows_its_end = !options.sort.empty();
  cursor->left = static_cast<std::size_t>(options.limit);
  cursor->cid = collection_number(context, ns);
  append_cursor_reply(reply, context.cursors, std::move(cursor), "firstBatch", batch, 0, !single);
}

void run_get_more(Context& context, bson::Writer& reply) {
  const Arguments arguments(context.command, get_more_rules, "getMore");
  const auto id = arguments.get("getMore");
  if (!id) fail(code::type_mismatch, "'getMore' takes the id of a cursor, a long");
  const auto collection = arguments.string("collection");
  check_database_name(context.database);
  if (collection.empty()) fail(code::invalid_namespace, "the name of a collection is empty");
  std::optional<std::int64_t> batch;
  if (arguments.has("batchSize")) {
    const auto size = arguments.natural("batchSize");
    if (size != 0) batch = size;
  }
  const auto number = id->as_int64();
  auto cursor = context.cursors.take(number);
  if (cursor == nullptr)
    fail(code::cursor_not_found, "cursor id " + std::to_string(number) + " not found");
  const auto ns = full_name({context.database, collection});
  int refusal = 0;
  if (cursor->ns != ns) refusal = code::unauthorized;
  if (refusal == 0 && cursor->session != context.session_id)
    refusal = cursor->session.empty() ? 50736 : context.session_id.empty() ? 50737 : 50738;
  const auto max_time = context.command.find("maxTimeMS");
  const bool waits = cursor->changes != nullptr;
  if (refusal == 0 && !waits && !cursor->awaits && max_time && !max_time->is_null())
    refusal = code::bad_value;
  if (refusal != 0) {
    const std::string was = cursor->ns;
    context.cursors.put_back(number, std::move(cursor));
    if (refusal == code::unauthorized)
      fail(refusal, "the cursor belongs to '" + was + "', not to '" + ns + "'");
    if (refusal == code::bad_value)
      fail(refusal, "maxTimeMS of getMore is for tailable cursors that wait");
    fail(refusal, "the cursor belongs to another session");
  }
  if (waits) {
    const auto most = context.options().max_time;
    append_change_reply(reply, context.cursors, std::move(cursor), "nextBatch", batch,
                        most.count() > 0 ? most : default_change_wait, number);
    return;
  }
  if (cursor->cid != 0 && context.options().session == nullptr &&
      collection_number(context, {context.database, collection}) != cursor->cid)
    fail(175, "the collection " + ns + " was dropped or renamed; the cursor is closed");
  if (cursor->awaits) {
    const auto most = context.options().max_time;
    await_document(*cursor, most.count() > 0 ? most : default_change_wait);
  }
  append_cursor_reply(reply, context.cursors, std::move(cursor), "nextBatch", batch, number);
}

void run_kill_cursors(Context& context, bson::Writer& reply) {
  const Arguments arguments(context.command, kill_rules, "killCursors");
  check_database_name(context.database);
  if (arguments.string("killCursors").empty())
    fail(code::invalid_namespace, "the name of a collection is empty");
  const bson::View ids = arguments.array("cursors");
  for (const auto& id : ids) {
    if (id.value.type() != bson::Type::int64)
      fail(code::type_mismatch, "'killCursors.cursors." + std::string(id.key) + "' must be a long");
  }
  bson::Writer killed;
  bson::Writer unknown;
  // Any cursor can be named beside any collection: its id alone counts.
  for (const auto& id : ids) {
    (context.cursors.kill(id.value.as_int64()) ? killed : unknown).push(id.value.as_int64());
  }
  reply.append_array("cursorsKilled", killed.finish())
      .append_array("cursorsNotFound", unknown.finish())
      .append_array("cursorsAlive", {})
      .append_array("cursorsUnknown", {});
}

void run_count(Context& context, bson::Writer& reply) {
  const Namespace ns = context.target();
  const Arguments arguments(context.command, count_rules, "count");
  CountOptions options;
  static_cast<OperationOptions&>(options) = context.options();
  options.skip = arguments.natural("skip");
  if (const auto limit = arguments.get("limit")) {
    if (!limit->is_number()) fail(code::bad_value, "'count.limit' must be a number");
    const auto exact = exact_integer(*limit);
    if (!exact) fail(code::failed_to_parse, "'count.limit' must be a whole number");
    if (*exact == std::numeric_limits<std::int64_t>::min())
      fail(code::bad_value, "'count.limit' is out of range");
    options.limit = std::abs(*exact);  // a negative limit means the same
  }
  const auto hint = read_hint(arguments.get("hint"));
  options.hint = hint.key;
  options.hint_name = hint.name;
  check_collation(arguments.get("collation"));
  const auto n = context.store.count(ns, arguments.document("query"), options);
  if (n <= std::numeric_limits<std::int32_t>::max()) {
    reply.append("n", static_cast<std::int32_t>(n));
  } else {
    reply.append("n", n);
  }
}

void run_distinct(Context& context, bson::Writer& reply) {
  const Namespace ns = context.target();
  const Arguments arguments(context.command, distinct_rules, "distinct");
  const auto key = arguments.string("key");
  if (key.find('\0') != key.npos) fail(31032, "'distinct.key' has a zero byte");
  const auto hint = read_hint(arguments.get("hint"));
  check_hint(context.store, ns, hint);
  check_collation(arguments.get("collation"));
  DistinctOptions options;
  static_cast<OperationOptions&>(options) = context.options();
  reply.append_array("values",
                     context.store.distinct(ns, key, arguments.document("query"), options).view());
}

}  // namespace quire::store::embedded::commands
