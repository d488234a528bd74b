#pragma once

namespace quire::store::embedded {

/// How often this process is the child of a fork, since the first call: SQLite's locks and memory,
/// and threads, are not to be used across one. Thread-safe, cheap.
[[nodiscard]] unsigned fork_count() noexcept;

}  // namespace quire::store::embedded
