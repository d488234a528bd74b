#pragma once

#include <map>
#include <optional>
#include <string>

#include "quire/bson/value.hpp"
#include "quire/collection/database.hpp"

namespace quire::cli {

inline constexpr std::string_view copy_collection = "_quire_copy";

/// Where the copy of one collection stands, as the target keeps it.
struct CollectionState {
  enum class Phase { fresh, copying, copied };
  Phase phase = Phase::fresh;
  bool created = false;             ///< by the copy; else it was there before
  bool merged = false;              ///< it held documents before
  std::optional<bson::Value> last;  ///< every document up to here is written
};

/// The collection _quire_copy of a target: {_id: "copy", run, source, database, started} and for
/// each collection {_id: "collection:NAME", phase, created, merged, last?}. Throws StoreError.
class CopyState {
 public:
  explicit CopyState(const Database& to) : to_(to) {}

  /// What an unfinished copy left; false when there is none.
  bool load();
  [[nodiscard]] const std::string& source() const noexcept { return source_; }
  [[nodiscard]] const std::string& source_database() const noexcept { return source_database_; }
  [[nodiscard]] const CollectionState* find(const std::string& collection) const;

  /// Begins anew, dropping what another left. Throws StoreError busy when one begins at the same
  /// time.
  void begin(const std::string& source, const std::string& database);
  void save(const std::string& collection, const CollectionState& state);
  /// Whether `other` is where this state lies, under whatever URI.
  [[nodiscard]] bool lies_in(const Database& other) const;
  void remove();

 private:
  Database to_;
  std::string run_, source_, source_database_;
  std::map<std::string, CollectionState, std::less<>> collections_;
};

}  // namespace quire::cli
