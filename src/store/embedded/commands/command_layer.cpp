#include "store/embedded/commands/command_layer.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "store/embedded/commands/cluster_times.hpp"
#include "store/embedded/commands/context.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/commands/retry.hpp"
#include "store/embedded/commands/sessions.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded {
namespace commands {
namespace {

// By name, for binary search.
constexpr auto answered = std::to_array<Command>({
    {"abortTransaction", run_abort_transaction, Concern::write, true, true},
    {"aggregate", run_aggregate, Concern::both, true},
    {"buildInfo", run_build_info},
    {"buildinfo", run_build_info},
    {"bulkWrite", run_bulk_write, Concern::both, true, true},
    {"cloneCollectionAsCapped", run_clone_as_capped, Concern::write},
    {"collMod", run_coll_mod, Concern::write},
    {"collStats", run_coll_stats, Concern::read},
    {"collstats", run_coll_stats, Concern::read},
    {"commitTransaction", run_commit_transaction, Concern::write, true, true},
    {"convertToCapped", run_convert_to_capped, Concern::write},
    {"count", run_count, Concern::read},
    {"create", run_create, Concern::write, true},
    {"createIndexes", run_create_indexes, Concern::write, true},
    {"dataSize", run_data_size, Concern::read},
    {"datasize", run_data_size, Concern::read},
    {"dbStats", run_db_stats, Concern::read},
    {"dbstats", run_db_stats, Concern::read},
    {"delete", run_delete, Concern::both, true},
    {"distinct", run_distinct, Concern::read, true},
    {"drop", run_drop, Concern::write},
    {"dropDatabase", run_drop_database, Concern::write},
    {"dropIndexes", run_drop_indexes, Concern::write},
    {"endSessions", run_end_sessions},
    {"explain", run_explain, Concern::read},
    {"find", run_find, Concern::read, true},
    {"findAndModify", run_find_and_modify, Concern::both, true},
    {"findandmodify", run_find_and_modify, Concern::both, true},
    {"getCmdLineOpts", run_get_cmd_line_opts, Concern::none, false, true},
    {"getLog", run_get_log, Concern::none, false, true},
    {"getMore", run_get_more, Concern::read, true},
    {"getParameter", run_get_parameter, Concern::none, false, true},
    {"hello", run_hello},
    {"hostInfo", run_host_info},
    {"insert", run_insert, Concern::both, true},
    {"isMaster", run_hello},
    {"ismaster", run_hello},
    {"killCursors", run_kill_cursors, Concern::none, true},
    {"listCollections", run_list_collections},
    {"listDatabases", run_list_databases, Concern::none, false, true},
    {"listIndexes", run_list_indexes},
    {"ping", run_ping},
    {"reIndex", run_re_index},
    {"refreshSessions", run_refresh_sessions},
    {"renameCollection", run_rename_collection, Concern::write, false, true},
    {"serverStatus", run_server_status},
    {"startSession", run_start_session},
    {"update", run_update, Concern::both, true},
    {"validate", run_validate},
});
static_assert(std::ranges::is_sorted(answered, {}, &Command::name));

// What apiStrict leaves out.
constexpr auto outside_of_api = std::to_array<std::string_view>(
    {"buildInfo", "buildinfo", "distinct", "isMaster", "ismaster", "startSession"});

/// An aggregate writes when its last stage does; the other commands with a write concern always do.
bool may_write(std::string_view name, bson::View command) {
  if (name != "aggregate") return true;
  const auto pipeline = command.find("pipeline");
  if (!pipeline || !pipeline->is_array()) return false;
  bool last = false;
  for (const auto& stage : pipeline->as_array()) {
    last = stage.value.is_document() && (stage.value.as_document().contains("$out") ||
                                         stage.value.as_document().contains("$merge"));
  }
  return last;
}

void check_transaction_command(std::string_view database, const Command& known,
                               bson::View command) {
  const bool ends = known.name == "commitTransaction" || known.name == "abortTransaction";
  if (!ends && command.contains("writeConcern"))
    fail(code::invalid_options, "in a transaction, only its end takes a writeConcern");
  if (command.contains("startTransaction") &&
      (known.name == "killCursors" || known.name == "getMore"))
    fail(code::not_in_transaction, "'" + std::string(known.name) + "' cannot begin a transaction");
  const bool local = database == "local" || database == "config" || database == "admin";
  if (local && !ends && known.name != "bulkWrite" && known.name != "find" &&
      known.name != "getMore" && known.name != "killCursors" && known.name != "distinct")
    fail(code::not_in_transaction,
         "writes to the database '" + std::string(database) + "' cannot be part of a transaction");
}

/// Outside of transactions and without a wish of its own a command has no snapshot.
std::shared_ptr<Snapshot> snapshot_of(SessionTable& sessions, Store& store, bson::View command,
                                      const CommonArguments& common) {
  if (!common.snapshot) return nullptr;
  const auto lsid = command.find("lsid");
  std::optional<std::int64_t> time;
  if (common.at_cluster_time) time = to_log_time(*common.at_cluster_time);
  return sessions.snapshots().take(embedded_store(store), lsid ? session_key(*lsid) : std::string(),
                                   time);
}

/// A lock that did not come in a transaction: drivers begin it again, as with a server's conflict.
[[noreturn]] void fail_write_conflict(const Error& error) {
  throw StoreError(ErrorCode::write_conflict,
                   "Write conflict: another transaction holds the file's writer, and this one is "
                   "rolled back. Please retry your operation or multi-document transaction. (" +
                       error.detail() + ")",
                   code::write_conflict);
}

/// The reply of a command that failed; `begun`: what it said of its writes when it began to do
/// them.
bson::Document failure_of(bson::View command, const Error& error, const CommonArguments& begun) {
  bson::Writer reply;
  reply.append_all(error_reply(error));
  append_concern_error(reply, begun);
  const int number = server_code(error);
  std::string_view label;
  if (command.contains("autocommit")) {  // drivers begin such a transaction again
    if (number == code::write_conflict || number == 24 || number == code::no_such_transaction ||
        number == code::snapshot_unavailable)
      label = "TransientTransactionError";
  } else if (command.contains("txnNumber") && (number == 91 || number == 11600)) {
    label = "RetryableWriteError";  // the server stops: its next process may do it
  }
  if (label.empty() && error.labels().empty()) return reply.finish();
  reply.begin_array("errorLabels");
  if (!label.empty()) reply.push(label);
  for (const auto& own : error.labels()) reply.push(own);
  return reply.end().finish();
}

bool is_read_only(Store& store) {
  const auto* own = dynamic_cast<EmbeddedStore*>(&store);
  return own != nullptr && own->file()->read_only();
}

}  // namespace

const Command* find_command(std::string_view name) {
  const auto found = std::ranges::lower_bound(answered, name, {}, &Command::name);
  return found != answered.end() && found->name == name ? &*found : nullptr;
}

bool is_known_command(std::string_view name) noexcept {
  return is_refused_command(name) || find_command(name) != nullptr;
}

Namespace Context::target() const {
  const auto value = command.begin()->value;
  if (!value.is_string())
    fail(code::invalid_namespace, "the collection's name in '" + std::string(name) +
                                      "' must be a string, not " +
                                      std::string(bson::type_name(value.type())));
  check_database_name(database);
  check_collection_name(database, value.as_string());
  return {database, value.as_string()};
}

}  // namespace commands

