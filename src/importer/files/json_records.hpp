#pragma once

#include "importer/files/json_splitter.hpp"
#include "importer/files/json_to_bson.hpp"
#include "importer/files/text_records.hpp"

namespace quire::importer::files {

/// What readers of JSON share: a record's text becomes a document.
class JsonText : public TextRecords {
 protected:
  JsonText(const Place& place, std::unique_ptr<ByteStream> text)
      : TextRecords(std::move(text)), convert_({place.extended, place.decimals}) {}
  void take(RecordVisitor& visitor) override;

 private:
  JsonToBson convert_;
};

/// One document a line; empty lines are none.
class LineRecords final : public JsonText {
 public:
  LineRecords(const Place& place, std::unique_ptr<ByteStream> text)
      : JsonText(place, std::move(text)) {}
  [[nodiscard]] bool seek(const RecordPlace& place) override;

 private:
  [[nodiscard]] bool find() override;
  [[nodiscard]] bool pass_long_line();
  bool begun_ = false;
};

/// The elements of one JSON array, or one object. `single`: the file is one document, and an array
/// is none.
class JsonRecords final : public JsonText {
 public:
  JsonRecords(const Place& place, std::unique_ptr<ByteStream> text, bool single)
      : JsonText(place, std::move(text)), single_(single) {}
  [[nodiscard]] bool seek(const RecordPlace& place) override;

 private:
  enum class State : std::uint8_t { start, first, element, behind, closed, lone };
  [[nodiscard]] bool find() override;
  [[nodiscard]] bool find_start();
  [[nodiscard]] bool find_behind();
  [[nodiscard]] bool find_end(const char* what);
  [[nodiscard]] bool find_value();
  [[nodiscard]] bool find_whole();
  [[noreturn]] void stop(const char* why);

  bool single_;
  State state_ = State::start;
  JsonSplitter splitter_;
};

}  // namespace quire::importer::files
