#include <array>

#include "store/embedded/commands/context.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/commands/retry.hpp"
#include "store/embedded/commands/sessions.hpp"

namespace quire::store::embedded::commands {
namespace {

// The protocol that drivers speak to a server of 8.2.
constexpr std::int32_t max_wire_version = 27;
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

void run_start_session(Context&, bson::Writer& reply) {
  reply.begin_document("id").append("id", random_session()).end();
  reply.append("timeoutMinutes", session_minutes);
}

void run_end_sessions(Context& context, bson::Writer&) {
  const auto keys = keys_of(context);
  for (const auto& key : keys) {
    context.cursors.kill_of_session(key);
    context.sessions.end(key);
  }
  forget_records(context.store, keys);
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
  if (!session->in_transaction()) return;
  // With what it wrote, so that a client which asks again after a crash learns how it ended.
  if (const auto number = context.command.find("txnNumber"); number && !context.session_id.empty())
    record_commit(context.store, *session, context.session_id, number->as_int64());
  session->commit_transaction();
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
