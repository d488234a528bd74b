#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quire/model/info.hpp"
#include "quire/model/model.hpp"
#include "quire/observe/query_log.hpp"

namespace quire::observe {

/// How well an index serves a query, by the rule "equality, sort, range": keys that the query
/// compares with one value come first, then the sort, then a range.
enum class Service {
  none,    ///< no index: every document is read
  partly,  ///< narrowed or ordered by an index, but more is read than found, or sorted in memory
  fully,
};

enum class IndexState {
  in_place,    ///< declared by a model and there
  missing,     ///< declared, but absent
  differs,     ///< declared and there, with other options
  undeclared,  ///< there, but in no model that was given; also the index of _id
};

struct IndexUse {
  std::string collection;
  std::string name;
  bson::Document keys;
  IndexState state = IndexState::undeclared;
  std::string difference;   ///< of `differs`: the option
  bool constrains = false;  ///< unique, TTL or of _id: does work without being read
  std::uint64_t used = 0;   ///< queries of the log that it would serve best
  /// What the server counted since it started ($indexStats); nothing where it does not tell.
  std::optional<std::int64_t> accesses;

  /// There, of no use to any query seen, and no constraint.
  [[nodiscard]] bool unused() const noexcept {
    return state != IndexState::missing && !constrains && used == 0 && accesses.value_or(0) == 0;
  }
};

struct QueryUse {
  QueryShape shape;
  Service service = Service::none;
  std::vector<std::string> indexes;   ///< that serve it; several for the clauses of an $or
  std::vector<std::string> declared;  ///< absent ones of a model that would serve it fully
  /// Keys of indexes that would serve it fully, where neither a present nor a declared one does.
  std::vector<bson::Document> proposals;
  /// Without conditions and order there is nothing that an index could do.
  bool reads_all = false;
};

struct IndexProposal {
  std::string collection;
  bson::Document keys;
  std::uint64_t queries = 0;  ///< of the log, that it would serve
  std::chrono::microseconds total{0};
};

/// The indexes of a database beside the queries that were seen.
struct IndexReport {
  std::string database;
  std::vector<IndexUse> indexes;  ///< by collection, in the order of listIndexes, missing ones last
  std::vector<QueryUse> queries;  ///< by collection, most total time first
  std::uint64_t queries_left_out = 0;  ///< QueryLog::left_out()

  [[nodiscard]] std::vector<IndexUse> missing() const;
  [[nodiscard]] std::vector<IndexUse> unused() const;
  /// Each once; one whose keys begin another's is left out. Try them with real data: an index costs
  /// memory and every write.
  [[nodiscard]] std::vector<IndexProposal> proposals() const;
  /// A table for people; without `times` the same queries give the same text.
  [[nodiscard]] std::string str(bool times = true) const;
};

/// Compares what models declare, what is there, and what the log's queries of this database need.
/// Reads index definitions and, where the server has it, $indexStats; no documents. The values of
/// queries are not known, so a partial index never counts as more than `partly`.
/// Throws StoreError.
[[nodiscard]] IndexReport analyze_indexes(const Database& db,
                                          std::span<const ModelInfo* const> models,
                                          const QueryLog& log);
/// analyze_indexes<User, Order>(db, log).
template <class... Models>
[[nodiscard]] IndexReport analyze_indexes(const Database& db, const QueryLog& log) {
  const std::vector<const ModelInfo*> models{&model_of<Models>()...};
  return analyze_indexes(db, std::span<const ModelInfo* const>(models), log);
}

}  // namespace quire::observe
