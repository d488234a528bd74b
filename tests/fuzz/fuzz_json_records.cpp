// Untrusted text as JSON files, an array and lines: documents or faults, the same ones whatever the
// borders of what is read. What is taken is a valid document and right JSON.
#include "fuzz.hpp"
#include "importer/files/json_fault.hpp"
#include "importer/files/json_to_bson.hpp"
#include "importer/files/record_reader.hpp"
#include "importer_pieces.hpp"
#include "quire/bson/json.hpp"
#include "random_document.hpp"

using namespace quire::importer::files;

std::vector<std::string> quire_fuzz_seeds() {
  std::vector<std::string> seeds{
      R"([{"a": 1, "b": [true, null, "\"\\\ud83d\ude42"]}, {"c": {"d": -1.5e3}}, 5])",
      "{\"a\": 12345678901234567890}\n{\"b\": \"]}\"}\r\n\n{\"a\": 1e400",
      R"([{"a": 1} {"b": 2}, ] x)",
      R"({"a.b": {"$c": [[[]]]}, "a": 0.1, "": "é"})",
  };
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    quire::test::RandomDocument make(seed);
    seeds.push_back("[" + quire::bson::to_json(make.document().view()) + ", {}]");
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(quire::fuzz::as_text(data, size));
  for (const Format format : {Format::json, Format::ndjson}) {
    Place place;
    place.format = format;
    const auto whole = quire::fuzz::collect(place, text, text.size() + 1);
    const auto pieces = quire::fuzz::collect(place, text, 1 + size % 5);
    QUIRE_FUZZ_CHECK(whole == pieces);
  }
  JsonToBson convert({});
  const std::string padded = text + std::string(Window::padding, '\0');
  try {
    const quire::bson::View document =
        convert.convert(std::string_view(padded).substr(0, text.size()));
    quire::bson::ValidateOptions checks;
    checks.unique_keys = true;
    quire::bson::validate(document, checks);
    QUIRE_FUZZ_CHECK(!find_fault(text));
  } catch (const JsonFault& fault) {
    QUIRE_FUZZ_CHECK(fault.offset <= text.size());
  }
  return 0;
}
