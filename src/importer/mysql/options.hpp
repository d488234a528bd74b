#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace quire::importer::mysql {

/// What a mysql: URI says.
struct Options {
  enum class Ssl { preset, off, on, verify };
  std::string host;  ///< empty: not told; an option file may
  unsigned port = 0;
  std::string socket;
  std::optional<std::string> user;
  std::optional<std::string> password;  ///< of the URI, else MYSQL_PWD
  std::string database;
  Ssl ssl = Ssl::preset;
  std::string ssl_ca, ssl_cert, ssl_key;
  std::string charset = "utf8mb4";  ///< in which the server sends text
  unsigned connections = 12;
  bool compress = false;
  std::chrono::milliseconds connect_timeout{10000};

  /// Without user, password and options.
  [[nodiscard]] std::string location() const;
};

/// mysql://USER:PASSWORD@HOST:PORT/DATABASE?socket=…&ssl=off|on|verify&ssl-ca=…&ssl-cert=…&ssl-key=…
/// &charset=…&connections=2..64&compress=0|1, percent-encoded. Throws ImportError invalid_source,
/// in whose text there is nothing of the user and the password.
[[nodiscard]] Options parse_uri(std::string_view uri, std::chrono::milliseconds connect_timeout);

}  // namespace quire::importer::mysql
