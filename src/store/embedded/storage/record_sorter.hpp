#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/embedded/storage/temporary_file.hpp"

namespace quire::store::embedded {

/// Gives records back in the order of their keys (bytes by memcmp, a beginning before what goes on)
/// and of their numbers: from memory, and past a limit by merging sorted runs in a temporary file.
/// One thread.
class RecordSorter {
 public:
  /// `memory_limit`: bytes, about. `keep`: only the first so many are wanted; 0 = all. `purpose`
  /// is told when the file fails; it outlives the sorter.
  /// Without `may_spill` all stays in memory, and is_over_limit() tells when that is too much.
  RecordSorter(std::string_view purpose, std::size_t memory_limit, std::size_t keep = 0,
               bool may_spill = true);
  ~RecordSorter();
  RecordSorter(const RecordSorter&) = delete;
  RecordSorter& operator=(const RecordSorter&) = delete;

  /// Throws StoreError disk_full, io_error, as rewind() and next() do.
  void add(std::string_view key, std::string_view body, std::uint64_t number);
  /// No add() afterwards. May be called again to read from the beginning.
  void rewind();
  /// Goes on to the next record; false at the end. What is below is of it, until the next call.
  [[nodiscard]] bool next();
  [[nodiscard]] std::string_view key() const noexcept;
  [[nodiscard]] std::string_view body() const noexcept;
  [[nodiscard]] std::uint64_t number() const noexcept;

  /// Whether what is wanted takes more than the limit and may not spill, as add() or rewind()
  /// found.
  [[nodiscard]] bool is_over_limit() const noexcept { return over_limit_; }
  /// Bytes in memory.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool spilled() const noexcept { return file_ != nullptr; }
  [[nodiscard]] std::size_t added() const noexcept { return added_; }

 private:
  /// A record's head, followed by its key and its body.
  struct Head {
    std::uint32_t key_size, body_size;
    std::uint64_t number;
  };
  /// The key's first eight bytes, which decide most comparisons, and the record.
  struct Item {
    std::uint64_t prefix;
    const std::uint8_t* record;
    bool operator<(const Item& other) const noexcept { return is_before(*this, other); }
  };
  /// A sorted run in the file.
  struct Run {
    std::uint64_t begin, end;
    int level;
  };
  class Reader;

  static bool is_before(const Item& a, const Item& b) noexcept;
  static Item item_of(const std::uint8_t* record) noexcept;
  static Head head_of(const std::uint8_t* record) noexcept;
  static std::size_t size_of(const Head& head) noexcept {
    return sizeof(Head) + head.key_size + head.body_size;
  }
  std::uint8_t* allocate(std::size_t n);
  void release() noexcept;
  void order();
  void keep_the_first();
  void check_memory();
  void spill();
  void open_readers(std::size_t first_run, std::size_t room);
  void merge_runs(std::size_t first_run);
  [[nodiscard]] bool advance();
  void write(const std::uint8_t* record, std::size_t n);
  void flush();

  std::string_view purpose_;
  std::size_t memory_limit_, keep_;
  bool may_spill_;
  bool over_limit_ = false;
  std::size_t most_bytes_;  // at more the memory is looked through
  std::size_t bytes_ = 0, added_ = 0, given_ = 0;
  std::vector<Item> items_;
  bool ordered_ = true;
  std::optional<std::string> bound_;  // of `keep` records that are smaller or equal
  struct Block {
    std::unique_ptr<std::uint8_t[]> bytes;
    std::size_t size;
  };
  std::vector<Block> blocks_;
  std::size_t block_ = 0, used_ = 0;  // the block that is filled, and how far

  std::unique_ptr<TemporaryFile> file_;
  std::vector<Run> runs_;
  std::vector<std::uint8_t> out_;
  std::uint64_t end_ = 0;  // of the file

  std::vector<std::unique_ptr<Reader>> readers_;
  struct Next {
    Item item;
    Reader* reader;  // null: of memory
    bool operator<(const Next& other) const noexcept { return other.item < item; }
  };
  std::vector<Next> heap_;
  std::size_t at_ = 0;  // in items_
  const std::uint8_t* current_ = nullptr;
  bool advance_first_ = false;
};

}  // namespace quire::store::embedded
