#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "importer/files/layout.hpp"
#include "quire/importer/source.hpp"

namespace quire::importer::files {

/// A row's place in a table: the key of rows in files.
struct Position {
  std::string file;
  std::int64_t record = 1;
  friend auto operator<=>(const Position&, const Position&) = default;
  friend bool operator==(const Position&, const Position&) = default;
};

/// What is read of a table.
struct Bounds {
  std::optional<Position> after, until;
  std::vector<Position> keys;  ///< in order, each once; with only_keys
  bool only_keys = false;
  std::int64_t limit = 0;
};

/// Throws ImportError invalid_mapping for what files cannot do: other keys, orders, conditions,
/// rows that come with those of a parent.
[[nodiscard]] Bounds bounds_of(const FileTable& table, const RowQuery& query);
[[nodiscard]] bson::Value key_of(const FileTable& table, const Position& position);

/// Records that the bounds take of one file: numbers behind `first` - 1, up to `last`.
struct Stretch {
  std::int64_t first = 1;
  std::int64_t last = 0;  ///< INT64_MAX: to the end
  [[nodiscard]] bool empty() const noexcept { return first > last; }
};
/// By `after` and `until` alone.
[[nodiscard]] Stretch stretch_of(const Bounds& bounds, const std::string& file);

}  // namespace quire::importer::files
