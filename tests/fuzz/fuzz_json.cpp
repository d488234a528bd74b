// Untrusted text as Extended JSON: an error, or a document that canonical JSON keeps bit by bit.
#include "fuzz.hpp"
#include "quire/bson/bson.hpp"
#include "quire/core/error.hpp"
#include "random_document.hpp"

using namespace quire::bson;

std::vector<std::string> quire_fuzz_seeds() {
  std::vector<std::string> seeds{
      R"({})",
      R"({"a": [1, -2.5e3, true, false, null, "x\u00e9\ud83d\ude00\n"]})",
      R"({"d": {"$date": "2024-02-29T12:00:00.123+01:30"}, "u": {"$uuid": "00112233-4455-6677-8899-aabbccddeeff"}})",
      R"({"o": ObjectId("5f0000000000000000000001"), "l": Long("5"), "t": Timestamp(1, 2)})",
  };
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    quire::test::RandomDocument make(seed);
    seeds.push_back(to_json(make.document().view(), static_cast<JsonMode>(seed % 3)));
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Document document;
  try {
    document = from_json(quire::fuzz::as_text(data, size));
  } catch (const quire::Error& error) {
    QUIRE_FUZZ_CHECK(error.code() != quire::ErrorCode::internal);
    return 0;
  }
  validate(document);  // what is read is a whole document
  const auto canonical = to_json(document.view(), JsonMode::canonical);
  QUIRE_FUZZ_CHECK(from_json(canonical) == document);
  const auto relaxed = from_json(to_json(document.view(), JsonMode::relaxed, 2));
  QUIRE_FUZZ_CHECK(to_json(relaxed.view()) == to_json(document.view()));
  return 0;
}
