#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "quire/bson/document.hpp"

/// How sure a read or a write wants to be, and who is asked. Names and meaning are those of
/// MongoDB's manual, "Read Concern", "Write Concern" and "Read Preference".
namespace quire {

/// What a read may see. The embedded store has one copy: every level holds there.
struct ReadConcern {
  std::string level;  ///< "local", "available", "majority", "linearizable", "snapshot"
};

/// When a write counts as done.
struct WriteConcern {
  std::string w;  ///< "majority", a tag set's name, or a number of members "0", "1" …; empty = 1
  std::optional<bool> journal = std::nullopt;
  std::chrono::milliseconds timeout{0};  ///< 0 = none

  [[nodiscard]] static WriteConcern majority() { return {"majority"}; }
  [[nodiscard]] static WriteConcern members(int n) { return {std::to_string(n)}; }
  /// Not waited for, errors are not told: results count nothing. Not in transactions.
  [[nodiscard]] static WriteConcern unacknowledged() { return {"0"}; }
};

/// Which member of a replica set is read from.
struct ReadPreference {
  enum class Mode { primary, primary_preferred, secondary, secondary_preferred, nearest };
  Mode mode = Mode::primary;
  std::vector<bson::Document> tag_sets = {};  ///< the first that some member has; {} = any
  std::optional<std::chrono::seconds> max_staleness = std::nullopt;  ///< 90 s or more
};

/// The three, of a handle: what its calls use unless they say otherwise. Nothing = the URI's.
struct Concerns {
  std::optional<ReadConcern> read = std::nullopt;
  std::optional<WriteConcern> write = std::nullopt;
  std::optional<ReadPreference> preference = std::nullopt;
};

}  // namespace quire
