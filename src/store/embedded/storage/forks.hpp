#pragma once

#include <thread>

namespace quire::store::embedded {

/// How often this process is the child of a fork, since the first call: SQLite's locks and memory,
/// and threads, are not to be used across one. Thread-safe, cheap.
[[nodiscard]] unsigned fork_count() noexcept;

/// Ends `thread`, which was started when fork_count() was `started`: waits for it, or forgets it
/// where it is not one of this process.
void finish_thread(std::thread thread, unsigned started) noexcept;

}  // namespace quire::store::embedded
