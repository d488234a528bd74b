#pragma once

#include <memory>

#include "store/embedded/storage/scope.hpp"

/// What find knows of keys and rows: min and max, returnKey, showRecordId.
namespace quire::store::embedded::commands {

struct KeyBounds {
  bson::View min = {};  ///< inclusive; fields as those of the hinted index
  bson::View max = {};  ///< exclusive
  bool return_key = false;
  bool show_record = false;
  [[nodiscard]] bool any() const noexcept {
    return !min.empty() || !max.empty() || return_key || show_record;
  }
};

/// Reads all at once. Throws 51173 without a hint for min or max, 51174 when their fields are not
/// those of the index, 51175 when min is not before max, 51176 when they differ in fields;
/// unsupported for returnKey where an index has several keys for a document.
[[nodiscard]] std::unique_ptr<Cursor> find_by_keys(const std::shared_ptr<StorageFile>& file,
                                                   Namespace ns, bson::View filter,
                                                   const FindOptions& options,
                                                   const KeyBounds& bounds);

}  // namespace quire::store::embedded::commands
