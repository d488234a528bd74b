#pragma once

#include <quire/importer/importer.hpp>
#include <quire/quire.hpp>
#include <string>

/// The bot's years in SQLite, and how they become documents.
namespace bot {

struct OldData {
  std::string file;        ///< of SQLite
  std::int64_t batch = 0;  ///< documents written at once; 0 = as the importer does
  std::int64_t rate = 0;   ///< rows a second, so that the bot beside it has its turn; 0 = all
};

[[nodiscard]] quire::importer::Mapping mapping();
/// The same for the migration and for the commands: they share one import.
[[nodiscard]] quire::importer::ImportOptions import_options(const OldData& old);
[[nodiscard]] std::unique_ptr<quire::importer::Source> open_old(const OldData& old);
[[nodiscard]] quire::Migrations migrations(const OldData& old);

}  // namespace bot
