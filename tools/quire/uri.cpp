#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>

#include "cli/console.hpp"
#include "commands.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::tool {

std::string resolve_uri(const std::string& given) {
  if (!given.starts_with("env:")) return given;
  const std::string name = given.substr(4);
  const char* value = name.empty() ? nullptr : std::getenv(name.c_str());
  if (value == nullptr || *value == '\0')
    throw UsageError(fmt::format("the environment variable \"{}\" is not set", name));
  return value;
}

std::shared_ptr<store::Store> open_store(const std::string& uri, OpenFor purpose) {
  const auto info = store::check_uri(uri);
  if (info.kind != "embedded" || info.redacted == ":memory:" || purpose == OpenFor::writing)
    return store::open(uri);
  if (!std::filesystem::exists(info.redacted))
    throw StoreError(ErrorCode::io_error, fmt::format("{} is not there", info.redacted));
  if (purpose == OpenFor::asking) return store::open(uri);
  return store::open(uri + (uri.find('?') == std::string::npos ? "?" : "&") + "read_only=true");
}

Database open_database(const std::string& uri, const std::string& name, OpenFor purpose,
                       const char* option) {
  auto store = open_store(uri, purpose);
  std::string database = name.empty() ? store->default_database() : name;
  if (database.empty())
    throw UsageError(fmt::format("{} names no database; write it into the URI or give {}",
                                 store->redacted_uri(), option));
  return Database(std::move(store), std::move(database));
}

void confirm(const std::string& question, const char* without) {
  if (!cli::can_ask()) throw UsageError(without);
  if (!cli::ask(question)) throw UsageError("not confirmed");
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

int run_check_uri(const CheckArguments& arguments) {
  const auto info = store::check_uri(resolve_uri(arguments.uri));
  if (arguments.json) {
    bson::Writer out;
    out.append("kind", info.kind).append("uri", info.redacted).append("database", info.database);
    out.begin_array("hosts");
    for (const auto& host : info.hosts) out.push(host);
    out.end();
    fmt::print("{}\n", bson::to_json(out.finish()));
    return 0;
  }
  fmt::print("{}\n  store     {}\n", info.redacted, info.kind);
  for (const auto& host : info.hosts) fmt::print("  host      {}\n", host);
  fmt::print("  database  {}\n", info.database.empty() ? "(none named)" : info.database);
  return 0;
}

int run_health(const HealthArguments& arguments) {
  const std::string uri = resolve_uri(arguments.uri);
  const auto store = open_store(uri, OpenFor::asking);
  const auto health = store->health(std::chrono::milliseconds(arguments.timeout_ms));
  if (arguments.json) {
    const auto document = bson::make_document(
        "ok", health.ok, "writable", health.writable, "round_trip_us",
        std::int64_t{health.round_trip.count()}, "kind", health.kind, "version", health.version,
        "set", health.set_name, "server", health.server, "error", health.error);
    fmt::print("{}\n", bson::to_json(document));
    return health.ok ? 0 : 1;
  }
  if (!health.ok) {
    fmt::print("not ok: {}\n  {}\n", store->redacted_uri(), health.error);
    return 1;
  }
  fmt::print("ok: {}, version {}{}, {}, {:.1f} ms\n", health.kind, health.version,
             health.set_name.empty() ? "" : ", set " + health.set_name,
             health.writable ? "writable" : "not writable",
             static_cast<double>(health.round_trip.count()) / 1000);
  return 0;
}

}  // namespace quire::tool
