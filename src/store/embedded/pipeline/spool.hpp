#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/document.hpp"
#include "quire/store/store.hpp"
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

/// A result that has to be read to its end before the first of it is given on: a little of it in
/// memory, more in a temporary file.
class HeldResult {
 public:
  /// `in_memory`: bytes that stay there.
  explicit HeldResult(std::size_t in_memory) : in_memory_(in_memory) {}
  void add(bson::View document);
  /// What was added, in its order. Last.
  [[nodiscard]] std::unique_ptr<Cursor> take();

 private:
  std::size_t in_memory_;
  std::vector<bson::Document> documents_;
  std::size_t bytes_ = 0;
  std::unique_ptr<Spool> spool_;  // of all, once they are many
};

}  // namespace quire::store::embedded
