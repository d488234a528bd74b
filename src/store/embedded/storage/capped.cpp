#include "store/embedded/storage/capped.hpp"

#include <string>

#include "quire/core/error.hpp"
#include "store/embedded/storage/connection.hpp"

namespace quire::store::embedded {
namespace {

[[noreturn]] void fail_lost(std::int64_t cid) {
  throw StoreError(ErrorCode::corrupt, "the totals of the capped collection c" +
                                           std::to_string(cid) +
                                           " are not there; restore a backup");
}

}  // namespace

void start_totals(Connection& connection, std::int64_t cid) {
  connection.execute(
      "CREATE TABLE IF NOT EXISTS quire_capped(cid INTEGER PRIMARY KEY, documents INTEGER NOT "
      "NULL, bytes INTEGER NOT NULL)");
  Statement(connection.handle(), "INSERT INTO quire_capped(cid,documents,bytes) VALUES(?1,0,0)")
      .bind(1, cid)
      .run();
}

void drop_totals(Connection& connection, std::int64_t cid) {
  Statement(connection.handle(), "DELETE FROM quire_capped WHERE cid=?1").bind(1, cid).run();
}

CappedTotals add_to_totals(Connection& connection, std::int64_t cid, std::int64_t documents,
                           std::int64_t bytes) {
  Statement& change = connection.totals_statement();
  change.bind(1, documents).bind(2, bytes).bind(3, cid);
  const Resetter resetter(change);
  if (!change.step()) fail_lost(cid);
  return {change.integer(0), change.integer(1)};
}

CappedTotals read_totals(Connection& connection, std::int64_t cid) {
  Statement read(connection.handle(), "SELECT documents,bytes FROM quire_capped WHERE cid=?1");
  read.bind(1, cid);
  if (!read.step()) fail_lost(cid);
  return {read.integer(0), read.integer(1)};
}

}  // namespace quire::store::embedded
