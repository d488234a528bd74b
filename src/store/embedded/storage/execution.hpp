#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/embedded/engine/projection.hpp"
#include "store/embedded/storage/field_trimmer.hpp"
#include "store/embedded/storage/row_source.hpp"
#include "store/embedded/storage/sort_run.hpp"

namespace quire::store::embedded {

/// When an operation must be over; looked at now and then.
class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds most) {
    if (most.count() > 0) at_ = std::chrono::steady_clock::now() + most;
  }
  /// Throws StoreError timeout (50). Cheap.
  void check() {
    if (at_ && (++calls_ & 63U) == 0) look();
  }
  void look() const;

 private:
  std::optional<std::chrono::steady_clock::time_point> at_;
  unsigned calls_ = 0;
};

/// A query, compiled.
struct Query {
  Query(bson::View filter_, const FindOptions& options);
  Query(Matcher matcher_, const FindOptions& options);
  Matcher matcher;
  Sorter sorter;
  Projector projector;
  std::int64_t skip = 0;
  std::int64_t limit = 0;
  bson::Document hint_key;
  std::string hint_name;
  /// The only fields of a document that needed() has to have.
  std::optional<std::vector<std::string>> fields;
  Deadline deadline;
  Evaluation* variables = nullptr;  ///< of $expr in the filter, where a pipeline has some
  /// The plan, when asked for before it runs.
  [[nodiscard]] Plan plan(const CollectionMeta& collection) const;
};

/// Throws StoreError unsupported for what an embedded store has not.
void refuse_collation(bson::View collation);

/// Runs a query on one connection in one snapshot; rows one by one.
class Execution {
 public:
  Execution(Connection& connection, std::shared_ptr<const CollectionMeta> collection,
            std::shared_ptr<Query> query, bool verify);
  ~Execution() {  // the statement is shared: its next user finds it at its start
    if (by_rid_ != nullptr) by_rid_->reset();
  }
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;
  /// The next match within skip and limit.
  bool next();
  [[nodiscard]] std::int64_t rid() const noexcept;
  /// Valid until next().
  [[nodiscard]] bson::View body() const;
  /// The fields that the query asks for; valid until next().
  [[nodiscard]] bson::View needed();
  [[nodiscard]] const MatchDetails& details() const noexcept { return details_; }
  /// The row as the projection makes it; valid until next().
  [[nodiscard]] bson::View projected();
  [[nodiscard]] const RowSource& source() const noexcept { return source_; }
  [[nodiscard]] bool sorts() const noexcept { return sorts_; }
  void stop() noexcept;

 private:
  bool next_match();
  bool next_sorted();
  void sort_all();
  void find_row(std::int64_t rid);

  Connection& connection_;
  std::shared_ptr<const CollectionMeta> collection_;
  std::shared_ptr<Query> query_;
  bool verify_;
  RowSource source_;
  bool sorts_;
  bool ready_ = false;
  std::unique_ptr<SortRun> run_;
  std::optional<FieldTrimmer> trimmer_;
  std::int64_t rid_ = 0;              // of the sorted row
  std::optional<bson::View> stored_;  // where the sort has kept it
  Statement* by_rid_ = nullptr;
  Statement own_by_rid_;
  std::int64_t skipped_ = 0;
  std::int64_t given_ = 0;
  MatchDetails details_;
  bson::Document projection_;
};

}  // namespace quire::store::embedded
