#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

/// The URI of an embedded file.
namespace quire::store::embedded {

struct Options {
  std::string path;  ///< as given; "" for :memory:
  bool memory = false;
  bool full_sync = true;          ///< durability=full|normal
  bool verify_checksums = false;  ///< verify=checksum|none
  bool read_only = false;
  std::chrono::milliseconds busy_timeout{5000};
  std::chrono::milliseconds ttl_interval{60'000};  ///< 0 = no sweep in the background
  std::string database = "main";
  /// aggregate_memory_mib: what a stage of a pipeline holds before it goes to a temporary file.
  std::int64_t aggregate_bytes = std::int64_t{100} << 20U;

  /// changes=auto|on|off: the log of changes that watch() reads.
  enum class Changes { automatic, on, off } changes = Changes::automatic;
  std::chrono::milliseconds changes_age{86'400'000};      ///< changes_age_s; 0 = any
  std::int64_t changes_bytes = std::int64_t{256} << 20U;  ///< changes_mib; 0 = any
  std::int64_t changes_count = 1'000'000;                 ///< 0 = any

  /// "[quire:]PATH[?name=value&…]"; PATH may be ":memory:". "%3F" stands for a "?" in a file name.
  /// Throws StoreError invalid_uri.
  [[nodiscard]] static Options parse(std::string_view uri);
};

}  // namespace quire::store::embedded
