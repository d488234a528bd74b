#include <array>

#include "store/embedded/commands/context.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/commands/sessions.hpp"

namespace quire::store::embedded::commands {
namespace {

// The protocol that drivers speak to a server of 8.0.
constexpr std::int32_t max_wire_version = 25;
constexpr std::int32_t session_minutes = 30;

std::vector<std::string> keys_of(Context& context) {
  const auto list = context.command.begin()->value;
  if (!list.is_array())
    fail(code::type_mismatch, "'" + std::string(context.name) + "' takes an array of sessions");
  std::vector<std::string> keys;
  for (const auto& element : list.as_array()) keys.push_back(session_key(element.value));
  return keys;
}

bson::Value random_session() { return bson::Value(bson::Uuid::generate()); }

}  // namespace

void run_hello(Context&, bson::Writer& reply) {
  reply.append("helloOk", true)
      .append("isWritablePrimary", true)
      .append("ismaster", true)
      .append("maxBsonObjectSize", static_cast<std::int32_t>(bson::max_document_bytes))
      .append("maxMessageSizeBytes", std::int32_t{48'000'000})
      .append("maxWriteBatchSize", std::int32_t{100'000})
      .append("localTime", now())
      .append("logicalSessionTimeoutMinutes", session_minutes)
      .append("minWireVersion", std::int32_t{0})
      .append("maxWireVersion", max_wire_version)
      .append("readOnly", false);
}

void run_ping(Context&, bson::Writer&) {}

void run_build_info(Context&, bson::Writer& reply) {
  reply.append("version", "8.0.0")
      .append_array("versionArray", bson::make_array(std::int32_t{8}, std::int32_t{0},
                                                     std::int32_t{0}, std::int32_t{0}))
      .append("gitVersion", "quire")
      .append_array("modules", {})
      .append("bits", std::int32_t{64})
      .append("debug", false)
      .append("maxBsonObjectSize", static_cast<std::int32_t>(bson::max_document_bytes))
      .append_array("storageEngines", bson::make_array("quire"));
}

void run_start_session(Context&, bson::Writer& reply) {
  reply.begin_document("id").append("id", random_session()).end();
  reply.append("timeoutMinutes", session_minutes);
}

void run_end_sessions(Context& context, bson::Writer&) {
  for (const auto& key : keys_of(context)) {
    context.cursors.kill_of_session(key);
    context.sessions.end(key);
  }
}

void run_refresh_sessions(Context& context, bson::Writer&) { (void)keys_of(context); }

void run_commit_transaction(Context& context, bson::Writer&) {
  constexpr auto rules = std::to_array<Rule>({
      {"commitTransaction", Takes::any},
      {"recoveryToken", Takes::ignored},
  });
  const Arguments arguments(context.command, rules, "commitTransaction");
  auto* session = context.options().session;
  if (session == nullptr) fail(125, "commitTransaction must be run within a transaction");
  if (session->in_transaction()) session->commit_transaction();
}

void run_abort_transaction(Context& context, bson::Writer&) {
  constexpr auto rules = std::to_array<Rule>({
      {"abortTransaction", Takes::any},
      {"recoveryToken", Takes::ignored},
  });
  const Arguments arguments(context.command, rules, "abortTransaction");
  auto* session = context.options().session;
  if (session == nullptr) fail(125, "abortTransaction must be run within a transaction");
  if (!session->in_transaction())
    fail(code::transaction_committed, "the transaction was committed");
  session->abort_transaction();
}

}  // namespace quire::store::embedded::commands
