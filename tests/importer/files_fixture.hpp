#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backup/stream.hpp"
#include "quire/importer/source.hpp"

#ifdef QUIRE_WITH_ZSTD
#include <zstd.h>
#endif

namespace quire::test {

/// A folder for the files of a test, gone afterwards.
class Files {
 public:
  Files() {
    std::string name = (std::filesystem::temp_directory_path() / "quire_files_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Files() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string at(const std::string& name) const { return (path_ / name).string(); }

  std::string write(const std::string& name, std::string_view text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    return at(name);
  }
  std::string write_gzip(const std::string& name, std::string_view text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    backup::OutputFile out(path_ / name, true);
    out.write(text.data(), text.size());
    (void)out.finish();
    return at(name);
  }
#ifdef QUIRE_WITH_ZSTD
  std::string write_zstd(const std::string& name, std::string_view text) const {
    std::string packed(ZSTD_compressBound(text.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
    return write(name, packed);
  }
#endif
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream in(path_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::filesystem::path path_;
};

/// "int32 5", "null"; the cell's kind and what it shows.
inline std::string shown(const importer::Cell& cell) {
  std::string out(to_string(cell.kind));
  if (!cell.is_null()) out += " " + importer::display(cell, 10'000);
  return out;
}

using Rows = std::vector<std::vector<std::string>>;

inline Rows rows_of(importer::RowReader& reader) {
  Rows rows;
  while (true) {
    const auto cells = reader.next();
    if (cells.empty()) return rows;
    auto& row = rows.emplace_back();
    for (const auto& cell : cells) row.push_back(shown(cell));
  }
}

inline Rows read_rows(importer::Source& source, const importer::RowQuery& query) {
  return rows_of(*source.open()->read(query));
}

/// Of all rows of a table.
inline Rows read_rows(importer::Source& source, const std::string& table,
                      std::vector<std::string> columns) {
  importer::RowQuery query;
  query.table = table;
  query.columns = std::move(columns);
  query.key = source.schema().at(table).key;
  return read_rows(source, query);
}

/// Of one column of a source with one table.
inline std::vector<std::string> column_of(const std::string& uri, const std::string& column) {
  const auto source = importer::open_source(uri);
  std::vector<std::string> out;
  for (auto& row : read_rows(*source, source->schema().tables.at(0).name, {column}))
    out.push_back(std::move(row[0]));
  return out;
}

}  // namespace quire::test
