#include "store/embedded/storage/change_stream.hpp"

#include <algorithm>

#include "quire/core/error.hpp"
#include "store/embedded/storage/execution.hpp"

namespace quire::store::embedded {
namespace {

using std::chrono::steady_clock;

// How often other processes' commits are looked for while a stream waits.
constexpr std::chrono::milliseconds poll_interval{20};
constexpr std::size_t entries_at_once = 256;

[[noreturn]] void fail_option(const char* option, const std::string& why, int code) {
  throw QueryError(ErrorCode::invalid_query, FieldPath(option), why, code);
}

[[noreturn]] void fail_lost() {
  throw StoreError(ErrorCode::resume_failed, FieldPath{},
                   "Resume of change stream was not possible, as the resume point may no longer be "
                   "in the change log; read the collection anew and watch from now on",
                   286, {"NonResumableChangeStreamError"});
}

}  // namespace

EmbeddedChangeStream::EmbeddedChangeStream(std::shared_ptr<StorageFile> file, Namespace ns,
                                           bson::View pipeline, const WatchOptions& options)
    : file_(std::move(file)),
      names_{std::string(ns.database), std::string(ns.collection)},
      pipeline_(ns, pipeline),
      max_await_(options.max_await) {
  read_options(ns, options);
  start(options);
}

void EmbeddedChangeStream::read_options(Namespace ns, const WatchOptions& options) {
  if (options.session != nullptr && options.session->in_transaction())
    throw StoreError(ErrorCode::transaction_state, FieldPath("session"),
                     "Stage not supported inside of a multi-document transaction: $changeStream",
                     263);
  refuse_collation(options.collation);
  if (!ns.database.empty()) {
    check_namespace({ns.database, ns.collection.empty() ? "any" : ns.collection});
    const bool internal = !tells_changes_of(ns.database);
    if (internal || ns.collection.starts_with("system."))
      throw StoreError(
          ErrorCode::invalid_argument,
          "$changeStream may not be opened on the internal " + std::string(ns.database) +
              (internal ? " database" : "." + std::string(ns.collection) + " collection"),
          73);
  }
  if (options.full_document == "updateLookup") {
    events_.lookup = true;
  } else if (options.full_document == "whenAvailable") {
    events_.after = EventOptions::Image::when_available;
  } else if (options.full_document == "required") {
    events_.after = EventOptions::Image::required;
  } else if (!options.full_document.empty() && options.full_document != "default") {
    fail_option("fullDocument",
                "Enumeration value '" + std::string(options.full_document) +
                    "' for field '$changeStream.fullDocument' is not a valid value.",
                2);
  }
  if (options.full_document_before_change == "whenAvailable") {
    events_.before = EventOptions::Image::when_available;
  } else if (options.full_document_before_change == "required") {
    events_.before = EventOptions::Image::required;
  } else if (!options.full_document_before_change.empty() &&
             options.full_document_before_change != "off") {
    fail_option("fullDocumentBeforeChange",
                "Enumeration value '" + std::string(options.full_document_before_change) +
                    "' for field '$changeStream.fullDocumentBeforeChange' is not a valid value.",
                2);
  }
  events_.expanded = options.show_expanded_events;
  if (!options.resume_after.empty() && !options.start_after.empty())
    fail_option("startAfter",
                "Do not specify both 'resumeAfter' and 'startAfter' in a $changeStream stage",
                50865);
  if (options.start_at && (!options.resume_after.empty() || !options.start_after.empty()))
    fail_option("startAtOperationTime",
                "Only one type of resume option is allowed, but multiple were found.", 40674);
}

LogState EmbeddedChangeStream::open_log() {
  {
    ReadScope scope(file_, nullptr);
    const auto state = read_log_state(scope.connection());
    if (state && state->active) {
      const auto age = quire::now().time_since_epoch().count() - state->asked;
      const auto most = file_->options().changes_age.count() / 16;
      if (file_->read_only() || most == 0 || age < most) return *state;
    } else if (file_->read_only()) {
      throw StoreError(ErrorCode::read_only,
                       "the file keeps no change log, and is open read-only: a change stream must "
                       "be opened once by a program that writes, or the file with changes=on");
    }
  }
  if (file_->options().changes == Options::Changes::off)
    throw StoreError(ErrorCode::unsupported,
                     "the store was opened with changes=off: it has no change streams");
  WriteScope scope(file_, nullptr, false);
  if (activate_log(scope.connection(), false)) scope.catalog_changed();
  const auto state = read_log_state(scope.connection());
  scope.commit();
  return *state;
}

void EmbeddedChangeStream::start(const WatchOptions& options) {
  std::optional<ChangeToken> token;
  if (!options.resume_after.empty()) {
    token = ChangeToken::parse(options.resume_after, "resumeAfter");
    if (token->position.kind == ChangePosition::Kind::invalidate)
      throw StoreError(ErrorCode::resume_failed, FieldPath("resumeAfter"),
                       "Attempting to resume a change stream using 'resumeAfter' is not allowed "
                       "from an invalidate notification; use startAfter",
                       260);
  } else if (!options.start_after.empty()) {
    token = ChangeToken::parse(options.start_after, "startAfter");
  }
  const LogState state = open_log();
  asked_ = steady_clock::now();
  log_ = state.id;
  position_ = state.last;
  if (token) {
    ReadScope scope(file_, nullptr);
    resume(scope.connection(), state, *token);
    token_ = token->document();
    return;
  }
  if (options.start_at) {
    start_time_ = to_log_time(*options.start_at);
    if (start_time_ <= state.floor_time) fail_lost();
    position_ = state.floor;
  }
  token_ = token_at({position_, ChangePosition::Kind::mark});
}

void EmbeddedChangeStream::resume(Connection& connection, const LogState& state,
                                  const ChangeToken& token) {
  if (token.log != state.id)
    throw StoreError(ErrorCode::resume_failed, FieldPath{},
                     "cannot resume stream; the resume token is of another file, or of this one "
                     "before a backup of it was restored",
                     280, {"NonResumableChangeStreamError"});
  if (token.position.sequence > state.last)
    throw StoreError(ErrorCode::resume_failed, FieldPath{},
                     "cannot resume stream; the resume token was not found: it is newer than the "
                     "change log",
                     280, {"NonResumableChangeStreamError"});
  if (token.position.sequence < state.floor) fail_lost();
  position_ = token.position.sequence;
  if (token.position.kind != ChangePosition::Kind::event) return;
  auto entries = read_changes(connection, position_ - 1, 1);
  if (entries.empty() || entries[0].sequence != position_) fail_lost();
  // Between a drop and its invalidate.
  if (names_.ends_with(entries[0].body)) ends_stream_ = std::move(entries[0]);
}

void EmbeddedChangeStream::still_asked() {
  const auto age = file_->options().changes_age;
  if (age.count() == 0 || file_->read_only() || steady_clock::now() - asked_ < age / 16) return;
  asked_ = steady_clock::now();
  try {
    WriteScope scope(file_, nullptr, false);
    if (scope.logs_changes()) (void)activate_log(scope.connection(), false);
    scope.commit();
  } catch (const StoreError& error) {
    // Another writes, or this thread has a transaction: the next call tries again.
    if (error.code() != ErrorCode::busy && error.code() != ErrorCode::transaction_state) throw;
  }
}

bool EmbeddedChangeStream::fetch() {
  const auto commits = file_->change_log().commits();
  // In memory nobody else writes, and looking would take the writer.
  if (file_->options().memory && looked_ && commits == seen_commits_) return false;
  ReadScope scope(file_, nullptr);
  Connection& connection = scope.connection();
  auto found = read_changes(connection, position_, entries_at_once);
  // An entry right behind the last one was followed by no loss.
  if (found.empty() || found.front().sequence != position_ + 1) {
    const auto state = read_log_state(connection);
    if (!state || !state->active || state->floor > position_ || state->id != log_) fail_lost();
  }
  looked_ = found.size() < entries_at_once;
  if (looked_) seen_commits_ = commits;
  std::ranges::move(found, std::back_inserter(entries_));
  return !entries_.empty();
}

std::optional<bson::View> EmbeddedChangeStream::next_within(std::chrono::milliseconds most) {
  file_->check_usable();
  if (ended_) return std::nullopt;
  still_asked();
  const auto until = steady_clock::now() + most;
  for (;;) {
    if (ends_stream_) return take_invalidate();
    while (!entries_.empty()) {
      const LoggedChange change = std::move(entries_.front());
      entries_.pop_front();
      const auto event = take(change);
      position_ = change.sequence;
      if (event) return event;
      if (ends_stream_) break;
    }
    if (ends_stream_) continue;
    const auto commits = file_->change_log().commits();
    if (fetch()) continue;
    token_ = token_at({position_, ChangePosition::Kind::mark});
    const auto now = steady_clock::now();
    if (now >= until) return std::nullopt;
    const auto left = until - now;
    file_->change_log().wait(commits, file_->options().memory
                                          ? left
                                          : std::min<steady_clock::duration>(left, poll_interval));
    file_->check_usable();
  }
}

std::optional<bson::View> EmbeddedChangeStream::take(const LoggedChange& change) {
  if (change.time < start_time_ || !names_.covers(change.body)) return std::nullopt;
  const auto token = token_at({change.sequence, ChangePosition::Kind::event});
  auto event = make_event(
      change, token, events_,
      [&](Namespace ns, bson::ValueView id, bson::Writer& out) { return look_up(ns, id, out); });
  if (names_.ends_with(change.body)) ends_stream_ = change;
  if (!event) return std::nullopt;
  event_ = std::move(*event);
  const auto shaped = pipeline_.apply(event_, shaped_);
  if (shaped) token_ = token;
  return shaped;
}

std::optional<bson::View> EmbeddedChangeStream::take_invalidate() {
  const ChangePosition position{ends_stream_->sequence, ChangePosition::Kind::invalidate};
  const auto token = token_at(position);
  event_ = make_invalidate(*ends_stream_, token);
  ended_ = true;
  entries_.clear();
  ends_stream_.reset();
  token_ = token;
  return pipeline_.apply(event_, shaped_);
}

bool EmbeddedChangeStream::look_up(Namespace ns, bson::ValueView id, bson::Writer& out) {
  ReadScope scope(file_, nullptr);
  const auto collection = scope.find(ns);
  if (collection == nullptr) return false;
  Connection& connection = scope.connection();
  std::string key;
  append_key(key, id);
  Statement& row = connection.row_statement(collection->cid, RowSql::by_id);
  row.bind(1, std::string_view(key));
  const Resetter resetter(row);
  if (!row.step()) return false;
  out.append("fullDocument", row.document(1));
  return true;
}

}  // namespace quire::store::embedded
