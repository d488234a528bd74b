#pragma once

#include <stop_token>

#include "quire/cli/copy.hpp"

namespace quire::cli {

struct VerifyJob {
  const Database& from;
  const Database& to;
  const CopyOptions& options;
  bool time_series = false;  ///< a server keeps no order of their fields, and no index of _id
  /// The target held documents before: only the source's documents are looked at there.
  bool merged = false;
  FunctionRef<void(std::int64_t documents, std::int64_t bytes)> progress;
};

/// Reads both sides and fills source, target, matches and differences. False when it was stopped.
/// Throws StoreError.
[[nodiscard]] bool verify_collection(const VerifyJob& job, CopiedCollection& collection);

}  // namespace quire::cli
