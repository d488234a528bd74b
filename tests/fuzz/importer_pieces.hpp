#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "fuzz.hpp"
#include "importer/files/record_reader.hpp"
#include "quire/bson/view.hpp"

namespace quire::fuzz {

/// Gives a text in pieces of at most `step` bytes.
class Pieces final : public importer::files::ByteStream {
 public:
  Pieces(std::string text, std::size_t step) : text_(std::move(text)), step_(step) {}
  std::size_t read(char* to, std::size_t size) override {
    const std::size_t n = std::min({size, step_, text_.size() - at_});
    std::copy_n(text_.data() + at_, n, to);
    at_ += n;
    return n;
  }
  bool seek(std::uint64_t) override { return false; }

 private:
  std::string text_;
  std::size_t step_;
  std::size_t at_ = 0;
};

/// Each record's place with its document's bytes, its fields or its fault.
class Everything final : public importer::files::RecordVisitor {
 public:
  void document(bson::View document) override {
    bson::validate(document);
    now_.assign(reinterpret_cast<const char*>(document.data()), document.size());
  }
  void line(std::span<const importer::Cell> fields, std::span<const std::string> header) override {
    QUIRE_FUZZ_CHECK(fields.size() == header.size());
    for (const importer::Cell& cell : fields) {
      now_ += cell.is_null() ? "\x01" : "\x02";
      now_ += cell.text;
    }
  }
  [[nodiscard]] std::string take() { return std::exchange(now_, {}); }

 private:
  std::string now_;
};

inline std::vector<std::string> collect(const importer::files::Place& place,
                                        const std::string& text, std::size_t step) {
  std::vector<std::string> out;
  Everything everything;
  const auto records =
      importer::files::open_records(place, std::make_unique<Pieces>(text, step), false);
  std::uint64_t before = 0;
  while (records->next()) {
    const auto fault = records->read(everything);
    const auto& at = records->place();
    QUIRE_FUZZ_CHECK(at.number == static_cast<std::int64_t>(out.size()) + 1);
    QUIRE_FUZZ_CHECK(at.offset >= before && at.line >= 1);
    before = at.offset;
    std::string record = everything.take();
    out.push_back(std::to_string(at.offset) + ":" + std::to_string(at.line) + ":" +
                  (fault ? fault->text() : record));
  }
  return out;
}

}  // namespace quire::fuzz
