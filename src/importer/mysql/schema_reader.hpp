#pragma once

#include "importer/mysql/connection.hpp"
#include "quire/importer/schema.hpp"

namespace quire::importer::mysql {

/// Tables and views of the connection's database, as its user may see them.
[[nodiscard]] Schema read_schema(Connection& connection);

}  // namespace quire::importer::mysql
