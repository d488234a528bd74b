// A chat bot that left SQLite: its requests, its health, its migrations, and the import that is one
// of them.
//   bot [--config FILE] migrate COMMAND…    see `bot migrate help`; `up` imports the SQLite file
//   bot [--config FILE] import COMMAND…     see `bot import help`; `bot import --all` brings what
//   is new rollback bot [--config FILE] health              exit code 0: a server answers, takes
//   writes, and nothing is pending bot [--config FILE] add-server ID | link SERVER TEXT VOICE
//   [ROLE] | find VOICE
//                       | message SERVER join|leave|move [TEXT] | count | show COLLECTION
// The file (bot.json) is {"uri", "database", "sqlite", "batch", "rate"}, all optional. MONGODB_URI
// and MONGODB_DATABASE count more than "uri" and "database".
#include <cstdio>
#include <fstream>
#include <iterator>
#include <quire/cli/migrate.hpp>
#include <quire/importer/cli.hpp>
#include <quire/observe/health.hpp>
#include <span>
#include <vector>

#include "bot.hpp"
#include "old_data.hpp"

namespace {

using namespace bot;
namespace qi = q::importer;
using Words = std::span<const char* const>;

// [config]
struct Config {
  std::string uri = "bot.quire";
  std::string database;
  std::string sqlite = "bot.db";
  std::int64_t batch = 0;
  std::int64_t rate = 0;
  static auto model() { return q::model<Config>().unknown<q::Unknown::error>(); }
};

Config read_config(const std::string& path, bool must_be_there) {
  std::ifstream file(path);
  if (!file && !must_be_there) return {};
  if (!file) throw std::runtime_error(path + " cannot be read");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return q::bson::decode<Config>(q::bson::from_json(text));
}

q::Database open_database(const Config& config) {
  q::OpenOptions options;
  options.database = config.database;
  return q::open_from_environment({.fallback_uri = config.uri}, options);
}
// [/config]

OldData old_data(const Config& config) {
  return {.file = config.sqlite, .batch = config.batch, .rate = config.rate};
}

// [health]
/// For a container's probe: whether the bot can work.
int health(const q::Database& db, const Config& config) {
  const auto report = q::observe::health(db, std::chrono::seconds(2));
  std::printf("%s\n", report.json().c_str());
  if (!report.ok() || !report.health.writable) return 1;
  q::MigrationRunner runner{db, migrations(old_data(config))};
  return runner.status().pending() == 0 ? 0 : 1;
}
// [/health]

// [import]
int import(const q::Database& db, const Config& config, Words words) {
  qi::ImportCliOptions options;
  options.program = "bot import";
  options.import = import_options(old_data(config));
  options.models = q::cli::models<Server, ChannelLink, CustomMessage>();
  return qi::import_cli(
      static_cast<int>(words.size()), words.data(), [&] { return open_old(old_data(config)); },
      [&] { return db; }, mapping(), options);
}
// [/import]

int show(const q::Database& db, const std::string& collection) {
  const auto all = db.collection<q::bson::Document>(collection);
  for (const auto& document : all.find({}).projection(q::json(R"({"_q": 0})")))
    std::printf("%s\n", q::bson::to_json(document).c_str());
  return 0;
}

int request(const q::Database& db, Words words) {
  const Repository repository(db);
  const std::string command = words.empty() ? "" : words[0];
  const auto word = [&](std::size_t i) { return i < words.size() ? std::string(words[i]) : ""; };
  Event event{};
  if (command == "add-server" && words.size() == 2) {
    std::puts(repository.add_server(word(1)) ? "added" : "known");
  } else if (command == "link" && (words.size() == 4 || words.size() == 5)) {
    ChannelLink wanted{
        .guild_id = word(1), .text_channel_id = word(2), .voice_channel_id = word(3)};
    if (words.size() == 5) wanted.role_id = word(4);
    repository.link(wanted);
  } else if (command == "find" && words.size() == 2) {
    const auto found = repository.link_of(word(1));
    std::puts(found ? (found->text_channel_id + " " + found->role_id.value_or("-")).c_str()
                    : "none");
    return found ? 0 : 1;
  } else if (command == "message" && words.size() == 3 && q::reflect::enum_value(word(2), event)) {
    std::puts(repository.message(word(1), event).value_or("").c_str());
  } else if (command == "message" && words.size() == 4 && q::reflect::enum_value(word(2), event)) {
    repository.set_message(word(1), event, word(3));
  } else if (command == "count") {
    const Counts n = repository.counts();
    std::printf("servers %lld, channel_links %lld, custom_messages %lld\n",
                static_cast<long long>(n.servers), static_cast<long long>(n.channel_links),
                static_cast<long long>(n.custom_messages));
  } else if (command == "show" && words.size() == 2) {
    return show(db, word(1));
  } else {
    std::fputs("bot: see the head of examples/bot/main.cpp for its commands\n", stderr);
    return 2;
  }
  return 0;
}

// [main]
int run(Words words) {
  std::string path = "bot.json";
  const bool given = words.size() > 1 && std::string_view(words[0]) == "--config";
  if (given) {
    path = words[1];
    words = words.subspan(2);
  }
  const Config config = read_config(path, given);
  const std::string command = words.empty() ? "" : words[0];
  const q::Database db = open_database(config);
  if (command == "migrate") {
    q::MigrateCliOptions options;
    options.models = q::cli::models<Server, ChannelLink, CustomMessage>();
    options.application = "bot 2.0";
    return q::migrate_cli(static_cast<int>(words.size()), words.data(), db,
                          migrations(old_data(config)), options);
  }
  if (command == "import") return import(db, config, words);
  if (command == "health") return health(db, config);
  return request(db, words);
}
// [/main]

}  // namespace

int main(int argc, char** argv) try {
  return run(Words(argv + 1, static_cast<std::size_t>(argc - 1)));
} catch (const std::exception& error) {
  std::fprintf(stderr, "bot: %s\n", error.what());
  return 1;
}
