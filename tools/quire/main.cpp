#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "commands.hpp"
#ifdef QUIRE_TOOL_MONGODB
#include "quire/store/mongodb/interop.hpp"
#endif

namespace {

using namespace quire::tool;

/// What the parser says may repeat an argument, and with it a password.
std::string without_uris(std::string text, int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto scheme = argument.find("://");
    if (scheme == std::string::npos) continue;
    const std::string shown = argument.substr(0, scheme) + "://…";
    for (std::size_t at = 0; (at = text.find(argument, at)) != std::string::npos;
         at += shown.size())
      text.replace(at, argument.size(), shown);
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
#ifdef QUIRE_TOOL_MONGODB
  // The driver's log would go between the lines of a report; what fails is told as an error.
  mongoc_log_set_handler(nullptr, nullptr);
#endif
  CLI::App app{"quire: databases of documents, in a file or on a server", "quire"};
  app.set_version_flag("--version", "quire " QUIRE_TOOL_VERSION);
  app.require_subcommand(1);
  CopyArguments copy, verify;
  BackupArguments backup;
  RestoreArguments restore;
  CheckArguments check;
  HealthArguments health;
  MigrationArguments migrations;
  [[maybe_unused]] ServeArguments serve;
  add_copy(app, copy);
  add_verify(app, verify);
  add_backup(app, backup);
  add_restore(app, restore);
  add_others(app, check, health);
  add_migrations(app, migrations);
#ifdef QUIRE_TOOL_IMPORTER
  add_importing(app);
#endif
#ifdef QUIRE_TOOL_SERVE
  add_serve(app, serve);
#endif
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "quire: {}\nRun quire --help, or quire COMMAND --help, for what there is.\n",
               without_uris(error.what(), argc, argv));
    return exit_usage;
  }
  const std::string command = app.get_subcommands().front()->get_name();
  try {
    if (command == "copy") return run_copy(copy);
    if (command == "verify") return run_verify(verify);
    if (command == "backup") return run_backup(backup);
    if (command == "restore") return run_restore(restore);
    if (command == "health") return run_health(health);
    if (const auto code = run_migrations(command, migrations)) return *code;
#ifdef QUIRE_TOOL_IMPORTER
    if (const auto code = run_importing(*app.get_subcommands().front())) return *code;
#endif
#ifdef QUIRE_TOOL_SERVE
    if (command == "serve") return run_serve(serve);
#endif
    return run_check_uri(check);
  } catch (const UsageError& error) {
    fmt::print(stderr, "quire {}: {}\n", command, error.detail());
    return exit_usage;
  } catch (const quire::Error& error) {
    fmt::print(stderr, "quire {}: {}\n", command, error.what());
    const bool usage = error.code() == quire::ErrorCode::invalid_uri ||
                       error.code() == quire::ErrorCode::unsupported ||
                       (command == "serve" && error.code() == quire::ErrorCode::invalid_argument);
    if (usage) return exit_usage;
    return command == "health" ? 1 : 30;
  } catch (const std::exception& error) {
    fmt::print(stderr, "quire {}: {}\n", command, error.what());
    return command == "copy" ? 31 : 1;
  }
}
