#include <algorithm>
#include <array>

#include "store/embedded/commands/catalog_support.hpp"
#include "store/embedded/commands/context.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded::commands {
namespace {

constexpr auto explain_rules = std::to_array<Rule>({
    {"explain", Takes::document},
    {"verbosity", Takes::string},
});

/// What a command would read: the find that its plan is the plan of.
struct Explained {
  bson::View filter = {};
  FindOptions options = {};
  std::string_view stage = {};  ///< around the plan: "COUNT", "UPDATE" …; empty for a find
};

bson::View document_of(bson::View command, std::string_view name) {
  const auto value = command.find(name);
  if (!value || value->is_null()) return {};
  if (!value->is_document())
    fail(code::type_mismatch, "'" + std::string(name) + "' must be a document");
  return value->as_document();
}

std::int64_t number_of(bson::View command, std::string_view name) {
  const auto value = command.find(name);
  if (!value || value->is_null()) return 0;
  if (!value->is_number())
    fail(code::type_mismatch, "'" + std::string(name) + "' must be a number");
  return rough_integer(*value);
}

void read_hint_of(bson::View command, FindOptions& options) {
  const auto hint = read_hint(command.find("hint"));
  options.hint = hint.key;
  options.hint_name = hint.name;
  check_collation(command.find("collation"));
}

/// The one entry of `updates` or `deletes`.
bson::View only_entry(bson::View command, std::string_view name) {
  const auto entries = command.find(name);
  if (!entries || !entries->is_array())
    fail(code::missing_field, "'" + std::string(name) + "' is missing");
  if (entries->as_array().count() != 1 || !entries->as_array().begin()->value.is_document())
    fail(code::invalid_length, "explained is one write, not several");
  return entries->as_array().begin()->value.as_document();
}

bool is_true(bson::View document, std::string_view name) {
  const auto value = document.find(name);
  return value && truthy(*value);
}

Explained read_explained(std::string_view name, bson::View command) {
  Explained out;
  if (name == "find") {
    out.filter = document_of(command, "filter");
    out.options.sort = document_of(command, "sort");
    out.options.projection = document_of(command, "projection");
    out.options.skip = number_of(command, "skip");
    out.options.limit = number_of(command, "limit");
    read_hint_of(command, out.options);
  } else if (name == "count" || name == "distinct") {
    out.filter = document_of(command, "query");
    if (name == "count") {
      out.options.skip = number_of(command, "skip");
      out.options.limit = std::abs(number_of(command, "limit"));
      out.stage = "COUNT";
    }
    read_hint_of(command, out.options);
  } else if (name == "update" || name == "delete") {
    const bson::View entry = only_entry(command, name == "update" ? "updates" : "deletes");
    out.filter = document_of(entry, "q");
    out.stage = name == "update" ? "UPDATE" : "DELETE";
    const bool one = name == "update" ? !is_true(entry, "multi") : number_of(entry, "limit") == 1;
    if (one) out.options.limit = 1;
    read_hint_of(entry, out.options);
  } else {
    out.filter = document_of(command, "query");
    out.options.sort = document_of(command, "sort");
    out.options.limit = 1;
    out.stage = is_true(command, "remove") ? "DELETE" : "UPDATE";
    read_hint_of(command, out.options);
  }
  return out;
}

/// The planner's part with the command's own stage around the plan.
void append_planner(bson::Writer& out, bson::View planner, std::string_view stage) {
  out.begin_document("queryPlanner");
  for (const auto& field : planner) {
    if (field.key != "winningPlan" || stage.empty()) {
      out.append_raw(field);
      continue;
    }
    out.begin_document("winningPlan").append("stage", stage);
    out.append("inputStage", field.value.as_document()).end();
  }
  out.end();
}

}  // namespace

void run_explain(Context& context, bson::Writer& reply) {
  const Arguments arguments(context.command, explain_rules, "explain");
  constexpr auto levels =
      std::to_array<std::string_view>({"queryPlanner", "executionStats", "allPlansExecution"});
  const auto verbosity = arguments.string("verbosity", "allPlansExecution");
  if (std::ranges::find(levels, verbosity) == levels.end())
    fail(code::failed_to_parse,
         "verbosity string must be one of {'queryPlanner', 'executionStats', "
         "'allPlansExecution'}");
  const bson::View inner = arguments.document("explain");
  if (inner.empty()) fail(code::failed_to_parse, "explain command requires a nested object");
  const std::string_view name = inner.begin()->key;
  if (name == "aggregate") {
    bson::Writer asked;
    for (const auto& field : inner) {
      if (field.key != "explain") asked.append_raw(field);
    }
    const auto command = asked.append("explain", true).finish();
    Context aggregate{context.store, context.cursors, context.sessions, context.database,
                      "aggregate",   command,         context.common,   context.session_id};
    run_aggregate(aggregate, reply);
    return;
  }
  constexpr auto known = std::to_array<std::string_view>(
      {"count", "delete", "distinct", "find", "findAndModify", "findandmodify", "update"});
  if (std::ranges::find(known, name) == known.end()) {
    if (is_known_command(name)) refuse("explain of the command '" + std::string(name) + "'");
    fail(code::command_not_found, "explain failed: no such command: '" + std::string(name) + "'");
  }
  const auto value = inner.begin()->value;
  if (!value.is_string()) fail(code::invalid_namespace, "the collection's name must be a string");
  check_database_name(context.database);
  check_collection_name(context.database, value.as_string());
  Explained explained = read_explained(name, inner);
  static_cast<OperationOptions&>(explained.options) = context.options();
  const auto told = context.store.explain({context.database, value.as_string()}, explained.filter,
                                          explained.options);
  for (const auto& field : told.view()) {
    if (field.key == "queryPlanner") {
      append_planner(reply, field.value.as_document(), explained.stage);
    } else if (field.key == "executionStats") {
      if (verbosity != "queryPlanner") reply.append_raw(field);
    } else if (field.key != "ok") {
      reply.append_raw(field);
    }
  }
  bson::Writer command;
  for (const auto& field : inner) {
    if (!is_common(field.key)) command.append_raw(field);
  }
  reply.append("command", command.append("$db", context.database).finish());
}

}  // namespace quire::store::embedded::commands
