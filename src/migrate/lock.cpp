#include "migrate/lock.hpp"

#include <algorithm>

#include "migrate/process.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

[[noreturn]] void lost() {
  throw MigrationError(ErrorCode::lock_lost,
                       "another process took the migration lock over; this run stopped");
}

}  // namespace

Lock::Lock(Database db, std::chrono::milliseconds lease, std::string application)
    : db_(std::move(db)),
      lease_(lease),
      application_(std::move(application)),
      holder_(Uuid::generate()) {}

Lock::~Lock() { release(); }

bson::Document Lock::mine() const {
  return bson::make_document("_id", lock_id, "holder", holder_, "token", token_);
}

bool Lock::take(bson::View filter, bool upsert) {
  const Who& who = Who::me();
  bson::Writer update;
  update.begin_document("$set")
      .append("holder", holder_)
      .append("lease_ms", std::int64_t{lease_.count()})
      .append("host", who.host)
      .append("pid", who.pid)
      .append("process", process_name())
      .append("app", application_)
      .append("progress", "");
  if (session_id_.empty()) {
    update.append_null("session");
  } else {
    update.append("session", session_id_);
  }
  update.end();
  update.begin_document("$inc")
      .append("token", std::int64_t{1})
      .append("beat", std::int64_t{1})
      .end();
  const bson::Document body = update.finish();
  auto options = safe<store::FindAndModifyOptions>();
  options.upsert = upsert;
  options.return_document = store::ReturnDocument::after;
  const auto sent = boot_time();
  std::optional<bson::Document> now;
  try {
    now =
        db_.store().find_and_modify(db_.ns(lock_collection), filter, {body.view()}, options).value;
  } catch (const StoreError& error) {
    // Servers differ in how they refuse who comes second, and an error may hide a success: the
    // content decides. What nobody will be allowed or able to do is no refusal of this kind.
    if (error.code() == ErrorCode::unauthorized || error.code() == ErrorCode::read_only ||
        error.code() == ErrorCode::disk_full || error.code() == ErrorCode::io_error ||
        error.code() == ErrorCode::corrupt)
      throw;
    now = find_document(db_, lock_collection, bson::make_document("_id", lock_id));
    if (!now && error.code() != ErrorCode::duplicate_key && error.code() != ErrorCode::busy &&
        error.code() != ErrorCode::write_conflict) {
      throw;
    }
  }
  if (!now) return false;
  const auto holder = now->find("holder");
  if (!holder || !(bson::Value(*holder) == holder_)) return false;
  token_ = get_int(*now, "token");
  held_ = true;
  acknowledged_ = sent.count();
  lost_ = false;
  raise_above_history();
  start_heartbeat();
  return true;
}

/// Should somebody have deleted or restored the lock's document, its token must still be higher
/// than all that was written under earlier ones.
void Lock::raise_above_history() {
  std::int64_t highest = 0;
  for (const std::string_view collection : {history_collection, jobs_collection}) {
    const auto top =
        find_document(db_, collection, {}, nullptr, bson::make_document("fence", std::int32_t{-1}));
    if (top) highest = std::max(highest, get_int(*top, "fence"));
  }
  if (token_ > highest) return;
  bson::Writer update;
  update.begin_document("$set").append("token", highest + 1).end();
  const bson::Document body = update.finish();
  const auto result = db_.store().update(db_.ns(lock_collection), mine(), {body.view()},
                                         safe<store::UpdateOptions>());
  if (result.matched != 1) lost();
  token_ = highest + 1;
}

bool Lock::try_take() {
  // A free lock has holder: null.
  bson::Writer free;
  free.append("_id", lock_id).append_null("holder");
  if (take(free.finish(), true)) return true;
  const auto now = find_document(db_, lock_collection, bson::make_document("_id", lock_id));
  if (!now) return false;
  const std::int64_t token = get_int(*now, "token");
  const std::int64_t beat = get_int(*now, "beat");
  const auto take_over = [&] {
    took_over_ = take(bson::make_document("_id", lock_id, "token", token, "beat", beat), false);
    if (took_over_) drain(*now);
    return took_over_;
  };
  if (process_is_gone(get_text(*now, "process")) && take_over()) return true;
  // The holder's lease counts, not ours.
  const auto lease = std::max<std::int64_t>(get_int(*now, "lease_ms", lease_.count()), 1);
  return holder_stands_still_.lasts(token, beat, lease) && take_over();
}

/// A server keeps a dead client's transaction for up to a minute, and what it has locked with it.
void Lock::drain(bson::View before) {
  const auto session = before.find("session");
  if (!session || session->type() != bson::Type::document) return;
  bson::Writer command;
  command.begin_array("killSessions").push(*session).end();
  const bson::Document body = command.finish();
  try {
    (void)db_.store().run_command("admin", body, nullptr);
  } catch (const StoreError& error) {
    undrained_ = "what the process before left open could not be ended (" + error.detail() +
                 "); the server does so after a minute";
  }
}

bool Lock::wait(std::chrono::milliseconds limit, const std::stop_token& stop,
                FunctionRef<void()> waiting) {
  const auto start = boot_time();
  const auto pause =
      std::clamp(lease_ / 10, std::chrono::milliseconds(5), std::chrono::milliseconds(500));
  while (!try_take()) {
    if (boot_time() - start >= limit || stop.stop_requested()) return false;
    waiting();
    sleep_or_stop(pause, stop);
  }
  return true;
}

bool Lock::beat(store::Session* own_session) {
  bson::Writer update;
  update.begin_document("$inc").append("beat", std::int64_t{1}).end();
  const bson::Document body = update.finish();
  const auto sent = boot_time();
  auto options = safe<store::UpdateOptions>();
  options.session = own_session;
  const auto result = db_.store().update(db_.ns(lock_collection), mine(), {body.view()}, options);
  if (result.matched == 1) {
    acknowledged_ = sent.count();
    return true;
  }
  lost_ = true;
  return false;
}

void Lock::start_heartbeat() {
  if (!session_id_.empty()) beats_ = db_.store().start_session();
  heartbeat_ = std::thread([this] {
    std::unique_lock guard(mutex_);
    while (!wake_.wait_for(guard, lease_ / 3, [this] { return stop_; })) {
      guard.unlock();
      bool go_on = true;
      try {
        go_on = beat(beats_.get());
      } catch (...) {  // busy or out of reach: check() sees that no beat came through
      }
      guard.lock();
      if (!go_on) return;
    }
  });
}

void Lock::check(store::Session* session) {
  if (lost_) lost();
  if (session != nullptr && session->in_transaction()) {
    if (!find_document(db_, lock_collection, mine(), session)) lost();
    return;
  }
  const auto silent = boot_time().count() - acknowledged_;
  if (silent * 10 < lease_.count() * 6) return;
  try {
    if (beat()) return;
  } catch (const StoreError&) {  // no answer is as bad as no
  }
  lost();
}

void Lock::release() noexcept {
  if (heartbeat_.joinable()) {
    {
      const std::lock_guard guard(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    heartbeat_.join();
    beats_.reset();
    stop_ = false;
  }
  if (!held_) return;
  held_ = false;
  try {
    bson::Writer update;
    update.begin_document("$set").append_null("holder").end();
    const bson::Document body = update.finish();
    (void)db_.store().update(db_.ns(lock_collection), mine(), {body.view()},
                             safe<store::UpdateOptions>());
  } catch (...) {  // the next process takes over after the lease
  }
}

}  // namespace quire::migrate
