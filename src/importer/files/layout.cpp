#include "importer/files/layout.hpp"

#include <algorithm>
#include <map>

#include "backup/file_name.hpp"
#include "backup/folder.hpp"
#include "importer/files/byte_stream.hpp"
#include "quire/core/error.hpp"

namespace quire::importer::files {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const std::string& why) {
  throw ImportError(ErrorCode::source_failed, path.string() + ": " + why);
}

bool is_wanted(Format format, const std::string& file_name) {
  const std::string name = without_compression(file_name);
  switch (format) {
    case Format::json:
      return name.ends_with(".json");
    case Format::ndjson:
      return name.ends_with(".ndjson") || name.ends_with(".jsonl");
    case Format::csv:
      return name.ends_with(".csv") || name.ends_with(".tsv");
    case Format::bson:
      return name.ends_with(".bson");
  }
  return false;
}

/// All files below the folder that may be meant.
std::vector<File> list(const Place& place, const fs::path& folder, bool deep, Layout& out) {
  std::vector<File> found;
  std::error_code failed;
  fs::recursive_directory_iterator it(folder, failed);
  for (; !failed && it != fs::recursive_directory_iterator(); it.increment(failed)) {
    const std::string name = it->path().lexically_relative(folder).generic_string();
    std::error_code ignored;
    if (it->is_directory(ignored)) {
      if (it->is_symlink(ignored)) out.left_out.push_back(name + ": a link to a folder");
      if (!deep) it.disable_recursion_pending();
      continue;
    }
    if (!is_wanted(place.format, name)) continue;
    if (it->path().filename().string().starts_with('.')) {
      out.left_out.push_back(name + ": a hidden file");
    } else if (!bson::is_utf8(name)) {
      out.left_out.push_back("a file whose name is not UTF-8, in " +
                             it->path().parent_path().string());
    } else {
      found.push_back({it->path(), name});
    }
  }
  if (failed) fail(folder, "cannot be listed: " + failed.message());
  return found;
}

struct Named {
  bool single = false;
  std::vector<File> files;
};

/// Below a folder: sub-folders are tables; files at the top are one table (json), or one each.
std::map<std::string, Named> group(const Place& place, std::vector<File> files) {
  std::map<std::string, Named> out;
  std::map<std::string, int> stems;
  for (const File& file : files) {
    const auto slash = file.name.find('/');
    ++stems[slash == file.name.npos ? stem_of(file.name) : file.name.substr(0, slash) + "/"];
  }
  std::string top = fs::weakly_canonical(place.path).filename().string();
  if (stems.contains(top + "/")) top += "/*";
  for (File& file : files) {
    const auto slash = file.name.find('/');
    std::string table = place.table;
    if (table.empty() && slash != file.name.npos) {
      table = file.name.substr(0, slash);
    } else if (table.empty() && place.format == Format::json) {
      table = top;
    } else if (table.empty()) {
      table = stem_of(file.name);
      if (stems[table] > 1 || stems.contains(table + "/")) table = file.name;
    }
    Named& named = out[table];
    named.single = place.format == Format::json;
    named.files.push_back(std::move(file));
  }
  return out;
}

fs::path dump_folder(const Place& place, Layout& out) {
  if (!list(place, place.path, false, out).empty()) return place.path;
  std::vector<fs::path> databases;
  std::error_code failed;
  for (const auto& one : fs::directory_iterator(place.path, failed)) {
    if (one.is_directory() && !list(place, one.path(), false, out).empty())
      databases.push_back(one.path());
  }
  if (failed) fail(place.path, "cannot be listed: " + failed.message());
  if (databases.empty()) fail(place.path, "no folder of a dump: it has no .bson files");
  if (databases.size() > 1)
    fail(place.path, "a dump of several databases; give the folder of one, as in bson:" +
                         std::min(databases[0], databases[1]).string());
  return databases[0];
}

