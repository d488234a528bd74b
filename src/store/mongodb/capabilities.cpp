#include "quire/bson/json.hpp"
#include "store/mongodb/store.hpp"

/// What a deployment can do, each told by asking for it: compatible services accept a command and
/// do nothing, or answer with a version that is not theirs. Nothing is written: the questions are
/// about a collection that does not exist, and no update has an upsert.
namespace quire::store::mongodb {
namespace {

constexpr std::string_view probe_collection = "_quire_probe";

class Prober {
 public:
  Prober(const std::shared_ptr<Source>& source, const std::string& database)
      : source_(source), lease_(source->lease()), guard_(source->guard()), database_(database) {}

  /// Throws when there is no server to ask.
  [[nodiscard]] bson::Document hello() {
    bson::Document reply;
    const Answer answer = run("admin", bson::from_json(R"({"hello": 1})"), &reply);
    if (!answer.ok && answer.number == 59) {  // servers before the command had its name
      const Answer older = run("admin", bson::from_json(R"({"isMaster": 1})"), &reply);
      if (!older.ok) std::rethrow_exception(older.failure);
    } else if (!answer.ok) {
      std::rethrow_exception(answer.failure);
    }
    return reply;
  }

  [[nodiscard]] bool accepts(std::string_view json, int or_error = 0) {
    const Answer answer = run(database_, bson::from_json(json), nullptr);
    return answer.ok || answer.number == 13 || (or_error != 0 && answer.number == or_error);
  }

  [[nodiscard]] bool transactions() {
    bson_error_t error{};
    mongoc_client_session_t* session =
        mongoc_client_start_session(lease_.client(), nullptr, &error);
    if (session == nullptr) return false;
    // Transactions read from the primary only, whatever the connection string prefers.
    const std::unique_ptr<mongoc_transaction_opt_t, Destroyer<mongoc_transaction_opts_destroy>>
        options(mongoc_transaction_opts_new());
    const ReadPrefsPtr primary(mongoc_read_prefs_new(MONGOC_READ_PRIMARY));
    mongoc_transaction_opts_set_read_prefs(options.get(), primary.get());
    bool can = mongoc_client_session_start_transaction(session, options.get(), &error);
    if (can) {
      Fields opts;
      (void)mongoc_client_session_append(session, opts.get(), &error);
      const Answer read = run(database_, bson::from_json(R"({"find": "_quire_probe", "limit": 1})"),
                              nullptr, opts.get());
      can = read.ok || read.number == 13;
      if (can) {
        // A write concern that is not met is no lack of transactions.
        can = mongoc_client_session_commit_transaction(session, nullptr, &error) ||
              error.code == 13 || error.domain == MONGOC_ERROR_WRITE_CONCERN;
      }
    }
    mongoc_client_session_destroy(session);
    return can;
  }

  [[nodiscard]] bool change_streams() {
    const CollectionPtr collection(mongoc_client_get_collection(
        lease_.client(), database_.c_str(), std::string(probe_collection).c_str()));
    const bson_t empty = BSON_INITIALIZER;
    const StreamPtr stream(mongoc_collection_watch(collection.get(), &empty, nullptr));
    bson_error_t error{};
    const bson_t* reply = nullptr;
    return !mongoc_change_stream_error_document(stream.get(), &error, &reply) || error.code == 13;
  }

  [[nodiscard]] bool kill_op() {
    bson::Document reply;
    if (run("admin", bson::from_json(R"({"listCommands": 1})"), &reply).ok) {
      const auto commands = reply.find("commands");
      return commands && commands->is_document() && commands->as_document().contains("killOp");
    }
    // No list: an operation of a number that none reaches.
    const Answer answer =
        run("admin", bson::from_json(R"({"killOp": 1, "op": 2147483647})"), nullptr);
    return answer.ok || answer.number == 13;
  }

  /// Whether `create` reads its options, of which a view is one: it must refuse a validator that
  /// means nothing. Some services say ok to any, and make an ordinary collection.
  [[nodiscard]] bool collection_options() {
    const std::string name = std::string(probe_collection) + bson::ObjectId::generate().str();
    const auto nonsense = bson::from_json(R"({"validator": {"$quireNonsense": 1}})");
    Fields create;
    create.add("create", name).add_all(nonsense.view());
    const Answer answer = run(database_, bson::Document(create.view()), nullptr);
    if (!answer.ok) return answer.number != 59 && answer.number != 115;
    Fields drop;
    drop.add("drop", name);
    (void)run(database_, bson::Document(drop.view()), nullptr);
    return false;
  }

