#include "quire/bson/document.hpp"

#include <algorithm>
#include <new>

namespace quire::bson {

void Buffer::grow(std::size_t more) {
  const std::size_t wanted = std::max({size_ + more, capacity_ + capacity_ / 2, std::size_t{128}});
  auto* bytes = static_cast<std::uint8_t*>(std::realloc(data_, wanted));
  if (bytes == nullptr) throw std::bad_alloc();
  data_ = bytes;
  capacity_ = wanted;
}

}  // namespace quire::bson
