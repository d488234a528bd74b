#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quire/observe/subscription.hpp"

namespace quire::observe {

/// What conditions ask of an index. Paths are dotted, without positions of arrays; at most 32 of
/// each kind are kept.
struct QueryNeeds {
  std::vector<std::string> equality;  ///< field: value, $eq, $in, $all
  std::vector<std::string> range;     ///< $gt … $lte, $ne, $nin, $not, $exists, $regex, $type, $mod
  std::vector<std::string> geo;       ///< $geoWithin, $geoIntersects, $near, $nearSphere
  bool text = false;                  ///< $text
  bool operator==(const QueryNeeds&) const = default;
  [[nodiscard]] bool empty() const noexcept {
    return equality.empty() && range.empty() && geo.empty() && !text;
  }
};

struct SortField {
  std::string path;
  int direction = 1;  ///< 1 or -1
  bool operator==(const SortField&) const = default;
};

/// One form of query on one collection: the same filter and sort but for values.
struct QueryShape {
  std::string database;
  std::string collection;
  std::string filter;      ///< filter_shape()
  std::string sort_shape;  ///< "{}" without one
  QueryNeeds needs;        ///< what must hold for all documents found
  /// The clauses of a top-level $or, each with `needs` in it; an index serves each clause apart.
  std::vector<QueryNeeds> any_of;
  std::vector<SortField> sort;
  std::uint64_t count = 0;
  std::chrono::microseconds total{0};
  std::chrono::microseconds longest{0};
};

/// The needs of a filter, and of the clauses of its $or.
struct FilterNeeds {
  QueryNeeds needs;
  std::vector<QueryNeeds> any_of;
};
/// What cannot use an index ($where, $expr, $nor …) is left out. Throws FormatError malformed_bson.
[[nodiscard]] FilterNeeds needs_of(bson::View filter);

struct QueryLogOptions {
  std::size_t max_shapes = 500;  ///< 1 to 100,000; queries of further shapes are only counted
};

/// Collects the shapes of queries: of find, count, distinct, update, delete and findAndModify, of a
/// bulk write's first statement, and of pipelines that begin with $match. No values are kept.
/// Queries that failed are left out, but for those that ran out of time.
/// Threads: safe; one lock an operation. Memory: a few hundred bytes to some KB a shape.
class QueryLog final : public store::CommandObserver {
 public:
  explicit QueryLog(QueryLogOptions options = {});
  ~QueryLog() override;
  void on_command(const store::CommandEvent& event) noexcept override;

  /// Of one database, or of all; the shapes with most total time first.
  [[nodiscard]] std::vector<QueryShape> shapes(std::string_view database = {}) const;
  /// Queries that were not recorded because there were max_shapes others already.
  [[nodiscard]] std::uint64_t left_out() const noexcept;
  void clear();

 private:
  struct Records;
  std::unique_ptr<Records> records_;
};

}  // namespace quire::observe
