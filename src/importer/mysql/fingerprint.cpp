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

}  // namespace

std::string fingerprint_of(Connection& connection, const Table& table) {
  if (table.kind == TableKind::view || table.kind == TableKind::foreign) return {};
  connection.speak("utf8mb4");
  const std::string sql =
      "SELECT ENGINE, CREATE_TIME, UPDATE_TIME, UPDATE_TIME < NOW(), NOW(6), "
      "1000000 - MICROSECOND(NOW(6)) FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
      "DATABASE() "
      "AND TABLE_NAME = " +
      connection.literal(table.name);
  for (int i = 0; i < attempts; ++i) {
    const auto rows = connection.rows(sql, doing);
    if (rows.empty() || !rows[0][0] || !tells_times(*rows[0][0])) return {};
    const auto& row = rows[0];
    const std::string since = started(connection) + " " + row[1].value_or("-");
    if (!row[2]) return since + " -";
    if (row[3] == "1") return since + " " + *row[2];
    if (i + 1 == attempts) return since + " " + *row[2] + " at " + *row[4];
    std::this_thread::sleep_for(std::chrono::microseconds(std::stoll(*row[5]) + 20000));
  }
  return {};
}

}  // namespace quire::importer::mysql
