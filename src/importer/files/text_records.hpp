#pragma once

#include "importer/files/record_reader.hpp"

namespace quire::importer::files {

/// Records in a text: where in it the reader is, by offset, line and column.
class TextRecords : public RecordReader {
 public:
  explicit TextRecords(std::unique_ptr<ByteStream> text) : window_(std::move(text)) {}
  [[nodiscard]] bool seek(const RecordPlace& place) override;

 protected:
  [[nodiscard]] std::string_view text() const override { return window_.held().substr(0, length_); }
  /// Drops bytes from the front and counts their lines.
  void advance(std::size_t n);
  /// Drops the record before, and its text.
  void advance_behind() {
    advance(length_);
    length_ = 0;
  }
  /// The record begins here.
  void set_place() noexcept;
  /// Passes over white space. False: the text is over.
  [[nodiscard]] bool skip_space();

  Window window_;
  std::size_t length_ = 0;  ///< of the record, as far as it is held

 private:
  std::int64_t line_ = 1;
  std::uint64_t column_ = 0;
};

}  // namespace quire::importer::files
