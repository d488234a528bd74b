// Input: a filter and, if bytes are left, a document, one BSON document after the other. Any filter
// gives a typed error, or a matcher that answers for any document; its parts agree with each other.
#include <algorithm>
#include <optional>

#include "fuzz.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "random_document.hpp"
#include "store/embedded/engine/matcher.hpp"

namespace {

using quire::bson::View;
namespace embedded = quire::store::embedded;

std::optional<View> take(const std::uint8_t*& data, std::size_t& size) {
  if (size < 5) return std::nullopt;
  const auto length = quire::bson::load<std::uint32_t>(data);
  if (length < 5 || length > size) return std::nullopt;
  const View view(data, length);
  data += length;
  size -= length;
  return view;
}

std::string bytes_of(const quire::bson::Document& document) {
  return {reinterpret_cast<const char*>(document.view().data()), document.size()};
}

}  // namespace

std::vector<std::string> quire_fuzz_seeds() {
  const char* filters[] = {
      R"({})",
      R"({"a": 1, "b.c": {"$gt": 2, "$lte": 9}, "": null})",
      R"({"$and": [{"a": {"$in": [1, "x", null]}}, {"$nor": [{"b": {"$exists": false}}]}]})",
      R"({"$or": [{"a": {"$type": ["int", 2]}}, {"b.0.c": {"$size": 2}}], "$comment": "c"})",
      R"({"a": {"$elemMatch": {"$gt": 1, "$not": {"$mod": [3, 1]}}}})",
      R"({"a": {"$elemMatch": {"b": 1, "$or": [{"c": 2}]}}})",
      R"({"a": {"$all": [{"$elemMatch": {"b": 2}}]}, "c": {"$nin": [{"x": 1}, [1]]}})",
      R"({"a": {"$regex": "^a+b?", "$options": "imsx"}, "b": {"$not": {"$regex": "c"}}})",
      R"({"a": {"$bitsAllSet": [0, 70]}, "b": {"$bitsAnyClear": 5}})",
      R"({"a": {"$bitsAnySet": {"$binary": {"base64": "AQI=", "subType": "00"}}}})",
      R"({"a": {"$gte": {"$minKey": 1}}, "b": {"$lt": {"$numberDecimal": "NaN"}}})",
  };
  std::vector<std::string> seeds;
  std::uint64_t seed = 0;
  for (const auto* filter : filters) {
    for (int i = 0; i < 4; ++i) {
      quire::test::RandomDocument make(++seed);
      seeds.push_back(bytes_of(quire::bson::from_json(filter)) + bytes_of(make.document()));
    }
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto filter = take(data, size);
    if (!filter) return 0;
    // The filter comes unchecked, as the worst caller gives it.
    const embedded::Matcher matcher(*filter);
    QUIRE_FUZZ_CHECK(embedded::implies(matcher.root(), embedded::Matcher().root()));
    try {
      quire::bson::validate(matcher.equality_fields(), {.utf8 = false});
    } catch (const quire::QueryError& error) {
      QUIRE_FUZZ_CHECK(error.backend_code() == 54);
    }
    const auto document = take(data, size);
    if (!document) return 0;
    embedded::MatchDetails details;
    const bool matches = matcher.matches(*document, &details);
    QUIRE_FUZZ_CHECK(matches == matcher.matches(*document));

    quire::bson::Writer denial;
    denial.begin_array("$nor");
    denial.push(*filter);
    denial.end();
    QUIRE_FUZZ_CHECK(embedded::Matcher(denial.finish()).matches(*document) != matches);
    for (const auto& element : *document) {
      (void)embedded::Matcher::for_element(
          quire::bson::ValueView(quire::bson::Type::document, filter->data(), filter->size()))
          .matches_element(element.value);
    }
  } catch (const quire::Error& error) {
    QUIRE_FUZZ_CHECK(error.code() != quire::ErrorCode::internal);
  }
  return 0;
}
