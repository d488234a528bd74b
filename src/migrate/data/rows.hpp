#pragma once

#include <optional>
#include <string>
#include <vector>

#include "migrate/data/chunks.hpp"

namespace quire::migrate::data {

/// Why a document is put aside.
struct Failure {
  RejectStage stage = RejectStage::write;
  ErrorCode code = ErrorCode::internal;
  std::string text;
  std::string field;
};

/// A mapped document with the stamp of its job, in the memory of its batch.
struct Prepared {
  std::uint8_t* data = nullptr;
  std::size_t size = 0;
  std::size_t fence_at = 0;
  Hash128 hash;  ///< of the document as it was mapped

  /// As it is stored by the holder of this fence.
  [[nodiscard]] bson::View under(std::int64_t fence) const;
};

/// A document on its way.
struct Row {
  bson::Document source;
  std::optional<bson::Document> mapped;  ///< nothing: dropped, or failed
  std::optional<Failure> failure;
  std::optional<Prepared> prepared;  ///< nothing: who writes it stamps it
  bool existing = false;             ///< the target has one, which stays
  bool unchanged = false;            ///< … and it is the row's, from an earlier pass
  /// Where its key has a null, and so tells it from no other row: how many-th it is of those that
  /// are alike in all that is known of them. 0: its key tells it.
  std::int64_t alike = 0;
  bool again = false;  ///< such a one that was read and counted before the work was broken off

  [[nodiscard]] bson::ValueView key() const { return source["_id"]; }
};

/// Reads nothing and writes nothing: what the documents become.
/// `map` may be empty.
[[nodiscard]] std::vector<Row> map_rows(std::vector<bson::Document> documents,
                                        const detail::StagedMap& map);
void map_row(Row& row, const detail::StagedMap& map);
/// Stamps what rows became, into `bytes`, which must live and stay where it is as long as they do.
/// Documents with names of quire's own are left to who writes them.
void prepare_rows(std::vector<Row>& rows, bson::Buffer& bytes, std::string_view job);
/// A document without _v and _q on its top level.
[[nodiscard]] bson::View canonical(bson::View document, bson::Document& room);

/// How many of the first `n` rows there are up to the last one that its key tells: behind it, work
/// that is broken off can go on.
[[nodiscard]] std::size_t told_rows(const std::vector<Row>& rows, std::size_t n);
/// Of all that is known of a row.
[[nodiscard]] std::int64_t row_hash(const Row& row);
/// Upserts what is known of a document that was put aside under {job, key, stage}; one that its key
/// does not tell under {job, key, stage, row: row_hash(), n: Row::alike}.
void write_reject(Database& db, const JobBook& book, const Row& row, std::int64_t attempts,
                  store::Session* session);
[[nodiscard]] std::int64_t count_rejects(Database& db, const JobBook& book);

}  // namespace quire::migrate::data
