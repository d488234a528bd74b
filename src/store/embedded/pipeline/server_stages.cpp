#include <algorithm>
#include <array>

#include "store/embedded/pipeline/statistics.hpp"

/// Stages of a server's sessions, operations and queries, and those that are refused by name.
namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;

namespace {

/// Throws 73 unless the pipeline is on a whole database, of this name where one is given.
void need_database(std::string_view stage, const PipelineContext& context,
                   std::string_view database = {}) {
  if (context.collection.empty() && (database.empty() || context.database == database)) return;
  fail_expression(
      73, std::string(stage) + " must be run against the '" +
              (database.empty() ? "database" : std::string(database)) +
              (database.empty() ? "' with {aggregate: 1}" : "' database with {aggregate: 1}"));
}

// Of a server that has sessions and operations. Commands put in what they know of these
// (commands/server_stages.hpp); a pipeline that a program runs on the store itself finds none.

void check_session_options(std::string_view stage, ValueView given) {
  if (!given.is_document())
    fail_expression(14, std::string(stage) +
                            " options must be specified in an object, but found: " +
                            std::string(value_type_name(given)));
  bool all = false, users = false;
  for (const auto& [name, value] : given.as_document()) {
    if (name == "allUsers") {
      if (value.type() != Type::boolean) fail_field(stage, name, value, "bool");
      all = value.as_bool();
    } else if (name == "users") {
      if (!value.is_array()) fail_field(stage, name, value, "array");
      users = !value.as_array().empty();
    } else {
      fail_unknown(stage, name);
    }
  }
  if (all && users)
    fail_expression(12, std::string(stage) +
                            " may not specify {allUsers:true} and {users:[...]} at the same time");
}

StageSpecPtr parse_list_local_sessions(ValueView given, PipelineContext& context) {
  need_database("$listLocalSessions", context);
  check_session_options("$listLocalSessions", given);
  return make_empty("$listLocalSessions", given);
}

StageSpecPtr parse_list_sessions(ValueView given, PipelineContext& context) {
  if (context.database != "config" || context.collection != "system.sessions")
    fail_expression(73, "$listSessions may only be run against config.system.sessions");
  check_session_options("$listSessions", given);
  return make_empty("$listSessions", given);
}

StageSpecPtr parse_current_op(ValueView given, PipelineContext& context) {
  if (!given.is_document())
    fail_expression(9, "$currentOp options must be specified in an object, but found: " +
                           std::string(value_type_name(given)));
  need_database("$currentOp", context, "admin");
  constexpr auto known =
      std::to_array<std::string_view>({"allUsers", "idleConnections", "idleSessions", "idleCursors",
                                       "localOps", "truncateOps", "backtrace", "targetAllNodes"});
  for (const auto& [name, value] : given.as_document()) {
    if (std::ranges::find(known, name) == known.end())
      fail_expression(9, "Unrecognized option '" + std::string(name) + "' in $currentOp stage.");
    if (value.type() != Type::boolean)
      fail_expression(9, "The '" + std::string(name) +
                             "' parameter of the $currentOp stage must be a boolean value, but "
                             "found: " +
                             std::string(value_type_name(value)));
  }
  return make_empty("$currentOp", given);
}

StageSpecPtr parse_query_settings(ValueView given, PipelineContext&) {
  if (!given.is_document())
    fail_expression(7746800, "$querySettings stage expects a document as argument");
  for (const auto& [name, value] : given.as_document()) {
    if (name != "showDebugQueryShape") fail_unknown("$querySettings", name);
    if (value.type() != Type::boolean) fail_field("$querySettings", name, value, "bool");
  }
  return make_empty("$querySettings", given);
}

StageSpecPtr parse_query_stats(ValueView given, PipelineContext& context) {
  if (!given.is_document())
    fail_expression(
        9, "$queryStats value must be an object. Found: " + std::string(value_type_name(given)));
  need_database("$queryStats", context, "admin");
  for (const auto& [name, value] : given.as_document()) {
    if (name != "transformIdentifiers") fail_unknown("$queryStats", name);
    if (!value.is_document()) fail_field("$queryStats", name, value, "object");
  }
  return make_empty("$queryStats", given);
}

StageSpecPtr parse_list_sampled_queries(ValueView given, PipelineContext& context) {
  need_database("$listSampledQueries", context, "admin");
  if (!given.is_document())
    fail_expression(6876001,
                    "$listSampledQueries must take a nested object but found: " + show(given));
  for (const auto& [name, value] : given.as_document()) {
    if (name != "namespace") fail_unknown("$listSampledQueries", name);
    if (!value.is_string()) fail_field("$listSampledQueries", name, value, "string");
  }
  return make_empty("$listSampledQueries", given);
}

/// Known, with its place, and refused by name.
constexpr StageKind refused(std::string_view name, bool first_only = true, bool in_facet = false,
                            bool in_lookup = true) {
  return {.name = name, .first_only = first_only, .in_facet = in_facet, .in_lookup = in_lookup};
}

constexpr auto table = std::to_array<StageKind>({
    statistic("$listLocalSessions", parse_list_local_sessions, true),
    statistic("$listSessions", parse_list_sessions),
    statistic("$currentOp", parse_current_op, true),
    statistic("$querySettings", parse_query_settings, true),
    statistic("$queryStats", parse_query_stats, true),
    statistic("$listSampledQueries", parse_list_sampled_queries, true),
    refused("$geoNear"),
    refused("$search"),
    refused("$searchMeta"),
    refused("$vectorSearch"),
    refused("$listSearchIndexes"),
    refused("$shardedDataDistribution"),
    refused("$changeStream", true, false, false),
    refused("$changeStreamSplitLargeEvent", false, false, false),
    {.name = "$rankFusion", .first_only = true, .not_first_code = 10170100},
    {.name = "$scoreFusion", .first_only = true, .not_first_code = 10170100},
    refused("$score", false, true),
});

}  // namespace

void fail_field(std::string_view stage, std::string_view field, ValueView value,
                std::string_view expected) {
  fail_expression(14, "BSON field '" + std::string(stage) + "." + std::string(field) +
                          "' is the wrong type '" + std::string(value_type_name(value)) +
                          "', expected type '" + std::string(expected) + "'");
}

void fail_unknown(std::string_view stage, std::string_view field) {
  fail_expression(40415, "BSON field '" + std::string(stage) + "." + std::string(field) +
                             "' is an unknown field.");
}

StageSpecPtr make_empty(std::string_view name, ValueView given) {
  return std::make_shared<CatalogSpec>(name, given,
                                       [](Run&) { return std::vector<bson::Document>{}; });
}

std::span<const StageKind> server_stages() noexcept { return table; }

}  // namespace quire::store::embedded
