#include "migrate/lock.hpp"

#include <algorithm>

#include "migrate/process.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

[[noreturn]] void lost() {
  throw MigrationError(ErrorCode::lock_lost,
                       "another process took the migration lock over; this run stopped");
}

/// By which a server knows transactions that may be open: those of who held the lock, and those of
/// processes before which he had yet to end.
std::vector<bson::Document> left_open(bson::View lock) {
  std::vector<bson::Document> sessions;
  const auto add = [&](bson::ValueView session) {
    if (session.type() == bson::Type::document) sessions.emplace_back(session.as_document());
  };
  if (const auto session = lock.find("session")) add(*session);
  const auto before = lock.find("undrained");
  if (!before || !before->is_array()) return sessions;
  for (const auto& element : before->as_array()) add(element.value);
  return sessions;
}

/// Whether operations may run of somebody who did not give the lock back: one who holds it, or from
/// whom it was taken by hand.
bool was_left_behind(bson::View lock) {
  const auto holder = lock.find("holder");
  return (holder && !holder->is_null()) || lock.contains("undrained");
}

}  // namespace

Lock::Lock(Database db, std::chrono::milliseconds lease, std::string application,
           const Clock& clock)
    : db_(std::move(db)),
      lease_(lease),
      application_(std::move(application)),
      clock_(clock),
      holder_(Uuid::generate()) {}

Lock::~Lock() { release(); }

std::string holder_of(bson::View lock) {
  std::string text = "process " + std::to_string(get_int(lock, "pid"));
  if (const auto host = get_text(lock, "host"); !host.empty()) text += " on " + host;
  if (const auto app = get_text(lock, "app"); !app.empty()) text += " (" + app + ")";
  const auto found = lock.find("progress");
  if (!found || found->type() != bson::Type::document) return text;
  const bson::View progress = found->as_document();
  const std::string migration = get_text(progress, "migration");
  if (migration.empty()) return text;
  text += ": " + migration + ", step " + std::to_string(get_int(progress, "step")) + " of " +
          std::to_string(get_int(progress, "steps"));
  if (const auto total = get_int(progress, "total"); total > 0) {
    text += ", " + std::to_string(get_int(progress, "done")) + " of about " +
            std::to_string(total) + " documents";
  }
  if (const auto left = get_int(progress, "eta_s", -1); left >= 0)
    text += ", " + std::to_string(left) + " s left";
  if (const auto reason = get_text(progress, "reason"); !reason.empty()) text += ", " + reason;
  return text;
}

bson::Document Lock::mine() const {
  return bson::make_document("_id", lock_id, "holder", holder_, "token", token_);
}

