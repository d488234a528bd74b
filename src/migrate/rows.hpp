#pragma once

#include "migrate/jobs.hpp"
#include "migrate/keys_ahead.hpp"
#include "quire/migrate/preimages.hpp"
#include "quire/migrate/step.hpp"

namespace quire::migrate {

/// How rows are walked: batches in the order of _id from a cursor on.
struct RowSettings {
  bool transactions = true;
  /// The store makes indexes and collections within transactions, of which there is one at a time.
  bool transactional_catalog = false;
  int batch_documents = 1000;
  std::size_t batch_bytes = 8 * 1024 * 1024;
  /// Without transactions: what a document is stamped with that was done, so that neither a batch
  /// that comes again nor a process that was taken for dead does it twice.
  std::string job = {};
  std::int64_t fence = 0;
  /// Says where batches end, for stores to which that matters; null: a batch is what comes first.
  KeysAhead* ahead = nullptr;
  /// A filter besides the step's own.
  bson::Document also = {};
  /// Throws when the lock is not ours any more. Called between what is read and what is written:
  /// then nobody else has changed in between what the filters do not show.
  std::function<void()> check = {};
  /// The collection to which old values go before they are changed, and as of which step; empty:
  /// they are not kept.
  std::string keep = {};
  int step = 0;
  /// Some may have been kept by a run before, or in a round before.
  bool may_be_kept = true;
  /// Of a restore: what is done with documents that were edited since, and who is told of each.
  Edited edited = Edited::reject;
  std::function<void(std::string_view collection, bson::ValueView id)> on_edited = {};
};

/// Where a walk stands.
struct RowProgress {
  std::optional<bson::Value> cursor;  ///< the last _id done
  Job::Counts counts;
  bool done = false;
};

/// The filter of the documents that a step goes over.
[[nodiscard]] bson::View wanted_by(const detail::StepData& step);

/// One batch of a RowWork, CopyWork or RestoreWork step: reads behind `at.cursor`, calls the
/// function, writes what changed in `session` (null: without a transaction). `until`: the last _id
/// to take; nothing = all. Returns where it stands afterwards. Throws StepError with collection and
/// _id for a function that throws or a write that is refused; StoreError write_conflict when a
/// document changed within a transaction; MigrationError lock_lost for a document with the stamp of
/// a later fence.
[[nodiscard]] RowProgress run_batch(Database& db, const detail::StepData& step,
                                    const RowProgress& at, const std::optional<bson::Value>& until,
                                    const RowSettings& settings, store::Session* session);

}  // namespace quire::migrate
