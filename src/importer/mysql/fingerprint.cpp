#include "importer/mysql/fingerprint.hpp"

#include <chrono>
#include <thread>

namespace quire::importer::mysql {
namespace {

constexpr std::string_view doing = "asking when rows were changed";
constexpr int attempts = 3;

/// Of which start of the server the times are: before the first change they are null.
std::string started(Connection& connection) {
  const std::string from = connection.is_mariadb() ? "information_schema.GLOBAL_STATUS"
                                                   : "performance_schema.global_status";
  return connection
      .value("SELECT CAST(UNIX_TIMESTAMP() AS SIGNED) - CAST(VARIABLE_VALUE AS SIGNED) FROM " +
                 from + " WHERE VARIABLE_NAME = 'UPTIME'",
             doing)
      .value_or("");
}

bool tells_times(const std::string& engine) {
  return engine == "InnoDB" || engine == "MyISAM" || engine == "Aria";
}

/// Of the tables that `which` finds, by name. A time of the present second is waited out: a later
/// change is another second's then.
std::map<std::string, std::string> prints_of(Connection& connection, const std::string& which) {
  const std::string sql =
      "SELECT ENGINE, CREATE_TIME, UPDATE_TIME, UPDATE_TIME < NOW(), NOW(6), "
      "1000000 - MICROSECOND(NOW(6)), CAST(TABLE_NAME AS BINARY) FROM information_schema.TABLES "
      "WHERE "
      "TABLE_SCHEMA = DATABASE() AND TABLE_TYPE NOT LIKE '%VIEW'" +
      which;
  std::map<std::string, std::string> out;
  for (int i = 0; i < attempts; ++i) {
    out.clear();
    std::int64_t wait = 0;
    const auto rows = connection.rows(sql, doing);
    const std::string start = rows.empty() ? "" : started(connection);
    for (const auto& row : rows) {
      if (!row[0] || !tells_times(*row[0])) continue;
      std::string& print = out[row[6].value_or("")] = start + " " + row[1].value_or("-");
      print += " " + row[2].value_or("-");
      if (!row[2] || row[3] == "1") continue;
      print += " at " + *row[4];
      wait = std::stoll(*row[5]) + 20000;
    }
    if (wait == 0) break;
    if (i + 1 < attempts) std::this_thread::sleep_for(std::chrono::microseconds(wait));
  }
  return out;
}

}  // namespace

std::string fingerprint_of(Connection& connection, const Table& table) {
  if (table.kind == TableKind::view || table.kind == TableKind::foreign) return {};
  connection.speak("utf8mb4");
  const auto found = prints_of(connection, " AND TABLE_NAME = " + connection.literal(table.name));
  const auto at = found.find(table.name);
  return at == found.end() ? std::string() : at->second;
}

std::map<std::string, std::string> fingerprints_of(Connection& connection) {
  connection.speak("utf8mb4");
  return prints_of(connection, "");
}

}  // namespace quire::importer::mysql
