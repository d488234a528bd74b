#pragma once

#include <memory>

#include "quire/importer/source.hpp"

namespace quire::importer {

// Each is given the whole URI. Which of them this build has is told by QUIRE_WITH_….
[[nodiscard]] std::unique_ptr<Source> open_sqlite(std::string_view uri,
                                                  const SourceOptions& options);
[[nodiscard]] std::unique_ptr<Source> open_postgresql(std::string_view uri,
                                                      const SourceOptions& options);
[[nodiscard]] std::unique_ptr<Source> open_mysql(std::string_view uri,
                                                 const SourceOptions& options);
/// json, ndjson, csv, bson.
[[nodiscard]] std::unique_ptr<Source> open_files(std::string_view uri,
                                                 const SourceOptions& options);
/// quire, mongodb, mongodb+srv.
[[nodiscard]] std::unique_ptr<Source> open_store(std::string_view uri,
                                                 const SourceOptions& options);

}  // namespace quire::importer
