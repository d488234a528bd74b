#include "importer/mysql/snapshot.hpp"

#include <mysqld_error.h>

#include "importer/mysql/dialect.hpp"

namespace quire::importer::mysql {
namespace {

constexpr std::string_view taking_snapshot = "taking a snapshot";
/// Who waits for a lock keeps others from writing: not for long.
constexpr int lock_wait_s = 2;
constexpr int attempts_without_lock = 5;

void begin_all(const std::vector<Connection*>& connections) {
  for (Connection* one : connections) {
    one->execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", taking_snapshot);
  }
}

/// Tables of engines without transactions have no snapshot at all.
bool all_tables_have_snapshots(Connection& connection) {
  const auto others = connection.value(
      "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND "
      "TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND ENGINE NOT IN (SELECT ENGINE FROM "
      "information_schema.ENGINES WHERE TRANSACTIONS = 'YES')",
      taking_snapshot);
  return others == "0";
}

/// Those that may be read: only these matter, and only these can be locked.
std::string tables_to_lock(Connection& connection) {
  const auto names = connection.rows(
      "SELECT DISTINCT TABLE_NAME FROM information_schema.TABLES JOIN information_schema.COLUMNS "
      "USING (TABLE_SCHEMA, TABLE_NAME) WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE IN "
      "('BASE TABLE', 'SYSTEM VERSIONED') AND FIND_IN_SET('select', PRIVILEGES) > 0",
      taking_snapshot);
  std::string out;
  for (const auto& row : names) {
    if (!row[0]) continue;
    out += (out.empty() ? "LOCK TABLES " : ", ") + MysqlDialect().quoted(*row[0]) + " READ";
  }
  return out;
}

/// Nobody writes while the connections begin: exact, and over in milliseconds. The lock goes with
/// the connection that holds it.
bool begin_under_lock(const std::vector<Connection*>& connections) {
  Connection locker(connections.front()->options());
  locker.execute("SET SESSION lock_wait_timeout=" + std::to_string(lock_wait_s), taking_snapshot);
  if (locker.attempt("FLUSH TABLES WITH READ LOCK") != 0) {
    const std::string lock = tables_to_lock(locker);
    if (lock.empty() || locker.attempt(lock) != 0) return false;
  }
  begin_all(connections);
  return true;
}

/// MariaDB tells where in the binary log a snapshot is: at one place, they are one. What a replica
/// applies may be missing from its own log, but not from the position of what it has applied.
bool begin_at_one_position(const std::vector<Connection*>& connections) {
  Connection& first = *connections.front();
  if (!first.is_mariadb()) return false;
  const auto applied = [&] {
    return first.value("SELECT @@GLOBAL.gtid_slave_pos", taking_snapshot);
  };
  for (int i = 0; i < attempts_without_lock; ++i) {
    const auto before = applied();
    begin_all(connections);
    const auto position = [](Connection& one) {
      return one.rows("SHOW STATUS LIKE 'binlog_snapshot_%'", taking_snapshot);
    };
    const auto place = position(first);
    if (place.size() < 2 || !place[0][1] || place[0][1]->empty()) return false;  // there is no log
    bool same = applied() == before;
    for (Connection* one : connections) same = same && position(*one) == place;
    if (same) return true;
  }
  return false;
}

}  // namespace

bool take_snapshot(const std::vector<Connection*>& connections) {
  const bool have = all_tables_have_snapshots(*connections.front());
  if (have && connections.size() > 1) {
    if (begin_under_lock(connections) || begin_at_one_position(connections)) return true;
  }
  begin_all(connections);
  return have && connections.size() == 1;
}

}  // namespace quire::importer::mysql
