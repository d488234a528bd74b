#pragma once

#include <cstddef>
#include <vector>

#include "quire/bson/document.hpp"
#include "store/embedded/storage/sqlite.hpp"

namespace quire::store::embedded {

/// The documents of one partition, by position: in memory, and past a limit the later ones in a
/// private temporary file. One thread.
class Partition {
 public:
  Partition(std::size_t memory_limit, bool may_spill)
      : memory_limit_(memory_limit), may_spill_(may_spill) {}
  ~Partition();
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;

  void clear();
  /// Throws StoreError 5643011 beyond the limit where no file may be used.
  void add(bson::View document);
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Valid until the next call.
  [[nodiscard]] bson::View at(std::size_t i);

 private:
  void spill(bson::View document);
  std::size_t memory_limit_;
  bool may_spill_;
  std::vector<bson::Document> documents_;
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
  sqlite3* file_ = nullptr;
  Statement insert_, read_;
};

}  // namespace quire::store::embedded
