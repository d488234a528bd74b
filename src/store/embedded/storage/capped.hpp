#pragma once

#include <cstdint>

/// Running totals of capped collections: how many documents they have and how many bytes. They are
/// a row of the table quire_capped, changed in the transaction that changes the documents.
namespace quire::store::embedded {

class Connection;

struct CappedTotals {
  std::int64_t documents = 0;
  std::int64_t bytes = 0;
};

/// A new capped collection, without documents.
void start_totals(Connection& connection, std::int64_t cid);
void drop_totals(Connection& connection, std::int64_t cid);
/// Adds (or takes away, below 0) and tells the sums. Throws StoreError corrupt when there are none.
CappedTotals add_to_totals(Connection& connection, std::int64_t cid, std::int64_t documents,
                           std::int64_t bytes);
[[nodiscard]] CappedTotals read_totals(Connection& connection, std::int64_t cid);

}  // namespace quire::store::embedded
