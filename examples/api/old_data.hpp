#pragma once

#include <quire/importer/importer.hpp>
#include <quire/quire.hpp>
#include <string>

/// The MySQL database of the API, and how its tables become documents.
namespace api {

/// $OLD_DATABASE_URL. Throws std::runtime_error without it; no error shows what is in it.
[[nodiscard]] std::unique_ptr<quire::importer::Source> open_old();
/// Times without a zone are of $OLD_TIME_ZONE, else UTC.
[[nodiscard]] quire::importer::Mapping mapping();
/// The same for the migration and for the commands: they share one import.
[[nodiscard]] quire::importer::ImportOptions import_options();
[[nodiscard]] quire::Migrations migrations();

}  // namespace api
