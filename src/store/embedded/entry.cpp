#include <string_view>

#include "quire/store/store.hpp"

extern "C" quire::store::Store* quire_open_embedded_store(std::string_view) {
  throw quire::StoreError(quire::ErrorCode::unsupported, "the embedded store is being built");
}
