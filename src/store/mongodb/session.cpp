#include "store/mongodb/session.hpp"

namespace quire::store::mongodb {
namespace {

struct SessionOptsDestroyer {
  void operator()(mongoc_session_opt_t* options) const noexcept {
    mongoc_session_opts_destroy(options);
  }
};
struct TransactionOptsDestroyer {
  void operator()(mongoc_transaction_opt_t* options) const noexcept {
    mongoc_transaction_opts_destroy(options);
  }
};
using ReadConcernPtr =
    std::unique_ptr<mongoc_read_concern_t, Destroyer<mongoc_read_concern_destroy>>;
using WriteConcernPtr =
    std::unique_ptr<mongoc_write_concern_t, Destroyer<mongoc_write_concern_destroy>>;

WriteConcernPtr to_driver(const WriteConcern& concern) {
  WriteConcernPtr out(mongoc_write_concern_new());
  if (concern.w == "majority") {
    mongoc_write_concern_set_wmajority(out.get(), 0);
  } else if (!concern.w.empty() && concern.w.find_first_not_of("0123456789") == std::string::npos) {
    mongoc_write_concern_set_w(out.get(), std::stoi(concern.w));
  } else if (!concern.w.empty()) {
    mongoc_write_concern_set_wtag(out.get(), concern.w.c_str());
  }
  if (concern.journal) mongoc_write_concern_set_journal(out.get(), *concern.journal);
  if (concern.timeout.count() > 0)
    mongoc_write_concern_set_wtimeout_int64(out.get(), concern.timeout.count());
  return out;
}

/// As the session's start has found it; no server has to be asked.
bool is_standalone(const mongoc_client_t* client) {
  std::size_t n = 0;
  mongoc_server_description_t** all = mongoc_client_get_server_descriptions(client, &n);
  bool found = false;
  for (std::size_t i = 0; i < n; ++i)
    found |= std::string_view(mongoc_server_description_type(all[i])) == "Standalone";
  mongoc_server_descriptions_destroy_all(all, n);
  return found;
}

}  // namespace

MongoSession::MongoSession(std::shared_ptr<Source> source, const SessionOptions& options)
    : lease_(source->lease()) {
  const auto guard = source->guard();
  const std::unique_ptr<mongoc_session_opt_t, SessionOptsDestroyer> opts(mongoc_session_opts_new());
  if (options.snapshot)
    mongoc_session_opts_set_snapshot(opts.get(), true);
  else
    mongoc_session_opts_set_causal_consistency(opts.get(), options.causal_consistency);
  bson_error_t error{};
  session_ = mongoc_client_start_session(lease_.client(), opts.get(), &error);
  if (session_ == nullptr) fail(error, {}, {{}, Asked::transaction}, source->secrets());
}

MongoSession::~MongoSession() {
  const auto guard = source()->guard();
  // Aborts what is open.
  if (session_ != nullptr) mongoc_client_session_destroy(session_);
}

bson::Document MongoSession::id() const {
  return bson::Document(view_of(*mongoc_client_session_get_lsid(session_)));
}

bool MongoSession::in_transaction() const noexcept {
  switch (mongoc_client_session_get_transaction_state(session_)) {
    case MONGOC_TRANSACTION_STARTING:
    case MONGOC_TRANSACTION_IN_PROGRESS:
      return true;
    default:
      return false;
  }
}

void MongoSession::start_transaction(const StartOptions& options) {
  source()->check_open();
  const auto guard = source()->guard();
  // MongoDB refuses at the first statement; some services take it, and then roll nothing back.
  if (is_standalone(client())) {
    throw StoreError(
        ErrorCode::unsupported,
        "a standalone server has no transactions; a replica set or a sharded cluster has");
  }
  const std::unique_ptr<mongoc_transaction_opt_t, TransactionOptsDestroyer> opts(
      mongoc_transaction_opts_new());
  if (options.read_concern) {
    const ReadConcernPtr concern(mongoc_read_concern_new());
    mongoc_read_concern_set_level(concern.get(), options.read_concern->level.c_str());
    mongoc_transaction_opts_set_read_concern(opts.get(), concern.get());
  }
  if (options.write_concern)
    mongoc_transaction_opts_set_write_concern(opts.get(), to_driver(*options.write_concern).get());
  if (options.read_preference) {
    mongoc_transaction_opts_set_read_prefs(opts.get(),
                                           mongodb::to_driver(*options.read_preference).get());
  }
  if (options.max_commit_time.count() > 0)
    mongoc_transaction_opts_set_max_commit_time_ms(opts.get(), options.max_commit_time.count());
  bson_error_t error{};
  if (!mongoc_client_session_start_transaction(session_, opts.get(), &error))
    fail(error, {}, {{}, Asked::transaction}, source()->secrets());
}

void MongoSession::commit_transaction() {
  source()->check_open();
  const auto guard = source()->guard();
  bson_error_t error{};
  Reply reply;
  if (!mongoc_client_session_commit_transaction(session_, reply.fill(), &error))
    fail(error, reply.view(), {{}, Asked::transaction}, source()->secrets());
}

void MongoSession::abort_transaction() {
  const auto guard = source()->guard();
  bson_error_t error{};
  // The server forgets an open transaction by itself: only misuse is an error.
  if (!mongoc_client_session_abort_transaction(session_, &error) &&
      error.domain == MONGOC_ERROR_TRANSACTION)
    fail(error, {}, {{}, Asked::transaction}, source()->secrets());
}

}  // namespace quire::store::mongodb
