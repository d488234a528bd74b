#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/mongodb/driver.hpp"

namespace quire::store::mongodb {

/// What must not be shown: the password of a connection string and the like.
class Secrets {
 public:
  Secrets() = default;
  /// As it is written; it is found decoded as well.
  void add(std::string_view secret);
  /// The text without them.
  [[nodiscard]] std::string scrub(std::string text) const;
  [[nodiscard]] bool empty() const noexcept { return whole_.empty(); }

 private:
  std::vector<std::string> whole_;  // as written and decoded; longer ones first
};

/// A connection string that libmongoc accepts.
struct Uri {
  UriPtr uri;
  std::string redacted;  ///< "***" for each secret
  std::string database;
  std::vector<std::string> hosts;
  Secrets secrets;

  /// Throws StoreError invalid_uri; its text never repeats a password or a part of one. What is not
  /// clearly outside of one is refused before the driver reads it, which logs what it cannot read.
  [[nodiscard]] static Uri parse(std::string_view text);
  /// One that the application has given to the driver already.
  [[nodiscard]] static Uri adopt(const mongoc_uri_t* uri);
};

}  // namespace quire::store::mongodb
