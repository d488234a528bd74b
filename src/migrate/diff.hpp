#pragma once

#include "quire/bson/document.hpp"
#include "quire/bson/writer.hpp"
#include "quire/migrate/step.hpp"

namespace quire::migrate {

/// What has to be written to one document.
struct RowChange {
  enum class Kind { none, update, remove };
  Kind kind = Kind::none;
  bson::Document filter;  ///< _id and the values that were read of what changes
  bson::Document update;  ///< $set and $unset of the top-level fields that differ
};

/// Compares what the user's function saw and made with the document as it is stored. Fields that
/// the function's structs do not name survive at every level; of an array whose length changed, the
/// elements are the function's own. With `fill`, fields that the new struct has by default are
/// written where the document lacks them (transform), else not (each). `alone`: nobody else writes
/// before the change is written, so that the filter is the _id.
/// Throws StepError immutable_field when the function changed _id, invalid_key for a field that an
/// update cannot name.
[[nodiscard]] RowChange diff_row(bson::View stored, const RowImages& images, bool fill,
                                 const std::string& collection, bool alone = false);

/// Adds "is still as it was read" for one field to a filter; nothing: "is still absent".
void expect_value(bson::Writer& filter, std::string_view key,
                  const std::optional<bson::ValueView>& value);

/// The document as it is after the change, which removes nothing.
[[nodiscard]] bson::Document changed(bson::View stored, const RowChange& change);

}  // namespace quire::migrate
