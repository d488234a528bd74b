#include <algorithm>
#include <chrono>

#include "importer/files/files_source.hpp"
#include "quire/core/error.hpp"
#include "quire/importer/files.hpp"

namespace quire::importer {
namespace files {
namespace {

class Check final : public RecordVisitor {
 public:
  Check(const InspectOptions& options, std::string_view table) : options_(options), table_(table) {}
  void document(bson::View document) override {
    reason_.clear();
    if (!options_.check) return;
    try {
      options_.check(table_, document);
    } catch (const Error& error) {
      reason_ = error.what();
    }
  }
  void line(std::span<const Cell>, std::span<const std::string>) override { reason_.clear(); }
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  const InspectOptions& options_;
  std::string_view table_;
  std::string reason_;
};

class Inspection {
 public:
  Inspection(const Place& place, const InspectOptions& options, FilesInspection& out)
      : place_(place), options_(options), out_(out) {}

  void run() {
    const Layout layout = find_files(place_);
    out_.left_out = layout.left_out;
    std::int64_t all = 0;
    for (const FileTable& table : layout.tables)
      if (table.element.empty()) all += static_cast<std::int64_t>(table.files.size());
    for (const FileTable& table : layout.tables) {
      if (!table.element.empty()) continue;  // with the documents
      for (const File& file : table.files) {
        const std::int64_t before = out_.bad_records;
        if (!inspect(table, file)) return;
        const bool has_elements = !unreadable_;
        for (const FileTable& other : layout.tables) {
          if (has_elements && is_of(other, table) && !inspect(other, file)) return;
        }
        ++out_.files;
        out_.bytes += file.size;
        ++(out_.bad_records == before ? out_.valid : out_.invalid);
        if (options_.progress) options_.progress(out_.files, all);
      }
    }
  }

 private:
  static bool is_of(const FileTable& elements, const FileTable& documents) {
    return !elements.element.empty() &&
           elements.table.name == documents.table.name + "." + elements.element;
  }

  /// False: it was stopped.
  [[nodiscard]] bool inspect(const FileTable& table, const File& file) {
    Check check(options_, table.table.name);
    const auto records = open_file(place_, table, file);
    unreadable_ = false;
    while (records->next()) {
      if (records->place().number % 1000 == 1 && options_.stop.stop_requested()) {
        out_.stopped = true;
        return false;
      }
      ++out_.records;
      if (const auto fault = records->read(check)) {
        unreadable_ = true;
        add(table, file, *records, *fault);
      } else if (!check.reason().empty()) {
        const RecordPlace& at = records->place();
        add(table, file, *records, {at.offset, at.line, at.column + 1, check.reason()});
      }
    }
    return true;
  }

  void add(const FileTable& table, const File& file, const RecordReader& records,
           const RecordFault& fault) {
    ++out_.bad_records;
    if (out_.problems.size() >= options_.most_problems) return;
    out_.problems.push_back({table.table.name, file.name, records.place().number, fault.line,
                             fault.column, fault.offset, fault.why});
  }

  const Place& place_;
  const InspectOptions& options_;
  FilesInspection& out_;
  bool unreadable_ = false;  ///< a record of the file that was looked at last
};

}  // namespace
}  // namespace files

FilesInspection inspect_files(Source& source, const InspectOptions& options) {
  auto* files = dynamic_cast<files::FilesSource*>(&source);
  if (files == nullptr)
    throw ImportError(ErrorCode::invalid_source,
                      source.location() + " is no source of files: json, ndjson, csv, bson");
  FilesInspection out;
  out.location = source.location();
  const auto start = std::chrono::steady_clock::now();
  files::Inspection(files->place(), options, out).run();
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double rate = options.documents_per_second > 0 ? options.documents_per_second : 50'000;
  // Reading and writing overlap: the slower of the two counts.
  out.estimated_seconds =
      std::max(out.seconds, static_cast<double>(out.records - out.bad_records) / rate);
  return out;
}

}  // namespace quire::importer
