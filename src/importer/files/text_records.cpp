#include "importer/files/text_records.hpp"

#include <algorithm>

namespace quire::importer::files {

bool TextRecords::seek(const RecordPlace& place) {
  if (!window_.seek(place.offset)) return false;
  length_ = 0;
  ended_ = false;
  line_ = place.line;
  column_ = place.column;
  place_.number = place.number - 1;
  return true;
}

void TextRecords::advance(std::size_t n) {
  const std::string_view gone = window_.held().substr(0, n);
  if (const auto breaks = std::count(gone.begin(), gone.end(), '\n'); breaks > 0) {
    line_ += breaks;
    column_ = gone.size() - 1 - gone.rfind('\n');
  } else {
    column_ += gone.size();
  }
  window_.drop(n);
}

void TextRecords::set_place() noexcept {
  place_.offset = window_.offset();
  place_.line = line_;
  place_.column = column_;
}

bool TextRecords::skip_space() {
  while (true) {
    const std::size_t at = window_.held().find_first_not_of(" \t\r\n");
    advance(std::min(at, window_.held().size()));
    if (at != std::string_view::npos) return true;
    if (!window_.more()) return false;
  }
}

}  // namespace quire::importer::files
