#include "migrate/data/read_ahead.hpp"

#include <system_error>
#include <utility>

namespace quire::migrate::data {

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
    if (state_ != State::idle) {
      changed_.wait(lock, [this] { return state_ == State::ready; });
      state_ = State::idle;
      const auto failure = std::exchange(failure_, nullptr);
      Batch batch = std::exchange(batch_, {});
      if (inside == 0 && bounds_ == bounds) {
        if (failure) std::rethrow_exception(failure);
        return batch;
      }
    }
  }
  return side_->read(bounds, inside, rows, bytes);
}

void ReadAhead::begin(KeyBounds bounds, std::int64_t rows, std::size_t bytes) {
  if (!ahead_) return;
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::idle) return;
    bounds_ = std::move(bounds);
    rows_ = rows;
    bytes_ = bytes;
    state_ = State::wanted;
  }
  if (!thread_.joinable()) {
    try {
      thread_ = std::thread([this] { work(); });
    } catch (const std::system_error&) {  // one thread does as well
      state_ = State::idle;
      ahead_ = false;
      return;
    }
  }
  changed_.notify_all();
}

void ReadAhead::work() noexcept {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ended_ || state_ == State::wanted; });
    if (ended_) return;
    lock.unlock();
    Batch batch;
    std::exception_ptr failure;
    try {
      batch = side_->read(bounds_, 0, rows_, bytes_);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    batch_ = std::move(batch);
    failure_ = failure;
    state_ = State::ready;
    changed_.notify_all();
  }
}

}  // namespace quire::migrate::data