struct CommandLayer::State {
  explicit State(const CommandLayerOptions& options) : sessions(options) {}
  commands::CursorTable cursors;
  commands::SessionTable sessions;
  std::chrono::steady_clock::time_point forgot = std::chrono::steady_clock::now();
};

CommandLayer::CommandLayer(const CommandLayerOptions& options)
    : state_(std::make_unique<State>(options)) {}
CommandLayer::~CommandLayer() = default;

void CommandLayer::clear() {
  state_->cursors.clear();
  state_->sessions.clear();
}

void CommandLayer::expire(Store& store, std::chrono::milliseconds transaction) {
  state_->cursors.expire();
  state_->sessions.expire(transaction);
  constexpr std::chrono::minutes pause{5};
  const auto now = std::chrono::steady_clock::now();
  if (now - state_->forgot < pause) return;
  state_->forgot = now;
  try {
    commands::forget_records(store, commands::session_lifetime);
  } catch (const Error&) {  // busy, or the disk is full: another time
  }
}

bool CommandLayer::has_cursor(std::int64_t id) const { return state_->cursors.contains(id); }
bool CommandLayer::cursor_waits(std::int64_t id) const { return state_->cursors.waits(id); }
std::size_t CommandLayer::cursor_count() const { return state_->cursors.size(); }

