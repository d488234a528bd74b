#pragma once

#include "quire/bson/document.hpp"
#include "quire/store/store.hpp"

/// What the reads of the store have in common.
namespace quire::store::embedded {

/// Whether a find asks for nothing but its filter, outside of sessions.
[[nodiscard]] inline bool is_bare(const FindOptions& options) noexcept {
  return options.session == nullptr && options.skip == 0 && options.hint_name.empty() &&
         options.projection.empty() && options.sort.empty() && options.hint.empty() &&
         options.collation.empty();
}
/// What a find, a count or a distinct asks of a view: as stages behind the view's own.
[[nodiscard]] bson::Document view_stages(bson::View filter, const FindOptions& options);
/// For the pipeline of view_stages().
[[nodiscard]] AggregateOptions view_options(const FindOptions& options);

}  // namespace quire::store::embedded
