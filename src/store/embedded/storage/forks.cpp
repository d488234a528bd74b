#include "store/embedded/storage/forks.hpp"

#include <pthread.h>
#include <sys/stat.h>

#include <atomic>
#include <map>
#include <mutex>
#include <new>
#include <utility>

namespace quire::store::embedded {
namespace {

std::atomic<unsigned> count{0};

struct OpenFiles {
  std::mutex mutex;  // held over a fork, so that the child may use it
  /// File and the fork_count() at which it was opened → how many stores have it open.
  std::map<std::pair<std::pair<dev_t, ino_t>, unsigned>, unsigned> stores;
};

OpenFiles& open_files() {
  static auto& files = *new OpenFiles;  // needed by stores which live as long as the program
  return files;
}

}  // namespace

unsigned fork_count() noexcept {
  static const int registered =
      pthread_atfork([] { open_files().mutex.lock(); }, [] { open_files().mutex.unlock(); },
                     [] {
                       open_files().mutex.unlock();
                       count.fetch_add(1, std::memory_order_relaxed);
                     });
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

bool OpenFile::note(const char* path) {
  struct stat status{};
  if (noted_) return true;
  if (::stat(path, &status) != 0) return true;  // what follows will say so
  const unsigned now = fork_count();
  auto& files = open_files();
  const std::lock_guard lock(files.mutex);
  const std::pair file{status.st_dev, status.st_ino};
  const auto first = files.stores.lower_bound({file, 0});
  if (first != files.stores.end() && first->first.first == file && first->first.second != now)
    return false;
  ++files.stores[{file, now}];
  noted_ = true;
  device_ = status.st_dev;
  inode_ = status.st_ino;
  return true;
}

OpenFile::~OpenFile() {
  if (!noted_) return;
  auto& files = open_files();
  const std::lock_guard lock(files.mutex);
  const auto found = files.stores.find({{device_, inode_}, fork_count()});
  if (found != files.stores.end() && --found->second == 0) files.stores.erase(found);
}

}  // namespace quire::store::embedded
