#pragma once

#include <vector>

#include "importer/mysql/connection.hpp"

namespace quire::importer::mysql {

/// Begins a read-only transaction on each of the connections. True: all of them see the database as
/// it was at one moment, and go on seeing it so.
[[nodiscard]] bool take_snapshot(const std::vector<Connection*>& connections);

}  // namespace quire::importer::mysql
