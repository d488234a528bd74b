#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "quire/bson/document.hpp"
#include "store/embedded/storage/sqlite.hpp"

namespace quire::store::embedded {

/// Documents that a stage holds back, in the order of their keys (bytes by memcmp, then as added):
/// in memory, and past a limit in a private temporary file. One thread.
class Spool {
 public:
  /// `memory_limit`: bytes; `may_spill` false throws 292 past it, naming `stage`. `keep`: only the
  /// first so many are wanted; 0 = all.
  Spool(std::string_view stage, std::size_t memory_limit, bool may_spill, std::size_t keep = 0);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  void add(std::string&& key, bson::View document);
  /// No add() afterwards. May be called again to read from the beginning.
  void rewind();
  /// The next document, valid until the next call.
  [[nodiscard]] std::optional<bson::View> next();
  /// Of the document that next() gave.
  [[nodiscard]] std::string_view key() const noexcept { return key_; }
  [[nodiscard]] bool spilled() const noexcept { return file_ != nullptr; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }

 private:
  struct Entry {
    std::string key;
    std::uint64_t number;
    bson::Document document;
    friend bool operator<(const Entry& a, const Entry& b) noexcept {
      const int order = a.key.compare(b.key);
      return order != 0 ? order < 0 : a.number < b.number;
    }
  };
  static std::size_t cost(const Entry& entry) noexcept {
    return entry.key.size() + entry.document.size() + sizeof(Entry);
  }
  void spill();

  std::string stage_;
  std::size_t memory_limit_;
  bool may_spill_;
  std::size_t keep_;
  std::size_t bytes_ = 0;
  std::size_t count_ = 0;
  std::uint64_t next_number_ = 0;
  std::size_t at_ = 0;
  bool sorted_ = false;
  bool ordered_so_far_ = true;
  std::string_view key_;
  std::vector<Entry> entries_;
  sqlite3* file_ = nullptr;
  Statement insert_, read_;
};

}  // namespace quire::store::embedded
