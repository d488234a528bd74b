#pragma once

#include <optional>

#include "quire/bson/document.hpp"
#include "store/embedded/engine/update_tree.hpp"

/// What an update changed, as an event of a change stream tells it: {updatedFields, removedFields,
/// truncatedArrays}, and disambiguatedPaths where a path could be read in two ways.
namespace quire::store::embedded {

/// Of an update by operators: what an operator wrote is told whole ({$set: {a: {b: 1}}} as "a"),
/// elements that $push appended one by one ("a.2"). A field that an operator left as it was is not
/// told.
[[nodiscard]] bson::Document describe_update(const update::Tree& tree, bson::View before,
                                             bson::View after);

/// Of any two documents: the least fields that differ, and arrays that only became shorter as
/// truncated. Nothing when that is not shorter than the document itself: a server then tells a
/// replacement.
[[nodiscard]] std::optional<bson::Document> describe_difference(bson::View before,
                                                                bson::View after);

}  // namespace quire::store::embedded
