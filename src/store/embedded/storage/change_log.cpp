#include "store/embedded/storage/change_log.hpp"

#include <algorithm>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/storage/checksum.hpp"

namespace quire::store::embedded {
namespace {

// Between two looks at the limits, and entries looked at each time: more, so that a log above its
// limits comes down.
constexpr unsigned entries_between_prunes = 256;
constexpr int most_pruned = 2048;
constexpr std::size_t most_read_bytes = 1U << 20U;

std::int64_t wall_now() noexcept { return quire::now().time_since_epoch().count(); }

bool has_tables(Connection& connection) {
  return connection.query_integer(
             "SELECT 1 FROM sqlite_schema WHERE type='table' AND name='quire_change_log'") == 1;
}

LogId random_id() {
  const auto uuid = bson::Uuid::generate();
  LogId out{};
  std::copy_n(uuid.bytes.begin(), out.size(), out.begin());
  return out;
}

std::string_view bytes_of(const LogId& id) {
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

void next_schema(Connection& connection) {
  const auto next = connection.schema_version() + 1;
  connection.execute(("PRAGMA schema_version=" + std::to_string(next)).c_str());
}

}  // namespace

std::uint32_t change_sum(std::int64_t sequence, std::int64_t time, std::int64_t wall,
                         std::string_view body) {
  const std::uint64_t of_body =
      XXH3_64bits_withSeed(body.data(), body.size(), static_cast<std::uint64_t>(sequence));
  const std::uint64_t of_times = static_cast<std::uint64_t>(time) * 0x9E3779B185EBCA87ULL ^
                                 static_cast<std::uint64_t>(wall) * 0xC2B2AE3D27D4EB4FULL;
  return static_cast<std::uint32_t>(of_body ^ of_times ^ (of_times >> 32U));
}

std::optional<LogState> read_log_state(Connection& connection) {
  if (!has_tables(connection)) return std::nullopt;
  LogState out;
  Statement state(connection.handle(),
                  "SELECT id,active,kept,floor,floor_time,asked FROM quire_change_log");
  if (!state.step() || state.blob(0).size() != out.id.size())
    throw StoreError(ErrorCode::corrupt, "the state of the change log is gone; restore a backup");
  const auto id = state.blob(0);
  std::copy(id.begin(), id.end(), reinterpret_cast<char*>(out.id.data()));
  out.active = state.integer(1) != 0;
  out.kept = state.integer(2) != 0;
  out.floor = state.integer(3);
  out.floor_time = state.integer(4);
  out.asked = state.integer(5);
  state.reset();
  out.last = out.floor;
  out.last_time = out.floor_time;
  Statement last(connection.handle(),
                 "SELECT seq,time FROM quire_changes ORDER BY seq DESC LIMIT 1");
  if (last.step()) {
    out.last = last.integer(0);
    out.last_time = last.integer(1);
  }
  return out;
}

std::vector<LoggedChange> read_changes(Connection& connection, std::int64_t sequence,
                                       std::size_t most) {
  std::vector<LoggedChange> out;
  Statement& rows = connection.change_read;
  if (!rows)
    rows = Statement(connection.handle(),
                     "SELECT seq,time,wall,sum,body FROM quire_changes WHERE seq>?1 ORDER BY seq");
  const Resetter resetter(rows);
  rows.bind(1, sequence);
  std::size_t bytes = 0;
  while (out.size() < most && bytes < most_read_bytes && rows.step()) {
    LoggedChange one{rows.integer(0), rows.integer(1), rows.integer(2), {}};
    // A damaged tree may lead back to what was read already, without an end.
    if (one.sequence <= sequence)
      throw StoreError(ErrorCode::corrupt, "entry " + std::to_string(one.sequence) +
                                               " of the change log stands behind entry " +
                                               std::to_string(sequence) +
                                               "; run check() and restore a backup");
    sequence = one.sequence;
    const auto body = rows.blob(4);
    if (change_sum(one.sequence, one.time, one.wall, body) !=
        static_cast<std::uint32_t>(rows.integer(3)))
      throw StoreError(ErrorCode::corrupt, "the checksum of entry " + std::to_string(one.sequence) +
                                               " of the change log is wrong");
    one.body = bson::Document(rows.document(4));
    bytes += body.size();
    out.push_back(std::move(one));
  }
  return out;
}

bool activate_log(Connection& connection, bool keep) {
  const auto there = read_log_state(connection);
  const auto now = wall_now();
  if (there && there->active) {
    Statement(connection.handle(), "UPDATE quire_change_log SET asked=?1, kept=max(kept,?2)")
        .bind(1, now)
        .bind(2, std::int64_t{keep})
        .run();
    return false;
  }
  const std::int64_t time = to_log_time({0, static_cast<std::uint32_t>(now / 1000)});
  if (!there) {
    connection.execute(
        "CREATE TABLE quire_changes(seq INTEGER PRIMARY KEY, time INTEGER NOT NULL,"
        " wall INTEGER NOT NULL, total INTEGER NOT NULL, sum INTEGER NOT NULL, body BLOB NOT NULL);"
        "CREATE TABLE quire_change_log(one INTEGER PRIMARY KEY CHECK(one=1), id BLOB NOT NULL,"
        " active INTEGER NOT NULL, kept INTEGER NOT NULL, floor INTEGER NOT NULL,"
        " floor_time INTEGER NOT NULL, asked INTEGER NOT NULL)");
    const LogId id = random_id();
    Statement(connection.handle(), "INSERT INTO quire_change_log VALUES(1,?1,1,?2,0,?3,?4)")
        .bind(1, bytes_of(id))
        .bind(2, std::int64_t{keep})
        .bind(3, time)
        .bind(4, now)
        .run();
    if (connection.query_integer("PRAGMA user_version") < format_with_changes)
      connection.execute(("PRAGMA user_version=" + std::to_string(format_with_changes)).c_str());
    return true;
  }
  // One further: what happened meanwhile is in no entry, so that tokens from before are too old.
  Statement(connection.handle(),
            "UPDATE quire_change_log SET active=1, kept=?1, floor=floor+1, "
            "floor_time=max(floor_time+1,?2), asked=?3")
      .bind(1, std::int64_t{keep})
      .bind(2, time)
      .bind(3, now)
      .run();
  next_schema(connection);
  return true;
}

bool deactivate_log(Connection& connection) {
  const auto there = read_log_state(connection);
  if (!there || !there->active) return false;
  connection.change_append = Statement();
  connection.change_read = Statement();
  connection.execute("DELETE FROM quire_changes");
  Statement(connection.handle(),
            "UPDATE quire_change_log SET active=0, kept=0, floor=?1, floor_time=?2")
      .bind(1, there->last)
      .bind(2, there->last_time)
      .run();
  next_schema(connection);
  return true;
}

void separate_log(Connection& connection) {
  const auto there = read_log_state(connection);
  if (!there) return;
  connection.execute("DELETE FROM quire_changes");
  const LogId id = random_id();
  Statement(connection.handle(), "UPDATE quire_change_log SET id=?1, floor=?2, floor_time=?3")
      .bind(1, bytes_of(id))
      .bind(2, there->last)
      .bind(3, there->last_time)
      .run();
}

void ChangeLog::append(Connection& connection, bson::View body) {
  const std::int64_t wall = wall_now();
  if (first_ == 0) {
    std::int64_t last_time = 0;
    Statement& last = connection.change_last;
    if (!last)
      last = Statement(connection.handle(),
                       "SELECT seq,time,total FROM quire_changes ORDER BY seq DESC LIMIT 1");
    if (last.step()) {
      last_ = last.integer(0);
      last_time = last.integer(1);
      total_ = last.integer(2);
      last.reset();
    } else {
      const auto state = read_log_state(connection);
      last_ = state->floor;
      last_time = state->floor_time;
      total_ = 0;
    }
    time_ = clock_.tick(last_time);
    first_ = last_ + 1;
  } else if (session_ == nullptr) {
    time_ = clock_.tick();  // the operations of a transaction have one time
  }
  ++last_;
  const auto bytes = embedded::bytes_of(body);
  total_ += static_cast<std::int64_t>(bytes.size());
  Statement& insert = connection.change_append;
  if (!insert)
    insert = Statement(connection.handle(),
                       "INSERT INTO quire_changes(seq,time,wall,total,sum,body) "
                       "VALUES(?1,?2,?3,?4,?5,?6)");
  insert.bind(1, last_).bind(2, time_).bind(3, wall).bind(4, total_);
  insert.bind(5, static_cast<std::int64_t>(change_sum(last_, time_, wall, bytes))).bind(6, bytes);
  try {
    insert.run();
  } catch (...) {
    connection.rollback();  // a change without its event must not be committed
    throw;
  }
  if (until_prune_ > 0) --until_prune_;
}

void ChangeLog::committed() noexcept {
  const auto time = first_ != 0 ? time_ : clock_.tick();
  clock_.committed(time);
  CommandTime::wrote(time, true);
  if (first_ != 0) wake();
}

void ChangeLog::append_session(bson::Writer& body) {
  if (session_ == nullptr) return;
  if (session_->lsid.empty())
    session_->lsid = bson::make_document("id", bson::Value(bson::Uuid::generate()));
  body.append("lsid", session_->lsid).append("txnNumber", session_->number);
}

void ChangeLog::finish(Connection& connection) {
  if (until_prune_ > 0) return;
  until_prune_ = entries_between_prunes;
  prune(connection);
}

void ChangeLog::prune(Connection& connection) {
  const auto state = read_log_state(connection);
  const std::int64_t age = options_.changes_age.count();
  const std::int64_t now = wall_now();
  if (!state->kept && age > 0 && now - state->asked > age) {
    (void)deactivate_log(connection);
    return;
  }
  Statement rows(
      connection.handle(),
      "SELECT seq,time,wall,total FROM quire_changes WHERE seq<?1 ORDER BY seq LIMIT ?2");
  rows.bind(1, first_).bind(2, std::int64_t{most_pruned});
  std::int64_t until = 0;
  std::int64_t until_time = 0;
  while (rows.step()) {
    const std::int64_t sequence = rows.integer(0);
    const bool too_old = age > 0 && rows.integer(2) < now - age;
    const bool too_many = options_.changes_count > 0 && sequence <= last_ - options_.changes_count;
    const bool too_large =
        options_.changes_bytes > 0 && rows.integer(3) <= total_ - options_.changes_bytes;
    if (!too_old && !too_many && !too_large) break;
    until = sequence;
    until_time = rows.integer(1);
  }
  rows.reset();
  if (until == 0) return;
  Statement(connection.handle(), "DELETE FROM quire_changes WHERE seq<=?1").bind(1, until).run();
  Statement(connection.handle(), "UPDATE quire_change_log SET floor=?1, floor_time=?2")
      .bind(1, until)
      .bind(2, until_time)
      .run();
}

void ChangeLog::wait(std::uint64_t seen, std::chrono::steady_clock::duration most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, most, [&] { return commits() != seen; });
}

void ChangeLog::wake() noexcept {
  {
    const std::lock_guard lock(mutex_);
    commits_.fetch_add(1, std::memory_order_acq_rel);
  }
  changed_.notify_all();
}

}  // namespace quire::store::embedded
