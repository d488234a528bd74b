#ifdef QUIRE_TOOL_SERVE

#include <fmt/format.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <condition_variable>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>

#include "commands.hpp"
#include "quire/core/signal_stop.hpp"
#include "quire/serve/server.hpp"
#include "quire/serve/users.hpp"

namespace quire::tool {
namespace {

/// The terminal shows nothing that is typed while this lives.
class NoEcho {
 public:
  NoEcho() : active_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!active_) return;
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  ~NoEcho() {
    if (active_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  termios before_{};
  bool active_;
};

std::string read_password(const std::string& user) {
  std::string password;
  if (::isatty(STDIN_FILENO) != 1) {
    std::getline(std::cin, password);
    return password;
  }
  const NoEcho hidden;
  fmt::print(stderr, "Password of {}: ", user);
  std::getline(std::cin, password);
  fmt::print(stderr, "\nOnce more: ");
  std::string again;
  std::getline(std::cin, again);
  fmt::print(stderr, "\n");
  if (password != again) throw UsageError("the two passwords differ; nothing was written");
  return password;
}

int run_add_user(const ServeArguments& arguments) {
  if (arguments.users.empty()) throw UsageError("--add-user needs --users FILE to write to");
  serve::add_user(arguments.users, arguments.add_user, read_password(arguments.add_user));
  if (!arguments.quiet)
    fmt::print("{} may log in by {}; a server that runs reads it at its next start\n",
               arguments.add_user, arguments.users);
  return 0;
}

/// Each cursor has a connection to the file: as many descriptors as the system gives.
void raise_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

serve::Options options_of(const ServeArguments& arguments) {
  serve::Options options;
  options.address = arguments.address == "localhost" ? "127.0.0.1" : arguments.address;
  options.port = arguments.port;
  options.read_only = arguments.read_only;
  options.replica_set = arguments.standalone ? "" : arguments.replica_set;
  options.advertise = arguments.advertise;
  options.users_file = arguments.users;
  options.limits.connections = arguments.connections;
  options.limits.workers = arguments.workers;
  options.limits.idle = std::chrono::seconds(arguments.idle_s);
  options.limits.transaction = std::chrono::seconds(arguments.transaction_s);
  options.log = [](std::string_view line) {
    static std::mutex one_at_a_time;
    const std::lock_guard lock(one_at_a_time);
    fmt::print(stderr, "quire serve: {}\n", line);
  };
  return options;
}

}  // namespace

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

int run_serve(const ServeArguments& arguments) {
  if (!arguments.add_user.empty()) return run_add_user(arguments);
  if (arguments.file.empty()) throw UsageError("FILE is missing: the embedded file to serve");
  const SignalStop stop;
  raise_descriptors();
  serve::Server server(resolve_uri(arguments.file), options_of(arguments));
  server.start();
  if (!arguments.quiet) {
    fmt::print("{}, {}, {}, {}\n{}\n", server.store().redacted_uri(),
               arguments.read_only ? "read-only" : "read and write",
               arguments.users.empty() ? "no login" : "login by SCRAM-SHA-256",
               arguments.standalone ? "standalone" : "replica set " + arguments.replica_set,
               server.connection_string());
    std::fflush(stdout);
  }
  std::mutex mutex;
  std::condition_variable_any asked;
  std::unique_lock lock(mutex);
  asked.wait(lock, stop.token(), [] { return false; });
  server.stop();
  server.store().close();
  if (!arguments.quiet) {
    const auto numbers = server.statistics();
    fmt::print("stopped after {} commands on {} connections\n", numbers.commands,
               numbers.connections_made);
  }
  return 0;
}

}  // namespace quire::tool

#endif
