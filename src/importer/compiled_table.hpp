#pragma once

#include "importer/program.hpp"
#include "importer/row_source.hpp"

namespace quire::importer {

struct CompiledTable::Impl {
  TypePolicy types;      ///< of the whole mapping
  TableMapping mapping;  ///< programs point into it
  bson::DateTime begun;
  std::vector<std::string> key;
  std::vector<std::string> on_insert;
  Program program;
  RowQuery query;  ///< without bounds
  std::optional<UnpivotProgram> unpivot;
  std::optional<PivotProgram> pivot;
  bson::Document identity;
  /// What `hash_of` of the rules refers to, of the other parts of the mapping: a change there makes
  /// other documents here.
  std::string hashed_of_others;

  /// The source's bounds for those of MappedRow::key.
  [[nodiscard]] RowQuery bounded(const std::optional<bson::Value>& after,
                                 const std::optional<bson::Value>& until) const;
};

/// A bound that lies within an unpivoted row: {k, n}.
struct PartKey {
  bson::Value row;
  std::optional<std::int32_t> part;  ///< nothing: the whole row
};
[[nodiscard]] PartKey part_key(const bson::Value& key, std::size_t key_columns);

/// Compiles `impl.mapping`, a part of the whole. Throws ImportError invalid_mapping, no_key.
void compile(CompiledTable::Impl& impl, const Mapping& whole, const Schema& schema);

/// One value, or a document of several; nulls are null.
[[nodiscard]] bson::Value key_of_row(std::span<const Cell> cells,
                                     const std::vector<std::size_t>& key,
                                     const std::vector<std::string>& names);
/// What the source has, for rejects.
[[nodiscard]] bson::Document raw_row(const Program& program, std::span<const Cell> cells);
void append_raw(bson::Writer& out, std::string_view name, const Cell& cell);

}  // namespace quire::importer
