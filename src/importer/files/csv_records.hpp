#pragma once

#include "importer/files/text_records.hpp"

namespace quire::importer::files {

/// Finds the end of a record of RFC 4180 whose text comes in pieces: the line break that stands in
/// no quoted field. A quote opens a field at its start only.
class CsvSplitter {
 public:
  CsvSplitter(char delimiter, char quote) : delimiter_(delimiter), quote_(quote) {}
  /// Takes the next piece, up to and with the line break. The number of bytes.
  [[nodiscard]] std::size_t feed(std::string_view piece);
  [[nodiscard]] bool done() const noexcept { return state_ == State::done; }
  /// Within a quoted field.
  [[nodiscard]] bool quoted() const noexcept { return state_ == State::quoted; }
  /// Where the field that is open began, from the start of the record.
  [[nodiscard]] std::size_t opened() const noexcept { return opened_; }
  void reset() noexcept {
    state_ = State::start;
    fed_ = opened_ = 0;
  }

 private:
  enum class State : std::uint8_t { start, plain, quoted, behind, done };
  char delimiter_, quote_;
  State state_ = State::start;
  std::size_t fed_ = 0, opened_ = 0;
};

/// One record of a CSV file.
class CsvFields {
 public:
  CsvFields(const Place& place) : place_(place) {}  // NOLINT: of what it is made
  struct Fault {
    std::size_t offset;
    const char* why;
  };
  /// Fields of a record without its line break; they view it and this object. Throws Fault.
  [[nodiscard]] std::span<const Cell> parse(std::string_view record);

 private:
  [[nodiscard]] std::size_t quoted(std::string_view record, std::size_t at);
  [[nodiscard]] std::size_t plain(std::string_view record, std::size_t at);
  const Place& place_;
  std::vector<Cell> fields_;
  std::string unquoted_;  ///< fields with doubled quotes; its room is never outgrown
};

class CsvRecords final : public TextRecords {
 public:
  CsvRecords(const Place& place, std::unique_ptr<ByteStream> text)
      : TextRecords(std::move(text)),
        options_(place),
        splitter_(place.delimiter, place.quote),
        fields_(options_) {}
  [[nodiscard]] bool seek(const RecordPlace& place) override;
  [[nodiscard]] std::span<const std::string> header() const override { return header_; }

 private:
  [[nodiscard]] bool find() override;
  void take(RecordVisitor& visitor) override;
  void begin();
  [[nodiscard]] bool find_line();
  [[noreturn]] void leave_open_quote();
  [[noreturn]] void pass_long_line();
  [[nodiscard]] std::string_view line() const;

  Place options_;
  CsvSplitter splitter_;
  CsvFields fields_;
  bool begun_ = false;
  std::vector<std::string> header_;
};

}  // namespace quire::importer::files
