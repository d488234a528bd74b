#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "importer/files/byte_stream.hpp"

namespace quire::importer::files {

/// Text of a longer one that is being read: it is held from where nobody has dropped it to where it
/// was read. simdjson may read `padding` bytes behind what is held.
class Window {
 public:
  static constexpr std::size_t padding = 64;
  explicit Window(std::unique_ptr<ByteStream> in) : in_(std::move(in)) {}

  [[nodiscard]] std::string_view held() const noexcept { return {bytes_.get() + at_, end_ - at_}; }
  /// Of the first byte held, in the file's text.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  /// Reads on. What is held may move. False at the end; throws Damaged.
  bool more();
  /// At the start of a text: passes over a byte order mark.
  void skip_mark();
  void drop(std::size_t n) noexcept {
    at_ += n;
    offset_ += n;
  }
  /// Forgets what is held and goes on at a byte of the file. False: not possible.
  bool seek(std::uint64_t offset);
  /// The first byte held is that number `offset` of the text.
  void set_offset(std::uint64_t offset) noexcept { offset_ = offset; }

 private:
  static constexpr std::size_t block_bytes = 256 * 1024;
  std::unique_ptr<ByteStream> in_;
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t at_ = 0, end_ = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace quire::importer::files
