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
  explicit Secrets(std::string_view uri);
  /// The text without them.
  [[nodiscard]] std::string scrub(std::string text) const;
  /// Whether any is in it, a part of an unreadable one too.
  [[nodiscard]] bool in(std::string_view text) const;

 private:
  std::vector<std::string> whole_;  // as written and decoded
  std::vector<std::string> parts_;  // between the characters at which a reader might cut
};

/// A connection string that libmongoc accepts.
struct Uri {
  UriPtr uri;
  std::string redacted;
  std::string database;
  std::vector<std::string> hosts;
  Secrets secrets;

  /// Throws StoreError invalid_uri; its text never repeats user or password.
  [[nodiscard]] static Uri parse(std::string_view text);
};

/// The connection string with "***" for each secret.
[[nodiscard]] std::string redact(std::string_view uri);

}  // namespace quire::store::mongodb
