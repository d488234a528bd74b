#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace quire::migrate {

/// Where a job of DataMigrator stands; stored in _quire_jobs, in this order.
enum class JobState {
  planning,   ///< the partitions are being laid out
  running,    ///< documents are copied
  copied,     ///< all partitions are through
  verifying,  ///< both sides are compared
  verified,   ///< and were alike
  complete
};

/// What is done about documents that the target has already under an _id.
enum class Existing {
  fail,    ///< the source's document is a reject
  skip,    ///< the target's stays
  replace  ///< the source's takes its place
};

/// What is done about a document that cannot be read, mapped or written.
enum class RejectPolicy {
  reject,          ///< it is put aside, the copy goes on
  stop_partition,  ///< its partition ends before it, the others go on
  stop             ///< the job ends before it
};
enum class RejectStage {
  read,
  map,
  validate,
  write,
  verify  ///< it was written, and was another one when it was read again: inline_verify()
};

/// A job ends with exit code 40 when more documents than this were put aside.
struct RejectLimits {
  std::int64_t most = 100;
  double percent = 100;  ///< of the source's documents
};

/// How fast a job may go. All may be combined.
struct Throttle {
  std::int64_t rate = 0;  ///< documents a second of this process; 0 = no limit
  double nice = 0;        ///< rests so many times as long as a batch took: 1 = half the time
  /// Asked before each batch: a text is a reason to wait, asked again after 100 ms; empty = go on.
  /// Called by several threads at once.
  std::function<std::string()> wait = {};
};

/// What the control document of a job asks for, of all processes that work on it.
enum class Desired { run, pause, stop };

/// How thoroughly source and target are compared. Each finds what those before it find.
enum class VerifyLevel {
  none,
  counts,  ///< numbers of documents
  sample,  ///< counts, and documents chosen at random from both sides
  digest,  ///< a sum of hashes of each partition; those that differ document by document
  full     ///< document by document
};

[[nodiscard]] std::string_view to_string(JobState value) noexcept;
[[nodiscard]] std::string_view to_string(Existing value) noexcept;
[[nodiscard]] std::string_view to_string(RejectPolicy value) noexcept;
[[nodiscard]] std::string_view to_string(RejectStage value) noexcept;
[[nodiscard]] std::string_view to_string(Desired value) noexcept;
[[nodiscard]] std::string_view to_string(VerifyLevel value) noexcept;

}  // namespace quire::migrate
