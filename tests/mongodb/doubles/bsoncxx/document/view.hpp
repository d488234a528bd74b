#pragma once

#include <cstddef>
#include <cstdint>

/// What quire uses of bsoncxx::document::view, for machines that have no C++ driver: Debian has no
/// package of it.
namespace bsoncxx::document {

class view {
 public:
  view(const std::uint8_t* data, std::size_t length) : data_(data), length_(length) {}
  [[nodiscard]] const std::uint8_t* data() const { return data_; }
  [[nodiscard]] std::size_t length() const { return length_; }

 private:
  const std::uint8_t* data_;
  std::size_t length_;
};

}  // namespace bsoncxx::document
