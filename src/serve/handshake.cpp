#include <algorithm>
#include <string>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "serve/dispatcher.hpp"
#include "serve/replies.hpp"

namespace quire::serve {
namespace {

constexpr std::string_view mechanism = "SCRAM-SHA-256";
constexpr std::int32_t conversation = 1;

/// The first (and only) election of a set: drivers take a primary for stale whose number is lower.
constexpr bson::ObjectId election{{0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1}};

/// Text of a SASL payload: binary, or a string as some tools send.
std::optional<std::string_view> payload_of(bson::View command) {
  const auto payload = command.find("payload");
  if (!payload) return std::nullopt;
  if (payload->is_string()) return payload->as_string();
  if (payload->type() != bson::Type::binary) return std::nullopt;
  const auto bytes = payload->as_binary();
  return std::string_view(reinterpret_cast<const char*>(bytes.data), bytes.size);
}

bson::Document sasl_reply(std::string_view payload, bool done) {
  bson::Binary bytes;
  bytes.bytes.assign(payload.begin(), payload.end());
  return bson::make_document("conversationId", conversation, "done", done, "payload",
                             bson::Value(std::move(bytes)), "ok", 1.0);
}

bool is_true(std::optional<bson::ValueView> value) {
  return value && value->type() == bson::Type::boolean && value->as_bool();
}

}  // namespace

bson::Document Dispatcher::hello(Client& client, const wire::Request& request) {
  const bson::View command = request.command;
  const auto known = commands_.run_reply(store_, "admin", bson::make_document("hello", 1), nullptr);
  if (!succeeded(known)) return known;
  const bool set = !options_.replica_set.empty();
  const bool old_name = request.name() != "hello";
  bson::Writer reply;
  if (is_true(command.find("helloOk"))) reply.append("helloOk", true);
  if (set) {
    const auto& me = options_.advertise.empty() ? client.local : options_.advertise;
    reply.append_array("hosts", bson::make_array(me))
        .append("setName", options_.replica_set)
        .append("setVersion", std::int32_t{1})
        .append("secondary", false)
        .append("primary", me)
        .append("me", me)
        .append("electionId", election);
  }
  reply.append(old_name ? "ismaster" : "isWritablePrimary", true);
  for (const auto& field : known) {
    const auto key = field.key;
    if (key == "helloOk" || key == "ismaster" || key == "isWritablePrimary" || key == "readOnly" ||
        key == "ok" || key == "maxMessageSizeBytes")
      continue;
    reply.append_raw(field);
  }
  reply
      .append("maxMessageSizeBytes", static_cast<std::int32_t>(std::min<std::size_t>(
                                         options_.limits.message_bytes, 48'000'000)))
      .append("connectionId", static_cast<std::int32_t>(client.id & 0x7FFFFFFFU))
      .append("readOnly", options_.read_only);
  // Asked for one user; the answer tells nobody whether that user is there.
  if (users_ && command.contains("saslSupportedMechs"))
    reply.append_array("saslSupportedMechs", bson::make_array(mechanism));
  if (const auto early = command.find("speculativeAuthenticate"); early && early->is_document()) {
    const auto start = early->as_document();
    const auto database = start.find("db");
    if (start.begin() != start.end() && start.begin()->key == "saslStart") {
      const auto answer = sasl_start(
          client, database && database->is_string() ? database->as_string() : "admin", start);
      // One that fails is left out: the client logs in afterwards, or learns then why not.
      if (succeeded(answer)) {
        bson::Writer inner;
        for (const auto& field : answer) {
          if (field.key != "ok") inner.append_raw(field);
        }
        reply.append("speculativeAuthenticate", inner.finish());
      }
    }
  }
  return reply.append("ok", 1.0).finish();
}

bson::Document Dispatcher::login_failed(Client& client) {
  const std::string who =
      client.exchange ? client.exchange->user() + "@" + client.exchange->database() : "nobody";
  client.exchange.reset();
  client.login = Client::Login::none;
  if (++client.login_failures >= options_.limits.login_failures) client.close = true;
  log("connection " + std::to_string(client.id) + " from " + client.remote + ": login failed for " +
      bson::to_json(bson::make_document("user", who)));
  return failure(code::authentication_failed, "Authentication failed.");
}

bson::Document Dispatcher::sasl_start(Client& client, std::string_view database,
                                      bson::View command) {
  client.exchange.reset();
  client.login = Client::Login::none;
  const auto asked = command.find("mechanism");
  if (!asked || !asked->is_string())
    return failure(code::bad_value, "saslStart needs \"mechanism\", a string");
  if (asked->as_string() != mechanism)
    return failure(code::mechanism_unavailable, "the mechanism " + std::string(asked->as_string()) +
                                                    " is not enabled; SCRAM-SHA-256 is");
  if (!users_) return login_failed(client);
  const auto payload = payload_of(command);
  if (!payload) return failure(code::bad_value, "saslStart needs \"payload\", binary data");
  const auto options = command.find("options");
  client.skip_empty_exchange = options && options->is_document() &&
                               is_true(options->as_document().find("skipEmptyExchange"));
  client.exchange.emplace(*users_, std::string(database));
  const auto answer = client.exchange->first(*payload);
  if (!answer) return login_failed(client);
  client.login = Client::Login::begun;
  return sasl_reply(*answer, false);
}

bson::Document Dispatcher::sasl_continue(Client& client, bson::View command) {
  if (!client.exchange || client.login == Client::Login::none)
    return failure(code::protocol_error, "no login was begun; saslStart comes first");
  const auto id = command.find("conversationId");
  if (!id || !id->is_number() || id->type() != bson::Type::int32 || id->as_int32() != conversation)
    return failure(code::protocol_error, "\"conversationId\" is not that of the login begun");
  const auto payload = payload_of(command);
  if (!payload) return failure(code::bad_value, "saslContinue needs \"payload\", binary data");
  if (client.login == Client::Login::begun) {
    const auto answer = client.exchange->last(*payload);
    if (!answer) return login_failed(client);
    client.login = Client::Login::proven;
    if (!client.skip_empty_exchange) return sasl_reply(*answer, false);
    client.user = User{client.exchange->user(), client.exchange->database(), {}};
    client.exchange.reset();
    client.login = Client::Login::none;
    return sasl_reply(*answer, true);
  }
  if (!payload->empty()) return login_failed(client);
  client.user = User{client.exchange->user(), client.exchange->database(), {}};
  client.exchange.reset();
  client.login = Client::Login::none;
  return sasl_reply({}, true);
}

}  // namespace quire::serve
