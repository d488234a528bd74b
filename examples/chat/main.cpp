// A chat service that left a folder of JSON files: copy and check of the files, the import that is
// a migration, requests, metrics, health.
//   chat [--config FILE] backup | inspect | restore FOLDER
//   chat [--config FILE] [--batch-size N] [--skip-validation] migrate COMMAND…   `up` imports
//   chat [--config FILE] import COMMAND…   see `chat import help`; `chat import --all` brings what
//   is new chat [--config FILE] integrity | health chat [--config FILE] list USER | read
//   CONVERSATION | append CONVERSATION user|assistant TEXT
//                        | search USER TEXT | remember USER TEXT… | session USER | show COLLECTION
// The file (chat.json) is {"uri", "database", "pool", "slow_ms", "folder", "backup", "rate"}, all
// optional. MONGODB_URI and MONGODB_DATABASE count more than "uri" and "database".
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <quire/cli/migrate.hpp>
#include <quire/importer/cli.hpp>
#include <span>
#include <vector>

#include "chat.hpp"
#include "old_data.hpp"

namespace {

using namespace chat;
namespace qi = q::importer;
using Words = std::span<const char* const>;

// [config]
struct Config {
  std::string uri = "chat.quire";
  std::string database;
  std::int64_t pool = 20;  ///< connections at most
  std::int64_t slow_ms = 100;
  std::string folder = "chat";
  std::string backup = "chat-backup";
  std::int64_t rate = 0;
  static auto model() { return q::model<Config>().unknown<q::Unknown::error>(); }
};

std::string with_pool(std::string uri, std::int64_t pool) {
  if (!uri.starts_with("mongodb")) return uri;  // a file has no pool
  if (uri.find("maxPoolSize=") != std::string::npos) return uri;
  if (uri.find('?') == std::string::npos)
    uri += uri.find('/', uri.find("//") + 2) == std::string::npos ? "/?" : "?";
  if (!uri.ends_with('?')) uri += '&';
  return uri + "maxPoolSize=" + std::to_string(pool);
}

q::Database open_database(const Config& config) {
  const char* uri = std::getenv("MONGODB_URI");
  const char* database = std::getenv("MONGODB_DATABASE");
  q::OpenOptions options;
  options.database = database != nullptr ? database : config.database;
  return q::open(with_pool(uri != nullptr ? uri : config.uri, config.pool), options);
}
// [/config]

Config read_config(const std::string& path, bool must_be_there) {
  std::ifstream file(path);
  if (!file && !must_be_there) return {};
  if (!file) throw std::runtime_error(path + " cannot be read");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return q::bson::decode<Config>(q::bson::from_json(text));
}

// [backup]
int backup(const Config& config) {
  const auto copy = qi::backup_folder(config.folder, config.backup);
  const auto check = qi::verify_folder_backup(config.backup, config.folder);
  std::printf("%lld files, %lld bytes copied to %s\n", static_cast<long long>(copy.files),
              static_cast<long long>(copy.bytes), config.backup.c_str());
  for (const std::string& problem : check.problems) std::printf("%s\n", problem.c_str());
  return check.ok() ? 0 : 1;
}
// [/backup]

int show_inspection(const qi::FilesInspection& found) {
  std::printf("files found %lld, valid %lld, invalid %lld, estimated time %.1f s\n",
              static_cast<long long>(found.files), static_cast<long long>(found.valid),
              static_cast<long long>(found.invalid), found.estimated_seconds);
  for (const auto& problem : found.problems)
    std::printf("%s:%lld:%llu: %s\n", problem.file.c_str(), static_cast<long long>(problem.line),
                static_cast<unsigned long long>(problem.column), problem.reason.c_str());
  return found.ok() ? 0 : 1;
}

// [import]
int import(const q::Database& db, const OldData& old, Words words) {
  qi::ImportCliOptions options;
  options.program = "chat import";
  options.import = import_options(old);
  options.import.verify = q::migrate::VerifyLevel::counts;  // the service has written since
  options.models = q::cli::models<Conversation, Message, Memory>();
  return qi::import_cli(
      static_cast<int>(words.size()), words.data(), [&] { return open_old(old); },
      [&] { return db; }, mapping(), options);
}
// [/import]

// [integrity]
int integrity(const q::Database& db) {
  const Integrity found = Repository(db).integrity();
  std::printf("conversations %lld, messages %lld, orphans %lld, incomplete %lld\n",
              static_cast<long long>(found.conversations), static_cast<long long>(found.messages),
              static_cast<long long>(found.orphans), static_cast<long long>(found.incomplete));
  return found.ok() ? 0 : 1;
}
// [/integrity]

// [health]
/// In detail, as JSON: the store, its pool, how many documents, what is pending.
int health(const q::Database& db, const OldData& old) {
  const auto report = q::observe::health(db, std::chrono::seconds(2));
  q::bson::Writer w;
  w.append("store", q::bson::from_json(report.json()));
  bool ok = report.ok() && report.health.writable;
  if (ok) {
    w.begin_document("documents");
    for (const auto* model : q::cli::models<Conversation, Message, Memory>())
      w.append(model->collection,
               db.collection<q::bson::Document>(model->collection).estimated_count());
    w.end();
    q::MigrationRunner runner{db, migrations(old)};
    const auto pending = static_cast<std::int64_t>(runner.status().pending());
    w.append("pending_migrations", pending);
    ok = pending == 0;
  }
  w.append("ok", ok);
  std::printf("%s\n", q::bson::to_json(w.finish()).c_str());
  return ok ? 0 : 1;
}
// [/health]

// [session]
/// What a user does in an hour, and what was seen of it.
int session(const q::Database& db, const Config& config, const std::string& user) {
  const Watch watch(db, std::chrono::milliseconds(config.slow_ms));  // slow ones: a line on stderr
  const Repository repository(db);
  const auto cards = repository.conversations_of(user, 10);
  for (const Card& card : cards) (void)repository.messages_of(card.id);
  if (!cards.empty()) (void)repository.append(cards[0].id, Role::user, "and now?");
  (void)repository.search(user, "rain");
  std::printf("%s\n", watch.metrics_json().c_str());
  const auto indexes =
      q::observe::analyze_indexes<Conversation, Message, Memory>(db, watch.queries());
  std::printf("%s\n", indexes.str(false).c_str());
  for (const auto& one : indexes.unused()) std::printf("unused: %s\n", one.name.c_str());
  for (const auto& one : indexes.missing()) std::printf("missing: %s\n", one.name.c_str());
  for (const auto& one : indexes.proposals())
    std::printf("proposed: %s\n", q::observe::sort_shape(one.keys).c_str());
  return 0;
}
// [/session]

int request(const q::Database& db, Words words) {
  const Repository repository(db);
  const std::string command = words.empty() ? "" : words[0];
  const auto word = [&](std::size_t i) { return i < words.size() ? std::string(words[i]) : ""; };
  Role role{};
  if (command == "list" && words.size() == 2) {
    for (const Card& card : repository.conversations_of(word(1), 20))
      std::printf("%s  %s\n", card.id.c_str(), card.title.c_str());
  } else if (command == "read" && words.size() == 2) {
    for (const Message& one : repository.messages_of(word(1)))
      std::printf("%d %s: %s\n", one.position, std::string(q::reflect::enum_name(one.role)).c_str(),
                  one.content.c_str());
  } else if (command == "append" && words.size() == 4 && q::reflect::enum_value(word(2), role)) {
    std::printf("%d\n", repository.append(word(1), role, word(3)));
  } else if (command == "search" && words.size() == 3) {
    for (const Memory& one : repository.search(word(1), word(2)))
      std::printf("%d %s\n", one.importance, one.text.c_str());
  } else if (command == "remember" && words.size() >= 3) {
    std::vector<Memory> memories;
    for (const char* text : words.subspan(2))
      memories.push_back({.id = q::ObjectId::generate().str(),
                          .user_id = word(1),
                          .text = text,
                          .importance = 5,
                          .created_at = q::now()});
    std::printf("%lld batches\n", static_cast<long long>(repository.remember(memories)));
  } else if (command == "show" && words.size() == 2) {
    const auto all = db.collection<q::bson::Document>(word(1));
    for (const auto& document : all.find({}).projection(q::json(R"({"_q": 0})")))
      std::printf("%s\n", q::bson::to_json(document).c_str());
  } else {
    std::fputs("chat: see the head of examples/chat/main.cpp for its commands\n", stderr);
    return 2;
  }
  return 0;
}

int run(Words words) {
  std::string path;
  OldData old;
  for (; !words.empty() && words[0][0] == '-'; words = words.subspan(1)) {
    const std::string option = words[0];
    if (option == "--skip-validation") {
      old.skip_validation = true;
      continue;
    }
    if (words.size() < 2) return request(q::open(":memory:"), {});
    words = words.subspan(1);
    if (option == "--config") path = words[0];
    if (option == "--batch-size") old.batch = std::atol(words[0]);
  }
  const Config config = read_config(path.empty() ? "chat.json" : path, !path.empty());
  old.folder = config.folder;
  old.rate = config.rate;
  const std::string command = words.empty() ? "" : words[0];
  if (command == "backup") return backup(config);
  if (command == "inspect") return show_inspection(inspect(old));
  if (command == "restore" && words.size() == 2) {
    (void)qi::restore_folder(config.backup, words[1]);
    return 0;
  }
  const q::Database db = open_database(config);
  if (command == "migrate") {
    q::MigrateCliOptions options;
    options.models = q::cli::models<Conversation, Message, Memory>();
    options.application = "chat 2.0";
    return q::migrate_cli(static_cast<int>(words.size()), words.data(), db, migrations(old),
                          options);
  }
  if (command == "import") return import(db, old, words);
  if (command == "integrity") return integrity(db);
  if (command == "health") return health(db, old);
  if (command == "session" && words.size() == 2) return session(db, config, words[1]);
  return request(db, words);
}

}  // namespace

int main(int argc, char** argv) try {
  return run(Words(argv + 1, static_cast<std::size_t>(argc - 1)));
} catch (const std::exception& error) {
  std::fprintf(stderr, "chat: %s\n", error.what());
  return 1;
}
