#pragma once

#include <cstddef>
#include <iterator>

namespace quire::collection_detail {

/// The iterator of a range that keeps its current element and steps with advance(): Find,
/// Aggregate. One pass.
template <class Range>
class LoopIterator {
 public:
  using value_type = typename Range::value_type;
  using difference_type = std::ptrdiff_t;
  using iterator_concept = std::input_iterator_tag;
  LoopIterator() = default;
  explicit LoopIterator(Range* range) : range_(range) { ++*this; }
  [[nodiscard]] value_type& operator*() const noexcept { return range_->current_; }
  [[nodiscard]] value_type* operator->() const noexcept { return &range_->current_; }
  LoopIterator& operator++() {
    if (!range_->advance()) range_ = nullptr;
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const LoopIterator& a, std::default_sentinel_t) noexcept {
    return a.range_ == nullptr;
  }

 private:
  Range* range_ = nullptr;
};

}  // namespace quire::collection_detail
