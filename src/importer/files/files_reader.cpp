#include <algorithm>
#include <limits>

#include "importer/document_cells.hpp"
#include "importer/files/csv_types.hpp"
#include "importer/files/files_source.hpp"
#include "quire/core/error.hpp"

namespace quire::importer::files {
namespace {

/// Puts the values of records where the query wants them.
class Filler final : public RecordVisitor {
 public:
  Filler(const FileTable& table, const std::vector<std::string>& columns)
      : cells_(columns.size()), documents_({}) {
    std::vector<std::pair<std::string, std::size_t>> fields;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const Column& column = table.table.at(columns[i]);
      if (column.generated) {
        places_.emplace_back(column.name, i);
        continue;
      }
      std::string field = column.name;
      for (const auto& [name, real] : table.renamed) {
        if (name == column.name) field = real;
      }
      types_.push_back(column.type);
      fields.emplace_back(std::move(field), i);
    }
    wanted_ = fields;
    documents_ = DocumentCells(std::move(fields));
  }

  void document(bson::View document) override { documents_.fill(document, cells_); }

  void line(std::span<const Cell> fields, std::span<const std::string> header) override {
    if (header.data() != header_) use(header);
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      Cell& cell = cells_[wanted_[i].second];
      if (from_[i] < 0) {
        cell.kind = Cell::Kind::absent;
        continue;
      }
      cell = fields[static_cast<std::size_t>(from_[i])];
      if (cell.is_null() || types_[i] == ColumnType::text) continue;
      const auto typed = cell_of_text(cell.text, types_[i]);
      cell = typed ? *typed
                   : Cell::of_text(Cell::Kind::unreadable,
                                   "not of the type that the column had when it was looked at");
    }
  }

  void begin_file(const File& file) {
    header_ = nullptr;
    name_ = stem_of(file.name);
    file_ = &file;
  }

  std::span<const Cell> row(RecordReader& records) {
    if (const auto fault = records.read(*this)) {
      why_ = fault->text();
      for (const auto& [field, slot] : wanted_)
        cells_[slot] = Cell::of_text(Cell::Kind::unreadable, why_);
    }
    for (const auto& [name, slot] : places_) cells_[slot] = place_cell(name, records.place());
    return cells_;
  }

 private:
  Cell place_cell(std::string_view name, const RecordPlace& place) const {
    if (name == file_column) return Cell::of_text(Cell::Kind::text, file_->name);
    if (name == name_column) return Cell::of_text(Cell::Kind::text, name_);
    return Cell::of_integer(Cell::Kind::int64, name == line_column ? place.line : place.number);
  }

  void use(std::span<const std::string> header) {
    header_ = header.data();
    from_.clear();
    for (const auto& [field, slot] : wanted_) {
      const auto at = std::find(header.begin(), header.end(), field);
      from_.push_back(at == header.end() ? -1 : at - header.begin());
    }
  }

  std::vector<Cell> cells_;
  std::vector<std::pair<std::string, std::size_t>> places_;
  std::vector<std::pair<std::string, std::size_t>> wanted_;
  std::vector<ColumnType> types_;     ///< of wanted_
  std::vector<std::ptrdiff_t> from_;  ///< of wanted_: the field of a line, -1 = none
  const std::string* header_ = nullptr;
  DocumentCells documents_;
  const File* file_ = nullptr;
  std::string name_;
  std::string why_;
};

class FilesReader final : public RowReader {
 public:
  FilesReader(const Place& place, const FileTable& table, const RowQuery& query)
      : place_(place),
        table_(table),
        bounds_(bounds_of(table, query)),
        filler_(table, query.columns) {}

  std::span<const Cell> next() override {
    if (bounds_.limit > 0 && given_ == bounds_.limit) return {};
    const bool found = bounds_.only_keys ? next_key() : next_record();
    if (!found) return {};
    ++given_;
    return filler_.row(*records_);
  }

 private:
  /// The file and the record from which it is read.
  void open(std::size_t number, std::int64_t record) {
    const File& file = table_.files[number];
    open_file_ = number;
    records_ = open_file(place_, table_, file);
    filler_.begin_file(file);
    if (record <= records_per_mark || file.marks.empty()) return;
    File now = file;
    if (!look_at(now) || now.size != file.size || now.changed != file.changed) return;
    const auto mark = static_cast<std::size_t>((record - 1) / records_per_mark);
    (void)records_->seek(file.marks[std::min(mark, file.marks.size() - 1)]);
  }

  /// Goes on to a record of the file that is open. False: it has fewer.
  bool advance_to(std::int64_t record) {
    while (records_->next()) {
      if (records_->place().number >= record) return true;
    }
    return false;
  }

  bool next_record() {
    while (true) {
      if (!records_) {
        while (file_ < table_.files.size()) {
          stretch_ = stretch_of(bounds_, table_.files[file_].name);
          if (!stretch_.empty()) break;
          ++file_;
        }
        if (file_ == table_.files.size()) return false;
        open(file_, stretch_.first);
      }
      if (records_->place().number < stretch_.last && advance_to(stretch_.first)) return true;
      records_.reset();
      ++file_;
    }
  }

  bool next_key() {
    for (; key_ < bounds_.keys.size(); ++key_) {
      const Position& key = bounds_.keys[key_];
      const auto file = std::lower_bound(
          table_.files.begin(), table_.files.end(), key.file,
          [](const File& one, const std::string& name) { return one.name < name; });
      if (file == table_.files.end() || file->name != key.file || key.record < 1) continue;
      const auto number = static_cast<std::size_t>(file - table_.files.begin());
      const bool near = records_ && open_file_ == number && records_->place().number < key.record &&
                        key.record - records_->place().number < 2 * records_per_mark;
      if (!near) open(number, key.record);
      if (!advance_to(key.record)) continue;
      ++key_;
      return true;
    }
    return false;
  }

  const Place& place_;
  const FileTable& table_;
  Bounds bounds_;
  Filler filler_;
  std::unique_ptr<RecordReader> records_;
  Stretch stretch_;
  std::size_t file_ = 0;
  std::size_t open_file_ = 0;
  std::size_t key_ = 0;
  std::int64_t given_ = 0;
};

}  // namespace

std::unique_ptr<RowReader> read_rows(const Place& place, const FileTable& table,
                                     const RowQuery& query) {
  return std::make_unique<FilesReader>(place, table, query);
}

}  // namespace quire::importer::files
