#pragma once

#include <string>
#include <utility>
#include <vector>

#include "importer/files/record_reader.hpp"
#include "quire/importer/schema.hpp"

namespace quire::importer::files {

struct File {
  std::filesystem::path path;
  std::string name;  ///< below the folder, what _file says
  std::int64_t size = 0;
  std::int64_t changed = 0;  ///< nanoseconds, of the file system's clock
  std::int64_t records = -1;
  std::vector<RecordPlace> marks = {};  ///< of the records 1, 1001, 2001 …
};

/// A table: files and what is in them.
struct FileTable {
  Table table;
  bool single = false;  ///< each file is one document
  /// Each file is one document, and the elements of this array of it are the rows.
  std::string element = {};
  std::vector<File> files;  ///< by name, bytewise
  /// Names of columns whose fields have other names, because those tell the place of a row.
  std::vector<std::pair<std::string, std::string>> renamed = {};
};

struct Layout {
  std::vector<FileTable> tables;  ///< by name
  std::vector<std::string> left_out;
};

/// Finds the files of a place, without reading them. A table of elements stands behind that of its
/// documents, whether they have such a field or not. Throws ImportError source_failed where it does
/// not exist or cannot be listed.
[[nodiscard]] Layout find_files(const Place& place);
/// Size and time of the file as it is now; false: it is gone.
[[nodiscard]] bool look_at(File& file);

inline constexpr std::int64_t records_per_mark = 1000;
/// Reads all of a table: its columns, how many records its files have, and where they begin.
void look_through(const Place& place, FileTable& table);
/// The same of one file without its columns: records and marks.
void count_records(const Place& place, const FileTable& table, File& file);
/// The records of one of the table's files.
[[nodiscard]] std::unique_ptr<RecordReader> open_file(const Place& place, const FileTable& table,
                                                      const File& file);

inline constexpr std::string_view file_column = "_file";
inline constexpr std::string_view name_column = "_name";
inline constexpr std::string_view line_column = "_line";
inline constexpr std::string_view record_column = "_record";
/// "users" of "chat/users.json.gz".
[[nodiscard]] std::string stem_of(const std::string& name);

}  // namespace quire::importer::files
