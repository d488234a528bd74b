// Input: two documents of equally named fields, one after the other. The order of keys is the order
// of values, for each pair of fields, for the whole documents, and the other way round descending.
#include <optional>

#include "fuzz.hpp"
#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"
#include "random_document.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/keys.hpp"

namespace {

using quire::bson::Type;
using quire::bson::ValueView;
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

int sign(int n) { return n < 0 ? -1 : n > 0 ? 1 : 0; }

void check_pair(ValueView a, ValueView b) {
  const int order = embedded::compare(a, b);
  QUIRE_FUZZ_CHECK(embedded::compare(b, a) == -order);
  for (const bool descending : {false, true}) {
    std::string x;
    std::string y;
    embedded::append_key(x, a, descending);
    embedded::append_key(y, b, descending);
    QUIRE_FUZZ_CHECK(sign(x.compare(y)) == (descending ? -order : order));
    if (order != 0) QUIRE_FUZZ_CHECK(!x.starts_with(y) && !y.starts_with(x));
    std::string low;
    std::string high;
    embedded::append_bracket(low, high, a.type(), descending);
    QUIRE_FUZZ_CHECK((low <= y && y < high) ==
                     (embedded::type_rank(a.type()) == embedded::type_rank(b.type())));
  }
}

std::string bytes_of(const quire::bson::Document& document) {
  return {reinterpret_cast<const char*>(document.view().data()), document.size()};
}

}  // namespace

std::vector<std::string> quire_fuzz_seeds() {
  std::vector<std::string> seeds;
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    quire::test::RandomDocument make(seed);
    const auto first = bytes_of(make.document());
    seeds.push_back(first + (make.random().one_in(3) ? first : bytes_of(make.document())));
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto first = take(data, size);
    if (!first) return 0;
    const auto second = take(data, size);
    if (!second) return 0;
    // As in the store: what it keeps is valid.
    quire::bson::validate(*first, {.utf8 = false, .array_keys = true});
    quire::bson::validate(*second, {.utf8 = false, .array_keys = true});
    check_pair(ValueView(Type::document, first->data(), first->size()),
               ValueView(Type::document, second->data(), second->size()));
    auto b = second->begin();
    for (auto a = first->begin(); a != first->end() && b != second->end(); ++a, ++b)
      check_pair(a->value, b->value);

    for (const bool sparse : {false, true}) {
      for (const char* path : {"a", "b.c", "a.0"}) {
        std::vector<std::string> keys;
        embedded::KeyMaker({{path}, {"c", true}}, sparse).make(*first, keys);
        QUIRE_FUZZ_CHECK(sparse || !keys.empty());
        for (std::size_t i = 1; i < keys.size(); ++i) QUIRE_FUZZ_CHECK(keys[i - 1] < keys[i]);
      }
    }
  } catch (const quire::StoreError& error) {
    QUIRE_FUZZ_CHECK(error.backend_code() == 171);
  } catch (const quire::Error& error) {
    QUIRE_FUZZ_CHECK(error.code() != quire::ErrorCode::internal);
  }
  return 0;
}
