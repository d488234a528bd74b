#include "importer/files/window.hpp"

#include <algorithm>

namespace quire::importer::files {

bool Window::more() {
  if (capacity_ - end_ < block_bytes / 2) {
    const std::size_t kept = end_ - at_;
    if (capacity_ < kept + block_bytes || capacity_ > 4 * (kept + block_bytes)) {
      const std::size_t wanted = std::max(2 * kept, std::size_t{block_bytes}) + block_bytes;
      auto larger = std::make_unique_for_overwrite<char[]>(wanted + padding);
      if (kept > 0) std::memcpy(larger.get(), bytes_.get() + at_, kept);
      bytes_ = std::move(larger);
      capacity_ = wanted;
    } else if (kept > 0) {
      std::memmove(bytes_.get(), bytes_.get() + at_, kept);
    }
    at_ = 0;
    end_ = kept;
  }
  const std::size_t n = in_->read(bytes_.get() + end_, std::min(block_bytes, capacity_ - end_));
  end_ += n;
  return n > 0;
}

void Window::skip_mark() {
  while (held().size() < 3 && more()) continue;
  if (held().starts_with("\xEF\xBB\xBF")) drop(3);
}

bool Window::seek(std::uint64_t offset) {
  if (!in_->seek(offset)) return false;
  at_ = end_ = 0;
  offset_ = offset;
  return true;
}

}  // namespace quire::importer::files
