#pragma once

#include "migrate/data/row_source.hpp"

namespace quire::migrate::data {

[[nodiscard]] bool may_be_tried_again(const Error& error);
/// What is no fault of the document.
[[nodiscard]] bool is_of_the_store(const Error& error);
[[nodiscard]] Failure failure_of(const Error& error);
/// Whether it is the _id that another document has.
[[nodiscard]] bool is_id_taken(const store::WriteError& error);
/// Throws what a bulk write told.
[[noreturn]] void raise(const Error& error);

/// Writes batches to the target together with how far their partition is. One a worker.
class BatchWriter {
 public:
  virtual ~BatchWriter() = default;
  BatchWriter(Database to, JobBook& book, Chunks& chunks, const DataOptions& options)
      : to_(std::move(to)), book_(book), chunks_(chunks), options_(options) {}

  /// Writes the rows from the first on, as many as the policy for rejects allows, and moves the
  /// partition's place behind them. `last`: nothing follows in the partition. Gives how many were
  /// dealt with; 0 when the first one is a reject that ends the partition, whose state then is
  /// "stopped". Throws ChunkLost, StoreError.
  std::size_t write(Chunk& chunk, std::vector<Row>& rows, bool last);
  /// What can be done about a batch before its turn comes, by whoever reads it: beside the other
  /// calls.
  virtual void prepare(RowSide::Batch& /*batch*/) const {}
  /// Of a move: takes documents that were written out of the source; those that changed since are
  /// written again first. `source`: where from.
  void remove_sources(Chunk& chunk, const Database& source);
  /// One document that was put aside, written under a fence of its own; its rejects go with it.
  /// `copied`: it was written before, but did not leave the source of the move yet.
  /// False: it was refused again, and row.failure tells why.
  bool retry(Row& row, std::int64_t fence, bool copied, const std::optional<Database>& source);

 protected:
  struct Refused {
    std::size_t index;
    Failure failure;
    bool existing;
  };
  struct Halve {};  ///< a batch was refused as a whole
  void write_txn(const Chunk& next, std::vector<Row>& rows, std::size_t n, store::Session* session);
  void write_fenced(const Chunk& next, std::vector<Row>& rows, std::size_t n);
  /// The rows' documents into the target: within a transaction. Throws Halve, Refused.
  virtual void put_txn(std::vector<Row>& rows, std::size_t n, Existing existing, std::int64_t fence,
                       store::Session* session);
  /// … without one, so that the same batch may come again. Rows that are refused have a failure.
  virtual void put_fenced(std::vector<Row>& rows, std::size_t n, Existing existing,
                          std::int64_t fence);
  /// Of a transaction; `of`: the row of each operation. Gives how many documents were matched.
  /// Throws Refused, Halve; within write() a store whose transactions outlive errors puts all
  /// documents at once, and the rows of those that it refuses are marked. Nothing: an _id was
  /// taken, and `existing_too` is not said.
  std::optional<std::int64_t> write_in(const std::vector<store::BulkOperation>& operations,
                                       const std::vector<std::size_t>& of, store::Session* session,
                                       bool existing_too = false);
  /// Under a stamp that tells the holder of its partition, and nothing for later passes.
  [[nodiscard]] bson::Document fenced(bson::View document, std::int64_t fence) const;
  void find_existing(std::vector<Row>& rows, std::size_t n, store::Session* session);
  [[nodiscard]] Chunk after(const Chunk& chunk, const std::vector<Row>& rows, std::size_t n,
                            bool last) const;
  [[nodiscard]] std::size_t allowed(const std::vector<Row>& rows, std::size_t n) const;
  void forget_rejects(const Row& row, store::Session* session);
  void mark_copied(const Row& row, store::Session* session);
  /// Writes changed documents of a move again, over their copies.
  void rewrite(Chunk& chunk, std::vector<bson::Document> changed);

  Database to_;
  JobBook& book_;
  Chunks& chunks_;
  const DataOptions& options_;
  std::int64_t replaced_ = 0;  ///< by the last put

 private:
  class MarksRefused;
  [[nodiscard]] bool goes_on_behind_errors() const;
  void mark(Row& row, Failure failure, bool existing) const;

  std::vector<Row>* marked_ = nullptr;  ///< rows that write_in() marks; none: it throws Refused
  std::vector<std::size_t> refused_;    ///< of them, in this transaction
};

/// Makes the writer of one worker.
using WriterMaker = std::function<std::unique_ptr<BatchWriter>(const Database&, JobBook&, Chunks&)>;

}  // namespace quire::migrate::data
