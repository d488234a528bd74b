#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

#include "migrate/digest.hpp"
#include "quire/core/function_ref.hpp"

namespace quire::importer {

/// Hashes of any number of rows, counted: in memory up to `most`, then as sorted runs in temporary
/// files that have no name. One thread. Throws StoreError io_error, disk_full.
class HashSpill {
 public:
  static constexpr std::size_t usual = std::size_t{4} << 20U;  ///< 64 MiB
  explicit HashSpill(std::size_t most = usual) : most_(most) {}

  void add(migrate::Hash128 hash);
  /// Calls `fn` with each hash that was added more than once, and how often. Once, at the end.
  void each_repeated(FunctionRef<void(migrate::Hash128, std::int64_t)> fn);

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  using Run = std::unique_ptr<std::FILE, Close>;
  void sort();
  void spill();

  std::size_t most_;
  std::vector<migrate::Hash128> hashes_;
  std::vector<Run> runs_;
};

}  // namespace quire::importer
