#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "migrate/index_keys.hpp"
#include "migrate/support.hpp"

namespace quire::migrate {

/// The aggregations behind find_duplicates and resolve_duplicates.
class DuplicateScan {
 public:
  DuplicateScan(const Database& db, std::string_view collection, bson::View keys, bool sparse,
                bson::View partial, store::Session* session);

  struct Group {
    bson::Document key;  ///< {k0: {v: …}, …}
    std::int64_t documents = 0;
    std::vector<bson::Value> ids;
  };
  /// Without ids.
  [[nodiscard]] std::vector<Group> groups(std::int64_t most, bool& more) const;
  /// Counts and ids of groups, of the documents that match `among`.
  void add_ids(std::span<Group> groups, std::int64_t most_ids, bson::View among) const;
  [[nodiscard]] std::int64_t parallel(std::vector<bson::Value>& ids, std::int64_t most_ids) const;
  [[nodiscard]] const IndexKeys& keys() const noexcept { return keys_; }
  void use(store::Session* session) noexcept { session_ = session; }

 private:
  [[nodiscard]] std::unique_ptr<store::Cursor> aggregate(const std::string& stages,
                                                         bson::View first) const;
  Database db_;
  std::string collection_;
  IndexKeys keys_;
  bson::Document partial_;
  store::Session* session_;
};

}  // namespace quire::migrate
