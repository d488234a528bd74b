#pragma once

#include <mutex>

#include "importer/files/layout.hpp"
#include "importer/files/position.hpp"
#include "quire/importer/source.hpp"

namespace quire::importer::files {

/// Files as a source. What is in them is read once, at the first call of schema() or layout().
class FilesSource final : public Source {
 public:
  explicit FilesSource(Place place);
  [[nodiscard]] std::string_view kind() const noexcept override { return to_string(place_.format); }
  [[nodiscard]] std::string location() const override;
  [[nodiscard]] const Schema& schema() override;
  [[nodiscard]] std::unique_ptr<SourceSession> open() override;
  [[nodiscard]] std::string_view snapshot() const noexcept override { return "multi"; }

  [[nodiscard]] const Place& place() const noexcept { return place_; }
  /// Immutable from then on.
  [[nodiscard]] const Layout& layout();
  [[nodiscard]] const FileTable& table(const std::string& name);

 private:
  Place place_;
  std::once_flag once_;
  Layout layout_;
  Schema schema_;
};

class FilesSession final : public SourceSession {
 public:
  explicit FilesSession(FilesSource& source) : source_(source) {}
  [[nodiscard]] std::unique_ptr<RowReader> read(const RowQuery& query) override;
  [[nodiscard]] std::int64_t count(const RowQuery& query) override;
  [[nodiscard]] std::optional<bson::Value> key_at(const RowQuery& query,
                                                  std::int64_t distance) override;
  [[nodiscard]] std::string fingerprint(const Table& table) override;

 private:
  /// The number of records that the file has now.
  [[nodiscard]] std::int64_t records_of(const FileTable& table, const File& file);
  FilesSource& source_;
  std::vector<File> counted_;  ///< files that changed since the source looked at them
};

/// Something of the files that changes with them: their names, sizes, times and bytes; of larger
/// ones the bytes at both ends.
[[nodiscard]] std::string fingerprint_of(const std::vector<File>& files);

[[nodiscard]] std::unique_ptr<RowReader> read_rows(const Place& place, const FileTable& table,
                                                   const RowQuery& query);

}  // namespace quire::importer::files
