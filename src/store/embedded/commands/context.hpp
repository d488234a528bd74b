#pragma once

#include <span>
#include <string>
#include <string_view>

#include "quire/bson/writer.hpp"
#include "quire/store/store.hpp"
#include "store/embedded/commands/arguments.hpp"
#include "store/embedded/commands/cursors.hpp"

namespace quire::store::embedded::commands {

class SessionTable;

/// The server whose answers these are.
inline constexpr std::string_view server_version = "8.2.0";

/// What one command runs on.
struct Context {
  Store& store;
  CursorTable& cursors;
  SessionTable& sessions;
  std::string_view database;
  std::string_view name;  ///< the command's, as documented: "findAndModify"
  bson::View command;
  CommonArguments common;  ///< its options.session is the session of the command, or null
  std::string session_id;  ///< bytes of its lsid; empty without
  /// A retryable write: what happens is in one transaction, but the command is none of a user's.
  bool retryable_write = false;

  /// The collection that the command's first field names. Throws 73.
  [[nodiscard]] Namespace target() const;
  /// Whether the first error ends the user's transaction, and the command with it.
  [[nodiscard]] bool in_user_transaction() const {
    const auto* session = common.options.session;
    return !retryable_write && !common.snapshot && session != nullptr && session->in_transaction();
  }
  [[nodiscard]] const OperationOptions& options() const { return common.options; }
};

/// Writes the reply's fields, all but `ok`. Throws as CommandLayer::run.
using Handler = void (*)(Context& context, bson::Writer& reply);

struct Command {
  std::string_view name;
  Handler run;
  Concern concern = Concern::none;
  bool in_transaction = false;  ///< may stand in a transaction
  bool admin_only = false;
};

/// Null for what this store does not answer.
[[nodiscard]] const Command* find_command(std::string_view name);
/// Whether a server has such a command, which this store refuses by name.
[[nodiscard]] bool is_refused_command(std::string_view name) noexcept;
/// Whether a server has such a command.
[[nodiscard]] bool is_known_command(std::string_view name) noexcept;

/// The variables of `let` and an operation's own constants, which are values, not expressions, and
/// go first.
[[nodiscard]] bson::Document with_constants(bson::View let, bson::View constants);

/// Same fields in the same order, numbers by value: {a: 1} and {a: 1.0}.
[[nodiscard]] bool same_key_pattern(bson::View a, bson::View b);

void run_aggregate(Context&, bson::Writer&);
void run_find(Context&, bson::Writer&);
void run_get_more(Context&, bson::Writer&);
void run_kill_cursors(Context&, bson::Writer&);
void run_count(Context&, bson::Writer&);
void run_distinct(Context&, bson::Writer&);
void run_insert(Context&, bson::Writer&);
void run_update(Context&, bson::Writer&);
void run_delete(Context&, bson::Writer&);
void run_find_and_modify(Context&, bson::Writer&);
void run_bulk_write(Context&, bson::Writer&);
void run_create(Context&, bson::Writer&);
void run_drop(Context&, bson::Writer&);
void run_drop_database(Context&, bson::Writer&);
void run_list_collections(Context&, bson::Writer&);
void run_explain(Context&, bson::Writer&);
void run_convert_to_capped(Context&, bson::Writer&);
void run_clone_as_capped(Context&, bson::Writer&);
void run_coll_stats(Context&, bson::Writer&);
void run_db_stats(Context&, bson::Writer&);
void run_data_size(Context&, bson::Writer&);
void run_validate(Context&, bson::Writer&);
void run_re_index(Context&, bson::Writer&);
void run_list_databases(Context&, bson::Writer&);
void run_coll_mod(Context&, bson::Writer&);
void run_rename_collection(Context&, bson::Writer&);
void run_create_indexes(Context&, bson::Writer&);
void run_list_indexes(Context&, bson::Writer&);
void run_drop_indexes(Context&, bson::Writer&);
void run_hello(Context&, bson::Writer&);
void run_ping(Context&, bson::Writer&);
void run_build_info(Context&, bson::Writer&);
void run_get_cmd_line_opts(Context&, bson::Writer&);
void run_get_log(Context&, bson::Writer&);
void run_get_parameter(Context&, bson::Writer&);
void run_host_info(Context&, bson::Writer&);
void run_explain(Context&, bson::Writer&);
void run_convert_to_capped(Context&, bson::Writer&);
void run_clone_as_capped(Context&, bson::Writer&);
void run_coll_stats(Context&, bson::Writer&);
void run_db_stats(Context&, bson::Writer&);
void run_data_size(Context&, bson::Writer&);
void run_validate(Context&, bson::Writer&);
void run_re_index(Context&, bson::Writer&);
void run_server_status(Context&, bson::Writer&);
void run_start_session(Context&, bson::Writer&);
void run_end_sessions(Context&, bson::Writer&);
void run_refresh_sessions(Context&, bson::Writer&);
void run_commit_transaction(Context&, bson::Writer&);
void run_abort_transaction(Context&, bson::Writer&);

}  // namespace quire::store::embedded::commands