  /// Whether strings are compared by a collation: one that ignores case must find the other case.
  [[nodiscard]] bool collation() {
    bson::Document reply;
    if (!run(database_, bson::from_json(R"({"aggregate": 1, "cursor": {}, "pipeline": [
               {"$documents": [{"a": "QUIRE"}]}, {"$match": {"a": "quire"}}],
               "collation": {"locale": "en", "strength": 2}})"),
             &reply)
             .ok)
      return false;
    const auto cursor = reply.find("cursor");
    if (!cursor || !cursor->is_document()) return false;
    const auto batch = cursor->as_document().find("firstBatch");
    return batch && batch->is_array() && !batch->as_array().empty();
  }

 private:
  struct Answer {
    bool ok = false;
    int number = 0;
    std::exception_ptr failure;
  };
  Answer run(const std::string& database, const bson::Document& command, bson::Document* reply,
             const bson_t* opts = nullptr) {
    const Borrowed body(command.view());
    bson_error_t error{};
    Reply out;
    Answer answer;
    answer.ok = mongoc_client_command_with_opts(lease_.client(), database.c_str(), body, nullptr,
                                                opts, out.fill(), &error);
    if (answer.ok) {
      // Errors of a statement stand in a reply that is ok.
      const auto items = out.view().find("writeErrors");
      if (items && items->is_array() && !items->as_array().empty()) {
        answer.ok = false;
        const auto one = items->as_array().begin()->value;
        const auto code = one.is_document() ? one.as_document().find("code") : std::nullopt;
        if (code && code->type() == bson::Type::int32) answer.number = code->as_int32();
      }
      if (reply != nullptr) *reply = bson::Document(out.view());
      return answer;
    }
    answer.number = static_cast<int>(error.code);
    answer.failure = make_failure(error, out.view(), {{}, Asked::admin}, source_->secrets());
    // A broken connection says nothing about what the server can do.
    try {
      std::rethrow_exception(answer.failure);
    } catch (const Error& failure) {
      if (failure.code() == ErrorCode::network_error ||
          failure.code() == ErrorCode::server_unreachable ||
          failure.code() == ErrorCode::authentication_failed)
        throw;
    }
    return answer;
  }

  std::shared_ptr<Source> source_;
  Lease lease_;
  std::unique_lock<std::recursive_mutex> guard_;
  std::string database_;
};

}  // namespace

Capabilities probe(const std::shared_ptr<Source>& source, const std::string& database) {
  Prober prober(source, database);
  const bson::Document hello = prober.hello();
  const bool replica_set = hello.contains("setName");
  const auto message = hello.find("msg");
  Capabilities out;
  out.sharding = message && message->is_string() && message->as_string() == "isdbgrid";
  out.sessions = hello.contains("logicalSessionTimeoutMinutes");
  // A standalone server has none, though some services take the commands all the same.
  out.transactions = out.sessions && (replica_set || out.sharding) && prober.transactions();
  out.change_streams = prober.change_streams();
  out.aggregation = prober.accepts(
      R"({"aggregate": "_quire_probe", "pipeline": [{"$match": {}}], "cursor": {}})");
  out.collection_options = prober.collection_options();
  out.views = out.collection_options;
  out.time_series = out.collection_options;
  out.json_schema = out.collection_options && prober.accepts(R"({"find": "_quire_probe", "limit": 1,
      "filter": {"$jsonSchema": {"required": ["a"]}}})");
  out.collation = prober.collation();
  // 27: no text index, but the operator is known.
  out.text_search = prober.accepts(R"({"find": "_quire_probe", "limit": 1,
      "filter": {"$text": {"$search": "quire"}}})",
                                   27);
  out.kill_op = prober.kill_op();
  // findAndModify without a match: some services make the collection of an update that finds none.
  out.update_pipelines = prober.accepts(R"({"findAndModify": "_quire_probe",
      "query": {"_id": "quire"}, "update": [{"$set": {"a": 1}}]})");
  out.retryable_writes =
      out.sessions && (replica_set || out.sharding) &&
      mongoc_uri_get_option_as_bool(source->uri().uri.get(), MONGOC_URI_RETRYWRITES, true);
  return out;
}

}  // namespace quire::store::mongodb
