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

/// A document on its way.
struct Row {
  bson::Document source;
  std::optional<bson::Document> mapped;  ///< nothing: dropped, or failed
  std::optional<Failure> failure;
  bool existing = false;   ///< the target has one, which stays
  bool unchanged = false;  ///< … and it is the row's, from an earlier pass

  [[nodiscard]] bson::ValueView key() const { return source["_id"]; }
};

/// Reads nothing and writes nothing: what the documents become.
/// `map` may be empty.
[[nodiscard]] std::vector<Row> map_rows(std::vector<bson::Document> documents,
                                        const detail::StagedMap& map);
void map_row(Row& row, const detail::StagedMap& map);
/// A document without _v and _q on its top level.
[[nodiscard]] bson::View canonical(bson::View document, bson::Document& room);

/// Of rows whose key has a null, and so tells nothing apart: what else tells them, a hash of all
/// that they hold. Nothing for others.
[[nodiscard]] std::optional<std::int64_t> told_by(const Row& row);
/// Upserts what is known of a document that was put aside under {job, key, stage}, with `row`
/// behind it where told_by() has something.
void write_reject(Database& db, const JobBook& book, const Row& row, std::int64_t attempts,
                  store::Session* session);
[[nodiscard]] std::int64_t count_rejects(Database& db, const JobBook& book);

}  // namespace quire::migrate::data
