#include "store/embedded/commands/cursors.hpp"

#include <random>
#include <utility>

namespace quire::store::embedded::commands {
namespace {

std::int64_t random_id() {
  static thread_local std::mt19937_64 engine{std::random_device{}()};
  return std::uniform_int_distribution<std::int64_t>(1)(engine);
}

}  // namespace

bool OpenCursor::fill(bson::Writer& batch_array, std::optional<std::int64_t> batch) {
  const std::size_t start = batch_array.size();
  for (std::int64_t given = 0; !batch || given < *batch; ++given) {
    if (!ahead) {
      const auto next = documents->next();
      if (!next) return false;
      // One document always fits; a reply of several stays below the largest document.
      if (given > 0 && batch_array.size() - start + next->size() > bson::max_document_bytes) {
        ahead.emplace(*next);
        return true;
      }
      batch_array.push(*next);
    } else {
      batch_array.push(*ahead);
      ahead.reset();
    }
    if (left != 0 && --left == 0) {
      spent = true;
      return false;
    }
  }
  if (knows_its_end && !ahead && batch != 0) {
    const auto next = documents->next();
    if (!next) return false;
    ahead.emplace(*next);
  }
  return true;
}

void CursorTable::close_idle() {
  constexpr std::chrono::minutes longest{10};
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(cursors_, [&](const auto& entry) {
    return entry.second->may_time_out && now - entry.second->used > longest;
  });
}

std::int64_t CursorTable::put(std::unique_ptr<OpenCursor> cursor) {
  const std::lock_guard lock(mutex_);
  close_idle();
  for (;;) {
    const auto id = random_id();
    if (cursors_.try_emplace(id, std::move(cursor)).second) return id;
  }
}

void CursorTable::put_back(std::int64_t id, std::unique_ptr<OpenCursor> cursor) {
  cursor->used = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  cursors_.insert_or_assign(id, std::move(cursor));
}

std::unique_ptr<OpenCursor> CursorTable::take(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = cursors_.find(id);
  if (found == cursors_.end()) return nullptr;
  auto cursor = std::move(found->second);
  cursors_.erase(found);
  return cursor;
}

bool CursorTable::kill(std::int64_t id) {
  std::unique_ptr<OpenCursor> doomed;  // closed after the lock
  const std::lock_guard lock(mutex_);
  const auto found = cursors_.find(id);
  if (found == cursors_.end()) return false;
  doomed = std::move(found->second);
  cursors_.erase(found);
  return true;
}

void CursorTable::kill_of_session(const std::string& session) {
  const std::lock_guard lock(mutex_);
  std::erase_if(cursors_, [&](const auto& entry) { return entry.second->session == session; });
}

void CursorTable::expire() {
  const std::lock_guard lock(mutex_);
  close_idle();
}

bool CursorTable::contains(std::int64_t id) const {
  const std::lock_guard lock(mutex_);
  return cursors_.contains(id);
}

bool CursorTable::waits(std::int64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = cursors_.find(id);
  return found != cursors_.end() && (found->second->changes != nullptr || found->second->awaits);
}

std::size_t CursorTable::size() const {
  const std::lock_guard lock(mutex_);
  return cursors_.size();
}

void CursorTable::clear() {
  const std::lock_guard lock(mutex_);
  cursors_.clear();
}

void append_cursor_reply(bson::Writer& reply, CursorTable& table,
                         std::unique_ptr<OpenCursor> cursor, std::string_view batch_name,
                         std::optional<std::int64_t> batch, std::int64_t id, bool keep) {
  const std::string ns = cursor->ns;
  reply.begin_document("cursor");
  reply.begin_array(batch_name);
  const bool more = cursor->fill(reply, batch);
  const bool tails = cursor->tailable && !cursor->spent;
  reply.end();
  if ((!more && !tails) || !keep) {
    id = 0;
  } else if (id != 0) {
    table.put_back(id, std::move(cursor));
  } else {
    id = table.put(std::move(cursor));
  }
  reply.append("id", id).append("ns", ns).end();
}

}  // namespace quire::store::embedded::commands
