#pragma once

#include "store/embedded/pipeline/optimize.hpp"

namespace quire::store::embedded {

/// A pipeline on a collection, inside of a stage: of $lookup, $unionWith, $graphLookup.
class InnerPipeline {
 public:
  InnerPipeline() = default;
  /// `from`: resolved; the view's stages are put in front of `stages`.
  InnerPipeline(const ResolvedNamespace& from, StageSpecs stages);

  /// Opens it with the conditions that the view and the first stages do not have: `extra` may be
  /// null; `scope` knows the variables of the pipeline's own first $match by value, so that it can
  /// use an index.
  [[nodiscard]] StagePtr open(Run& run, const bson::Document* extra, const ParseScope& scope) const;
  [[nodiscard]] StagePtr open(Run& run) const;

  [[nodiscard]] const std::string& database() const noexcept { return database_; }
  [[nodiscard]] const std::string& collection() const noexcept { return collection_; }
  /// Whether it is the collection itself: no stage, no view.
  [[nodiscard]] bool is_plain() const noexcept { return plain_; }
  [[nodiscard]] bool starts_with_view() const noexcept { return view_; }

 private:
  std::string database_, collection_;
  OptimizedPipeline stages_;
  StageSpecs whole_;
  bool plain_ = true;
  bool view_ = false;
};

/// The collection that `from` names: a string, or {db, coll} where `stage` takes it.
[[nodiscard]] ResolvedNamespace resolve_from(std::string_view collection,
                                             const PipelineContext& context,
                                             std::string_view database = {});

/// Copies `document` to `out` with the value at `steps` set; nothing = left out. Fields that are
/// not there are made.
void write_at(bson::View document, std::span<const std::string> steps,
              std::optional<bson::ValueView> value, bson::Writer& out);

}  // namespace quire::store::embedded
