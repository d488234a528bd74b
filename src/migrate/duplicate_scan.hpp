#pragma once

#include <memory>
#include <string>
#include <vector>

#include "migrate/index_keys.hpp"
#include "migrate/support.hpp"

namespace quire::migrate {

/// The documents of a collection by the keys that a unique index would have: what find_duplicates
/// and resolve_duplicates read. One thread.
class DuplicateScan {
 public:
  DuplicateScan(const Database& db, std::string_view collection, bson::View keys, bool sparse,
                bson::View partial);

  /// A document under one of its keys, valid until the next one is read.
  struct Row {
    bson::View key;  ///< {k0: {v: …}, …}
    bson::ValueView id;
    [[nodiscard]] bool has(bson::View other) const;
  };
  /// A cursor of rows. Those of one key stand together, in the order of `by`, then of _id.
  class Rows {
   public:
    explicit Rows(std::unique_ptr<store::Cursor> cursor) : cursor_(std::move(cursor)) {}
    [[nodiscard]] std::optional<Row> next();

   private:
    std::unique_ptr<store::Cursor> cursor_;
  };
  /// Of the documents that match `among`: sorted by the store, in one pass. `by`: a field.
  [[nodiscard]] Rows rows(bson::View among, std::string_view by, store::Session* session) const;
  /// Documents with lists in two of the fields: how many, and the first ids.
  [[nodiscard]] std::int64_t parallel(std::vector<bson::Value>& ids, std::int64_t most_ids,
                                      store::Session* session) const;
  [[nodiscard]] const IndexKeys& keys() const noexcept { return keys_; }

 private:
  [[nodiscard]] std::unique_ptr<store::Cursor> aggregate(const std::string& stages,
                                                         bson::View first,
                                                         store::Session* session) const;
  Database db_;
  std::string collection_;
  IndexKeys keys_;
  bson::Document partial_;
};

}  // namespace quire::migrate
