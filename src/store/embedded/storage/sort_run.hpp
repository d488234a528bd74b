#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "store/embedded/storage/record_sorter.hpp"

namespace quire::store::embedded {

/// Sorts pairs of key bytes and row number, perhaps with bytes that go along; of equal keys the
/// lower row number comes first.
class SortRun {
 public:
  static constexpr std::size_t default_memory_limit = 32U << 20;
  /// `keep`: only the first so many are wanted; 0 = all. `memory_limit`: bytes, past which it sorts
  /// in a temporary file.
  explicit SortRun(std::size_t keep, std::size_t memory_limit = default_memory_limit)
      : sorter_("a sort", memory_limit, keep) {}
  void add(std::string_view key, std::int64_t rid, std::string_view body = {}) {
    sorter_.add(key, body, static_cast<std::uint64_t>(rid));
  }
  /// No add() afterwards.
  void finish() { sorter_.rewind(); }
  [[nodiscard]] std::optional<std::int64_t> next() {
    if (!sorter_.next()) return std::nullopt;
    return static_cast<std::int64_t>(sorter_.number());
  }
  /// Of the pair that next() gave.
  [[nodiscard]] std::string_view key() const noexcept { return sorter_.key(); }
  [[nodiscard]] std::string_view body() const noexcept { return sorter_.body(); }
  [[nodiscard]] bool spilled() const noexcept { return sorter_.spilled(); }

 private:
  RecordSorter sorter_;
};

}  // namespace quire::store::embedded
