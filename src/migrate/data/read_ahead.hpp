#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "migrate/data/row_source.hpp"

namespace quire::migrate::data {

/// Batches of a side, the next of which a thread reads and maps while its owner writes the one
/// before. At most one batch waits. For one thread.
class ReadAhead {
 public:
  using Batch = RowSide::Batch;

  /// `ahead` false: each batch is read when it is asked for, by who asks.
  ReadAhead(std::unique_ptr<RowSide> side, bool ahead) : side_(std::move(side)), ahead_(ahead) {}
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  /// As RowSide::read(): what was begun for these bounds, or what is read now.
  [[nodiscard]] Batch read(const KeyBounds& bounds, std::int64_t inside, std::int64_t rows,
                           std::size_t bytes);
  /// Begins the batch that read() will be asked for next, none inside; without effect where one was
  /// begun.
  void begin(KeyBounds bounds, std::int64_t rows, std::size_t bytes);

 private:
  enum class State { idle, wanted, ready };

  void work() noexcept;

  std::unique_ptr<RowSide> side_;  ///< the thread's while a batch is wanted
  bool ahead_;
  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::idle;
  bool ended_ = false;
  KeyBounds bounds_;
  std::int64_t rows_ = 0;
  std::size_t bytes_ = 0;
  Batch batch_;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace quire::migrate::data
