#include "store/embedded/storage/forks.hpp"

#include <pthread.h>

#include <atomic>
#include <new>
#include <utility>

namespace quire::store::embedded {
namespace {

std::atomic<unsigned> count{0};

}  // namespace

unsigned fork_count() noexcept {
  static const int registered =
      pthread_atfork(nullptr, nullptr, [] { count.fetch_add(1, std::memory_order_relaxed); });
  (void)registered;
  return count.load(std::memory_order_relaxed);
}

void finish_thread(std::thread thread, unsigned started) noexcept {
  if (!thread.joinable()) return;
  if (fork_count() == started) {
    thread.join();
    return;
  }
  // Neither to be waited for nor to be detached; its destructor may not run.
  static std::thread* forgotten = nullptr;
  forgotten = new (std::nothrow) std::thread(std::move(thread));
  (void)forgotten;
}

}  // namespace quire::store::embedded
