// Input: a document, an update and, if bytes are left, array filters, one BSON document after the
// other. Any bytes give a typed error or a document that is valid again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "fuzz.hpp"
#include "quire/bson/bson.hpp"
#include "quire/core/error.hpp"
#include "random_document.hpp"
#include "store/embedded/engine/update.hpp"

namespace {

using quire::bson::View;

std::optional<View> take(const std::uint8_t*& data, std::size_t& size) {
  if (size < 5) return std::nullopt;
  std::uint32_t length = 0;
  std::memcpy(&length, data, sizeof length);
  if (length < 5 || length > size) return std::nullopt;
  const View view(data, length);
  data += length;
  size -= length;
  return view;
}

}  // namespace

std::vector<std::string> quire_fuzz_seeds() {
  std::vector<std::string> seeds;
  std::uint64_t seed = 0;
  for (const char* json :
       {R"({"$set": {"a": 1, "b.c": {"x": [1, 2]}}, "$unset": {"d": ""}})",
        R"({"$inc": {"a": 1, "b": {"$numberDecimal": "0.1"}}, "$mul": {"c": 2.5}})",
        R"({"$push": {"a": {"$each": [3, 1, 2], "$slice": -2, "$sort": 1, "$position": 0}}})",
        R"({"$addToSet": {"a": {"$each": [1, {"b": 2}]}}, "$pop": {"b": -1}})",
        R"({"$pull": {"a": {"$gte": 2}}, "$pullAll": {"b": [1, 2]}})",
        R"({"$rename": {"a": "e"}, "$min": {"b": 0}, "$max": {"c": "z"}})",
        R"({"$bit": {"a": {"xor": 5}}, "$currentDate": {"b": {"$type": "date"}}})",
        R"({"$set": {"a.$[]": 7, "b.$[i].c": 8, "c.$": 9}})", R"({"a": 1, "b": {"c": 2}})"}) {
    for (int i = 0; i < 6; ++i) {
      std::string input;
      for (const auto& part :
           {quire::test::RandomDocument(seed++).document(), quire::bson::from_json(json),
            quire::bson::from_json(R"({"0": {"i.c": {"$gt": 1}}})")}) {
        input.append(reinterpret_cast<const char*>(part.view().data()), part.size());
      }
      seeds.push_back(std::move(input));
    }
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace embedded = quire::store::embedded;
  try {
    const auto document = take(data, size);
    if (!document) return 0;
    const auto update = take(data, size);
    if (!update) return 0;
    const auto filters = take(data, size);
    // As in the store: what it keeps and what it is given is valid.
    quire::bson::validate(*document, {.array_keys = true});
    quire::bson::validate(*update);
    if (filters) quire::bson::validate(*filters);

    const embedded::Updater updater(*update, filters);
    for (const bool inserting : {false, true}) {
      const auto outcome = updater.apply(*document, {.array_position = 1}, inserting);
      quire::bson::validate(outcome.document, {.array_keys = !updater.is_replacement()});
      if (outcome.changed == (outcome.document.view() == *document)) std::abort();
    }
  } catch (const quire::Error&) {
    // what it should be
  }
  return 0;
}
