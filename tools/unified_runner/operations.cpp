#include "operations.hpp"

#include <algorithm>
#include <cctype>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::unified {
namespace {

using bson::View;

Target target_of(World& world, std::string_view id) {
  Target target;
  target.id = id;
  if (const auto found = world.collections.find(id); found != world.collections.end()) {
    const auto& one = found->second;
    target.client = one.client;
    target.database = one.database;
    target.collection = one.name;
    target.concerns = one.concerns;
  } else if (const auto named = world.databases.find(id); named != world.databases.end()) {
    target.client = named->second.client;
    target.database = named->second.name;
    target.concerns = named->second.concerns;
  } else if (const auto client = world.clients.find(id); client != world.clients.end()) {
    target.client = client->second.get();
  } else if (const auto session = world.sessions.find(id); session != world.sessions.end()) {
    target.session = &session->second;
    target.client = session->second.client;
  } else if (const auto stream = world.streams.find(id); stream != world.streams.end()) {
    target.client = stream->second.client;
  }
  return target;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

int number_named(std::string_view name) {
  static const std::map<std::string_view, int> numbers = {
      {"ChangeStreamFatalError", 280},    {"Interrupted", 11601},
      {"MaxTimeMSExpired", 50},           {"NoSuchTransaction", 251},
      {"UnknownReplWriteConcern", 79},    {"OperationNotSupportedInTransaction", 263},
      {"UnsatisfiableWriteConcern", 100}, {"WriteConflict", 112}};
  const auto found = numbers.find(name);
  if (found == numbers.end()) throw Skip{"the error name " + std::string(name) + " is not known"};
  return found->second;
}

/// What the port keeps of the server's reply.
bson::Document reply_of(const Failure& failure) {
  bson::Writer out;
  out.append("code", failure.number);
  if (failure.details.contains("keyPattern"))
    out.append_all(failure.details);
  else if (!failure.details.empty())
    out.append("errInfo", failure.details);
  return out.finish();
}

bool has_label(const Failure& failure, std::string_view label) {
  return std::ranges::find(failure.labels, label) != failure.labels.end();
}

std::string described(const Failure& failure) {
  std::string out = std::to_string(failure.number) + " " + to_string(failure.code) + " \"" +
                    failure.text + "\" labels [";
  for (const auto& label : failure.labels) out += label + " ";
  return out + "]";
}

/// Whether a server said so: in a command since `from` of the record.
bool server_said(const Client& client, std::size_t from) {
  const auto seen = client.record->all();
  for (std::size_t i = from; i < seen.size(); ++i) {
    if (seen[i].kind == Seen::Kind::failed && seen[i].of_server) return true;
    if (seen[i].kind == Seen::Kind::succeeded &&
        (seen[i].body.contains("writeErrors") || seen[i].body.contains("writeConcernError")))
      return true;
  }
  return false;
}

/// What a store lacks and says so; on the embedded one also a second transaction, or a read beside
/// one, in a thread that has one open.
bool is_refusal(ErrorCode code, std::string_view text) {
  return code == ErrorCode::unsupported || (code == ErrorCode::transaction_state &&
                                            text.starts_with("this thread has a transaction"));
}

void check_result(World& world, bson::ValueView expected, const Answer& answer) {
  const auto actual = answer ? std::optional(answer->view()) : std::nullopt;
  if (const auto difference = mismatch(expected, actual, world.lookup()))
    throw Failed{"result: " + *difference};
}

}  // namespace

void check_failure(World& world, View expected, const Failure& failure, bool server) {
  const auto wrong = [&](const std::string& what) {
    throw Failed{what + ", got " + described(failure)};
  };
  for (const auto& [name, value] : expected) {
    if (name == "isError") continue;
    if (name == "isClientError") {
      if (!world.deployment().embedded && value.as_bool() == server)
        wrong(server ? "expected an error of the client" : "expected an error of the server");
    } else if (name == "errorCode") {
      if (integer_of(value) != failure.number) wrong("expected error " + bson::to_json(value));
    } else if (name == "errorCodeName") {
      if (number_named(value.as_string()) != failure.number)
        wrong("expected error " + std::string(value.as_string()));
    } else if (name == "errorContains") {
      if (lower(failure.text).find(lower(value.as_string())) == std::string::npos)
        wrong("expected an error that says " + bson::to_json(value));
    } else if (name == "errorLabelsContain") {
      for (const auto& label : value.as_array()) {
        if (!has_label(failure, label.value.as_string()))
          wrong("expected the label " + std::string(label.value.as_string()));
      }
    } else if (name == "errorLabelsOmit") {
      for (const auto& label : value.as_array()) {
        if (has_label(failure, label.value.as_string()))
          wrong("expected no label " + std::string(label.value.as_string()));
      }
    } else if (name == "errorResponse") {
      const bson::Value reply(reply_of(failure).view());
      if (const auto difference = mismatch(value, reply.view(), world.lookup()))
        wrong("error response: " + *difference);
    } else if (name == "expectResult") {
      check_result(world, value,
                   failure.partial ? Answer(bson::Value(failure.partial->view())) : std::nullopt);
    } else {
      throw Skip{"expectError's " + std::string(name) + " has no counterpart"};
    }
  }
}

Answer run_operation(World& world, std::string_view name, Target& target, Arguments& arguments) {
  for (const auto* table :
       {&read_operations(), &write_operations(), &admin_operations(), &session_operations()}) {
    if (const auto found = table->find(name); found != table->end()) {
      if (target.client == nullptr && target.id != "testRunner")
        throw Skip{"operation " + std::string(name) + " on " + target.id + " has no counterpart"};
      return found->second(world, target, arguments);
    }
  }
  throw Skip{"operation " + std::string(name) + " has no counterpart"};
}

void execute(World& world, View operation, bool in_callback) {
  const auto name = operation["name"].as_string();
  const auto given = operation.find("arguments");
  Arguments arguments(std::string(name), given ? given->as_document() : View{});
  if (name == "createEntities") return world.create(arguments.need("entities").as_array());
  auto target = target_of(world, operation["object"].as_string());
  const auto saved = operation.find("saveResultAsEntity");
  if (saved && name == "createChangeStream") target.id = saved->as_string();
  const auto ignored = operation.find("ignoreResultAndError");
  const auto expected = operation.find("expectError");
  const auto from = target.client != nullptr ? target.client->record->size() : 0;
  Answer answer;
  const bool may_fail = expected || (ignored && ignored->as_bool());
  const auto failed = [&](const Failure& failure) {
    const bool server =
        target.client != nullptr && failure.number != 0 && server_said(*target.client, from);
    // A store's named refusal is an answer of its own kind: neither right nor wrong.
    if (is_refusal(failure.code, failure.text) && !(may_fail && server))
      throw Skip{"refused: " + failure.text};
    if (ignored && ignored->as_bool()) return;
    check_failure(world, expected->as_document(), failure, server);
  };
  try {
    answer = run_operation(world, name, target, arguments);
  } catch (const Failure& failure) {
    if (!may_fail && !is_refusal(failure.code, failure.text)) throw;
    failed(failure);
    if (in_callback) throw;
    return;
  } catch (const store::DetailedError& error) {
    if (!may_fail) throw;
    failed({error.code(), error.backend_code(), error.detail(), error.labels(), std::nullopt,
            error.details()});
    if (in_callback) throw;
    return;
  } catch (const Error& error) {
    if (!may_fail && !is_refusal(error.code(), error.detail())) throw;
    failed({error.code(), error.backend_code(), error.detail(), error.labels(), std::nullopt, {}});
    if (in_callback) throw;
    return;
  }
  if (expected) throw Failed{"expected an error, got none"};
  if (ignored && ignored->as_bool()) return;
  if (const auto result = operation.find("expectResult")) check_result(world, *result, answer);
  if (saved && answer) world.values[std::string(saved->as_string())] = *answer;
}

}  // namespace quire::unified
