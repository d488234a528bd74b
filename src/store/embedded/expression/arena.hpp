#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace quire::store::embedded {

/// Memory for the values that one evaluation computes: given out in order, let go of all at once.
/// Bytes stay where they are until reset() or the end. Not thread-safe.
class Arena {
 public:
  Arena() = default;
  Arena(Arena&&) noexcept = default;
  Arena& operator=(Arena&&) noexcept = default;

  [[nodiscard]] std::uint8_t* allocate(std::size_t n) {
    if (n > left_) grow(n);
    std::uint8_t* out = at_;
    at_ += n;
    left_ -= n;
    return out;
  }
  [[nodiscard]] const std::uint8_t* copy(const void* bytes, std::size_t n) {
    std::uint8_t* out = allocate(n);
    if (n != 0) std::memcpy(out, bytes, n);
    return out;
  }
  /// Forgets all values; keeps the largest block.
  void reset() noexcept;
  /// Bytes given out, and what was left of blocks that were too small for more.
  [[nodiscard]] std::size_t used() const noexcept { return total_ - left_; }
  /// A state to go back to: what was given out since is forgotten. Not beyond a reset().
  struct Mark {
    std::size_t blocks;
    std::uint8_t* at;
    std::size_t left, total;
  };
  [[nodiscard]] Mark mark() const noexcept { return {blocks_.size(), at_, left_, total_}; }
  void rewind(const Mark& mark) noexcept {
    blocks_.resize(mark.blocks);
    at_ = mark.at;
    left_ = mark.left;
    total_ = mark.total;
  }
  /// Bytes of all blocks.
  [[nodiscard]] std::size_t bytes() const noexcept { return total_; }

 private:
  struct Block {
    std::unique_ptr<std::uint8_t[]> bytes;
    std::size_t size;
  };
  void grow(std::size_t n);
  std::vector<Block> blocks_;
  std::uint8_t* at_ = nullptr;
  std::size_t left_ = 0;
  std::size_t total_ = 0;
};

}  // namespace quire::store::embedded
