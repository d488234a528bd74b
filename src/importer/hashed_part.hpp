#pragma once

#include <string>
#include <vector>

#include "importer/row_shape.hpp"

namespace quire::importer {

/// A part of a mapping whose _id is a hash, with what it is a hash of.
struct HashedPart {
  const TableMapping& part;
  const Table& table;
  std::vector<std::string> key;

  [[nodiscard]] bool has_parts() const noexcept { return part.unpivot.has_value(); }
  /// Of unpivot.
  [[nodiscard]] std::vector<std::string> parts() const;
  /// Of `key`. Null: a number that the source gives its rows; of what unpivot adds: `any`.
  [[nodiscard]] const Column* column(const std::string& name) const;
};

/// Columns that the part's _id is a hash of.
[[nodiscard]] std::vector<std::string> hashed_columns(const TableMapping& part, const Table& table);
/// Null: there is no such part.
[[nodiscard]] const TableMapping* find_part(const Mapping& mapping, std::string_view name) noexcept;
/// That the rule refers to. Only of a mapping that validate() finds nothing against.
[[nodiscard]] HashedPart hashed_part(const Mapping& mapping, const Schema& schema,
                                     const HashOf& rule);
/// A part's `references`, and those that its fields with `hash_of` are, children's too.
[[nodiscard]] std::vector<ReferenceRule> references_of(const Mapping& mapping,
                                                       const TableMapping& part);

}  // namespace quire::importer
