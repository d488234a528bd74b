#pragma once

#include <memory>
#include <optional>

#include "quire/bson/document.hpp"
#include "store/embedded/engine/matcher.hpp"

/// Updates: parsed once, then applied to documents' bytes.
namespace quire::store::embedded {

/// A compiled update: operators, a replacement or a pipeline. Immutable; apply() is thread-safe.
class Updater {
 public:
  /// `body`: {$set: …} or a whole document. `array_filters`: the elements of the arrayFilters
  /// array. `replace_allowed` false refuses a replacement (multi updates). Throws QueryError
  /// invalid_update with the server's code in backend_code().
  Updater(bson::View body, std::optional<bson::View> array_filters, bool replace_allowed = true);
  ~Updater();
  Updater(Updater&&) noexcept;
  Updater& operator=(Updater&&) noexcept;

  [[nodiscard]] bool is_replacement() const noexcept;

  struct Outcome {
    bson::Document document;
    /// The bytes differ from the given ones, or an operator wrote the same bytes again as the
    /// server does ($inc of NaN).
    bool changed = false;
  };
  /// The document after the update; its _id stays in front and unchanged (StoreError
  /// immutable_field, 66). `details` resolves the positional $ (QueryError 2 when it is needed and
  /// not there). `inserting` applies $setOnInsert too: for upserts, on the document of the filter's
  /// equality fields. Throws QueryError invalid_update with path and the server's code; then
  /// nothing is changed.
  [[nodiscard]] Outcome apply(bson::View document, const MatchDetails& details,
                              bool inserting = false) const;

  /// What the update changed, as events of change streams tell it: {updatedFields, removedFields,
  /// truncatedArrays}. Nothing when an event tells a replacement.
  [[nodiscard]] std::optional<bson::Document> describe(bson::View before, bson::View after) const;

  /// The document that an upsert inserts: the filter's equality fields, then the update; an
  /// ObjectId as _id in front where neither gives one.
  [[nodiscard]] bson::Document document_for_upsert(const Matcher& filter) const;

  /// An update given as a pipeline of $set, $unset, $project, $replaceRoot …: `stages` are the
  /// elements of an array, whose expressions may use the variables of `scope`. Throws QueryError
  /// invalid_update or invalid_query for one that means nothing.
  [[nodiscard]] static Updater of_pipeline(bson::View stages, const ParseScope& scope);

 private:
  Updater() = default;
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

}  // namespace quire::store::embedded
