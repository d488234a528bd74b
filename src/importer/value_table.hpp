#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "quire/importer/mapping.hpp"

namespace quire::importer {

/// What values are replaced by: FieldRule::values. Immutable, shared by threads.
class ValueTable {
 public:
  /// Of two pairs with the same `from` the first counts. The pairs have to outlive it.
  explicit ValueTable(const std::vector<ValuePair>& pairs);
  /// Null: not named. `scratch` is what it is looked up with.
  [[nodiscard]] const bson::Value* find(bson::ValueView value, std::string& scratch) const;

 private:
  std::unordered_map<std::string, const bson::Value*> values_;
};

/// The same text for values that are the same: numbers of all types by their value (doubles by
/// their shortest digits), all else by type and bytes. Appended.
void append_same(std::string& out, bson::ValueView value);

/// FieldRule::format: "Rank {rank}" in pieces.
struct Template {
  struct Piece {
    std::string text;    ///< stands before the column
    std::string column;  ///< empty: none behind
  };
  std::vector<Piece> pieces;
};
/// Nothing: a brace that is not closed or not opened, or an empty name; `why` tells.
[[nodiscard]] std::optional<Template> parse_template(std::string_view format, std::string& why);

}  // namespace quire::importer
