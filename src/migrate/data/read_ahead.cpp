#include "migrate/data/read_ahead.hpp"

#include <system_error>
#include <utility>

namespace quire::migrate::data {
namespace {

std::size_t bytes_of(const RowSide::Batch& batch) {
  std::size_t bytes = batch.bytes.size();
  for (const Row& row : batch.rows)
    bytes += row.source.size() + (row.mapped ? row.mapped->size() : 0);
  return bytes;
}

/// Nothing: the partition ends here, or rows follow that no key tells apart and that come as they
/// come, one batch behind the other.
std::optional<KeyBounds> behind(const RowSide::Batch& batch, const KeyBounds& bounds) {
  if (batch.end || batch.rows.empty() || batch.rows.back().alike != 0) return std::nullopt;
  return KeyBounds{bson::Value(batch.rows.back().key()), bounds.until};
}

}  // namespace

ReadAhead::~ReadAhead() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

ReadAhead::Batch ReadAhead::read(const KeyBounds& bounds, std::int64_t inside, std::int64_t rows,
                                 std::size_t bytes) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !waiting_.empty() || !next_; });
    if (!waiting_.empty() && inside == 0 && waiting_.front().bounds == bounds) {
      Waiting found = std::move(waiting_.front());
      waiting_.pop_front();
      bytes_waiting_ -= found.bytes;
      lock.unlock();
      changed_.notify_all();
      if (found.failure) std::rethrow_exception(found.failure);
      return std::move(found.batch);
    }
    forget(lock);
  }
  Batch batch = side_->read(bounds, inside, rows, bytes);
  const std::lock_guard lock(mutex_);
  through_ = batch.end;
  return batch;
}

void ReadAhead::forget(std::unique_lock<std::mutex>& lock) {
  forgets_ = true;
  changed_.wait(lock, [this] { return !reading_; });
  forgets_ = false;
  next_.reset();
  waiting_.clear();
  bytes_waiting_ = 0;
}

void ReadAhead::begin(KeyBounds bounds, std::int64_t rows, std::size_t bytes) {
  if (!ahead_) return;
  {
    const std::lock_guard lock(mutex_);
    rows_ = rows;
    bytes_ = bytes;
    if (next_ || !waiting_.empty()) return;
    next_ = std::move(bounds);
    through_ = false;
  }
  if (!thread_.joinable()) {
    try {
      thread_ = std::thread([this] { work(); });
    } catch (const std::system_error&) {  // one thread does as well
      next_.reset();
      ahead_ = false;
      return;
    }
  }
  changed_.notify_all();
}

bool ReadAhead::is_through() {
  const std::lock_guard lock(mutex_);
  return ahead_ && through_;
}

void ReadAhead::go_on_with(KeyBounds bounds) {
  if (!thread_.joinable() || !is_through()) return;
  {
    const std::lock_guard lock(mutex_);
    next_ = std::move(bounds);
    through_ = false;
  }
  changed_.notify_all();
}

void ReadAhead::done(Batch batch) {
  if (!thread_.joinable()) return;
  const std::lock_guard lock(mutex_);
  if (!waiting_.empty()) done_.push_back(std::move(batch));
}

bool ReadAhead::may_read() const {
  constexpr std::size_t most = 2;
  return next_ && !forgets_ && waiting_.size() < most &&
         (waiting_.empty() || bytes_waiting_ < bytes_);
}

ReadAhead::Waiting ReadAhead::read_one(const KeyBounds& bounds, std::int64_t rows,
                                       std::size_t bytes, bool prepares) {
  Waiting out{bounds, {}, 0, {}};
  try {
    out.batch = side_->read(bounds, 0, rows, bytes);
    if (prepares) prepare_(out.batch);
    out.bytes = bytes_of(out.batch);
  } catch (...) {
    out.failure = std::current_exception();
  }
  return out;
}

void ReadAhead::work() noexcept {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ended_ || may_read(); });
    if (ended_) return;
    reading_ = true;
    const KeyBounds bounds = *next_;
    const std::int64_t rows = rows_;
    const std::size_t bytes = bytes_;
    std::deque<Batch> done = std::exchange(done_, {});
    const bool prepares = prepare_ && !waiting_.empty();
    lock.unlock();
    done.clear();
    Waiting read = read_one(bounds, rows, bytes, prepares);
    std::optional<KeyBounds> next;
    if (!read.failure) next = behind(read.batch, bounds);
    lock.lock();
    reading_ = false;
    next_ = std::move(next);
    through_ = !read.failure && read.batch.end;
    bytes_waiting_ += read.bytes;
    waiting_.push_back(std::move(read));
    changed_.notify_all();
  }
}

}  // namespace quire::migrate::data
