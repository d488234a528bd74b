#include "serve/dispatcher.hpp"

#include <algorithm>
#include <array>

#include "quire/bson/writer.hpp"
#include "serve/replies.hpp"
#include "store/embedded/commands/arguments.hpp"

namespace quire::serve {
namespace {

// Commands that take the writer, by name, for binary search.
constexpr auto writing = std::to_array<std::string_view>({
    "bulkWrite",
    "cloneCollectionAsCapped",
    "collMod",
    "compact",
    "convertToCapped",
    "create",
    "createIndexes",
    "delete",
    "drop",
    "dropDatabase",
    "dropIndexes",
    "findAndModify",
    "findandmodify",
    "insert",
    "reIndex",
    "renameCollection",
    "update",
});
static_assert(std::ranges::is_sorted(writing));

// What is answered before a login.
constexpr auto open_to_all = std::to_array<std::string_view>({
    "authenticate",
    "connectionStatus",
    "hello",
    "isMaster",
    "ismaster",
    "logout",
    "ping",
    "saslContinue",
    "saslStart",
    "whatsmyuri",
});
static_assert(std::ranges::is_sorted(open_to_all));

constexpr auto opens_cursors = std::to_array<std::string_view>(
    {"aggregate", "bulkWrite", "find", "listCollections", "listIndexes"});
static_assert(std::ranges::is_sorted(opens_cursors));

bson::Document connection_status(const Client& client, bson::View command) {
  bson::Writer reply;
  reply.begin_document("authInfo").begin_array("authenticatedUsers");
  if (client.user)
    reply.push(bson::make_document("user", client.user->name, "db", client.user->database));
  reply.end().begin_array("authenticatedUserRoles").end();
  if (const auto shown = command.find("showPrivileges");
      shown && shown->type() == bson::Type::boolean && shown->as_bool())
    reply.begin_array("authenticatedUserPrivileges").end();
  reply.end();
  return reply.append("ok", 1.0).finish();
}

/// The id of the cursor that a reply leaves open; 0 without one.
std::int64_t cursor_of(bson::View reply) {
  const auto cursor = reply.find("cursor");
  if (!cursor || !cursor->is_document()) return 0;
  const auto id = cursor->as_document().find("id");
  return id && id->type() == bson::Type::int64 ? id->as_int64() : 0;
}

}  // namespace

Dispatcher::Dispatcher(store::Store& store, const Options& options)
    : store_(store),
      options_(options),
      commands_({.threads_change = true,
                 .replica_set = !options.replica_set.empty(),
                 .most_sessions = options.limits.sessions}) {
  if (!options.users_file.empty()) users_.emplace(read_users(options.users_file));
}

bool Dispatcher::waits(const wire::Request& request) const {
  const auto id = request.command.begin()->value;
  return id.type() == bson::Type::int64 && commands_.cursor_waits(id.as_int64());
}

Lane Dispatcher::lane(const wire::Request& request) const {
  if (request.command.contains("autocommit"))
    return request.command.contains("startTransaction") ? Lane::write : Lane::transaction;
  if (request.name() == "getMore" && waits(request)) return Lane::wait;
  return std::ranges::binary_search(writing, request.name()) ? Lane::write : Lane::read;
}

std::size_t Dispatcher::message_bytes(const Client& client) const noexcept {
  const auto& limits = options_.limits;
  return users_ && !client.user ? std::min(limits.message_bytes_before_login, limits.message_bytes)
                                : limits.message_bytes;
}

void Dispatcher::expire() { commands_.expire(store_, options_.limits.transaction); }

bson::Document Dispatcher::answer(Client& client, const wire::Request& request) {
  commands_run.fetch_add(1, std::memory_order_relaxed);
  if (request.mistake) return *request.mistake;
  try {
    return run(client, request);
  } catch (const Error& error) {  // of the handshake: the commands give theirs as replies
    return failure(code::bad_value, error.detail());
  }
}

bson::Document Dispatcher::run(Client& client, const wire::Request& request) {
  const bson::View command = request.command;
  const auto name = request.name();
  if (users_ && !client.user && !std::ranges::binary_search(open_to_all, name))
    return failure(code::unauthorized, "command " + std::string(name) + " requires authentication");
  if (name == "hello" || name == "isMaster" || name == "ismaster") return hello(client, request);
  if (name == "saslStart") return sasl_start(client, request.database, command);
  if (name == "saslContinue") return sasl_continue(client, command);
  if (name == "authenticate")
    return failure(code::mechanism_unavailable,
                   "'authenticate' is for X.509 certificates, which are not asked for here; log in "
                   "with SCRAM-SHA-256");
  if (name == "logout") {
    client.user.reset();
    return bson::make_document("ok", 1.0);
  }
  if (name == "whatsmyuri") return bson::make_document("you", client.remote, "ok", 1.0);
  if (name == "connectionStatus") return connection_status(client, command);
  if (name == "serverStatus") return server_status(request);
  if (name == "getMore" && waits(request)) return wait(request);
  const bool opens = std::ranges::binary_search(opens_cursors, name);
  if (opens) {
    if (auto error = no_more_cursors(client)) return std::move(*error);
  }
  auto reply = commands_.run_reply(store_, request.database, command, nullptr);
  if (opens) {
    if (const auto id = cursor_of(reply); id != 0) client.cursors.push_back(id);
  }
  return reply;
}

bson::Document Dispatcher::wait(const wire::Request& request) {
  const auto given = request.command.find("maxTimeMS");
  const auto longest = options_.limits.wait.count();
  const bool shorter =
      given && given->is_number() && store::embedded::commands::rough_integer(*given) <= longest;
  if (shorter) return commands_.run_reply(store_, request.database, request.command, nullptr);
  // An empty batch comes earlier than asked for; the client asks again, as it does on a server.
  bson::Writer command;
  for (const auto& field : request.command) {
    if (field.key != "maxTimeMS") command.append_raw(field);
  }
  if (!given || given->is_number()) {
    command.append("maxTimeMS", static_cast<std::int64_t>(longest));
  } else {
    command.append("maxTimeMS", *given);
  }
  return commands_.run_reply(store_, request.database, command.finish(), nullptr);
}

std::optional<bson::Document> Dispatcher::no_more_cursors(Client& client) {
  const auto& limits = options_.limits;
  if (client.cursors.size() >= limits.cursors_of_connection)
    std::erase_if(client.cursors, [&](std::int64_t id) { return !commands_.has_cursor(id); });
  if (client.cursors.size() >= limits.cursors_of_connection)
    return failure(code::temporarily_unavailable,
                   "this connection has " + std::to_string(client.cursors.size()) +
                       " cursors open, as many as it may; read or close some");
  if (commands_.cursor_count() >= limits.cursors)
    return failure(code::temporarily_unavailable,
                   "the server has " + std::to_string(limits.cursors) +
                       " cursors open, as many as it may; read or close some");
  return std::nullopt;
}

bson::Document Dispatcher::server_status(const wire::Request& request) {
  const auto status = commands_.run_reply(store_, request.database, request.command, nullptr);
  if (!succeeded(status)) return status;
  bson::Writer reply;
  for (const auto& field : status) {
    if (field.key == "ok") {
      const auto open = connections.load(std::memory_order_relaxed);
      const auto most = std::max(options_.limits.connections, open);
      reply.begin_document("connections")
          .append("current", static_cast<std::int32_t>(open))
          .append("available", static_cast<std::int32_t>(most - open))
          .append("totalCreated",
                  static_cast<std::int64_t>(connections_made.load(std::memory_order_relaxed)))
          .end();
      reply.begin_document("network")
          .append("numRequests",
                  static_cast<std::int64_t>(commands_run.load(std::memory_order_relaxed)))
          .end();
    }
    reply.append_raw(field);
  }
  return reply.finish();
}

}  // namespace quire::serve
