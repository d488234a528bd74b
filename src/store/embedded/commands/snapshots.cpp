#include "store/embedded/commands/snapshots.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "store/embedded/commands/reply.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded::commands {

std::shared_ptr<Snapshot> SnapshotTable::take(EmbeddedStore& store, const std::string& session,
                                              std::optional<std::int64_t> time) {
  expire();
  auto& clock = store.file()->clock();
  if (time) {
    if (*time > clock.now())
      fail(code::invalid_options,
           "readConcern atClusterTime value must not be greater than the current clusterTime");
    const std::lock_guard lock(mutex_);
    for (const auto& [name, snapshot] : held_) {
      if (snapshot->time == *time) return snapshot;
    }
    fail(code::snapshot_unavailable,
         "the snapshot of this time is not kept: a session's last one is, for five minutes; begin "
         "another session");
  }
  auto made = std::make_shared<Snapshot>();
  if (!store.file()->options().memory)
    made->scope = std::make_unique<ReadScope>(store.file(), nullptr);
  made->time = clock.tick();
  if (made->scope == nullptr) return made;
  std::shared_ptr<Snapshot> dropped;  // its end gives a connection back: not under the lock
  const std::lock_guard lock(mutex_);
  auto& entry = held_[session];
  dropped = std::exchange(entry, made);
  if (held_.size() > most) {
    const auto oldest =
        std::ranges::min_element(held_, {}, [](const auto& one) { return one.second->made; });
    dropped = std::move(oldest->second);
    held_.erase(oldest);
  }
  return made;
}

void SnapshotTable::end(const std::string& session) {
  std::shared_ptr<Snapshot> dropped;
  const std::lock_guard lock(mutex_);
  if (auto node = held_.extract(session)) dropped = std::move(node.mapped());
}

void SnapshotTable::expire() {
  const auto oldest = std::chrono::steady_clock::now() - lifetime;
  std::vector<std::shared_ptr<Snapshot>> dropped;
  const std::lock_guard lock(mutex_);
  for (auto it = held_.begin(); it != held_.end();) {
    if (it->second->made < oldest) {
      dropped.push_back(std::move(it->second));
      it = held_.erase(it);
    } else {
      ++it;
    }
  }
}

void SnapshotTable::clear() {
  decltype(held_) dropped;
  const std::lock_guard lock(mutex_);
  dropped.swap(held_);
}

}  // namespace quire::store::embedded::commands
