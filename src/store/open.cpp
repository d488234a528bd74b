#include <algorithm>
#include <memory>
#include <string>

#include "quire/core/error.hpp"
#include "quire/store/store.hpp"

// Each store's library defines its own; absent ones stay null.
extern "C" {
[[gnu::weak]] quire::store::Store* quire_open_embedded_store(std::string_view uri);
[[gnu::weak]] quire::store::Store* quire_open_mongodb_store(std::string_view uri);
[[gnu::weak]] quire::store::UriInfo* quire_check_embedded_uri(std::string_view uri);
[[gnu::weak]] quire::store::UriInfo* quire_check_mongodb_uri(std::string_view uri);
}

namespace quire::store {

namespace {

/// "MongoDB:/user…", " mongodb://…": a slip of the pen that is not meant for a file.
bool looks_like_mongodb(std::string_view uri) {
  constexpr std::string_view scheme = "mongodb";
  uri.remove_prefix(std::min(uri.find_first_not_of(" \t\r\n\"'"), uri.size()));
  if (uri.size() <= scheme.size()) return false;
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    if ((uri[i] | 0x20) != scheme[i]) return false;
  }
  const auto next = uri[scheme.size()];
  return next == ':' || next == '+';
}

/// Which of the two stores a URI is for. Throws what open() promises.
bool is_mongodb(std::string_view uri) {
  if (uri.empty())
    throw StoreError(ErrorCode::invalid_uri,
                     "an empty URI; give a file name, \":memory:\" or mongodb://…");
  if (uri.starts_with("mongodb://") || uri.starts_with("mongodb+srv://")) {
    if (quire_open_mongodb_store == nullptr || quire_check_mongodb_uri == nullptr) {
      throw StoreError(
          ErrorCode::unsupported,
          "the MongoDB store is not part of this program; link quire::mongodb (CMake) or what "
          "`pkg-config --libs quire-mongodb` says");
    }
    return true;
  }
  // Of what is no file's name nothing is repeated: it may hold a password.
  if (looks_like_mongodb(uri)) {
    throw StoreError(ErrorCode::invalid_uri,
                     "this looks like a connection string; it begins with \"mongodb://\" or "
                     "\"mongodb+srv://\", in small letters and with nothing before it");
  }
  if (uri.find("://") != std::string_view::npos) {
    throw StoreError(ErrorCode::invalid_uri,
                     "unknown scheme; give a file name, \":memory:\" or mongodb://…");
  }
  if (quire_open_embedded_store == nullptr || quire_check_embedded_uri == nullptr) {
    throw StoreError(
        ErrorCode::unsupported,
        "the embedded store is not part of this program; link quire::embedded (CMake) or "
        "what `pkg-config --libs quire-embedded` says");
  }
  return false;
}

}  // namespace

std::shared_ptr<Store> open(std::string_view uri) {
  return std::shared_ptr<Store>(is_mongodb(uri) ? quire_open_mongodb_store(uri)
                                                : quire_open_embedded_store(uri));
}

UriInfo check_uri(std::string_view uri) {
  const std::unique_ptr<UriInfo> info(is_mongodb(uri) ? quire_check_mongodb_uri(uri)
                                                      : quire_check_embedded_uri(uri));
  return std::move(*info);
}

}  // namespace quire::store
