// Untrusted filters: refused with an error, or run without harm; and laws that any filter keeps.
#include "fuzz.hpp"
#include "quire/bson/bson.hpp"
#include "quire/core/error.hpp"
#include "random_document.hpp"
#include "store/embedded/engine/matcher.hpp"

using namespace quire::bson;
using quire::store::embedded::Matcher;

std::vector<std::string> quire_fuzz_seeds() {
  std::vector<std::string> seeds;
  for (
      const char* json :
      {R"({"a": 1, "b.c": {"$gt": 5, "$lte": 9.5}})",
       R"({"$or": [{"a": null}, {"b": {"$in": [1, "x", null]}}]})",
       R"({"a": {"$elemMatch": {"b": 1, "c": {"$ne": 2}}}})",
       R"({"a": {"$elemMatch": {"$gte": 1, "$lt": 3}}})",
       R"({"a": {"$not": {"$size": 2}}, "b": {"$type": ["int", "string"]}})",
       R"({"a": {"$regex": "^x.*y$", "$options": "i"}})",
       R"({"a": {"$mod": [4, 1]}, "b": {"$bitsAllSet": [1, 5]}, "c": {"$all": [1, 2]}})",
       R"({"$nor": [{"a.0": 1}, {"b": {"$exists": false}}], "$and": [{"c": {"$nin": [3]}}]})",
       R"({"a": {"$all": [{"$elemMatch": {"b": 1}}]}, "b": {"$bitsAnyClear": {"$binary": {"base64": "AQ==", "subType": "00"}}}})"}) {
    const auto document = from_json(json);
    seeds.emplace_back(reinterpret_cast<const char*>(document.view().data()), document.size());
  }
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto document = quire::test::RandomDocument(seed).document();
    seeds.emplace_back(reinterpret_cast<const char*>(document.view().data()), document.size());
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto documents = [] {
    std::vector<Document> made;
    for (std::uint64_t seed = 0; seed < 40; ++seed)
      made.push_back(quire::test::RandomDocument(1000 + seed).document());
    return made;
  }();
  try {
    const View filter(data, size);
    validate(filter);
    const Matcher matcher(filter);
    // {$nor: [f]} is what f is not; {$and: [f, f]} is f.
    Writer writer;
    writer.begin_array("$nor").push(filter).end();
    const Matcher denial(writer.finish());
    writer.begin_array("$and").push(filter).push(filter).end();
    const Matcher twice(writer.finish());
    for (const auto& document : documents) {
      const bool matches = matcher.matches(document);
      QUIRE_FUZZ_CHECK(denial.matches(document) == !matches);
      QUIRE_FUZZ_CHECK(twice.matches(document) == matches);
    }
    (void)matcher.equality_fields();
    QUIRE_FUZZ_CHECK(implies(matcher.root(), Matcher().root()));
  } catch (const quire::Error& error) {
    QUIRE_FUZZ_CHECK(error.code() != quire::ErrorCode::internal);
  }
  return 0;
}
