// Input: a document, an update and, if bytes are left, array filters, one BSON document after the
// other. Any bytes give a typed error or a document that is valid again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "quire/bson/view.hpp"
#include "quire/core/error.hpp"
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

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

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
