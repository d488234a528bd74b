#pragma once

#include <memory>

#include "quire/bson/document.hpp"
#include "quire/bson/writer.hpp"
#include "store/embedded/engine/matcher.hpp"

/// Projections of find and findAndModify.
namespace quire::store::embedded {

/// A compiled projection: include, exclude, $slice, $elemMatch, positional $. Immutable;
/// thread-safe.
class Projector {
 public:
  /// Keeps everything.
  Projector();
  /// Throws QueryError invalid_projection with the server's code; StoreError unsupported, by name,
  /// for aggregation expressions. Literals that a find accepts as fields are kept.
  explicit Projector(bson::View projection);
  [[nodiscard]] bool keeps_everything() const noexcept;
  /// True when apply() needs the position of the match (positional $).
  [[nodiscard]] bool needs_details() const noexcept;
  [[nodiscard]] bson::Document apply(bson::View document, const MatchDetails& details) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace quire::store::embedded
