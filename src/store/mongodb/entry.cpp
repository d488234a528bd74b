#include <string_view>

#include "store/mongodb/store.hpp"

// Found by quire::store::open and check_uri through weak symbols.
extern "C" quire::store::Store* quire_open_mongodb_store(std::string_view uri) {
  return new quire::store::mongodb::MongoStore(uri);
}

extern "C" quire::store::UriInfo* quire_check_mongodb_uri(std::string_view uri) {
  auto parsed = quire::store::mongodb::Uri::parse(uri);
  return new quire::store::UriInfo{"mongodb", std::move(parsed.redacted),
                                   std::move(parsed.database), std::move(parsed.hosts)};
}
