#pragma once

#include "migrate/data/worker.hpp"

namespace quire::migrate::data {

/// Reads what a worker wrote again, behind its writes, and deals with what is another document
/// than was mapped as the policy for rejects says. One a worker.
class WriteCheck {
 public:
  WriteCheck(RunParts& parts, Chunks& chunks) : parts_(parts), chunks_(chunks) {}

  /// The first `n` rows were written. False: the partition or the job ends here.
  bool behind(Chunk& chunk, const std::vector<Row>& rows, std::size_t n);
  /// What was written before the partition was claimed, and not looked at: whoever wrote it died.
  bool resume(Chunk& chunk, RowSide& source);
  /// The partition is through.
  void close(Chunk& chunk);

 private:
  [[nodiscard]] bool is_on() const noexcept { return parts_.options.inline_verify; }
  [[nodiscard]] bool left_some_alone() const;
  [[nodiscard]] bool check(Chunk& chunk, const std::vector<Row>& rows, bool presence_only);
  [[nodiscard]] std::vector<Row> suspects(const std::vector<Row>& rows, bool presence_only) const;
  [[nodiscard]] VerifyReport compare(const std::vector<Row>& rows, bool presence_only) const;
  void stop(const VerifyReport& found) const;
  void put_aside(Chunk& chunk, std::vector<Row> rows, const VerifyReport& found);
  /// Gives the _ids of rejects that say what is looked at again, of the rows that stay.
  [[nodiscard]] std::vector<bson::Value> leave_out_rejects(std::vector<Row>& rows) const;
  void forget(const std::vector<bson::Value>& rejects) const;
  void save(Chunk& chunk, FunctionRef<void(store::Session*)> besides);

  RunParts& parts_;
  Chunks& chunks_;
};

}  // namespace quire::migrate::data
