#pragma once

#include "importer/sqlite/connection.hpp"
#include "quire/importer/schema.hpp"

namespace quire::importer::sqlite {

/// What the connection's snapshot has. Throws ImportError source_failed.
[[nodiscard]] Schema read_schema(const Connection& connection);

}  // namespace quire::importer::sqlite
