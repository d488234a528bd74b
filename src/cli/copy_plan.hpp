#pragma once

#include <string>
#include <vector>

#include "cli/copy_state.hpp"
#include "quire/cli/copy.hpp"

namespace quire::cli {

struct PlannedCollection {
  std::string name;
  std::string type;
  bson::Document options;  ///< to create it with
  std::vector<bson::Document> indexes;
  bool natural = false;    ///< capped and time series: in the order of insertion, all at once
  bool validated = false;  ///< has a validator that documents may be older than
  bool present = false;    ///< in the target
  CollectionState state;
};
struct PlannedView {
  std::string name;
  bson::Document options;
  bool present = false;
};
struct CopyPlan {
  std::vector<PlannedCollection> collections;
  std::vector<PlannedView> views;  ///< each behind those that it reads
  std::vector<std::string> left_out;
};

/// With the names of both sides, and nothing done yet.
[[nodiscard]] CopyReport report_about(const Database& from, const Database& to);

/// Whether the options name it, and it is none of those that say where a run or a copy stands.
[[nodiscard]] bool is_copied(const std::string& name, const CopyOptions& options);

/// What is to be copied, and whether the target takes it; reads only. `state`: of a copy to be
/// resumed, else null. Throws StoreError that names what is in the way.
[[nodiscard]] CopyPlan plan_copy(const Database& from, const Database& to,
                                 const CopyOptions& options, const CopyState* state);

}  // namespace quire::cli
