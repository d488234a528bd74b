#pragma once

#include <boost/describe/enum.hpp>
#include <cstdint>
#include <optional>
#include <quire/quire.hpp>
#include <string>
#include <vector>

/// What an API keeps of users and their messages, and what it asks of it. Ids are uuids as text, as
/// its clients know them.
namespace api {

namespace q = quire;
using MaybeText = std::optional<std::string>;
using MaybeTime = std::optional<q::DateTime>;

// [models]
struct User {
  std::string id;
  MaybeText twitter_id;  // several users may have none: the index is sparse
  MaybeText access_token, refresh_token;
  MaybeTime token_expires_at;
  q::DateTime created_at;
  MaybeTime updated_at;
  std::int32_t credits = 50;  // since version 2
  static auto model() {
    return q::model<User>("users")
        .version(2)
        .index(q::field<&User::twitter_id>.asc(), q::unique, q::sparse)
        .index(q::field<&User::created_at>.asc());
  }
};

enum class Status { pending, answered, failed };
BOOST_DESCRIBE_ENUM(Status, pending, answered, failed)

struct Message {
  std::string id;
  q::DateTime timestamp;
  MaybeText user;
  std::string text;
  Status status = Status::pending;
  MaybeText public_response, dm_response;
  std::int32_t credits_used = 0;
  bool redirected = false;
  q::DateTime created_at;
  MaybeTime updated_at;
  static auto model() {
    return q::model<Message>("messages")
        .index(q::field<&Message::timestamp>.asc())
        .index(q::field<&Message::user>.asc())
        .index(q::field<&Message::status>.asc())
        .index(q::field<&Message::created_at>.asc());
  }
};

/// Its _id is the state: unique without a further index.
struct OauthState {
  std::string id;
  std::string code_verifier;
  q::DateTime created_at;
  static auto model() {
    return q::model<OauthState>("oauth_states").index(q::field<&OauthState::created_at>.asc());
  }
};
// [/models]

struct Page {
  std::int64_t total = 0;
  std::vector<Message> messages;
};

/// Of a user: how many messages wait, and since when.
struct Waiting {
  MaybeText id;
  std::int64_t messages = 0;
  q::DateTime oldest;
};

struct Counts {
  std::int64_t users = 0;
  std::int64_t messages = 0;
  std::int64_t oauth_states = 0;
};

/// The requests of the API. A cheap, thread-safe handle.
class Repository {
 public:
  explicit Repository(const q::Database& db)
      : db_(db),
        users_(db.collection<User>()),
        messages_(db.collection<Message>()),
        states_(db.collection<OauthState>()) {}

  [[nodiscard]] std::optional<User> user_of(const std::string& twitter_id) const;
  /// Stores the tokens of a user, who may be new.
  [[nodiscard]] User sign_in(const std::string& twitter_id, const std::string& access_token,
                             const std::string& refresh_token) const;
  /// Page 0 has the newest messages of the status.
  [[nodiscard]] Page newest(Status status, std::int64_t page, std::int64_t size) const;
  /// All of them as one write; gives their ids.
  [[nodiscard]] std::vector<std::string> receive(const std::string& user,
                                                 const std::vector<std::string>& texts) const;
  /// False: there is no such message.
  bool redirect(const std::string& message) const;
  bool forget(const std::string& message) const;
  void begin_login(const std::string& state, const std::string& code_verifier) const;
  /// The verifier of a state, for the first who asks.
  [[nodiscard]] std::optional<std::string> finish_login(const std::string& state) const;
  /// Charges the user and stores the reply, both or neither. Throws std::runtime_error where
  /// credits are missing, there is nothing to answer, or the server has no transactions.
  void reply(const std::string& message, const std::string& text, std::int32_t credits) const;
  [[nodiscard]] std::vector<Waiting> waiting() const;
  [[nodiscard]] Counts counts() const;

 private:
  q::Database db_;
  q::Collection<User> users_;
  q::Collection<Message> messages_;
  q::Collection<OauthState> states_;
};

}  // namespace api
