#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/embedded/engine/matcher.hpp"

namespace quire::store::embedded {

/// One condition on one path that an index can serve.
struct Predicate {
  const FilterNode* node;
  std::string path;
  int group;  ///< > 0: conditions on the same array element ($elemMatch)
};
/// All that must hold of a filter at once.
[[nodiscard]] std::vector<Predicate> conjuncts(const FilterNode& filter);

/// A stretch of one field's key bytes.
struct Interval {
  std::string low;   // inclusive
  std::string high;  // exclusive
  bool point = false;
};
/// The keys that documents matching `node` can have, a superset; nothing when all of them.
[[nodiscard]] std::optional<std::vector<Interval>> intervals_of(const FilterNode& node,
                                                                bool descending);
/// Both hold for one value.
[[nodiscard]] std::vector<Interval> intersect(const std::vector<Interval>& a,
                                              const std::vector<Interval>& b);
/// Sorts; joins what touches.
void normalize(std::vector<Interval>& intervals);
/// Whether a document without the field can never match.
[[nodiscard]] bool demands_field(const FilterNode& node);

}  // namespace quire::store::embedded
