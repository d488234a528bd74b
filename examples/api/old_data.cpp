#include "old_data.hpp"

#include <cstdlib>
#include <quire/importer/step.hpp>
#include <quire/importer/typed.hpp>
#include <stdexcept>

#include "api.hpp"

namespace api {

namespace qi = quire::importer;
using q::bson::make_document;

namespace {

template <class From, class To>
qi::ValuePair pair(const From& from, const To& to) {
  return {q::bson::Value(from), q::bson::Value(to)};
}

// [users]
/// A user without a twitter_id has no such field: in MySQL's unique index nulls are all different,
/// in this one they would be one value.
qi::TableMapping users() {
  return qi::into<User>("users")
      .field<&User::id>("id")
      .field<&User::twitter_id>("twitter_id", {.null = qi::NullPolicy::omit})
      .field<&User::access_token>("access_token")
      .field<&User::refresh_token>("refresh_token")
      .field<&User::token_expires_at>("token_expires_at")  // a zero date is null …
      .field<&User::created_at>("created_at")              // … and here its row is put aside
      .field<&User::updated_at>("updated_at");
}
// [/users]

// [messages]
/// The user in the writing of its own id: MySQL took 'ABC' and 'abc' for one user, documents do
/// not. So MySQL joins. A message of a user who is gone has none.
qi::ChildRule user_by_collation() {
  qi::ChildRule rule;
  rule.to = "user";
  rule.table = "users";
  rule.columns = {"id"};
  rule.referenced = {"user"};
  rule.many = false;
  rule.value = "id";
  rule.fields = {{.to = "id", .from = "id"}};
  return rule;
}

qi::TableMapping messages() {
  return qi::into<Message>("messages")
      .field<&Message::id>("id")
      .field<&Message::timestamp>("timestamp")
      .field<&Message::text>("text", {.fallback = ""})
      .field<&Message::status>("status",
                               {.lower = true,
                                .trim = true,
                                .values = {pair("pending", "pending"), pair("answered", "answered"),
                                           pair("failed", "failed"), pair("", "pending")},
                                .fallback = "pending"})
      .field<&Message::public_response>("public_response")
      .field<&Message::dm_response>("dm_response")
      .field<&Message::credits_used>("credits_used", {.fallback = 0})
      // tinyint(1): 0 and 1 are booleans; what else it holds was true for MySQL.
      .field<&Message::redirected>("redirected",
                                   {.as = qi::Convert::as_is,
                                    .values = {pair(true, true), pair(false, false), pair(2, true)},
                                    .fallback = false})
      .field<&Message::created_at>("created_at")
      .field<&Message::updated_at>("updated_at")
      .refers_to<User, &Message::user>()  // verify looks for them
      .with([](qi::TableMapping& table) {
        table.children = {user_by_collation()};
        table.after = {"users"};
      });
}
// [/messages]

// [states]
/// The unique key may hold nulls: such rows are put aside.
qi::TableMapping states() {
  return qi::into<OauthState>("oauth_states")
      .field<&OauthState::code_verifier>("code_verifier")
      .field<&OauthState::created_at>("created_at")
      .with([](qi::TableMapping& table) { table.key = {"state"}; });
}
// [/states]

}  // namespace

// [source]
std::unique_ptr<qi::Source> open_old() {
  const char* url = std::getenv("OLD_DATABASE_URL");
  if (url == nullptr)
    throw std::runtime_error("OLD_DATABASE_URL is not set: mysql://USER@HOST/DATABASE");
  return qi::open_source(url);
}

qi::Mapping mapping() {
  qi::Mapping all;
  const char* zone = std::getenv("OLD_TIME_ZONE");
  all.types.zone = zone == nullptr ? "UTC" : zone;  // of the host that wrote the DATETIMEs
  all.types.zero_date = qi::TypePolicy::ZeroDate::null;
  all.tables = {users(), messages(), states()};
  return all;
}

qi::ImportOptions import_options() {
  qi::ImportOptions options{.name = "api"};
  options.reject_limits = {.most = 100'000, .percent = 10};  // more is a mistake
  return options;
}
// [/source]

// [migrations]
namespace {

struct UserV1 {
  std::string id;
};
struct UserV2 {
  std::string id;
  std::int32_t credits = 50;
  static auto model() { return q::model<UserV2>("users").version(2); }
};

}  // namespace

q::Migrations migrations() {
  q::Migrations all;
  all.add({.id = "2026_07_01_indexes",
           .title = "indexes of users, messages and states",
           .kind = q::MigrationKind::schema,
           .up = q::Steps{q::create_index("users", make_document("twitter_id", 1),
                                          {.unique = true, .sparse = true}),
                          q::create_index("users", make_document("created_at", 1)),
                          q::create_index("messages", make_document("timestamp", 1)),
                          q::create_index("messages", make_document("user", 1)),
                          q::create_index("messages", make_document("status", 1)),
                          q::create_index("messages", make_document("created_at", 1)),
                          q::create_index("oauth_states", make_document("created_at", 1))}});
  all.add({.id = "2026_07_02_from_mysql",
           .title = "users, messages and states out of MySQL",
           .depends_on = {"2026_07_01_indexes"},
           .revision = 1,
           .up = qi::import_step(open_old, mapping(), import_options())});
  all.add({.id = "2026_07_03_credits",
           .title = "users have credits: version 2",
           .depends_on = {"2026_07_02_from_mysql"},
           .up = q::transform<UserV1, UserV2>("users",
                                              [](const UserV1& old) { return UserV2{old.id}; }),
           .down = q::transform<UserV2, UserV1>("users",
                                                [](const UserV2& now) { return UserV1{now.id}; })});
  return all;
}
// [/migrations]

}  // namespace api
