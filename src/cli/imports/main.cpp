#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "cli/imports/commands.hpp"
#include "quire/cli/exit_codes.hpp"
#include "quire/core/signal_stop.hpp"

namespace quire::cli::imports {
namespace {

std::vector<const Command*> commands_of() {
  std::vector<const Command*> all;
  for (const auto& group : {audit_commands(), check_commands(), map_commands(), run_commands(),
                            reject_commands(), file_commands()})
    for (const Command& one : group) all.push_back(&one);
  return all;
}

Failure failure_of(const Error& error, const Output& out, std::string_view command,
                   const std::string& more) {
  if (auto usage = usage_failure(error, out.program(), command)) return *std::move(usage);
  const auto call = [&](std::string_view words) {
    return out.program() + " " + std::string(words) + more;
  };
  const std::string again = call(command);
  switch (error.code()) {
    case ErrorCode::invalid_mapping:
      return {exit_code("usage"), "usage", {call("validate-schema"), call("map")}};
    case ErrorCode::table_not_found:
    case ErrorCode::no_key:
      return {exit_code("usage"), "usage", {call("audit")}};
    case ErrorCode::invalid_source:
    case ErrorCode::invalid_uri:
    case ErrorCode::invalid_argument:
    case ErrorCode::unsupported:
    case ErrorCode::malformed_json:
    case ErrorCode::invalid_query:
      return {exit_code("usage"), "usage", {out.program() + " help " + std::string(command)}};
    case ErrorCode::source_changed:
      return {exit_code("source_changed"), "changed", {again}};
    case ErrorCode::internal:
      return {exit_code("internal"), "internal", {}};
    case ErrorCode::disk_full:
      return {exit_code("failed"), "failed", {"make room on the disk, then: " + again}};
    case ErrorCode::unauthorized:
    case ErrorCode::authentication_failed:
      return {exit_code("failed"), "failed", {"give the user the rights, then: " + again}};
    default:
      return {exit_code("failed"), "failed", {"correct the cause, then: " + again}};
  }
}

int tell(Output& out, std::string_view command, const Error& error, const std::string& more) {
  const Failure failure = failure_of(error, out, command, more);
  out.failure(command, failure.exit, failure.result, error, failure.next);
  return failure.exit;
}

/// The command that was meant, for reports; empty when there is none of that name.
std::string_view command_of(std::span<const std::string> words) {
  for (const Command* one : commands_of()) {
    if (!words.empty() && one->name == words.front()) return one->name;
  }
  return {};
}

}  // namespace

std::unique_ptr<importer::Source> Context::open_again() const {
  auto source = program.open(arguments);
  if (!source) throw ImportError(ErrorCode::invalid_source, "the program gave no source");
  return source;
}

importer::Source& Context::source() const {
  if (!opened) opened = open_again();
  return *opened;
}

Database Context::database() const {
  if (!target) target = program.database(arguments);
  return *target;
}

const importer::Mapping* Context::mapping_if_any() const {
  if (!asked) known = program.mapping(arguments);
  asked = true;
  return known ? &*known : nullptr;
}

const importer::Mapping& Context::mapping() const {
  if (const auto* mapping = mapping_if_any()) return *mapping;
  throw UsageError(fmt::format("{} needs a mapping; \"{}\" proposes one", command, call("map")));
}

namespace {

/// `app import --all` is `app import import --all`: without a command it is that of the same name.
std::vector<std::string> with_command(std::span<const std::string> words) {
  std::vector<std::string> out(words.begin(), words.end());
  const bool whole = std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return word == "--all" || word == "--last";
  });
  if (whole && words[0].starts_with('-')) out.insert(out.begin(), "import");
  return out;
}

}  // namespace

int run(Output& out, std::span<const std::string> words, const Program& program) {
  const auto all = commands_of();
  std::vector<CommandText> texts;
  for (const Command* one : all) texts.push_back(text_of(*one, program.arguments));
  const auto chosen = choose(out, words, texts);
  if (!chosen) return 0;
  const Command& command = *all[*chosen];
  const Arguments arguments(words.subspan(1), texts[*chosen].options, command.least, command.most);
  check_report_option(arguments);
  const SignalStop stop;
  const Context context{program, arguments, out, command.name, stop.token()};
  const int exit = command.run(context);
  out.progress().clear();
  return exit;
}

int run_or_tell(Output& out, std::span<const std::string> words, const Program& program) noexcept {
  const std::vector<std::string> all = with_command(words);
  const std::string_view command = command_of(all);
  try {
    return run(out, all, program);
  } catch (const Error& error) {
    return tell(out, command, error, program.more);
  } catch (const std::exception& error) {
    return tell(out, command, Error(ErrorCode::internal, error.what()), program.more);
  } catch (...) {
    return tell(out, command, Error(ErrorCode::internal, "an exception that is no std::exception"),
                program.more);
  }
}

}  // namespace quire::cli::imports

namespace quire::importer {

int import_cli(int argc, const char* const* argv, std::function<std::unique_ptr<Source>()> open,
               std::function<Database()> database, Mapping mapping,
               const ImportCliOptions& options) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) words.emplace_back(argv[i]);
  const auto given = [&](std::string_view name) {
    return std::find(words.begin(), words.end(), name) != words.end();
  };
  if (!options.keep_driver_log) cli::quiet_driver_log();
  const std::string name =
      options.program.empty() ? cli::base_name(argc > 0 ? argv[0] : "", "import") : options.program;
  cli::Output out(name, given("--json"), given("--quiet"), cli::imports::report_schema);
  const cli::imports::Program program{
      .open = [&](const cli::Arguments&) { return open(); },
      .database = [&](const cli::Arguments&) { return database(); },
      .mapping = [&](const cli::Arguments&) -> std::optional<Mapping> {
        if (mapping.tables.empty()) return std::nullopt;
        return mapping;
      },
      .options = options};
  return cli::imports::run_or_tell(out, words, program);
}

}  // namespace quire::importer
