#include <string_view>

#include "store/embedded/store.hpp"

// Found by quire::store::open through a weak symbol.
extern "C" quire::store::Store* quire_open_embedded_store(std::string_view uri) {
  using namespace quire::store::embedded;
  return new EmbeddedStore(Options::parse(uri));
}

extern "C" quire::store::UriInfo* quire_check_embedded_uri(std::string_view uri) {
  const auto options = quire::store::embedded::Options::parse(uri);
  return new quire::store::UriInfo{
      "embedded", options.memory ? ":memory:" : options.path, options.database, {}};
}
