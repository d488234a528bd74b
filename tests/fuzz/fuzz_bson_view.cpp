// Untrusted bytes as a document: walking gives an error or reads within the bytes; what validate()
// accepts can be walked, printed and read back whole.
#include "fuzz.hpp"
#include "quire/bson/bson.hpp"
#include "quire/core/error.hpp"
#include "random_document.hpp"

namespace {

using quire::bson::Type;
using quire::bson::ValueView;
using quire::bson::View;

std::size_t sink = 0;  // so that no read is optimised away

void touch(std::string_view text) {
  for (const char c : text) sink += static_cast<unsigned char>(c);
}

void walk(View view, int depth);

void read(ValueView v, int depth) {
  switch (v.type()) {
    case Type::document:
    case Type::array:
      return walk(v.as_nested(), depth + 1);
    case Type::string:
    case Type::code:
    case Type::symbol:
      return touch(v.text());
    case Type::binary: {
      const auto binary = v.as_binary();
      return touch(quire::fuzz::as_text(binary.data, binary.size));
    }
    case Type::regex:
      touch(v.as_regex().pattern);
      return touch(v.as_regex().options);
    case Type::object_id:
      return touch(v.as_object_id().str());
    case Type::decimal128:
      return touch(v.as_decimal128().str());
    default:
      return touch(quire::fuzz::as_text(v.data(), v.size()));
  }
}

void walk(View view, int depth) {
  if (depth > quire::bson::max_depth) return;
  for (const auto& element : view) {
    touch(element.key);
    read(element.value, depth);
  }
}

}  // namespace

std::vector<std::string> quire_fuzz_seeds() {
  std::vector<std::string> seeds;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    quire::test::RandomDocument make(seed);
    const auto document = make.document();
    seeds.emplace_back(quire::fuzz::as_text(document.view().data(), document.size()));
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    walk(View(data, size), 1);
  } catch (const quire::FormatError&) {
  }
  try {
    const View view(data, size);
    validate(view, {.utf8 = true, .array_keys = true, .unique_keys = true});
    walk(view, 1);  // now without an error
    const auto json = to_json(view, quire::bson::JsonMode::canonical);
    QUIRE_FUZZ_CHECK(quire::bson::is_utf8(json));
    (void)to_json(view, quire::bson::JsonMode::relaxed);
    (void)to_json(view, quire::bson::JsonMode::shell, 2);
    QUIRE_FUZZ_CHECK(quire::bson::Document(view) == view);
  } catch (const quire::Error& error) {
    QUIRE_FUZZ_CHECK(error.code() != quire::ErrorCode::internal);
  }
  return 0;
}
