// An API that left MySQL: its import with all commands, its migrations, its requests.
//   api import COMMAND…     audit, check-duplicates, dry-run, import, verify …: `import help`
//   api migrate COMMAND…    to, up, down, plan …: `migrate help`
//   api check-uri           what $MONGODB_URI means, without connecting
//   api user TWITTER_ID | sign-in TWITTER_ID ACCESS REFRESH | receive USER TEXT… | redirect MESSAGE
//       | forget MESSAGE | newest STATUS PAGE | waiting | reply MESSAGE TEXT CREDITS
//       | begin-login STATE VERIFIER | finish-login STATE | count | show COLLECTION
// $OLD_DATABASE_URL is the old database, $OLD_TIME_ZONE the zone of its times; $MONGODB_URI and
// $MONGODB_DATABASE the new one, else api.quire.
#include <cstdio>
#include <cstdlib>
#include <quire/cli/migrate.hpp>
#include <quire/importer/cli.hpp>
#include <span>

#include "api.hpp"
#include "old_data.hpp"

namespace {

using namespace api;
namespace qi = q::importer;
using Words = std::span<const char* const>;

std::string variable(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

// [connect]
/// Pool and time-outs of a service whose callers do not wait for long; what the string says counts
/// more. Throws q::StoreError invalid_uri, without its password.
std::string with_limits(std::string uri) {
  if (q::store::check_uri(uri).kind != "mongodb") return uri;
  if (uri.find('?') == std::string::npos)
    uri += uri.find('/', uri.find("://") + 3) == std::string::npos ? "/?" : "?";
  for (const char* option : {"maxPoolSize=20", "waitQueueTimeoutMS=5000",
                             "serverSelectionTimeoutMS=10000", "socketTimeoutMS=60000"}) {
    const std::string_view name(option, std::string_view(option).find('=') + 1);
    if (uri.find(name) != std::string::npos) continue;
    if (uri.back() != '?') uri += '&';
    uri += option;
  }
  return uri;
}

q::Database open_database() {
  return q::open(with_limits(variable("MONGODB_URI", "api.quire")),
                 {.database = variable("MONGODB_DATABASE", "api")});
}

int check_uri() {
  const auto info = q::store::check_uri(with_limits(variable("MONGODB_URI", "api.quire")));
  std::printf("%s: %s\n", info.kind.c_str(), info.redacted.c_str());
  return 0;
}
// [/connect]

int show(const q::Database& db, const std::string& collection) {
  const auto all = db.collection<q::bson::Document>(collection);
  for (const auto& document : all.find({}).projection(q::json(R"({"_q": 0})")))
    std::printf("%s\n", q::bson::to_json(document).c_str());
  return 0;
}

int told(bool there) {
  std::puts(there ? "done" : "none");
  return there ? 0 : 1;
}

int read(const Repository& repository, const std::string& command, Words words) {
  Status status{};
  if (command == "user" && words.size() == 2) {
    const auto user = repository.user_of(words[1]);
    if (!user) return told(false);
    std::printf("%s %d\n", user->id.c_str(), user->credits);
  } else if (command == "newest" && words.size() == 3 && q::reflect::enum_value(words[1], status)) {
    const Page page = repository.newest(status, std::atoi(words[2]), 10);
    std::printf("of %lld\n", static_cast<long long>(page.total));
    for (const Message& one : page.messages) std::printf("%s\n", one.id.c_str());
  } else if (command == "waiting" && words.size() == 1) {
    for (const Waiting& one : repository.waiting())
      std::printf("%s %lld\n", one.id.value_or("-").c_str(), static_cast<long long>(one.messages));
  } else if (command == "count" && words.size() == 1) {
    const Counts n = repository.counts();
    std::printf("users %lld, messages %lld, oauth_states %lld\n", static_cast<long long>(n.users),
                static_cast<long long>(n.messages), static_cast<long long>(n.oauth_states));
  } else {
    std::fputs("api: see the head of examples/api/main.cpp for its commands\n", stderr);
    return 2;
  }
  return 0;
}

int request(const q::Database& db, Words words) {
  const Repository repository(db);
  const std::string command = words.empty() ? "" : words[0];
  if (command == "show" && words.size() == 2) return show(db, words[1]);
  if (command == "redirect" && words.size() == 2) return told(repository.redirect(words[1]));
  if (command == "forget" && words.size() == 2) return told(repository.forget(words[1]));
  if (command == "sign-in" && words.size() == 4) {
    std::puts(repository.sign_in(words[1], words[2], words[3]).id.c_str());
  } else if (command == "receive" && words.size() > 2) {
    for (const auto& id : repository.receive(words[1], {words.begin() + 2, words.end()}))
      std::puts(id.c_str());
  } else if (command == "begin-login" && words.size() == 3) {
    repository.begin_login(words[1], words[2]);
  } else if (command == "finish-login" && words.size() == 2) {
    const auto verifier = repository.finish_login(words[1]);
    if (!verifier) return told(false);
    std::puts(verifier->c_str());
  } else if (command == "reply" && words.size() == 4) {
    repository.reply(words[1], words[2], std::atoi(words[3]));
  } else {
    return read(repository, command, words);
  }
  return 0;
}

int run(Words words) {
  const std::string command = words.empty() ? "" : words[0];
  const int count = static_cast<int>(words.size());
  const auto models = q::cli::models<User, Message, OauthState>();
  if (command == "check-uri") return check_uri();
  if (command == "import")
    return qi::import_cli(count, words.data(), open_old, open_database, mapping(),
                          {.import = import_options(),
                           .models = models,
                           .set_later = {"users.credits"},  // by a migration behind the import
                           .program = "api import"});
  const q::Database db = open_database();
  if (command == "migrate") {
    q::MigrateCliOptions options;
    options.models = models;
    options.application = "api 2.0";
    return q::migrate_cli(count, words.data(), db, migrations(), options);
  }
  return request(db, words);
}

}  // namespace

int main(int argc, char** argv) try {
  return run(Words(argv + 1, static_cast<std::size_t>(argc - 1)));
} catch (const std::exception& error) {
  std::fprintf(stderr, "api: %s\n", error.what());
  return 1;
}
