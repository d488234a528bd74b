#pragma once

#include <span>
#include <variant>

#include "quire/migrate/step.hpp"

/// What steps do: one kind of work each, by which the executor chooses how to run it.
namespace quire::migrate::detail {

/// Where a step is in its migration: the key of what it keeps for its way back, in _quire_undo.
struct StepPlace {
  std::string migration;
  std::string kept;
  std::int64_t fence = 0;
};

/// Changes documents by one update, whole or by ranges of _id. Done again it changes nothing more.
struct FieldWork {
  bson::Document filter;
  /// Finds what is not done afterwards; empty: as `filter`.
  bson::Document left = {};
  bson::Document update;  ///< operators, or the stages of a pipeline as an array
  bool pipeline = false;
  /// No document may match this, or the step fails with the text.
  bson::Document clash;
  std::string clash_text;
  /// What `filter` finds is none of those.
  bool clash_is_apart = false;
};

/// Makes, changes or drops an index or a collection. What is there or gone already is no error.
struct CatalogWork {
  std::function<void(Database&, store::Session*, const StepPlace&)> apply;
  bool in_transactions = true;  ///< on a store whose transactions take changes of the catalog
};

/// What a document becomes; may read other collections, and write what documents there need, in
/// `session`. One result for each document, in order.
using BatchFunction = std::function<std::vector<RowImages>(Database&, store::Session*,
                                                           std::span<const bson::Document>)>;
/// Changes documents by a function, in batches.
struct RowWork {
  BatchFunction images;
  RowCheck check = {};  ///< of a document that it is done with
  /// Fields that the new struct has by default are written where the document lacks them.
  bool fill = false;
  /// A document shows by itself that it was done (its _v), so that no stamp is needed.
  bool versioned = false;
  /// Of a transform to a higher version: that version, and what a reader makes of a document.
  std::int32_t to_version = 0;
  RowFunction on_read = {};
  /// A projection of what `images` looks at and changes; empty: whole documents are read.
  bson::Document needs = {};
  /// Of a step on fields that goes over documents, to keep their old values: what it was.
  std::shared_ptr<const FieldWork> fields = {};
};

/// Brings back what a step changed, from the pre-images that it kept. The step's collection is that
/// of the pre-images.
struct RestoreWork {
  std::string collection;  ///< whose documents they are
  int step = 0;            ///< that kept them
  std::string job;         ///< of that step: its stamps are taken away
};

/// Puts documents of one collection into another, in batches.
struct CopyWork {
  enum class Kind { copy, move, remove_copies };
  Kind kind = Kind::copy;
  std::string to;
};

struct CodeWork {
  Code code;
  Atomicity atomicity = Atomicity::manual;
};

struct StepWork {
  std::variant<FieldWork, CatalogWork, RowWork, CopyWork, CodeWork, RestoreWork> is;
};

template <class Work>
[[nodiscard]] const Work* work_as(const StepData& step) noexcept {
  return std::get_if<Work>(&step.work->is);
}
/// Of a step on fields, also of one that goes over documents.
[[nodiscard]] inline const FieldWork* fields_of(const StepData& step) noexcept {
  if (const auto* fields = work_as<FieldWork>(step)) return fields;
  const auto* rows = work_as<RowWork>(step);
  return rows == nullptr ? nullptr : rows->fields.get();
}
/// Goes over its documents in batches, with a cursor.
[[nodiscard]] inline bool is_rows(const StepData& step) noexcept {
  return work_as<RowWork>(step) != nullptr || work_as<CopyWork>(step) != nullptr ||
         work_as<RestoreWork>(step) != nullptr;
}
[[nodiscard]] inline bool is_code(const StepData& step) noexcept {
  return work_as<CodeWork>(step) != nullptr;
}
/// Changes the catalog and cannot be part of a transaction of this store.
[[nodiscard]] inline bool is_apart(const StepData& step, bool transactional_catalog) noexcept {
  const auto* catalog = work_as<CatalogWork>(step);
  return catalog != nullptr && !(transactional_catalog && catalog->in_transactions);
}
/// Code whose effects are not in the transaction of its record.
[[nodiscard]] inline bool is_own_code(const StepData& step) noexcept {
  const auto* code = work_as<CodeWork>(step);
  return code != nullptr && code->atomicity != Atomicity::transactional;
}

}  // namespace quire::migrate::detail
