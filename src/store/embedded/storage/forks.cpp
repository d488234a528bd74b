#include "store/embedded/storage/forks.hpp"

#include <pthread.h>

#include <atomic>

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

}  // namespace quire::store::embedded