bson::Document CommandLayer::execute(Store& store, std::string_view database, bson::View command,
                                     Session* session, commands::CommonArguments& begun) {
  using namespace commands;
  try {
    const auto first = command.begin();
    if (first == command.end()) fail(code::failed_to_parse, "an empty document is no command");
    const Command* known = find_command(first->key);
    if (known == nullptr) {
      if (is_known_command(first->key)) refuse("the command '" + std::string(first->key) + "'");
      fail(code::command_not_found, "no such command: '" + std::string(first->key) + "'");
    }
    const std::string_view name = known->name;
    const bool ends = name == "commitTransaction" || name == "abortTransaction";
    const bool replica_set = state_->sessions.options().replica_set;
    auto common = read_common(command, known->concern, name, replica_set);
    if (auto* clock = clock_of(store)) {
      receive_cluster_time(*clock, command);
      check_after_cluster_time(*clock, common);
    }
    if (const auto strict = command.find("apiStrict");
        strict && strict->type() == bson::Type::boolean && strict->as_bool() &&
        std::ranges::find(outside_of_api, name) != outside_of_api.end())
      fail(323, "Provided apiStrict:true, but the command " + std::string(name) +
                    " is not in API Version 1");
    if (command.contains("autocommit")) check_transaction_command(database, *known, command);
    if (command.contains("autocommit") && !known->in_transaction)
      fail(code::not_in_transaction, "'" + std::string(name) + "' cannot be part of a transaction");
    if (known->admin_only && database != "admin")
      fail(code::unauthorized, "'" + std::string(name) + "' runs on the database admin");
    const bool writes = known->concern == Concern::write || known->concern == Concern::both;
    if (writes && !ends && may_write(name, command) && is_read_only(store))
      fail(code::illegal_operation, "Cannot execute a write operation in read-only mode");
    if (session != nullptr) {
      common.options.session = session;
      if (session->in_transaction() && !known->in_transaction)
        fail(code::not_in_transaction,
             "'" + std::string(name) + "' cannot be part of a transaction");
      Context context{store, state_->cursors, state_->sessions, database,
                      name,  command,         common,           {}};
      bson::Writer reply;
      known->run(context, reply);
      return reply.append("ok", 1.0).finish();
    }
    SessionScope scope(state_->sessions, store, command, known->in_transaction, ends,
                       is_retryable_command(name));
    if (auto before = scope.answer_of_before()) return std::move(*before);
    common.options.session = scope.session();
    const auto snapshot = snapshot_of(state_->sessions, store, command, common);
    std::unique_lock<std::mutex> reading;
    std::unique_ptr<Session> reader;
    if (snapshot != nullptr && snapshot->scope != nullptr) {
      reading = std::unique_lock(snapshot->mutex);
      reader = store.start_session();
      dynamic_cast<EmbeddedSession&>(*reader).read_snapshot(snapshot->scope->connection());
      common.options.session = reader.get();
    }
    Context context{store,  state_->cursors, state_->sessions,          database, name, command,
                    common, scope.key(),     scope.is_retryable_write()};
    if (writes && may_write(name, command)) begun = common;
    bson::Document reply;
    try {
      bson::Writer writer;
      known->run(context, writer);
      append_concern_error(writer, begun);
      reply = writer.append("ok", 1.0).finish();
      if (scope.is_retryable_write()) scope.keep(reply);
    } catch (...) {
      scope.failed();
      throw;
    }
    if (ends && scope.named() != nullptr) {
      scope.named()->state = name == "commitTransaction" ? NamedSession::State::committed
                                                         : NamedSession::State::aborted;
    }
    if (snapshot != nullptr) return with_snapshot_time(reply, snapshot->time);
    return reply;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::busy && command.contains("autocommit"))
      fail_write_conflict(error);
    rethrow(error);
  }
}

ClusterClock* CommandLayer::clock_of(Store& store) const noexcept {
  if (!state_->sessions.options().replica_set) return nullptr;
  auto* own = dynamic_cast<EmbeddedStore*>(&store);
  return own != nullptr ? &own->file()->clock() : nullptr;
}

bson::Document CommandLayer::run(Store& store, std::string_view database, bson::View command,
                                 Session* session) {
  commands::CommonArguments begun;
  auto* clock = clock_of(store);
  if (clock == nullptr) return execute(store, database, command, session, begun);
  const CommandTime time(*clock);
  return commands::with_cluster_times(execute(store, database, command, session, begun), time);
}

bson::Document CommandLayer::run_reply(Store& store, std::string_view database, bson::View command,
                                       Session* session) {
  std::optional<CommandTime> time;
  if (auto* clock = clock_of(store)) time.emplace(*clock);
  commands::CommonArguments begun;
  bson::Document reply;
  try {
    reply = execute(store, database, command, session, begun);
  } catch (const Error& error) {
    reply = commands::failure_of(command, error, begun);
  } catch (const std::exception& error) {
    reply = commands::error_reply(Error(ErrorCode::internal, error.what()));
  }
  return time ? commands::with_cluster_times(std::move(reply), *time) : reply;
}

}  // namespace quire::store::embedded
