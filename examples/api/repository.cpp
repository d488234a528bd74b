#include <stdexcept>

#include "api.hpp"

namespace api {

using q::field;
using q::into;

// [requests]
std::optional<User> Repository::user_of(const std::string& twitter_id) const {
  return users_.find_one(field<&User::twitter_id> == twitter_id);
}

User Repository::sign_in(const std::string& twitter_id, const std::string& access_token,
                         const std::string& refresh_token) const {
  User user = user_of(twitter_id).value_or(User{});
  user.updated_at = q::now();
  if (user.id.empty()) {
    user.id = q::bson::Uuid::generate().str();
    user.created_at = *user.updated_at;
  }
  user.twitter_id = twitter_id;
  user.access_token = access_token;
  user.refresh_token = refresh_token;
  users_.save(user);
  return user;
}

Page Repository::newest(Status status, std::int64_t page, std::int64_t size) const {
  const auto which = field<&Message::status> == status;
  return {messages_.count(which), messages_.find(which)
                                      .sort(field<&Message::timestamp>.desc())
                                      .skip(page * size)
                                      .limit(size)
                                      .to_vector()};
}

bool Repository::redirect(const std::string& message) const {
  const auto done =
      messages_.update_one(field<&Message::id> == message, field<&Message::redirected>.set(true),
                           field<&Message::updated_at>.set(q::now()));
  return done.matched == 1;
}

std::optional<std::string> Repository::finish_login(const std::string& state) const {
  const auto taken = states_.find_one_and_remove(field<&OauthState::id> == state);
  if (!taken) return std::nullopt;
  return taken->code_verifier;
}

std::vector<Waiting> Repository::waiting() const {
  return messages_.aggregate()
      .match(field<&Message::status> == Status::pending)
      .group<Waiting>(field<&Message::user>, into<&Waiting::messages>(q::count()),
                      into<&Waiting::oldest>(q::min(field<&Message::timestamp>)))
      .sort(field<&Waiting::messages>.desc(), field<&Waiting::id>.asc())
      .to_vector();
}
// [/requests]

// [reply]
void Repository::reply(const std::string& message, const std::string& text,
                       std::int32_t credits) const {
  if (!db_.capabilities().transactions)
    throw std::runtime_error(
        "a reply is charged and stored in one transaction: that needs a replica set or a file, and "
        "this is a single server without one");
  db_.transaction([&](q::Session& s) {
    const auto asked = messages_.find_one(field<&Message::id> == message, {.session = s});
    if (!asked || !asked->user) throw std::runtime_error("no such message, or nobody to charge");
    const auto paid = users_.update_one(
        field<&User::id> == *asked->user && field<&User::credits> >= credits,
        field<&User::credits>.inc(-credits) & field<&User::updated_at>.set(q::now()),
        {.session = s});
    if (paid.matched == 0) throw std::runtime_error("not enough credits");
    const auto stored = messages_.update_one(
        field<&Message::id> == message && field<&Message::status> != Status::answered,
        field<&Message::status>.set(Status::answered) & field<&Message::public_response>.set(text) &
            field<&Message::credits_used>.inc(credits) & field<&Message::updated_at>.set(q::now()),
        {.session = s});
    if (stored.matched == 0) throw std::runtime_error("answered already");  // nothing is charged
  });
}
// [/reply]

std::vector<std::string> Repository::receive(const std::string& user,
                                             const std::vector<std::string>& texts) const {
  std::vector<Message> all;
  std::vector<std::string> ids;
  for (const std::string& text : texts) {
    Message one;
    one.id = q::bson::Uuid::generate().str();
    one.user = user;
    one.text = text;
    one.timestamp = one.created_at = q::now();
    ids.push_back(one.id);
    all.push_back(std::move(one));
  }
  messages_.insert_many(all).or_throw();
  return ids;
}

bool Repository::forget(const std::string& message) const { return messages_.remove(message); }

void Repository::begin_login(const std::string& state, const std::string& code_verifier) const {
  states_.insert({.id = state, .code_verifier = code_verifier, .created_at = q::now()});
}

Counts Repository::counts() const { return {users_.count(), messages_.count(), states_.count()}; }

}  // namespace api
