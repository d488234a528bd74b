// The victim of scripts/kill_loop.sh.
//   crash_writer write FILE SEED [PROCESS]   changes the file until it is killed; says on standard
//                                            output what was acknowledged
//   crash_writer verify FILE ACKS...         reads what was said in all rounds, a file a process,
//                                            and compares the file with it
// Processes 0, 1, … may write to one file at once. Each has items and an index of its own; the
// accounts are everybody's.
//
// Lines, each written by one write(2) after the store returned (or, where marked, before it was
// asked):
//   insert ID          ID is there with version 0
//   version ID V       its version is at least V
//   removing ID        (before) it may be gone
//   removed ID         it is gone
//   index NAME         the index is there
//   dropping NAME      (before) it may be gone
//   total N            the accounts sum up to N, at all times
//
// A fifth thread of process 0 reads the change feed (feed.hpp), which verify holds against the
// file.
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "feed.hpp"
#include "quire/bson/writer.hpp"
#include "quire/store/embedded/embedded.hpp"
#include "quire/store/store.hpp"

namespace {

namespace store = quire::store;
namespace bson = quire::bson;

constexpr store::Namespace items{"main", "items"};
constexpr store::Namespace accounts{"main", "accounts"};
constexpr std::int64_t account_count = 10;
constexpr std::int64_t opening_balance = 1000;

void say(const std::string& line) {
  const std::string text = line + "\n";
  if (::write(STDOUT_FILENO, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    std::_Exit(3);
}

bson::Document by_id(std::int64_t id) { return bson::make_document("_id", id); }

/// Ids of one writer in one round are its own: no two writers touch the same item.
std::int64_t first_id(unsigned seed, int writer) {
  return (static_cast<std::int64_t>(seed) * 8 + writer) * 1'000'000;
}

bson::Document item(std::int64_t id, std::mt19937& random) {
  return bson::make_document("_id", id, "version", std::int64_t{0}, "group",
                             static_cast<std::int32_t>(random() % 50), "text",
                             std::string(random() % 400, 'a'));
}

void write_items(store::Store& db, unsigned seed, int writer) {
  std::mt19937 random(seed * 31 + static_cast<unsigned>(writer));
  std::int64_t next = first_id(seed, writer);
  std::map<std::int64_t, std::int64_t> mine;  // id → version
  const auto any = [&] {
    auto it =
        mine.lower_bound(first_id(seed, writer) + static_cast<std::int64_t>(random() % 1'000'000) %
                                                      (next - first_id(seed, writer) + 1));
    return it == mine.end() ? mine.begin() : it;
  };
  for (;;) {
    const auto dice = random() % 10;
    if (dice < 3 || mine.size() < 5) {
      const auto id = next++;
      const auto document = item(id, random);
      const bson::View views[] = {document};
      if (db.insert(items, views, {}).inserted != 1) std::abort();
      mine[id] = 0;
      say("insert " + std::to_string(id));
    } else if (dice < 4) {
      std::vector<bson::Document> batch;
      std::vector<bson::View> views;
      const auto begin = next;
      for (int i = 0; i < 50; ++i) batch.push_back(item(next++, random));
      for (const auto& document : batch) views.push_back(document);
      if (db.insert(items, views, {}).inserted != 50) std::abort();
      for (auto id = begin; id < next; ++id) {
        mine[id] = 0;
        say("insert " + std::to_string(id));
      }
    } else if (dice < 8) {
      const auto it = any();
      const auto set = bson::make_document("group", static_cast<std::int32_t>(random() % 50));
      const auto update =
          bson::make_document("$inc", bson::make_document("version", std::int64_t{1}), "$set", set);
      if (db.update(items, by_id(it->first), {update}, {}).modified != 1) std::abort();
      ++it->second;
      say("version " + std::to_string(it->first) + " " + std::to_string(it->second));
    } else {
      const auto it = any();
      say("removing " + std::to_string(it->first));
      if (db.remove(items, by_id(it->first), {}) != 1) std::abort();
      say("removed " + std::to_string(it->first));
      mine.erase(it);
    }
  }
}

/// Each transfer leaves a receipt among the items.
void move_money(store::Store& db, unsigned seed) {
  std::mt19937 random(seed * 77 + 1);
  for (std::int64_t receipt = first_id(seed, 2);; ++receipt) {
    const auto from = static_cast<std::int64_t>(random() % account_count);
    const auto to =
        (from + 1 + static_cast<std::int64_t>(random() % (account_count - 1))) % account_count;
    const auto amount = static_cast<std::int64_t>(random() % 20);
    auto session = db.start_session();
    session->start_transaction();
    store::UpdateOptions options;
    options.session = session.get();
    db.update(accounts, by_id(from),
              {bson::make_document("$inc", bson::make_document("balance", -amount))}, options);
    db.update(accounts, by_id(to),
              {bson::make_document("$inc", bson::make_document("balance", amount))}, options);
    const auto document = item(receipt, random);
    const bson::View views[] = {document};
    store::InsertOptions insert;
    insert.session = session.get();
    if (db.insert(items, views, insert).inserted != 1) std::abort();
    if (random() % 4 == 0) {
      session->abort_transaction();
      say("removed " + std::to_string(receipt));
    } else {
      session->commit_transaction();
      say("insert " + std::to_string(receipt));
    }
  }
}

void build_indexes(store::Store& db, int process) {
  const std::string second = process == 0 ? "version" : "text";
  const std::string name = "group_" + second;
  const auto key = bson::make_document("group", std::int32_t{1}, second, std::int32_t{-1});
  const auto spec = bson::make_document("key", key, "name", name);
  const bson::View specs[] = {spec};
  for (;;) {
    db.create_indexes(items, specs, {});
    say("index " + name);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    say("dropping " + name);
    db.drop_index(items, name, {});
  }
}

int write(const std::string& file, unsigned seed, int process) {
  // The first process begins the feed in front of all writes; others wait for that.
  while (process != 0 && ::access((file + ".base").c_str(), F_OK) != 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  // Eight threads take turns at one lock, on a machine that may have other work.
  const auto db = store::open(file + "?changes=on&busy_timeout_ms=60000");
  if (process == 0) quire::crash::begin_feed(*db, file);
  if (db->count(accounts, {}, {}) == 0) {
    std::vector<bson::Document> opening;
    std::vector<bson::View> views;
    for (std::int64_t i = 0; i < account_count; ++i)
      opening.push_back(bson::make_document("_id", i, "balance", opening_balance));
    for (const auto& document : opening) views.push_back(document);
    db->insert(accounts, views, {});
  }
  say("total " + std::to_string(account_count * opening_balance));
  std::vector<std::thread> threads;
  threads.emplace_back([&] { write_items(*db, seed, 0); });
  threads.emplace_back([&] { write_items(*db, seed, 1); });
  threads.emplace_back([&] { move_money(*db, seed); });
  threads.emplace_back([&] { build_indexes(*db, process); });
  if (process == 0) threads.emplace_back([&] { quire::crash::read_feed(file); });
  for (auto& thread : threads) thread.join();
  return 0;
}

struct Expected {
  std::int64_t version = 0;
  bool may_be_gone = false;
  bool gone = false;
};

struct Acknowledged {
  std::map<std::int64_t, Expected> items;
  std::set<std::string> indexes;
  std::int64_t total = -1;  // of the accounts
};

void read_acks(const std::string& path, Acknowledged& out) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (in.eof()) break;  // a line without its end was cut by the kill
    std::istringstream words(line);
    std::string verb;
    std::string name;
    words >> verb >> name;
    if (verb == "index") out.indexes.insert(name);
    if (verb == "dropping") out.indexes.erase(name);
    if (verb == "index" || verb == "dropping") continue;
    const auto id = std::stoll(name);
    if (verb == "insert") out.items[id] = {};
    if (verb == "version") words >> out.items[id].version;
    if (verb == "removing") out.items[id].may_be_gone = true;
    if (verb == "removed") out.items[id].gone = true;
    if (verb == "total") out.total = id;
  }
}

int verify(const std::string& file, const std::vector<std::string>& acks) {
  Acknowledged acknowledged;
  for (const auto& path : acks) read_acks(path, acknowledged);
  const auto& [expected, indexes, total] = acknowledged;

  const auto db = store::open(file);
  int wrong = 0;
  const auto complain = [&](const std::string& what) {
    std::fprintf(stderr, "crash_writer: %s\n", what.c_str());
    ++wrong;
  };
  const auto report = store::embedded::check(*db);
  for (const auto& problem : report.problems)
    complain("check(): " + problem.where + ": " + problem.what);
  for (const auto& [id, want] : expected) {
    bool found = false;
    std::int64_t version = -1;
    db->find_one(items, by_id(id), {}, [&](bson::View d) {
      found = true;
      version = d["version"].as_int64();
    });
    if (want.gone && found) complain("removed, but there: " + std::to_string(id));
    if (!want.gone && !want.may_be_gone && !found)
      complain("acknowledged, but not there: " + std::to_string(id));
    if (found && version < want.version)
      complain("an acknowledged update is lost: " + std::to_string(id));
  }
  std::set<std::string> present;
  for (const auto& index : db->list_indexes(items))
    present.insert(std::string(index["name"].as_string()));
  for (const auto& name : indexes) {
    if (!present.contains(name)) complain("acknowledged, but not there: index " + name);
  }
  if (total >= 0) {
    std::int64_t sum = 0;
    const auto cursor = db->find(accounts, {}, {});
    while (auto document = cursor->next()) sum += (*document)["balance"].as_int64();
    if (sum != total) complain("transactions were torn: accounts sum up to " + std::to_string(sum));
  }
  const auto events = quire::crash::verify_feed(*db, file, complain);
  std::printf("%zu items and %zu events compared, %d wrong\n", expected.size(), events, wrong);
  return wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if ((argc == 4 || argc == 5) && mode == "write")
    return write(argv[2], static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10)),
                 argc == 5 ? std::atoi(argv[4]) : 0);
  if (argc >= 4 && mode == "verify") return verify(argv[2], {argv + 3, argv + argc});
  std::fprintf(
      stderr, "usage: crash_writer write FILE SEED [PROCESS] | crash_writer verify FILE ACKS...\n");
  return 2;
}
