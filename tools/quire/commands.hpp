#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "quire/backup/restore.hpp"
#include "quire/cli/copy.hpp"

namespace CLI {
class App;
}

namespace quire::tool {

inline constexpr int exit_usage = 2;
inline constexpr const char* uri_help = "a file, mongodb://…, or env:NAME, an environment variable";
inline constexpr const char* backup_exits =
    "Exit codes: 0 done, 2 usage, 30 failed with nothing changed, 31 failed or stopped when\n"
    "collections had been dropped already, 32 stopped by a signal with nothing changed.";

using cli::UsageError;

struct CopyArguments {
  std::string source, target;
  std::string from_db, to_db;
  std::string existing = "fail";
  cli::CopyOptions options;
  bool no_verify = false;
  bool json = false;
  bool quiet = false;
  bool yes = false;
};
struct BackupArguments {
  std::string uri, folder, db;
  backup::BackupOptions options;
  bool no_snapshot = false;
  bool json = false;
  bool quiet = false;
};
struct RestoreArguments {
  std::string folder, uri, db;
  backup::RestoreOptions options;
  bool json = false;
  bool quiet = false;
  bool yes = false;
};
struct HealthArguments {
  std::string uri;
  std::int64_t timeout_ms = 5000;
  bool json = false;
};
struct CheckArguments {
  std::string uri;
  bool json = false;
};
/// Of the commands on what migrations keep in a database.
struct MigrationArguments {
  std::string uri, db;
  std::string id;  ///< history
  std::int64_t last = 50;
  std::int64_t token = -1;
  std::string reason;
  bool force = false;
  bool yes = false;
  bool follow = false;
  std::int64_t interval_ms = 1000;
  bool json = false;
};

struct ServeArguments {
  std::string file;
  std::string address = "127.0.0.1";
  std::uint16_t port = 27017;
  std::string users;
  std::string add_user;
  std::string replica_set = "quire";
  std::string advertise;
  bool standalone = false;
  bool read_only = false;
  bool quiet = false;
  std::size_t connections = 256;
  std::size_t workers = 8;
  std::int64_t idle_s = 1800;
  std::int64_t transaction_s = 60;
};

/// Each gives the exit code. Throws UsageError, and quire::Error for a URI that cannot be opened.
[[nodiscard]] int run_copy(CopyArguments& arguments);
[[nodiscard]] int run_verify(CopyArguments& arguments);
[[nodiscard]] int run_backup(BackupArguments& arguments);
[[nodiscard]] int run_restore(RestoreArguments& arguments);
[[nodiscard]] int run_health(const HealthArguments& arguments);
[[nodiscard]] int run_check_uri(const CheckArguments& arguments);
/// Nothing: it is none of its commands.
[[nodiscard]] std::optional<int> run_migrations(std::string_view command,
                                                const MigrationArguments& arguments);
#ifdef QUIRE_TOOL_SERVE
[[nodiscard]] int run_serve(const ServeArguments& arguments);
#endif

// What each command takes, into its arguments.
void add_copy(CLI::App& app, CopyArguments& a);
void add_verify(CLI::App& app, CopyArguments& a);
void add_backup(CLI::App& app, BackupArguments& a);
void add_restore(CLI::App& app, RestoreArguments& a);
void add_others(CLI::App& app, CheckArguments& check, HealthArguments& health);
void add_migrations(CLI::App& app, MigrationArguments& a);
#ifdef QUIRE_TOOL_IMPORTER
void add_importing(CLI::App& app);
/// Nothing: it is none of its commands.
[[nodiscard]] std::optional<int> run_importing(const CLI::App& command);
#endif
#ifdef QUIRE_TOOL_SERVE
void add_serve(CLI::App& app, ServeArguments& a);
#endif

/// A URI as given, or the value of the variable that "env:NAME" names. Throws UsageError.
[[nodiscard]] std::string resolve_uri(const std::string& given);
enum class OpenFor { reading, writing, asking };
/// reading: an embedded file is opened read-only. reading and asking create none.
[[nodiscard]] std::shared_ptr<store::Store> open_store(const std::string& uri, OpenFor purpose);
/// The database `name`, or the one that the URI names. Throws UsageError that names `option` when
/// there is none.
[[nodiscard]] Database open_database(const std::string& uri, const std::string& name,
                                     OpenFor purpose, const char* option);
/// Asks on the terminal and throws UsageError unless the answer is yes; without a terminal throws
/// UsageError with `without`.
void confirm(const std::string& question, const char* without);

}  // namespace quire::tool
