#include "store/embedded/commands/sessions.hpp"

#include <array>
#include <utility>
#include <vector>

#include "quire/bson/writer.hpp"
#include "store/embedded/commands/arguments.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/commands/retry.hpp"
#include "store/embedded/storage/scope.hpp"

namespace quire::store::embedded::commands {
namespace {

/// As a server without users tells a session in its events: with the digest (SHA-256) of no user.
bson::Document server_lsid(bson::View lsid) {
  static constexpr std::array<std::uint8_t, 32> no_user = {
      0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
      0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
      0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
  bson::Writer out;
  out.append("id", *lsid.find("id"));
  if (const auto uid = lsid.find("uid")) {
    out.append("uid", *uid);
  } else {
    out.append("uid", bson::Value(bson::Binary{{no_user.begin(), no_user.end()}}));
  }
  return out.finish();
}

}  // namespace

void NamedSession::abort() {
  if (session != nullptr && session->in_transaction()) session->abort_transaction();
  state = State::aborted;
}

std::shared_ptr<NamedSession> SessionTable::get(Store& store, const std::string& id) {
  const std::lock_guard lock(mutex_);
  auto& entry = sessions_[id];
  if (entry == nullptr) {
    if (sessions_.size() > options_.most_sessions) {
      sessions_.erase(id);
      fail(261, "there are as many sessions as there may be; end some");
    }
    auto made = std::make_shared<NamedSession>();
    made->session = store.start_session();
    entry = std::move(made);
  }
  return entry;
}

void SessionTable::end(const std::string& id) {
  snapshots_.end(id);
  std::shared_ptr<NamedSession> ended;
  {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) return;
    ended = std::move(found->second);
    sessions_.erase(found);
  }
  const std::lock_guard lock(ended->mutex);
  if (ended->state == NamedSession::State::open) ended->abort();
}

void SessionTable::expire(std::chrono::milliseconds transaction) {
  snapshots_.expire();
  std::vector<std::pair<std::string, std::shared_ptr<NamedSession>>> all;
  {
    const std::lock_guard lock(mutex_);
    all.assign(sessions_.begin(), sessions_.end());
  }
  const auto now = std::chrono::steady_clock::now();
  for (const auto& [id, named] : all) {
    const std::unique_lock lock(named->mutex, std::try_to_lock);
    if (!lock) continue;  // it is in use
    const bool open = named->state == NamedSession::State::open;
    if (open && now - named->begun > transaction) {
      try {
        named->abort();
      } catch (const Error&) {  // the store is closed or the disk failed: it is gone too
        named->state = NamedSession::State::aborted;
      }
    } else if (!open && now - named->used > session_lifetime) {
      const std::lock_guard table(mutex_);
      sessions_.erase(id);
    }
  }
}

std::size_t SessionTable::size() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

std::vector<SessionTable::Listed> SessionTable::list() const {
  std::unordered_map<std::string, std::shared_ptr<NamedSession>> all;
  {
    const std::lock_guard lock(mutex_);
    all = sessions_;
  }
  std::vector<Listed> out;
  out.reserve(all.size());
  const auto now = std::chrono::steady_clock::now();
  for (const auto& [id, named] : all) {
    const std::unique_lock lock(named->mutex, std::try_to_lock);
    out.push_back({id, lock ? named->used : now});
  }
  return out;
}

void SessionTable::clear() {
  snapshots_.clear();
  std::unordered_map<std::string, std::shared_ptr<NamedSession>> ended;
  const std::lock_guard lock(mutex_);
  ended.swap(sessions_);
}

std::string session_key(bson::ValueView lsid) {
  constexpr auto rules = std::to_array<Rule>({
      {"id", Takes::any, true},
      {"uid", Takes::any},
      {"txnNumber", Takes::long_only},
      {"txnUUID", Takes::any},
  });
  if (!lsid.is_document()) fail(code::type_mismatch, "lsid must be a document");
  const Arguments arguments(lsid.as_document(), rules, "lsid.");
  const auto id = *arguments.get("id");
  if (id.type() != bson::Type::binary) fail(code::type_mismatch, "lsid.id must be a UUID");
  const auto bytes = id.as_binary();
  if (bytes.subtype != bson::BinarySubtype::uuid)
    fail(code::type_mismatch, "lsid.id must be a UUID: a binary of subtype 4");
  if (bytes.size != 16) fail(207, "lsid.id must have 16 bytes");
  return {reinterpret_cast<const char*>(bytes.data), bytes.size};
}

SessionScope::SessionScope(SessionTable& table, Store& store, bson::View command,
                           bool may_be_in_transaction, bool ends_transaction,
                           bool may_be_sent_again)
    : store_(&store) {
  const auto lsid = command.find("lsid");
  const auto number = command.find("txnNumber");
  const auto autocommit = command.find("autocommit");
  const auto start = command.find("startTransaction");
  if (number && number->type() != bson::Type::int64)
    fail(code::type_mismatch, "txnNumber must be a long");
  if (autocommit && autocommit->type() != bson::Type::boolean)
    fail(code::type_mismatch, "autocommit must be a bool");
  if (start && start->type() != bson::Type::boolean)
    fail(code::type_mismatch, "startTransaction must be a bool");
  if (number && !lsid) fail(code::invalid_options, "txnNumber needs lsid");
  if (autocommit && !number) fail(code::invalid_options, "autocommit needs txnNumber");
  if (autocommit && autocommit->as_bool())
    fail(code::invalid_options, "autocommit can only be false");
  if (start && (!start->as_bool() || !autocommit))
    fail(code::invalid_options, "startTransaction must be true, beside autocommit: false");
  if (!lsid) return;
  key_ = session_key(*lsid);
  if (autocommit && !may_be_in_transaction)
    fail(code::not_in_transaction, "this command cannot be part of a transaction");
  if (number && number->as_int64() < 0) fail(code::invalid_options, "txnNumber is negative");
  if (!number) return;  // outside of transactions and retryable writes a session has no state here
  if (!autocommit) {
    if (!may_be_sent_again)
      fail(
          50768,
          "txnNumber may only be provided for multi-document transactions and retryable write "
          "commands; autocommit:false was not provided, and this is not a retryable write command");
    check_retryable_statements(command);
  }
  named_ = table.get(store, key_);
  lock_ = std::unique_lock(named_->mutex);
  named_->used = std::chrono::steady_clock::now();
  threads_change_ = table.options().threads_change;
  using State = NamedSession::State;
  load_session(store, *named_, key_);
  if (number->as_int64() < named_->transaction)
    fail(code::transaction_too_old, "a later transaction was begun on this session");
  if (!autocommit) {
    const bool again = number->as_int64() == named_->transaction;
    if (again && named_->state == State::written) {
      replay_ = true;
      return;
    }
    if (again && named_->state != State::none)
      fail(50768, "the txnNumber is that of a transaction; a write needs one of its own");
    if (named_->state == State::open) named_->abort();
    named_->transaction = number->as_int64();
    named_->state = State::none;
    named_->reply.reset();
    named_->session->start_transaction();
    if (auto* own = dynamic_cast<EmbeddedSession*>(named_->session.get()))
      own->set_user_transaction(false);
    retryable_ = true;
    return;
  }
  if (start) {
    if (number->as_int64() == named_->transaction)
      fail(117, "the transaction of this number was begun already");
    if (named_->state == State::open) named_->abort();
    named_->transaction = number->as_int64();
    named_->state = State::none;
    named_->session->start_transaction();
    if (auto* own = dynamic_cast<EmbeddedSession*>(named_->session.get())) {
      own->set_user_transaction(true);
      own->set_name(server_lsid(lsid->as_document()), number->as_int64());
    }
    named_->state = State::open;
    named_->begun = named_->used;
  } else if (number->as_int64() != named_->transaction || named_->state == State::none ||
             named_->state == State::aborted || named_->state == State::written) {
    fail(code::no_such_transaction, "there is no transaction of this number on this session");
  } else if (named_->state == State::committed && !ends_transaction) {
    fail(code::transaction_committed, "the transaction was committed");
  }
  in_transaction_ = true;
}

SessionScope::~SessionScope() {
  if (!threads_change_ || named_ == nullptr) return;
  if (auto* own = dynamic_cast<EmbeddedSession*>(named_->session.get()); own != nullptr)
    own->leave_thread();
}

Session* SessionScope::session() const noexcept {
  return in_transaction_ || retryable_ ? named_->session.get() : nullptr;
}

std::optional<bson::Document> SessionScope::answer_of_before() const {
  if (!replay_) return std::nullopt;
  if (!named_->reply)
    fail(217, "the write was done, but its reply was too large to be kept; read what it wrote");
  return named_->reply;
}

void SessionScope::keep(bson::View reply) {
  record_write(*store_, *named_->session, key_, named_->transaction, reply);
  named_->session->commit_transaction();
  named_->reply.emplace(reply);
  named_->state = NamedSession::State::written;
}

void SessionScope::failed() noexcept {
  if (retryable_) {
    try {
      if (named_->session->in_transaction()) named_->session->abort_transaction();
    } catch (const Error&) {  // the store is closed or the disk failed: nothing is left to undo
    }
    return;
  }
  if (!in_transaction_ || named_->state != NamedSession::State::open) return;
  try {
    named_->abort();
  } catch (const Error&) {  // the store is closed or the disk failed: nothing is left to undo
    named_->state = NamedSession::State::aborted;
  }
}

}  // namespace quire::store::embedded::commands
