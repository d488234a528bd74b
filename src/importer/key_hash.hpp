#pragma once

#include <string>
#include <string_view>

#include "core/sha256.hpp"
#include "quire/bson/value.hpp"
#include "quire/importer/cell.hpp"
#include "quire/importer/schema.hpp"

namespace quire::importer {

/// How a cell of a key is hashed: as the column of the key would have it, so that a column of
/// another table that refers to it gives the same.
enum class HashAs : std::uint8_t {
  is,      ///< numbers by their value, all else by kind and text
  text,    ///< as the source has it
  padded,  ///< text without the blanks at its end
  uuid     ///< text that is a uuid in any spelling, too
};
[[nodiscard]] HashAs hash_as(const Column* key) noexcept;
/// Whether values of such columns may have the same hash.
[[nodiscard]] bool hash_alike(const Column* key, const Column* other) noexcept;

/// The hash that IdKind::hash makes of a key: 12 bytes of the SHA-256 of the table's name and the
/// key's values, each with its kind and its length in front. One thread.
class KeyHash {
 public:
  explicit KeyHash(std::string_view table) { add('T', table); }
  /// `scratch`: its room is used.
  void add(const Cell& cell, HashAs as, std::string& scratch);
  /// Which of an unpivoted row's columns.
  void add_part(std::string_view column) { add('P', column); }
  [[nodiscard]] ObjectId finish();

 private:
  void add(char kind, std::string_view text);
  Sha256 hash_;
};

}  // namespace quire::importer
