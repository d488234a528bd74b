#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "quire/bson/view.hpp"
#include "store/embedded/storage/record_sorter.hpp"

namespace quire::store::embedded {

/// Documents that a stage holds back, in the order of their keys (bytes by memcmp, then as added):
/// in memory, and past a limit in a private temporary file. One thread.
class Spool {
 public:
  /// `memory_limit`: bytes; `may_spill` false throws 292 past it, naming `stage`. `keep`: only the
  /// first so many are wanted; 0 = all.
  Spool(std::string_view stage, std::size_t memory_limit, bool may_spill, std::size_t keep = 0);
  void add(std::string_view key, bson::View document);
  /// No add() afterwards. May be called again to read from the beginning.
  void rewind();
  /// The next document, valid until the next call.
  [[nodiscard]] std::optional<bson::View> next();
  /// Of the document that next() gave.
  [[nodiscard]] std::string_view key() const noexcept { return sorter_.key(); }
  [[nodiscard]] bool spilled() const noexcept { return sorter_.spilled(); }
  /// How many were added.
  [[nodiscard]] std::size_t size() const noexcept { return sorter_.added(); }

 private:
  void check_memory() const;
  std::string stage_;
  std::size_t memory_limit_;
  RecordSorter sorter_;
};

}  // namespace quire::store::embedded
