#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/embedded/storage/sqlite.hpp"

namespace quire::store::embedded {

/// Sorts pairs of key bytes and row number: in memory, by a heap where only the first `keep` are
/// wanted, and past `memory_limit` bytes in a SQLite temporary file.
class SortRun {
 public:
  static constexpr std::size_t default_memory_limit = 64U << 20;
  explicit SortRun(std::size_t keep, std::size_t memory_limit = default_memory_limit)
      : keep_(keep), memory_limit_(memory_limit) {}
  ~SortRun();
  void add(std::string&& key, std::int64_t rid);
  /// No add() afterwards.
  void finish();
  [[nodiscard]] std::optional<std::int64_t> next();
  [[nodiscard]] bool spilled() const noexcept { return spill_ != nullptr; }

 private:
  struct Entry {
    std::string key;
    std::int64_t rid;
    friend bool operator<(const Entry& a, const Entry& b) noexcept {
      const int order = a.key.compare(b.key);
      return order != 0 ? order < 0 : a.rid < b.rid;
    }
  };
  void spill();
  std::size_t keep_;  // 0 = all
  std::size_t memory_limit_;
  std::size_t bytes_ = 0;
  std::size_t at_ = 0;
  std::vector<Entry> entries_;
  sqlite3* spill_ = nullptr;
  Statement insert_, read_;
};

}  // namespace quire::store::embedded
