#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/embedded/engine/sort.hpp"
#include "store/embedded/storage/catalog.hpp"

/// Chooses how the documents of a filter are reached.
namespace quire::store::embedded {

/// Bytes of keys: from `low` up to and without `high`.
struct KeyRange {
  std::string low;
  std::string high;
  bool to_end = false;  ///< without an upper end
};

struct Plan {
  enum class Kind { nothing, scan, id_point, id_range, index };
  Kind kind = Kind::scan;
  std::shared_ptr<const IndexMeta> index;  ///< of Kind::index
  std::vector<KeyRange> ranges;            ///< ascending, apart; not of scan
  bool backwards = false;
  bool sorted = false;     ///< documents come in the order asked for
  std::size_t equal = 0;   ///< leading fields that are fixed
  bool has_range = false;  ///< and one that is bounded
};

struct Hint {
  bson::View key = {};
  std::string_view name = {};
  [[nodiscard]] bool empty() const noexcept { return key.empty() && name.empty(); }
};

/// Throws QueryError invalid_query (2) for a hint that names no index.
[[nodiscard]] Plan choose_plan(const CollectionMeta& collection, const FilterNode& filter,
                               const Sorter& sorter, const Hint& hint);

/// The bare value of {_id: value} when that is the whole filter and only equality can be meant.
[[nodiscard]] bool is_id_equality(bson::View filter, bson::ValueView& id) noexcept;
/// Whether a filter's value means equality with itself and no more: not null, no array, regex or
/// operators.
[[nodiscard]] bool is_plain_value(bson::ValueView value) noexcept;

}  // namespace quire::store::embedded