/// The metadata file beside a data file; nothing where there is none.
std::optional<backup::Metadata> metadata_of(const File& file) {
  const fs::path base = file.path.parent_path() / stem_of(file.path.filename().string());
  for (const char* ending : {".metadata.json", ".metadata.json.gz"}) {
    const fs::path path = base.string() + ending;
    std::error_code ignored;
    if (!fs::exists(path, ignored)) continue;
    backup::InputFile in(path);
    return backup::Metadata::parse(backup::read_all(in), path.string());
  }
  return std::nullopt;
}

std::map<std::string, Named> collections(const Place& place, Layout& out) {
  std::map<std::string, Named> named;
  const fs::path folder = dump_folder(place, out);
  for (File& file : list(place, folder, false, out)) {
    const std::string stem = stem_of(file.name);
    if (file.name == "oplog.bson") {
      out.left_out.push_back(file.name + ": changes, not documents");
      continue;
    }
    std::string collection;
    try {
      const auto metadata = metadata_of(file);
      collection = backup::is_cut_off(stem) && metadata && !metadata->name.empty()
                       ? metadata->name
                       : backup::collection_of(stem);
    } catch (const Error& error) {
      out.left_out.push_back(file.name + ": " + error.what());
      continue;
    }
    if (backup::is_never_saved(collection) || collection.starts_with("system.")) {
      out.left_out.push_back(file.name + ": \"" + collection + "\" is a server's own");
      continue;
    }
    named[collection].files.push_back(std::move(file));
  }
  return named;
}

/// Of the documents that are the last table.
void add_element_tables(const Place& place, std::vector<FileTable>& tables) {
  const FileTable documents = tables.back();
  for (const std::string& field : place.elements) {
    FileTable& table = tables.emplace_back(documents);
    table.table.name += "." + field;
    table.table.key = {std::string(file_column), std::string(record_column)};
    table.single = false;
    table.element = field;
  }
}

}  // namespace

std::string stem_of(const std::string& name) {
  const std::string file = without_compression(name.substr(name.rfind('/') + 1));
  return file.substr(0, file.rfind('.'));
}

bool look_at(File& file) {
  std::error_code failed;
  const auto size = fs::file_size(file.path, failed);
  if (failed) return false;
  const auto changed = fs::last_write_time(file.path, failed);
  if (failed) return false;
  file.size = static_cast<std::int64_t>(size);
  file.changed = changed.time_since_epoch().count();
  return true;
}

Layout find_files(const Place& place) {
  Layout out;
  std::error_code ignored;
  const fs::file_status status = fs::status(place.path, ignored);
  std::map<std::string, Named> named;
  if (!fs::exists(status)) fail(place.path, "no such file or folder");
  if (place.format == Format::bson) {
    if (!fs::is_directory(status)) fail(place.path, "no folder; a dump is bson:FOLDER");
    named = collections(place, out);
  } else if (fs::is_directory(status)) {
    named = group(place, list(place, place.path, true, out));
  } else {
    if (!place.elements.empty())
      fail(place.path, "no folder; `elements` are of folders with one document a file");
    const std::string name = place.path.filename().string();
    named[place.table.empty() ? stem_of(name) : place.table].files.push_back({place.path, name});
  }
  for (auto& [name, what] : named) {
    FileTable& table = out.tables.emplace_back();
    table.table.name = name;
    table.table.kind = TableKind::files;
    table.single = what.single;
    table.files = std::move(what.files);
    std::sort(table.files.begin(), table.files.end(),
              [](const File& a, const File& b) { return a.name < b.name; });
    std::erase_if(table.files, [&](File& file) {
      if (look_at(file)) return false;
      out.left_out.push_back(file.name + ": cannot be looked at");
      return true;
    });
    table.table.key.emplace_back(file_column);
    if (!table.single) table.table.key.emplace_back(record_column);
    if (table.single) add_element_tables(place, out.tables);
  }
  std::sort(out.left_out.begin(), out.left_out.end());
  out.left_out.erase(std::unique(out.left_out.begin(), out.left_out.end()), out.left_out.end());
  return out;
}

}  // namespace quire::importer::files
