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

constexpr const char* uri_help = "a file, mongodb://…, or env:NAME, an environment variable";

void add_copy(CLI::App& app, CopyArguments& a) {
  auto* copy = app.add_subcommand("copy", "Copy a database to another, between any two stores");
  copy->add_option("SOURCE", a.source, uri_help)->required();
  copy->add_option("TARGET", a.target, "as SOURCE; must be empty, see --existing")->required();
  copy->add_option("--from-db", a.from_db, "database of the source, where its URI names none");
  copy->add_option("--to-db", a.to_db, "database of the target, where its URI names none");
  copy->add_option("--collection", a.options.collections, "only this one; may be given often")
      ->allow_extra_args(false);
  copy->add_option("--exclude", a.options.exclude, "not this one; may be given often")
      ->allow_extra_args(false);
  copy->add_option("--batch", a.options.batch_documents, "documents of a batch, default 1000")
      ->check(CLI::Range(1, 100'000));
  copy->add_option("--existing", a.existing,
                   "documents that the target has: skip, replace, or fail (default)")
      ->check(CLI::IsMember({"skip", "replace", "fail"}));
  copy->add_flag("--resume", a.options.resume, "go on with a copy that was stopped or killed");
  copy->add_flag("--no-verify", a.no_verify, "do not read both sides again to compare them");
  copy->add_flag("--skip-indexes", a.options.skip_indexes,
                 "leave out indexes that the target refuses");
  copy->add_flag("--skip-options", a.options.skip_options,
                 "leave out collection options and views where the target has none");
  copy->add_flag("--json", a.json, "the report as one line of JSON");
  copy->add_flag("--quiet", a.quiet, "print errors only");
  copy->add_flag("--yes", a.yes, "do not ask before --existing replace");
  copy->footer(
      "Exit codes: 0 done, 2 usage, 30 failed with nothing left behind, 31 failed in the middle\n"
      "(--resume goes on), 32 stopped by a signal, 41 copied, but the two sides differ.");
}

constexpr const char* backup_exits =
    "Exit codes: 0 done, 2 usage, 30 failed with nothing changed, 31 failed or stopped when\n"
    "collections had been dropped already, 32 stopped by a signal with nothing changed.";

void add_backup(CLI::App& app, BackupArguments& a) {
  auto* backup = app.add_subcommand("backup", "Write a database into a folder, as mongodump does");
  backup->add_option("URI", a.uri, uri_help)->required();
  backup->add_option("FOLDER", a.folder, "made by this; must not be there yet")->required();
  backup->add_option("--db", a.db, "the database, where the URI names none");
  backup->add_flag("--gzip", a.options.gzip, "compress the files");
  backup->add_option("--collection", a.options.collections, "only this one; may be given often")
      ->allow_extra_args(false);
  backup->add_option("--exclude", a.options.exclude, "not this one; may be given often")
      ->allow_extra_args(false);
  backup->add_flag("--no-snapshot", a.no_snapshot,
                   "read each collection by itself, not all as of one moment");
  backup->add_flag("--json", a.json, "the report as one line of JSON");
  backup->add_flag("--quiet", a.quiet, "print errors only");
  backup->footer(backup_exits);
}

void add_restore(CLI::App& app, RestoreArguments& a) {
  auto* restore = app.add_subcommand(
      "restore", "Bring a folder of quire backup or mongodump into a database, or check it");
  restore->add_option("FOLDER", a.folder, "the backup, or the folder of one database in it")
      ->required();
  restore->add_option("URI", a.uri, uri_help);
  restore->add_option("--db", a.db, "the database, where the URI names none");
  restore->add_option("--collection", a.options.collections, "only this one; may be given often")
      ->allow_extra_args(false);
  restore->add_flag("--drop", a.options.drop, "replace collections that are there");
  restore->add_flag("--verify-only", a.options.verify_only,
                    "read and check the folder; needs no URI");
  restore->add_flag("--json", a.json, "the report as one line of JSON");
  restore->add_flag("--quiet", a.quiet, "print errors only");
  restore->add_flag("--yes", a.yes, "do not ask before --drop");
  restore->footer(backup_exits);
}

void add_others(CLI::App& app, CheckArguments& check, HealthArguments& health) {
  auto* check_uri = app.add_subcommand("check-uri", "Check a URI, and show it without secrets");
  check_uri->add_option("URI", check.uri, uri_help)->required();
  check_uri->add_flag("--json", check.json, "as one line of JSON");
  auto* ask = app.add_subcommand("health", "Ask a store whether it answers; exit code 0 or 1");
  ask->add_option("URI", health.uri, uri_help)->required();
  ask->add_option("--timeout", health.timeout_ms, "milliseconds, default 5000")
      ->check(CLI::Range(1, 3'600'000));
  ask->add_flag("--json", health.json, "as one line of JSON");
}

#ifdef QUIRE_TOOL_SERVE
void add_serve(CLI::App& app, ServeArguments& a) {
  auto* serve = app.add_subcommand(
      "serve", "Answer MongoDB's protocol on a file: drivers, mongosh and other tools open it");
  serve->add_option("FILE", a.file, "an embedded file, made when absent; or env:NAME");
  serve->add_option("--port", a.port, "default 27017; 0 = any that is free");
  serve->add_option(
      "--address", a.address,
      "IP address to listen on, default 127.0.0.1; beyond loopback --users is needed");
  serve->add_flag("--read-only", a.read_only,
                  "open the file read-only, answer writes with error 20");
  serve->add_option("--users", a.users, "file of the users who may log in (SCRAM-SHA-256)");
  serve->add_option(
      "--add-user", a.add_user,
      "add this user to --users FILE and end; the password is asked for, or read from "
      "standard input");
  serve->add_option("--replica-set", a.replica_set,
                    "name of the set of one member that clients see, default quire");
  serve->add_flag("--standalone", a.standalone,
                  "show no replica set: no transactions and change streams in drivers");
  serve->add_option("--advertise", a.advertise, "HOST:PORT by which clients reach this server");
  serve->add_option("--connections", a.connections, "most connections at once, default 256")
      ->check(CLI::Range(1, 100'000));
  serve->add_option("--workers", a.workers, "threads for commands that read, default 8")
      ->check(CLI::Range(1, 1'000));
  serve->add_option("--idle-timeout", a.idle_s, "seconds until a silent connection is closed, 1800")
      ->check(CLI::Range(1, 1'000'000));
  serve
      ->add_option("--transaction-timeout", a.transaction_s,
                   "seconds until an open transaction is aborted, 60")
      ->check(CLI::Range(1, 86'400));
  serve->add_flag("--quiet", a.quiet, "print errors only");
  serve->footer(
      "Exit codes: 0 stopped by SIGINT or SIGTERM, 2 usage, 30 the file or the port cannot be "
      "had.");
}
#endif

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
  CopyArguments copy;
  BackupArguments backup;
  RestoreArguments restore;
  CheckArguments check;
  HealthArguments health;
  [[maybe_unused]] ServeArguments serve;
  add_copy(app, copy);
  add_backup(app, backup);
  add_restore(app, restore);
  add_others(app, check, health);
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
    if (command == "backup") return run_backup(backup);
    if (command == "restore") return run_restore(restore);
    if (command == "health") return run_health(health);
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
