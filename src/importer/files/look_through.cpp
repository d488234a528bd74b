#include <algorithm>
#include <deque>
#include <unordered_map>

#include "importer/document_cells.hpp"
#include "importer/files/csv_types.hpp"
#include "importer/files/element_records.hpp"
#include "importer/files/layout.hpp"

namespace quire::importer::files {
namespace {

/// Collects the columns of a table.
class Collector final : public RecordVisitor {
 public:
  explicit Collector(bool guess) : guess_(guess) {}

  void document(bson::View document) override { documents_.add(document); }

  void line(std::span<const Cell> fields, std::span<const std::string> header) override {
    if (header.data() != header_) use(header);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      CsvColumn& column = *order_[i];
      if (fields[i].is_null()) {
        column.nulls = true;
        continue;
      }
      if (guess_) column.type.add(fields[i].text);
    }
  }

  [[nodiscard]] std::vector<Column> columns() const {
    std::vector<Column> out = documents_.columns();
    for (const CsvColumn& seen : csv_) {
      Column column;
      column.name = seen.name;
      column.type = seen.type.type();
      column.declared = std::string(to_string(column.type));
      column.nullable = seen.nulls || seen.headers < headers_;
      out.push_back(std::move(column));
    }
    return out;
  }

  /// A file is at its end; one that has a header and no line has columns too.
  void end_file(std::span<const std::string> header) {
    if (!header.empty() && header.data() != header_) use(header);
    header_ = nullptr;
  }

 private:
  struct CsvColumn {
    std::string name;
    GuessedType type;
    bool nulls = false;
    std::int64_t headers = 0;
  };

  void use(std::span<const std::string> header) {
    header_ = header.data();
    ++headers_;
    order_.clear();
    for (const std::string& name : header) {
      auto& column = by_name_[name];
      if (column == nullptr) {
        column = &csv_.emplace_back();
        column->name = name;
      }
      ++column->headers;
      order_.push_back(column);
    }
  }

  bool guess_;
  SeenColumns documents_;
  std::deque<CsvColumn> csv_;
  std::unordered_map<std::string, CsvColumn*> by_name_;
  std::vector<CsvColumn*> order_;
  const std::string* header_ = nullptr;
  std::int64_t headers_ = 0;
};

void mark(File& file, const RecordReader& records, const FileTable& table) {
  file.records = records.place().number;
  if (!table.single && table.element.empty() && (file.records - 1) % records_per_mark == 0)
    file.marks.push_back(records.place());
}

/// _file and its like stand in front; a field of such a name becomes a column with a _ behind.
void name_columns(const Place& place, FileTable& table, std::vector<Column> columns) {
  std::vector<std::string> places{std::string(file_column), std::string(name_column)};
  if (!table.single) {
    if (place.format != Format::bson && table.element.empty()) places.emplace_back(line_column);
    places.emplace_back(record_column);
  }
  std::vector<Column>& out = table.table.columns;
  for (const std::string& name : places) {
    Column column;
    column.name = name;
    column.type =
        name == line_column || name == record_column ? ColumnType::int64 : ColumnType::text;
    column.declared = std::string(to_string(column.type));
    column.nullable = false;
    column.generated = column.position = true;
    out.push_back(std::move(column));
  }
  const auto taken = [&](const std::string& name) {
    return std::find(places.begin(), places.end(), name) != places.end();
  };
  for (Column& column : columns) {
    const std::string field = column.name;
    if (taken(field)) {
      do {
        column.name += '_';
      } while (std::any_of(columns.begin(), columns.end(), [&](const Column& other) {
        return &other != &column && other.name == column.name;
      }));
      table.renamed.emplace_back(column.name, field);
    }
  }
  for (Column& column : columns) {
    column.position = !table.element.empty() && column.name.starts_with(parent_prefix);
    out.push_back(std::move(column));
  }
}

}  // namespace

std::unique_ptr<RecordReader> open_file(const Place& place, const FileTable& table,
                                        const File& file) {
  if (table.element.empty()) return open_records(place, file.path, table.single);
  return std::make_unique<ElementRecords>(open_records(place, file.path, true), table.element);
}

void count_records(const Place& place, const FileTable& table, File& file) {
  file.records = 0;
  file.marks.clear();
  const auto records = open_file(place, table, file);
  while (records->next()) mark(file, *records, table);
}

void look_through(const Place& place, FileTable& table) {
  Collector collector(place.guess);
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  for (File& file : table.files) {
    file.records = 0;
    file.marks.clear();
    const auto records = open_file(place, table, file);
    while (records->next()) {
      mark(file, *records, table);
      (void)records->read(collector);  // what cannot be read has no columns
    }
    collector.end_file(records->header());
    rows += file.records;
    bytes += file.size;
  }
  name_columns(place, table, collector.columns());
  table.table.rows = rows;
  table.table.bytes = bytes;
  if (place.format == Format::bson && table.table.find("_id") != nullptr)
    table.table.primary_key = {"_id"};
}

}  // namespace quire::importer::files
