#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Users of a server (quire/serve/server.hpp): a JSON file of salted credentials, never passwords.
///   {"users": [{"user": "ada", "db": "admin", "credentials": {"SCRAM-SHA-256": {
///       "iterationCount": 15000, "salt": BASE64, "storedKey": BASE64, "serverKey": BASE64}}}]}
/// Source: RFC 5802, RFC 7677; the fields are those of MongoDB's admin.system.users.
namespace quire::serve {

/// One user's SCRAM-SHA-256 credentials. Raw bytes.
struct Credentials {
  std::int32_t iterations = 15'000;
  std::string salt;        ///< 28 bytes
  std::string stored_key;  ///< 32 bytes
  std::string server_key;  ///< 32 bytes
};

struct User {
  std::string name;
  std::string database = "admin";  ///< the authSource
  Credentials credentials;
};

/// Salts and hashes a password: PBKDF2-HMAC-SHA-256 with 15,000 rounds, about 10 ms.
/// Throws Error invalid_argument for an empty password and for one that SASLprep (RFC 4013) would
/// change or refuse: only printable ASCII is prepared here.
[[nodiscard]] Credentials make_credentials(std::string_view password);

/// Throws Error invalid_argument for a file that is not as above or that others than its owner may
/// read; StoreError io_error when it cannot be read.
[[nodiscard]] std::vector<User> read_users(const std::string& path);

/// Adds a user to the file, or replaces that user's credentials; makes the file. It is written
/// beside under another name with mode 0600 and renamed: whole or as it was. Two calls at a time
/// may lose one user. Throws as read_users and make_credentials.
void add_user(const std::string& path, std::string_view name, std::string_view password);

}  // namespace quire::serve
