#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "store/embedded/storage/file.hpp"
#include "store/embedded/storage/forks.hpp"

namespace quire::store::embedded {

/// Removes the documents whose time is over by the TTL indexes; the number removed. One
/// transaction a thousand documents, so that other writers get their turn.
std::int64_t sweep_expired(const std::shared_ptr<StorageFile>& file);

/// The thread that sweeps now and then. Runs only once a TTL index was seen.
class TtlSweeper {
 public:
  explicit TtlSweeper(std::shared_ptr<StorageFile> file);
  ~TtlSweeper() { stop(); }
  void stop() noexcept;

 private:
  void start();
  void run();
  std::shared_ptr<StorageFile> file_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  unsigned fork_generation_ = fork_count();
  std::thread thread_;
};

}  // namespace quire::store::embedded
