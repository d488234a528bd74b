#include "operations.hpp"
#include "quire/collection/database.hpp"

namespace quire::unified {
namespace {

store::Session& session_of(Target& target) {
  if (target.session == nullptr) throw Failed{target.id + " is no session"};
  if (target.session->current == nullptr) throw Skip{"use of a session that has ended"};
  return *target.session->current;
}

/// The port has no defaults of a session: they are given to each of its transactions.
store::StartOptions start_options(Target& target, Arguments& arguments) {
  for (const auto* name : {"readConcern", "writeConcern", "readPreference", "maxCommitTimeMS"})
    (void)arguments.take(name);
  return start_options_of(arguments.all(), target.session->defaults);
}

Answer start_transaction(World&, Target& target, Arguments& arguments) {
  auto& session = session_of(target);
  const auto options = start_options(target, arguments);
  arguments.done();
  session.start_transaction(options);
  return std::nullopt;
}

Answer commit_transaction(World&, Target& target, Arguments& arguments) {
  arguments.done();
  session_of(target).commit_transaction();
  return std::nullopt;
}

Answer abort_transaction(World&, Target& target, Arguments& arguments) {
  arguments.done();
  session_of(target).abort_transaction();
  return std::nullopt;
}

Answer end_session(World&, Target& target, Arguments& arguments) {
  arguments.done();
  (void)session_of(target);
  target.session->current = nullptr;
  target.session->own.reset();
  return std::nullopt;
}

/// quire's own loop, on a session of its own that stands for the test's within the callback.
Answer with_transaction(World& world, Target& target, Arguments& arguments) {
  const auto callback = arguments.need("callback").as_array();
  (void)session_of(target);
  auto start = start_options(target, arguments);
  arguments.done();
  TransactionOptions options;
  options.read_concern = std::move(start.read_concern);
  options.write_concern = std::move(start.write_concern);
  options.read_preference = std::move(start.read_preference);
  options.max_commit_time = start.max_commit_time;
  auto& entity = *target.session;
  struct Restore {
    SessionEntity& entity;
    store::Session* before;
    ~Restore() { entity.current = before; }
  } const restore{entity, entity.current};
  const Database database(target.client->store, "admin");
  database.transaction(
      [&](store::Session& session) {
        entity.current = &session;
        try {
          for (const auto& operation : callback)
            execute(world, operation.value.as_document(), true);
        } catch (const Failure& failure) {  // the loop looks at labels
          throw StoreError(failure.code, FieldPath{}, failure.text, failure.number, failure.labels);
        }
      },
      options);
  return std::nullopt;
}

Answer assert_state(World& world, Target&, Arguments& arguments) {
  auto& session = world.session(arguments.need("session").as_string());
  const auto state = arguments.need("state").as_string();
  arguments.done();
  const bool wanted = state == "starting" || state == "in_progress";
  const bool is = session.current != nullptr && session.current->in_transaction();
  if (is != wanted)
    throw Failed{"the session is" + std::string(is ? "" : " not") + " in a transaction"};
  return std::nullopt;
}

/// The lsid of the last two commands of a client.
Answer compare_lsids(World& world, Arguments& arguments, bool same) {
  const auto& client = world.client(arguments.need("client").as_string());
  arguments.done();
  if (world.deployment().embedded) throw Skip{"commands on the wire: the embedded store has none"};
  std::vector<bson::Value> ids;
  for (const auto& seen : client.record->all()) {
    if (seen.kind != Seen::Kind::started) continue;
    const auto id = seen.body.find("lsid");
    ids.push_back(id ? bson::Value(*id) : bson::Value());
  }
  if (ids.size() < 2) throw Failed{"fewer than two commands were sent"};
  if ((ids[ids.size() - 1] == ids[ids.size() - 2]) != same)
    throw Failed{"the last two commands have " +
                 std::string(same ? "different lsids" : "one lsid")};
  return std::nullopt;
}

}  // namespace

const Table& session_operations() {
  static const Table table = {
      {"startTransaction", start_transaction},
      {"commitTransaction", commit_transaction},
      {"abortTransaction", abort_transaction},
      {"endSession", end_session},
      {"withTransaction", with_transaction},
      {"assertSessionTransactionState", assert_state},
      {"assertSameLsidOnLastTwoCommands",
       [](World& w, Target&, Arguments& a) { return compare_lsids(w, a, true); }},
      {"assertDifferentLsidOnLastTwoCommands",
       [](World& w, Target&, Arguments& a) { return compare_lsids(w, a, false); }}};
  return table;
}

}  // namespace quire::unified
