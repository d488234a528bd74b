#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/serve/users.hpp"

namespace quire::serve {

/// The users of one server, as read at its start. Threads: immutable.
class UserTable {
 public:
  explicit UserTable(const std::vector<User>& users);
  /// Credentials that no password fits for a user who is not there: a client cannot tell who is.
  [[nodiscard]] Credentials credentials(std::string_view database, std::string_view name) const;
  [[nodiscard]] bool contains(std::string_view database, std::string_view name) const;

 private:
  static std::string key(std::string_view database, std::string_view name);
  std::map<std::string, Credentials, std::less<>> users_;
  std::string secret_;  // of the salts of users who are not there
};

/// The server's side of one SCRAM-SHA-256 exchange. Source: RFC 5802, RFC 7677.
class ScramExchange {
 public:
  ScramExchange(const UserTable& users, std::string database)
      : users_(&users), database_(std::move(database)) {}

  /// Answers the client's first message with the server's. Nothing when it is none.
  [[nodiscard]] std::optional<std::string> first(std::string_view client_first);
  /// Answers the client's final message with the server's signature. Nothing when the message is
  /// none, or the password is another.
  [[nodiscard]] std::optional<std::string> last(std::string_view client_final);

  [[nodiscard]] const std::string& user() const noexcept { return user_; }
  [[nodiscard]] const std::string& database() const noexcept { return database_; }

 private:
  const UserTable* users_;
  std::string database_;
  std::string user_;
  std::string nonce_;       // the client's and ours
  std::string bare_first_;  // of the client, without its header
  std::string server_first_;
  std::string header_;  // the client's channel binding header, base64
  Credentials credentials_;
};

}  // namespace quire::serve
