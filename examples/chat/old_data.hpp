#pragma once

#include <quire/importer/files.hpp>
#include <quire/importer/importer.hpp>
#include <quire/quire.hpp>
#include <string>

/// The folder of JSON files, and how it becomes documents.
namespace chat {

struct OldData {
  std::string folder;
  std::int64_t batch = 0;        ///< documents written at once; 0 = as the importer does
  std::int64_t rate = 0;         ///< rows a second; 0 = all
  bool skip_validation = false;  ///< documents are not read as models before they are written
};

[[nodiscard]] quire::importer::Mapping mapping();
[[nodiscard]] quire::importer::ImportOptions import_options(const OldData& old);
[[nodiscard]] std::unique_ptr<quire::importer::Source> open_old(const OldData& old);
/// Reads all files and says what is wrong with them.
[[nodiscard]] quire::importer::FilesInspection inspect(const OldData& old);
[[nodiscard]] quire::Migrations migrations(const OldData& old);

}  // namespace chat
