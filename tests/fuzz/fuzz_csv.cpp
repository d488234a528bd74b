// Untrusted text as a CSV file: records or faults, the same ones whatever the borders of what is
// read, and each within the text.
#include <algorithm>

#include "fuzz.hpp"
#include "importer/files/record_reader.hpp"
#include "importer_pieces.hpp"

using namespace quire::importer::files;

std::vector<std::string> quire_fuzz_seeds() {
  return {
      "\x01"
      "a,b\r\n1,\"x\"\"y\"\r\n,\n",
      "\x02"
      "a;b;c\n'1';\"2\n3\";4\n5;6\n\n",
      "\x07"
      "\xEF\xBB\xBF"
      "a\n\"open\nb\nc\"d\n\xC3\n",
      std::string("\x09\xFF\xFE"
                  "a\0,\0b\0\n\0"
                  "1\0,\0"
                  "2\0",
                  17)};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Place place;
  place.format = Format::csv;
  place.header = (data[0] & 1U) != 0;
  place.delimiter = (data[0] & 2U) != 0 ? ';' : ',';
  place.quote = (data[0] & 4U) != 0 ? '\'' : '"';
  const std::string text(quire::fuzz::as_text(data + 1, size - 1));
  const auto whole = quire::fuzz::collect(place, text, text.size() + 1);
  const auto pieces = quire::fuzz::collect(place, text, 1 + (data[0] >> 3U));
  QUIRE_FUZZ_CHECK(whole == pieces);
  return 0;
}
