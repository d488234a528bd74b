#pragma once

#include <map>
#include <string>

#include "importer/mysql/connection.hpp"
#include "quire/importer/schema.hpp"

namespace quire::importer::mysql {

/// When the table's rows were changed last, as the server has it in memory since its start. Another
/// one after each change that was committed since; empty where the engine does not tell (MEMORY,
/// views, tables elsewhere). The server tells seconds: within the second of the last change it is
/// waited for the next one, so that a later change is another second's. A table that is written in
/// each second gets a text that equals no other.
/// Misses: changes of InnoDB tables that the server dropped from its cache of open tables
/// afterwards (table_definition_cache).
[[nodiscard]] std::string fingerprint_of(Connection& connection, const Table& table);
/// Of all tables of the database, by name.
[[nodiscard]] std::map<std::string, std::string> fingerprints_of(Connection& connection);

}  // namespace quire::importer::mysql
