#pragma once

#include "quire/bson/view.hpp"

/// Documents of the C++ driver (mongocxx) beside quire's, without a copy. Empty where
/// <bsoncxx/document/view.hpp> is not to be found; quire neither links nor needs it.
#if __has_include(<bsoncxx/document/view.hpp>)
#include <bsoncxx/document/view.hpp>
#define QUIRE_HAS_BSONCXX 1

namespace quire::store::mongodb {

/// The driver's document as quire reads it: valid as long as what `document` looks at.
[[nodiscard]] inline bson::View view(const bsoncxx::document::view& document) {
  return {document.data(), document.length()};
}
/// quire's document as the driver reads it: valid as long as what `document` looks at.
[[nodiscard]] inline bsoncxx::document::view to_bsoncxx(bson::View document) noexcept {
  return {document.data(), document.size()};
}

}  // namespace quire::store::mongodb
#endif