/// `before`: the lock's document as it was seen.
bool Lock::take(bson::View filter, bool upsert, bson::View before) {
  const Who& who = Who::me();
  const auto open = left_open(before);
  bson::Writer update;
  update.begin_document("$set")
      .append("holder", holder_)
      .append("lease_ms", std::int64_t{lease_.count()})
      .append("host", who.host)
      .append("pid", who.pid)
      .append("process", process_name())
      .append("app", application_)
      .append_null("progress")
      .append_null("wanted");
  if (session_id_.empty()) {
    update.append_null("session");
  } else {
    update.append("session", session_id_);
  }
  if (!open.empty()) {
    update.begin_array("undrained");
    for (const bson::Document& session : open) update.push(session.view());
    update.end();
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
  const auto sent = clock_.now();
  std::optional<bson::Document> now;
  try {
    now =
        db_.store().find_and_modify(db_.ns(lock_collection), filter, {body.view()}, options).value;
  } catch (const StoreError& error) {
    // Servers differ in how they refuse who comes second, and an error may hide a success: the
    // content decides. What nobody will be allowed or able to do is no refusal of this kind.
    if (error.code() == ErrorCode::unauthorized || error.code() == ErrorCode::read_only ||
        error.code() == ErrorCode::not_primary || error.code() == ErrorCode::disk_full ||
        error.code() == ErrorCode::io_error || error.code() == ErrorCode::corrupt)
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
  wanted_ = false;
  raise_above_history();
  start_heartbeat();
  drained_.clear();
  undrained_.clear();
  if (was_left_behind(before) || !open.empty()) drain(open, before.contains("undrained"));
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
  // Looked at first: an attempt to write waits for the embedded store's writer, which a holder that
  // works has most of the time.
  auto now = find_document(db_, lock_collection, bson::make_document("_id", lock_id));
  const auto holder = now ? now->find("holder") : std::nullopt;
  if (!holder || holder->is_null()) {
    bson::Writer free;
    free.append("_id", lock_id).append_null("holder");
    if (take(free.finish(), true, now ? now->view() : bson::View())) return true;
    now = find_document(db_, lock_collection, bson::make_document("_id", lock_id));
    if (!now) return false;
  }
  const std::int64_t token = get_int(*now, "token");
  const std::int64_t beat = get_int(*now, "beat");
  const auto take_over = [&] {
    took_over_ =
        take(bson::make_document("_id", lock_id, "token", token, "beat", beat), false, *now);
    return took_over_;
  };
  if (process_is_gone(get_text(*now, "process")) && take_over()) return true;
  // The holder's lease counts, not ours.
  const auto lease = std::max<std::int64_t>(get_int(*now, "lease_ms", lease_.count()), 1);
  return holder_stands_still_.lasts(token, beat, lease, clock_.now()) && take_over();
}

/// The lock's document names the sessions until they were ended: who takes over may die as well.
void Lock::drain(const std::vector<bson::Document>& open, bool is_marked) {
  const auto failed = [this](std::string text) {
    if (!text.empty()) undrained_.push_back(std::move(text));
  };
  failed(end_sessions(db_, open));
  LeftBy before;
  before.below_token = token_;
  Drained operations = drain_operations(db_, "quire:" + std::to_string(token_) + ":lock", before,
                                        drain_wait_, clock_);
  drained_ = std::move(operations.done);
  failed(std::move(operations.failed));
  if (open.empty() && !is_marked) return;
  const bson::Document ended = bson::from_json(R"({"$unset":{"undrained":""}})");
  try {
    (void)db_.store().update(db_.ns(lock_collection), mine(), {ended.view()},
                             safe<store::UpdateOptions>());
  } catch (const StoreError&) {  // the next one ends them once more, which does no harm
  }
}

bool Lock::wait(std::chrono::milliseconds limit, const std::stop_token& stop, bool urgent,
                FunctionRef<void(bson::View)> waiting) {
  const auto start = clock_.now();
  const auto pause =
      std::clamp(lease_ / 10, std::chrono::milliseconds(5), std::chrono::milliseconds(500));
  while (!try_take()) {
    if (clock_.now() - start >= limit || stop.stop_requested()) return false;
    const auto now = find_document(db_, lock_collection, bson::make_document("_id", lock_id));
    if (urgent && now && get_text(*now, "wanted").empty()) ask_for();
    waiting(now ? now->view() : bson::View());
    clock_.sleep(pause, stop);
  }
  return true;
}

/// Who holds it sees this with his next beat; should it fail, one waits as long as it takes.
void Lock::ask_for() {
  bson::Writer filter;
  filter.append("_id", lock_id).begin_document("holder").append_null("$ne").end();
  const bson::Document held = filter.finish();
  bson::Writer update;
  update.begin_document("$set").append("wanted", process_name()).end();
  const bson::Document body = update.finish();
  try {
    (void)db_.store().update(db_.ns(lock_collection), held, {body.view()},
                             safe<store::UpdateOptions>());
  } catch (const StoreError&) {
  }
}

bool Lock::beat(store::Session* own_session) {
  bson::Writer update;
  update.begin_document("$inc").append("beat", std::int64_t{1}).end();
  if (progress_) update.begin_document("$set").append("progress", bson::Value(progress_())).end();
  const bson::Document body = update.finish();
  const auto sent = clock_.now();
  auto options = safe<store::FindAndModifyOptions>();
  options.session = own_session;
  const auto now =
      db_.store().find_and_modify(db_.ns(lock_collection), mine(), {body.view()}, options).value;
  if (now) {
    acknowledged_ = sent.count();
    wanted_ = !get_text(*now, "wanted").empty();
    return true;
  }
  lost_ = true;
  return false;
}

void Lock::start_heartbeat() {
  if (!session_id_.empty()) beats_ = db_.store().start_session();
  heartbeat_ = std::jthread([this](const std::stop_token& stop) {
    while (true) {
      clock_.sleep(lease_ / 3, stop);
      if (stop.stop_requested()) return;
      try {
        if (!beat(beats_.get())) return;
      } catch (...) {  // busy or out of reach: check() sees that no beat came through
      }
    }
  });
}

void Lock::check(store::Session* session) {
  if (lost_) lost();
  if (session != nullptr && session->in_transaction()) {
    if (!find_document(db_, lock_collection, mine(), session)) lost();
    return;
  }
  const auto silent = clock_.now().count() - acknowledged_;
  if (silent * 10 < lease_.count() * 6) return;
  try {
    if (beat()) return;
  } catch (const StoreError&) {  // no answer is as bad as no
  }
  lost();
}

void Lock::release() noexcept {
  if (heartbeat_.joinable()) {
    heartbeat_.request_stop();
    heartbeat_.join();
    beats_.reset();
  }
  if (!held_) return;
  held_ = false;
  try {
    bson::Writer update;
    update.begin_document("$set").append_null("holder").append_null("session").end();
    const bson::Document body = update.finish();
    (void)db_.store().update(db_.ns(lock_collection), mine(), {body.view()},
                             safe<store::UpdateOptions>());
  } catch (...) {  // the next process takes over after the lease
  }
}

}  // namespace quire::migrate
