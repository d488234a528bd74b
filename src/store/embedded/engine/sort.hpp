#pragma once

#include <string>
#include <vector>

#include "quire/bson/view.hpp"
#include "store/embedded/engine/keys.hpp"

namespace quire::store::embedded {

/// A sort order {a: 1, "b.c": -1}; an array sorts by its smallest (or, descending, largest)
/// element. Immutable; thread-safe.
class Sorter {
 public:
  Sorter() = default;
  /// Throws QueryError invalid_sort with the server's code; StoreError unsupported for {$meta: …}.
  explicit Sorter(bson::View sort);
  [[nodiscard]] bool empty() const noexcept { return fields().empty(); }
  [[nodiscard]] const std::vector<IndexField>& fields() const noexcept { return maker_.fields(); }
  /// Bytes whose memcmp order is the order of documents.
  void append_sort_key(bson::View document, std::string& out) const;

 private:
  KeyMaker maker_{{}, false};
};

}  // namespace quire::store::embedded
