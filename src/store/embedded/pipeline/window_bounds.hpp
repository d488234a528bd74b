#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "quire/bson/value.hpp"
#include "store/embedded/engine/sort.hpp"
#include "store/embedded/expression/expression.hpp"
#include "store/embedded/pipeline/time_unit.hpp"

namespace quire::store::embedded {

/// {documents: [a, b]} or {range: [a, b], unit}: which documents around one are its window.
struct WindowBounds {
  enum class Kind : std::uint8_t { unbounded, current, offset };
  struct Bound {
    Kind kind = Kind::unbounded;
    bson::Value offset;  ///< a number; of documents an int32
  };
  Bound lower, upper;
  bool range = false;
  std::optional<TimeUnit> unit;

  /// Throws QueryError 9 …. `sort`: that of the stage.
  [[nodiscard]] static WindowBounds parse(bson::ValueView window, const Sorter& sort,
                                          ParseScope& scope);
  /// All documents up to the current one.
  [[nodiscard]] static WindowBounds up_to_current();
  [[nodiscard]] bool is_left_unbounded() const noexcept { return lower.kind == Kind::unbounded; }
};

/// The values of the stage's one sort field, for range windows.
using SortValues = std::vector<bson::Value>;

/// Finds the windows of the documents of a partition, one after the other.
class WindowFinder {
 public:
  explicit WindowFinder(const WindowBounds& bounds) : bounds_(bounds) {}
  /// A new partition of `size` documents. `values` only for ranges; must outlive the partition.
  void begin(std::size_t size, const SortValues* values);
  struct Window {
    std::size_t begin, end;  ///< positions; equal for an empty one
  };
  /// Of document `i`; `i` goes up. Throws QueryError 5429413, 5429414, 5429513.
  [[nodiscard]] Window find(std::size_t i, Evaluation& e);

 private:
  [[nodiscard]] Window find_range(std::size_t i, Evaluation& e);
  const WindowBounds& bounds_;
  std::size_t size_ = 0;
  const SortValues* values_ = nullptr;
  std::size_t lower_ = 0;  // what is in front of it was found to be too low
  std::size_t upper_ = 0;  // what is at it was found to be low enough
};

}  // namespace quire::store::embedded
