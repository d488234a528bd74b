#include "importer/files/files_source.hpp"

#include <algorithm>

#include "importer/open.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace files {
namespace {

/// Tables of elements of fields that no document has.
void leave_out_elements(const Place& place, Layout& layout) {
  std::vector<std::string> found, unwanted;
  const Table* documents = nullptr;
  for (const FileTable& table : layout.tables) {
    if (table.element.empty()) {
      documents = &table.table;
    } else if (documents->find(table.element) == nullptr) {
      unwanted.push_back(table.table.name);
    } else {
      found.push_back(table.element);
    }
  }
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  std::erase_if(layout.tables,
                [&](const FileTable& table) { return has(unwanted, table.table.name); });
  for (const std::string& name : place.elements) {
    if (!has(found, name))
      layout.left_out.push_back("elements of " + name + ": no document has such a field");
  }
}

}  // namespace

FilesSource::FilesSource(Place place) : place_(std::move(place)) {
  (void)find_files(place_);  // what is not there is told when it is opened
}

std::string FilesSource::location() const {
  return std::string(to_string(place_.format)) + ":" + place_.path.string();
}

const Layout& FilesSource::layout() {
  std::call_once(once_, [&] {
    Layout layout = find_files(place_);
    Schema schema;
    for (FileTable& table : layout.tables) look_through(place_, table);
    leave_out_elements(place_, layout);
    std::sort(layout.tables.begin(), layout.tables.end(),
              [](const FileTable& a, const FileTable& b) { return a.table.name < b.table.name; });
    for (const FileTable& table : layout.tables) schema.tables.push_back(table.table);
    schema.left_out = layout.left_out;
    layout_ = std::move(layout);
    schema_ = std::move(schema);
  });
  return layout_;
}

const Schema& FilesSource::schema() {
  (void)layout();
  return schema_;
}

const FileTable& FilesSource::table(const std::string& name) {
  const Table& wanted = schema().at(name);
  for (const FileTable& table : layout_.tables) {
    if (table.table.name == wanted.name) return table;
  }
  throw ImportError(ErrorCode::table_not_found, "\"" + name + "\" is not among the files");
}

std::unique_ptr<SourceSession> FilesSource::open() { return std::make_unique<FilesSession>(*this); }

std::unique_ptr<RowReader> FilesSession::read(const RowQuery& query) {
  return read_rows(source_.place(), source_.table(query.table), query);
}

std::int64_t FilesSession::records_of(const FileTable& table, const File& file) {
  File now = file;
  if (!look_at(now)) return 1;  // gone: one row, which cannot be read
  if (now.size == file.size && now.changed == file.changed) return file.records;
  for (const File& counted : counted_) {
    if (counted.path == now.path && counted.size == now.size && counted.changed == now.changed)
      return counted.records;
  }
  count_records(source_.place(), table, now);
  std::erase_if(counted_, [&](const File& counted) { return counted.path == now.path; });
  counted_.push_back(now);
  return now.records;
}

std::int64_t FilesSession::count(const RowQuery& query) {
  const FileTable& table = source_.table(query.table);
  const Bounds bounds = bounds_of(table, query);
  std::int64_t sum = 0;
  for (const File& file : table.files) {
    const Stretch stretch = stretch_of(bounds, file.name);
    if (stretch.empty()) continue;
    const std::int64_t records = records_of(table, file);
    if (!bounds.only_keys) {
      sum += std::max<std::int64_t>(0, std::min(stretch.last, records) - stretch.first + 1);
      continue;
    }
    sum += std::count_if(bounds.keys.begin(), bounds.keys.end(), [&](const Position& key) {
      return key.file == file.name && key.record >= 1 && key.record <= records;
    });
  }
  return bounds.limit > 0 ? std::min(sum, bounds.limit) : sum;
}

std::optional<bson::Value> FilesSession::key_at(const RowQuery& query, std::int64_t distance) {
  const FileTable& table = source_.table(query.table);
  const Bounds bounds = bounds_of(table, query);
  if (bounds.only_keys)
    throw ImportError(ErrorCode::invalid_argument, "key_at() takes bounds, not single keys");
  for (const File& file : table.files) {
    const Stretch stretch = stretch_of(bounds, file.name);
    if (stretch.empty()) continue;
    const std::int64_t last = std::min(stretch.last, records_of(table, file));
    const std::int64_t rows = std::max<std::int64_t>(0, last - stretch.first + 1);
    if (distance <= rows) return key_of(table, {file.name, stretch.first + distance - 1});
    distance -= rows;
  }
  return std::nullopt;
}

std::string FilesSession::fingerprint(const Table& table) {
  for (FileTable& now : find_files(source_.place()).tables) {
    if (now.table.name == table.name) return fingerprint_of(now.files);
  }
  return "gone";
}

}  // namespace files

std::unique_ptr<Source> open_files(std::string_view uri, const SourceOptions& options) {
  return std::make_unique<files::FilesSource>(files::parse_place(uri, options));
}

}  // namespace quire::importer
