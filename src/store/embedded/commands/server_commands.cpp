#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <thread>

#include "store/embedded/commands/context.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/commands/sessions.hpp"
#include "store/embedded/engine/matcher.hpp"
#include "store/embedded/storage/scope.hpp"
#include "store/embedded/store.hpp"

/// What tools ask of a server about itself: buildInfo, hostInfo, ….
namespace quire::store::embedded::commands {
namespace {

// The server whose answers these are.
constexpr std::string_view feature_version = "8.2";

const auto started = std::chrono::steady_clock::now();

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? std::string(name) : "localhost";
}

/// A parameter of a server, as far as it says something of this store.
void append_parameter(bson::Writer& reply, std::string_view name) {
  if (name == "featureCompatibilityVersion") {
    reply.begin_document(name).append("version", feature_version).end();
  } else if (name == "authenticationMechanisms") {
    reply.append_array(name, bson::make_array("SCRAM-SHA-256"));
  } else if (name == "maxBsonObjectSize") {
    reply.append(name, static_cast<std::int32_t>(bson::max_document_bytes));
  } else if (name == "enableTestCommands") {
    reply.append(name, false);
  } else if (name == "logicalSessionRefreshMillis") {
    reply.append(name, std::int32_t{300'000});
  } else if (name == "localLogicalSessionTimeoutMinutes") {
    reply.append(name, std::int32_t{30});
  }
}

constexpr auto parameters = std::to_array<std::string_view>(
    {"authenticationMechanisms", "enableTestCommands", "featureCompatibilityVersion",
     "localLogicalSessionTimeoutMinutes", "logicalSessionRefreshMillis", "maxBsonObjectSize"});

}  // namespace

void run_ping(Context&, bson::Writer&) {}

void run_build_info(Context&, bson::Writer& reply) {
  reply.append("version", server_version)
      .append("gitVersion", "quire")
      .append_array("modules", {})
      .append("allocator", "system")
      .append("javascriptEngine", "none")
      .append("sysInfo", "deprecated")
      .append_array("versionArray", bson::make_array(std::int32_t{8}, std::int32_t{2},
                                                     std::int32_t{0}, std::int32_t{0}))
      .begin_document("openssl")
      .append("running", "disabled")
      .end()
      .append("bits", std::int32_t{64})
      .append("debug", false)
      .append("maxBsonObjectSize", static_cast<std::int32_t>(bson::max_document_bytes))
      .append_array("storageEngines", bson::make_array("quire"));
}

void run_host_info(Context&, bson::Writer& reply) {
  struct ::sysinfo memory{};
  const std::int64_t megabytes =
      ::sysinfo(&memory) == 0
          ? static_cast<std::int64_t>(memory.totalram) * memory.mem_unit / (1024 * 1024)
          : 0;
  struct ::utsname system{};
  (void)::uname(&system);
  reply.begin_document("system")
      .append("currentTime", now())
      .append("hostname", host_name())
      .append("cpuAddrSize", std::int32_t{64})
      .append("memSizeMB", megabytes)
      .append("numCores", static_cast<std::int32_t>(std::thread::hardware_concurrency()))
      .append("cpuArch", static_cast<const char*>(system.machine))
      .end();
  reply.begin_document("os")
      .append("type", static_cast<const char*>(system.sysname))
      .append("name", static_cast<const char*>(system.sysname))
      .append("version", static_cast<const char*>(system.release))
      .end();
  reply.begin_document("extra").end();
}

void run_get_cmd_line_opts(Context&, bson::Writer& reply) {
  // The process may be any that holds the file; its arguments are its own.
  reply.append_array("argv", {}).begin_document("parsed").end();
}

void run_get_log(Context& context, bson::Writer& reply) {
  const auto name = context.command.begin()->value;
  if (!name.is_string()) fail(code::type_mismatch, "'getLog' takes the name of a log as a string");
  if (name.as_string() == "*") {
    reply.append_array("names", bson::make_array("global", "startupWarnings"));
    return;
  }
  if (name.as_string() != "global" && name.as_string() != "startupWarnings")
    fail(96, "there is no log of the name '" + std::string(name.as_string()) + "'");
  reply.append("totalLinesWritten", std::int32_t{0}).append_array("log", {});
}

void run_get_parameter(Context& context, bson::Writer& reply) {
  const auto first = context.command.begin();
  bool all = first->value.is_string() && first->value.as_string() == "*";
  if (first->value.is_document()) {
    const auto wanted = first->value.as_document().find("allParameters");
    all = wanted && truthy(*wanted);
  }
  const auto size = reply.size();
  if (all) {
    for (const auto name : parameters) append_parameter(reply, name);
    return;
  }
  for (const auto& field : context.command) {
    if (std::ranges::find(parameters, field.key) != parameters.end())
      append_parameter(reply, field.key);
  }
  if (reply.size() == size) fail(code::invalid_options, "no option found to get");
}

void run_server_status(Context& context, bson::Writer& reply) {
  const auto& file = embedded_store(context.store).file();
  const auto up = std::chrono::steady_clock::now() - started;
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(up).count();
  reply.append("host", host_name())
      .append("version", server_version)
      .append("process", "quire")
      .append("pid", static_cast<std::int64_t>(::getpid()))
      .append("uptime", static_cast<double>(milliseconds) / 1000)
      .append("uptimeMillis", static_cast<std::int64_t>(milliseconds))
      .append("uptimeEstimate", static_cast<std::int64_t>(milliseconds / 1000))
      .append("localTime", now());
  reply.begin_document("storageEngine")
      .append("name", "quire")
      .append("supportsCommittedReads", true)
      .append("persistent", !file->options().memory)
      .append("readOnly", file->read_only())
      .end();
  reply.begin_document("logicalSessionRecordCache")
      .append("activeSessionsCount", static_cast<std::int32_t>(context.sessions.size()))
      .end();
  reply.begin_document("metrics").begin_document("cursor").begin_document("open");
  reply.append("total", static_cast<std::int64_t>(context.cursors.size()));
  reply.end().end().end();
}

}  // namespace quire::store::embedded::commands
