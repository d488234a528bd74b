#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "migrate/data/row_source.hpp"

namespace quire::migrate::data {

/// Batches of a side, which a thread reads and maps while its owner writes those before. At most
/// two wait, and of large rows fewer. For one thread.
class ReadAhead {
 public:
  using Batch = RowSide::Batch;
  /// Called for batches where they are read, but for those that their owner waits for: then it is
  /// the reading that takes the time, and the owner does as well what was not prepared.
  using Prepare = std::function<void(Batch&)>;

  /// `ahead` false: each batch is read when it is asked for, by who asks.
  ReadAhead(std::unique_ptr<RowSide> side, bool ahead, Prepare prepare = {})
      : side_(std::move(side)), prepare_(std::move(prepare)), ahead_(ahead) {}
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  /// As RowSide::read(): what was begun for these bounds, or what is read now.
  [[nodiscard]] Batch read(const KeyBounds& bounds, std::int64_t inside, std::int64_t rows,
                           std::size_t bytes);
  /// Begins the batch that read() will be asked for next, none inside, and goes on behind it with
  /// batches of this size; where one was begun, only the size is another one from now on.
  void begin(KeyBounds bounds, std::int64_t rows, std::size_t bytes);
  /// Whether all is read up to the end of the bounds, though not all of it asked for.
  [[nodiscard]] bool is_through();
  /// Behind that end begins with other bounds, for the same size of batches.
  void go_on_with(KeyBounds bounds);
  /// A batch that was written: its memory goes back where it came from.
  void done(Batch batch);

 private:
  struct Waiting {
    KeyBounds bounds;
    Batch batch;
    std::size_t bytes = 0;
    std::exception_ptr failure;
  };

  void work() noexcept;
  [[nodiscard]] bool may_read() const;
  [[nodiscard]] Waiting read_one(const KeyBounds& bounds, std::int64_t rows, std::size_t bytes,
                                 bool prepares);
  void forget(std::unique_lock<std::mutex>& lock);

  std::unique_ptr<RowSide> side_;  ///< the thread's while it reads
  Prepare prepare_;
  bool ahead_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<KeyBounds> next_;  ///< what the thread reads, or has to read
  bool reading_ = false;
  bool forgets_ = false;  ///< what is being read is not wanted any more
  bool through_ = false;  ///< the last batch that was read is the bounds' last
  bool ended_ = false;
  std::int64_t rows_ = 0;
  std::size_t bytes_ = 0;
  std::deque<Waiting> waiting_;
  std::size_t bytes_waiting_ = 0;
  std::deque<Batch> done_;
  std::thread thread_;
};

}  // namespace quire::migrate::data
