#pragma once

#include <chrono>
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

  /// "[quire:]PATH[?name=value&…]"; PATH may be ":memory:". "%3F" stands for a "?" in a file name.
  /// Throws StoreError invalid_uri.
  [[nodiscard]] static Options parse(std::string_view uri);
};

}  // namespace quire::store::embedded
