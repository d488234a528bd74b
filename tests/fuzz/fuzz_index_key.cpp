// Index keys: the order of their bytes is the order of the values, ascending and descending.
#include <algorithm>

#include "fuzz.hpp"
#include "quire/bson/bson.hpp"
#include "quire/core/error.hpp"
#include "random_document.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/keys.hpp"

using namespace quire::bson;
using namespace quire::store::embedded;

std::vector<std::string> quire_fuzz_seeds() {
  std::vector<std::string> seeds;
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    const auto document = quire::test::RandomDocument(seed).document();
    seeds.emplace_back(reinterpret_cast<const char*>(document.view().data()), document.size());
  }
  return seeds;
}

namespace {

int sign(int n) { return n < 0 ? -1 : n > 0 ? 1 : 0; }

std::string key_of(ValueView value, bool descending) {
  std::string key;
  append_key(key, value, descending);
  return key;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<ValueView> values;
  try {
    const View document(data, size);
    validate(document);
    for (const auto& element : document) values.push_back(element.value);
  } catch (const quire::Error&) {
    return 0;
  }
  values.resize(std::min<std::size_t>(values.size(), 24));
  for (const auto a : values) {
    for (const auto b : values) {
      const int order = sign(compare(a, b));
      QUIRE_FUZZ_CHECK(order == -sign(compare(b, a)));
      QUIRE_FUZZ_CHECK(order == sign(key_of(a, false).compare(key_of(b, false))));
      QUIRE_FUZZ_CHECK(order == -sign(key_of(a, true).compare(key_of(b, true))));
      std::string low;
      std::string high;
      append_bracket(low, high, a.type());
      if (type_rank(a.type()) == type_rank(b.type()))
        QUIRE_FUZZ_CHECK(key_of(b, false) >= low && key_of(b, false) < high);
    }
  }
  return 0;
}
