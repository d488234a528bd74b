#pragma once

#include <memory>

#include "quire/bson/document.hpp"
#include "quire/bson/writer.hpp"
#include "store/embedded/engine/matcher.hpp"

/// Projections of find and findAndModify, and the stages that are made like them.
namespace quire::store::embedded {

class Evaluation;
class ParseScope;
struct ProjectionTree;

/// A compiled projection: include, exclude, computed fields; of find also $slice, $elemMatch and
/// the positional $. Immutable; thread-safe.
class Projector {
 public:
  /// What it is of: find, $project (and $unset), or $addFields, which keeps all other fields.
  enum class Kind { find, project, add };
  /// Keeps everything.
  Projector();
  /// Throws QueryError invalid_projection with the server's code.
  explicit Projector(bson::View projection);
  /// Expressions may use the variables of `scope`.
  Projector(bson::View projection, Kind kind, const ParseScope& scope);
  [[nodiscard]] bool keeps_everything() const noexcept;
  /// True when apply() needs the position of the match (positional $).
  [[nodiscard]] bool needs_details() const noexcept;
  /// Whether it includes fields of the document itself, and computes nothing.
  [[nodiscard]] bool includes_plain_fields() const noexcept;
  /// Whether it has expressions.
  [[nodiscard]] bool computes() const noexcept;
  [[nodiscard]] bson::Document apply(bson::View document, const MatchDetails& details) const;
  /// Appends the fields to `out`, a document that was just begun. Lets go of what `e` computed
  /// before. Not for find.
  void apply(bson::View document, Evaluation& e, bson::Writer& out) const;
  /// Of a projection that does not keep everything.
  [[nodiscard]] const ProjectionTree& tree() const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace quire::store::embedded
