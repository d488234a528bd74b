#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "quire/importer/audit.hpp"

namespace quire::importer {

/// Looks up whether the parents of rows are there, some hundred at once. What equals what is the
/// source's to say: a value that was not found is asked for alone. One thread.
class OrphanSearch {
 public:
  /// `cells`: where the foreign key's columns are in a row. What it is given must outlive it.
  OrphanSearch(SourceSession& session, const ForeignKey& key, std::vector<std::size_t> cells,
               std::size_t examples);

  void add(std::span<const Cell> row);
  [[nodiscard]] AuditRelation finish();

 private:
  struct Wanted {
    std::string identity;
    bson::Value value;
    std::string text;
  };
  [[nodiscard]] bson::Value value_of(std::span<const Cell> row) const;
  void look_up();
  [[nodiscard]] bool is_there(const bson::Value& value);
  [[nodiscard]] RowQuery query() const;

  SourceSession& session_;
  std::vector<std::size_t> cells_;
  std::size_t most_;
  AuditRelation out_;
  std::vector<Wanted> wanted_;
  std::unordered_map<std::string, std::int64_t> waiting_;  ///< rows of each that is wanted
  std::unordered_set<std::string> there_, missing_;
  std::int64_t asked_alone_ = 0;
  bool found_alone_ = false;  ///< the source compares otherwise than by identity
};

}  // namespace quire::importer
