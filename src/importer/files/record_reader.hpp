#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "importer/files/format.hpp"
#include "importer/files/window.hpp"
#include "quire/bson/view.hpp"
#include "quire/importer/cell.hpp"

namespace quire::importer::files {

/// Where a record begins.
struct RecordPlace {
  std::int64_t number = 0;   ///< 1 = the first of the file
  std::int64_t line = 0;     ///< 1 = the first of the file; 0 where the file has none
  std::uint64_t offset = 0;  ///< of the file's text in UTF-8
  std::uint64_t column = 0;  ///< bytes of its line that stand before it
};

/// Why a record cannot be read, and where: place of the fault, not of the record.
struct RecordFault {
  std::uint64_t offset = 0;
  std::int64_t line = 0;     ///< 0 where the file has none
  std::uint64_t column = 0;  ///< 1 = the first byte of the line
  std::string why;
  /// "line 3, column 14 (byte 412): a comma or } is expected"
  [[nodiscard]] std::string text() const;
};

/// A document or a line of a CSV file as it is asked for its values.
class RecordVisitor {
 public:
  virtual ~RecordVisitor() = default;
  virtual void document(bson::View document) = 0;
  /// `fields` are those of the header, one for one.
  virtual void line(std::span<const Cell> fields, std::span<const std::string> header) = 0;
};

/// The records of one file, forward only. What a file holds that is no record is one too, with a
/// fault. One thread.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  RecordReader() = default;
  RecordReader(const RecordReader&) = delete;
  RecordReader& operator=(const RecordReader&) = delete;
  /// Finds the next record. False: there are no more. Does not look into it.
  [[nodiscard]] bool next();
  /// Reads the record and gives it to the visitor; or the fault. Once for each record.
  [[nodiscard]] std::optional<RecordFault> read(RecordVisitor& visitor);
  [[nodiscard]] const RecordPlace& place() const noexcept { return place_; }
  /// Of a CSV file, once next() was called.
  [[nodiscard]] virtual std::span<const std::string> header() const { return {}; }
  /// Goes on at a record whose place is known. False: not possible in this file, and nothing was
  /// changed. Before the first next().
  [[nodiscard]] virtual bool seek(const RecordPlace& place) = 0;

 protected:
  struct Unreadable {
    std::uint64_t offset;  ///< from the start of the record
    std::string why;
  };
  /// Sets place_ but its number. Throws Unreadable, or RecordFault where the place of the fault is
  /// known, with ended_ where nothing can come behind it, and Damaged.
  [[nodiscard]] virtual bool find() = 0;
  virtual void take(RecordVisitor& visitor) = 0;
  /// The text of the record, as far as it is there: for lines and columns of a fault.
  [[nodiscard]] virtual std::string_view text() const = 0;

  RecordPlace place_;
  bool ended_ = false;

 private:
  [[nodiscard]] RecordFault fault_at(std::uint64_t offset, std::string why) const;
  std::optional<RecordFault> fault_;  ///< of finding it
};

/// A record's text may not be longer: what is would not be a document of 16 MiB.
inline constexpr std::size_t most_text = 32 * 1024 * 1024;

/// `single`: the whole file is one JSON document.
[[nodiscard]] std::unique_ptr<RecordReader> open_records(const Place& place,
                                                         const std::filesystem::path& path,
                                                         bool single);
/// The same of text that is read from elsewhere.
[[nodiscard]] std::unique_ptr<RecordReader> open_records(const Place& place,
                                                         std::unique_ptr<ByteStream> bytes,
                                                         bool single);

}  // namespace quire::importer::files
