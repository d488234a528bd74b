#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "cli/migrate/commands.hpp"
#include "quire/core/error.hpp"

namespace quire::cli {
namespace {

const Command* find(std::string_view name) {
  for (const Command* one : all_commands()) {
    if (one->name == name) return one;
  }
  return nullptr;
}

int fail(Output& out, std::string_view command, const Error& error) {
  const Failure failure = failure_of(error, out.program(), command);
  out.failure(command, failure.exit, failure.result, error, failure.next);
  return failure.exit;
}

int run(Output& out, std::span<const std::string> words, const Database& db,
        const migrate::Migrations& migrations, const MigrateCliOptions& options) {
  const auto all = all_commands();
  std::vector<CommandText> texts;
  for (const Command* one : all) texts.push_back(text_of(*one));
  const auto chosen = choose(out, words, texts);
  if (!chosen) return 0;
  const Command& command = *all[*chosen];
  const Arguments arguments(words.subspan(1), texts[*chosen].options, command.least, command.most);
  const Context context{db, migrations, options, arguments, out, command.name};
  return command.run(context);
}

}  // namespace

Failure failure_of(const Error& error, const std::string& program, std::string_view command) {
  const std::string again = program + " " + std::string(command);
  if (auto usage = usage_failure(error, program, command)) return *std::move(usage);
  switch (error.code()) {
    case ErrorCode::invalid_argument:
    case ErrorCode::invalid_migration:
    case ErrorCode::dependency_cycle:
    case ErrorCode::unknown_migration:
    case ErrorCode::invalid_model:
    case ErrorCode::invalid_query:
    case ErrorCode::invalid_index:
    case ErrorCode::malformed_json:
    case ErrorCode::irreversible:
      return {exit_code("usage"), "usage", {program + " status"}};
    case ErrorCode::history_corrupt:
    case ErrorCode::checksum_mismatch:
    case ErrorCode::out_of_order:
      return {exit_code("drift"), "drifted", {program + " history", program + " status"}};
    case ErrorCode::baseline_refused:
      return {exit_code("drift"),
              "drifted",
              {program + " status", program + " baseline ID --force --reason TEXT"}};
    case ErrorCode::database_too_new:
      return {exit_code("too_new"), "too_new", {"start a newer program"}};
    case ErrorCode::lock_busy:
      return {exit_code("busy"), "busy", {program + " status", again}};
    case ErrorCode::lock_lost:
      return {exit_code("lock_lost"), "lock_lost", {again}};
    case ErrorCode::migration_partial:
      return {exit_code("stopped"), "paused", {again}};
    case ErrorCode::needs_attention:
      return {exit_code("partial"), "attention", {program + " status"}};
    case ErrorCode::internal:
      return {exit_code("internal"), "internal", {}};
    case ErrorCode::unauthorized:
    case ErrorCode::authentication_failed:
      return {exit_code("failed"), "failed", {"give the user the rights, then: " + again}};
    case ErrorCode::disk_full:
      return {exit_code("failed"), "failed", {"make room on the disk, then: " + again}};
    case ErrorCode::read_only:
      return {exit_code("failed"), "failed", {"open the database for writing, then: " + again}};
    default:
      return {exit_code("failed"), "failed", {"correct the cause, then: " + again}};
  }
}

int migrate_cli(int argc, const char* const* argv, Database db, migrate::Migrations migrations,
                const MigrateCliOptions& options) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) words.emplace_back(argv[i]);
  const auto given = [&](std::string_view name) {
    return std::find(words.begin(), words.end(), name) != words.end();
  };
  if (!options.keep_driver_log) quiet_driver_log();
  Output out(base_name(argc > 0 ? argv[0] : "", "migrate"), given("--json"), given("--quiet"));
  const std::string command = words.empty() || words[0].starts_with("-") ? "" : words[0];
  const std::string_view op = find(command) != nullptr ? std::string_view(command) : "";
  try {
    return run(out, words, db, migrations, options);
  } catch (const Error& error) {
    return fail(out, op, error);
  } catch (const std::exception& error) {
    return fail(out, op, Error(ErrorCode::internal, error.what()));
  } catch (...) {
    return fail(out, op, Error(ErrorCode::internal, "an exception that is no std::exception"));
  }
}

}  // namespace quire::cli
