#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "quire/bson/view.hpp"

namespace quire::bson {

/// Growing bytes that are never cleared before they are written. What encode() and Writer fill.
class Buffer {
 public:
  Buffer() noexcept = default;
  Buffer(const Buffer& other) { append(other.data_, other.size_); }
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer() { std::free(data_); }
  void swap(Buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  [[nodiscard]] std::uint8_t* data() noexcept { return data_; }
  [[nodiscard]] const std::uint8_t* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  void clear() noexcept { size_ = 0; }

  /// Room for `more` bytes behind size(); the place to write them. Throws std::bad_alloc.
  std::uint8_t* reserve(std::size_t more) {
    if (capacity_ - size_ < more) [[unlikely]]
      grow(more);
    return data_ + size_;
  }
  /// Says that bytes up to `end` (within the room reserved) are written.
  void set_end(const std::uint8_t* end) noexcept { size_ = static_cast<std::size_t>(end - data_); }
  void resize_down(std::size_t size) noexcept { size_ = size; }

  void append(const void* bytes, std::size_t n) {
    if (n == 0) return;
    std::memcpy(reserve(n), bytes, n);
    size_ += n;
  }
  void push_back(std::uint8_t byte) {
    *reserve(1) = byte;
    ++size_;
  }
  template <class T>
  void put(T value) {
    std::memcpy(reserve(sizeof value), &value, sizeof value);
    size_ += sizeof value;
  }

 private:
  void grow(std::size_t more);
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// A document that owns its bytes. Default: the empty document, without an allocation.
/// Equality is of bytes. Threads: as a std::vector.
class Document {
 public:
  Document() noexcept = default;
  /// Copies.
  explicit Document(View view) { bytes_.append(view.data(), view.size()); }
  /// Takes finished bytes. Throws FormatError malformed_bson as View does.
  explicit Document(Buffer bytes) : bytes_(std::move(bytes)) {
    if (bytes_.size() != 0) (void)View(bytes_.data(), bytes_.size());
  }

  [[nodiscard]] View view() const {
    return bytes_.size() == 0 ? View{} : View(bytes_.data(), bytes_.size());
  }
  operator View() const { return view(); }  // NOLINT: a Document serves wherever a View does

  [[nodiscard]] bool empty() const noexcept { return bytes_.size() <= 5; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() == 0 ? 5 : bytes_.size(); }
  [[nodiscard]] View::Iterator begin() const { return view().begin(); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }
  [[nodiscard]] std::optional<ValueView> find(std::string_view key) const {
    return view().find(key);
  }
  [[nodiscard]] ValueView operator[](std::string_view key) const { return view()[key]; }
  [[nodiscard]] bool contains(std::string_view key) const { return view().contains(key); }
  /// The bytes, leaving this empty.
  [[nodiscard]] Buffer release() noexcept { return std::move(bytes_); }

  friend bool operator==(const Document& a, const Document& b) { return a.view() == b.view(); }

 private:
  Buffer bytes_;
};

}  // namespace quire::bson
