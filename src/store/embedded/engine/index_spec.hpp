#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/document.hpp"
#include "store/embedded/engine/keys.hpp"

namespace quire::store::embedded {

/// One index definition, checked.
struct IndexSpec {
  std::string name;
  std::vector<IndexField> fields;
  bool unique = false;
  bool sparse = false;
  bool hidden = false;
  bool prepare_unique = false;  ///< refuses new duplicates; turns unique by collMod
  std::optional<bson::Document> partial_filter;
  bson::Document wildcard_projection;  ///< of "$**"; may be empty
  std::optional<std::int64_t> expire_after_seconds;
  bson::Document key;         ///< as given: {a: 1, "b.c": -1}
  bson::Document definition;  ///< as listIndexes tells it: {v: 2, key, name, …}

  /// Throws QueryError invalid_index with the server's code (67 CannotCreateIndex, 72
  /// InvalidOptions, 2, 9, 14, 197 …); StoreError unsupported, by name, for text, 2d, 2dsphere,
  /// collation. A missing name is made from the key, as drivers do ("a_1_b_-1").
  [[nodiscard]] static IndexSpec parse(bson::View spec);
  /// {a: 1, b: -1} → "a_1_b_-1".
  [[nodiscard]] static std::string default_name(bson::View key);
  /// Whether programs that know only format 1 of the file would keep it wrongly.
  [[nodiscard]] bool needs_format_2() const noexcept { return prepare_unique || special(); }
  /// Whether it has a hashed or a wildcard field.
  [[nodiscard]] bool special() const noexcept;
  /// Its wildcard field, or null.
  [[nodiscard]] const IndexField* wildcard() const noexcept;
  [[nodiscard]] KeyMaker key_maker() const;
  /// Same options beside the name; as the server compares for "already exists".
  [[nodiscard]] bool same_options(const IndexSpec& other) const;
  /// Same key, unique, sparse and partial filter: what makes an index the same one. Two of these
  /// cannot be in one collection, whatever their names. TTL and hidden do not count.
  [[nodiscard]] bool same_signature(const IndexSpec& other) const;
};

/// Collations: nothing is done for {locale: "simple"}, which is byte order. Throws QueryError
/// invalid_index with the server's code (14, 2) for what is no collation, StoreError unsupported
/// for any other. Serves commands too: `path` is the option's name.
void require_simple_collation(bson::ValueView collation, std::string_view path = "collation");

}  // namespace quire::store::embedded
