#include "workload.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::robustness {
namespace {

using store::Namespace;

constexpr Namespace people{"main", "people"};
constexpr Namespace events{"main", "events"};

store::OperationOptions in(store::Session* session) {
  store::OperationOptions out;
  out.session = session;
  return out;
}

void insert(Bench& bench, Namespace ns, const std::vector<bson::Document>& documents,
            store::Session* session = nullptr) {
  const std::vector<bson::View> views(documents.begin(), documents.end());
  store::InsertOptions options;
  options.session = session;
  const auto result = bench.db->insert(ns, views, options);
  if (!result.errors.empty())
    throw store::DetailedError(result.errors.front().error.code(), {},
                               result.errors.front().error.what(), 0, {});
}

void update(Bench& bench, Namespace ns, std::string_view filter, std::string_view body,
            store::Session* session = nullptr) {
  const auto f = bson::from_json(filter), b = bson::from_json(body);
  store::UpdateOptions options;
  options.session = session;
  options.multi = true;
  bench.db->update(ns, f, {b, false}, options);
}

void index(Bench& bench, Namespace ns, std::string_view text) {
  const auto spec = bson::from_json(text);
  const bson::View view = spec;
  bench.db->create_indexes(ns, {&view, 1}, {});
}

void command(Bench& bench, std::string_view database, std::string_view text) {
  (void)bench.db->run_command(database, bson::from_json(text), nullptr);
}

bson::Document person(std::int64_t id, std::size_t text = 300) {
  const auto tags = bson::from_json(R"({"tags":["t)" + std::to_string(id % 3) + R"(","u"]})");
  return bson::make_document("_id", id, "group", id % 7, "email", "p" + std::to_string(id) + "@x",
                             "tags", tags["tags"], "text",
                             std::string(text, static_cast<char>('a' + id % 26)));
}

std::vector<bson::Document> some_people(std::int64_t first, int count, std::size_t text = 300) {
  std::vector<bson::Document> out;
  for (int i = 0; i < count; ++i) out.push_back(person(first + i, text));
  return out;
}

/// From another connection, as another process would: the log is then begun anew from its start.
void checkpoint(const Bench& bench) {
  const auto path = bench.uri.substr(0, bench.uri.find('?'));
  sqlite3* db = nullptr;
  int code = sqlite3_open(path.c_str(), &db);
  if (code == SQLITE_OK)
    code = sqlite3_wal_checkpoint_v2(db, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  const bool full = (code & 0xFF) == SQLITE_FULL || sqlite3_system_errno(db) == ENOSPC;
  sqlite3_close(db);
  if (code == SQLITE_OK || (code & 0xFF) == SQLITE_BUSY) return;
  throw StoreError(full ? ErrorCode::disk_full : ErrorCode::io_error, "checkpoint", code);
}

void transfer(Bench& bench, std::int64_t id, bool commit) {
  const auto session = bench.db->start_session();
  session->start_transaction();
  insert(bench, people, {person(id)}, session.get());
  insert(bench, events, {bson::make_document("_id", id, "what", "came")}, session.get());
  update(bench, people, R"({"group":2})", R"({"$inc":{"visits":1}})", session.get());
  if (commit) {
    session->commit_transaction();
  } else {
    session->abort_transaction();
  }
}

}  // namespace

std::vector<Step> workload() {
  return {
      {"create by insert", [](Bench& b) { insert(b, people, {person(1)}); }},
      {"insert many", [](Bench& b) { insert(b, people, some_people(2, 30)); }},
      {"create", [](Bench& b) { command(b, "main", R"({"create":"events"})"); }},
      {"insert events",
       [](Bench& b) { insert(b, events, {bson::make_document("_id", std::int64_t{-1})}); }},
      {"build a compound index",
       [](Bench& b) { index(b, people, R"({"key":{"group":1,"text":-1},"name":"group_text"})"); }},
      {"build a unique index",
       [](Bench& b) { index(b, people, R"({"key":{"email":1},"name":"email","unique":true})"); }},
      {"insert indexed", [](Bench& b) { insert(b, people, some_people(40, 10, 1500)); }},
      {"update many",
       [](Bench& b) { update(b, people, R"({"group":3})", R"({"$set":{"group":13}})"); }},
      {"transaction", [](Bench& b) { transfer(b, 60, true); }},
      {"checkpoint", [](Bench& b) { checkpoint(b); }},
      {"insert behind the checkpoint", [](Bench& b) { insert(b, people, some_people(70, 5)); }},
      {"aborted transaction", [](Bench& b) { transfer(b, 61, false); }},
      {"build a multikey index",
       [](Bench& b) { index(b, people, R"({"key":{"tags":1},"name":"tags"})"); }},
      {"insert a long document", [](Bench& b) { insert(b, people, {person(90, 60000)}); }},
      {"close and open",
       [](Bench& b) {
         b.db.reset();
         b.open();
       }},
      {"remove",
       [](Bench& b) {
         const auto filter = bson::from_json(R"({"group":5})");
         store::RemoveOptions options;
         options.multi = true;
         (void)b.db->remove(people, filter, options);
       }},
      {"create a capped collection",
       [](Bench& b) { command(b, "main", R"({"create":"ring","capped":true,"size":4000})"); }},
      {"fill the capped collection",
       [](Bench& b) { insert(b, {"main", "ring"}, some_people(1, 12)); }},
      {"drop an index",
       [](Bench& b) {
         const auto indexes = b.db->list_indexes(people);
         const bool there = std::any_of(indexes.begin(), indexes.end(), [](const auto& one) {
           return one["name"].as_string() == "group_text";
         });
         if (there) b.db->drop_index(people, "group_text", {});
       }},
      {"validator",
       [](Bench& b) {
         command(b, "main", R"({"collMod":"events","validator":{"what":{"$ne":"bad"}}})");
       }},
      {"create a view",
       [](Bench& b) {
         command(b, "main",
                 R"({"create":"twos","viewOn":"people","pipeline":[{"$match":{"group":2}}]})");
       }},
      {"rename",
       [](Bench& b) {
         command(b, "admin", R"({"renameCollection":"main.ring","to":"main.circle"})");
       }},
      {"compact", [](Bench& b) { store::embedded::compact(*b.db); }},
      {"insert behind compact", [](Bench& b) { insert(b, people, some_people(100, 20)); }},
      {"replace one",
       [](Bench& b) { update(b, people, R"({"_id":1})", R"({"$set":{"text":"short"}})"); }},
      {"drop a collection",
       [](Bench& b) { (void)b.db->drop_collection({"main", "circle"}, in(nullptr)); }},
      {"insert at the end", [](Bench& b) { insert(b, people, {person(200)}); }},
  };
}

std::string dump(store::Store& db) {
  std::string out;
  auto collections = db.list_collections("main");
  std::sort(collections.begin(), collections.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  for (const auto& collection : collections) {
    const Namespace ns{"main", collection.name};
    out += "# " + collection.name + " " + collection.type + " " +
           bson::to_json(collection.options) + "\n";
    if (collection.type == "collection") {
      std::vector<std::string> indexes;
      for (const auto& one : db.list_indexes(ns)) indexes.push_back(bson::to_json(one));
      std::sort(indexes.begin(), indexes.end());
      for (const auto& one : indexes) out += one + "\n";
    }
    const auto cursor = db.find(ns, {}, {});
    while (const auto document = cursor->next()) out += bson::to_json(*document) + "\n";
  }
  return out;
}

std::string check_text(store::Store& db) { return store::embedded::check(db).str(); }

Folder::Folder() {
  static std::atomic<int> number{0};
  const std::filesystem::path memory = "/dev/shm";
  const auto parent =
      ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
  path_ =
      parent / ("quire_robustness_" + std::to_string(::getpid()) + "_" + std::to_string(number++));
  std::filesystem::create_directories(path_);
}

Folder::~Folder() { std::filesystem::remove_all(path_); }

void Folder::clear() const {
  for (const auto& entry : std::filesystem::directory_iterator(path_))
    std::filesystem::remove_all(entry.path());
}

bool is_long() { return std::getenv("QUIRE_ROBUSTNESS_ROUNDS") != nullptr; }

int rounds(int otherwise) {
  const char* text = std::getenv("QUIRE_ROBUSTNESS_ROUNDS");
  return text == nullptr ? otherwise : std::max(1, std::atoi(text));
}

}  // namespace quire::robustness
