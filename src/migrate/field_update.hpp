#pragma once

#include "migrate/rows.hpp"
#include "migrate/step_work.hpp"

namespace quire::migrate {

/// How many documents a range of _id takes, by how long the last one took. Few: a server keeps what
/// an open transaction has changed in its cache, and stands still once that is full.
class RangeSize {
 public:
  [[nodiscard]] std::int64_t documents() const noexcept { return documents_; }
  void took(std::chrono::milliseconds time) noexcept;
  /// For a transaction that was too large. False: it cannot be smaller.
  [[nodiscard]] bool halve() noexcept;

 private:
  std::int64_t documents_ = 2'000;
  std::int64_t most_ = 5'000;
};

/// The whole of a FieldWork step by one update. Throws StepError for a document that it may not
/// meet, StoreError.
[[nodiscard]] Job::Counts update_fields(Database& db, const detail::StepData& step,
                                        store::Session* session);

/// The part of it behind `at.cursor`, of about `documents` documents; up to `until`, if given.
/// Where ids are of several types and `ahead` (null: nobody) does not say where it ends, all at
/// once.
[[nodiscard]] RowProgress update_range(Database& db, const detail::StepData& step,
                                       const RowProgress& at,
                                       const std::optional<bson::Value>& until,
                                       std::int64_t documents, KeysAhead* ahead,
                                       store::Session* session);

}  // namespace quire::migrate
