#pragma once

#include "quire/bson/document.hpp"
#include "quire/store/store.hpp"
#include "store/embedded/pipeline/stage.hpp"
#include "store/embedded/storage/options.hpp"

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

/// What a result that is read to its end keeps in memory: in a store that is in memory, more.
[[nodiscard]] inline std::size_t bytes_of_results(const Options& options) noexcept {
  return options.memory ? Run::default_memory_limit : std::size_t{16} << 20U;
}

}  // namespace quire::store::embedded
