#pragma once

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fixture.hpp"
#include "quire/testing/hooked_store.hpp"
#include "quire/testing/scratch.hpp"
#include "testing/children.hpp"

/// Imports that are interrupted, and what has to be true when they went on.
namespace quire::importer::test::crash {

using testing::Child;
using testing::StoreCall;
using Hook = std::function<void(const StoreCall&)>;

/// QUIRE_IMPORT_SOAK=N: the long forms, at each N-th boundary, and of the rest an N-th part.
inline bool soak() { return std::getenv("QUIRE_IMPORT_SOAK") != nullptr; }
inline int soak_every() {
  const char* text = std::getenv("QUIRE_IMPORT_SOAK");
  return text == nullptr ? 1 : std::max(std::atoi(text), 1);
}

/// That nobody waits for ever: of one process, far above what a busy machine takes.
constexpr std::chrono::minutes limit{5};
constexpr int users = 60, places = 40, places_before = 10, rejects = 1;

/// users(id, name, mail, age) of which one has no name, orders(id, user_id, sku, qty) of which two
/// are each user's, places(id, name): the same in all databases.
inline std::vector<std::string> statements(bool mysql) {
  const std::string text = mysql ? "VARCHAR(100)" : "TEXT";
  std::vector<std::string> all = {
      "CREATE TABLE users(id INTEGER PRIMARY KEY, name " + text + ", mail " + text +
          ", age INTEGER)",
      "CREATE TABLE orders(id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, sku " + text +
          ", qty INTEGER, FOREIGN KEY (user_id) REFERENCES users(id))",
      "CREATE TABLE places(id INTEGER PRIMARY KEY, name " + text + ")"};
  std::string into_users = "INSERT INTO users VALUES ", into_orders = "INSERT INTO orders VALUES ",
              into_places = "INSERT INTO places VALUES ";
  for (int i = 1; i <= users; ++i) {
    const std::string n = std::to_string(i), comma = i == 1 ? "" : ",";
    into_users += comma + "(" + n + "," + (i == 31 ? "NULL" : "'name " + n + "'") + ",'m" + n +
                  "@example.org'," + std::to_string(i % 7) + ")";
    into_orders += comma + "(" + n + "," + n + ",'a',1),(" + std::to_string(users + i) + "," + n +
                   ",'b'," + n + ")";
    if (i <= places) into_places += comma + "(" + n + ",'place " + n + "')";
  }
  all.insert(all.end(), {into_users, into_orders, into_places});
  return all;
}

inline Mapping all_parts() {
  TableMapping people = users_mapping();
  ChildRule orders;
  orders.to = "orders";
  orders.table = "orders";
  orders.columns = {"user_id"};
  orders.order = {{"id"}};
  people.children = {orders};
  TableMapping sales;
  sales.table = "orders";
  sales.into = "sales";
  sales.id.kind = IdKind::hash;
  TableMapping of_before;
  of_before.table = of_before.into = "places";
  of_before.id.as = Convert::int64;
  of_before.existing = ExistingDocument::replace;
  Mapping mapping;
  mapping.tables = {people, sales, of_before};
  return mapping;
}

inline bool is_write(const StoreCall& call) {
  for (const std::string_view one :
       {"insert", "update", "bulk_write", "find_and_modify", "remove"}) {
    if (call.operation == one) return true;
  }
  return false;
}
/// Where a batch and how far its partition came become true together, or, without transactions, one
/// after the other; and where a partition is taken.
inline bool is_boundary(const StoreCall& call) {
  if (call.operation == "commit_transaction") return true;
  return is_write(call) && !call.in_transaction &&
         (call.ns.collection == "_quire_chunks" || !call.ns.collection.starts_with("_quire_"));
}

/// One source, and databases into which it is imported.
class Bed {
 public:
  explicit Bed(std::string source, bool without_transactions = false)
      : source_(std::move(source)), without_(without_transactions), databases_(server()) {
    const Target target = prepare();
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(import(target, {}).wait(limit).code, 0);
    took_ = std::chrono::steady_clock::now() - begun;
    straight_ = documents(target);
    EXPECT_EQ(straight_.at("people").size(), users - rejects);
    EXPECT_EQ(straight_.at("sales").size(), 2 * users);
    EXPECT_EQ(straight_.at("places").size(), places);
    expect_once(target);
    databases_.remove(target.uri);
  }

  struct Target {
    std::string uri;
    bson::Document token;  ///< of the changes from here on; empty: the store tells of none
  };
  Target prepare() {
    Target target{databases_.make(), {}};
    Database db = databases_.open(target.uri);
    std::unique_ptr<store::ChangeStream> stream;
    if (db.capabilities().change_streams) stream = watch(db, {});
    for (int i = 1; i <= places_before; ++i)
      put(db, "places", R"({"_id": {"$numberLong": ")" + std::to_string(i) + R"("}, "old": true})");
    put(db, "mark", R"({"_id": 1})");
    if (stream) {
      (void)events_until_mark(*stream);
      target.token = stream->resume_token();
    }
    return target;
  }

  /// In a process of its own.
  [[nodiscard]] Child import(const Target& target, const Hook& hook) {
    return Child([this, uri = target.uri, hook](std::string& said) {
      const ImportReport report = run(uri, hook);
      said = report.json();
      return report.ok() ? 0 : 1;
    });
  }
  ImportReport run(const std::string& uri, const Hook& hook) {
    Database db = open(uri, hook);
    const auto source = open_source(source_);
    return Importer(*source, db, all_parts(), small()).run();
  }
  /// Goes on, and compares with the run that nothing happened to; then goes back.
  void expect_to_end_well(const Target& target) {
    Database db = open(target.uri, {});
    const auto source = open_source(source_);
    Importer import(*source, db, all_parts(), small());
    const auto report = import.run();
    ASSERT_TRUE(report.ok()) << report.json();
    EXPECT_EQ(documents(target), straight_);
    expect_once(target);
    const auto proof = import.verify(migrate::VerifyLevel::digest);
    EXPECT_TRUE(proof.ok()) << proof.json();
    const auto back = import.rollback();
    ASSERT_TRUE(back.ok()) << back.json();
    EXPECT_EQ(count(db, "people") + count(db, "sales"), 0);
    EXPECT_EQ(count(db, "places", R"({"old": true})"), places_before);
    EXPECT_EQ(count(db, "places"), places_before);
  }
  void remove(const Target& target) { databases_.remove(target.uri); }
  [[nodiscard]] std::chrono::nanoseconds took() const { return took_; }
  [[nodiscard]] const std::string& source() const { return source_; }

 private:
  static std::string server() {
    return quire::test::on_server() ? quire::test::server(std::getenv("QUIRE_TEST_STORE")) : "";
  }
  [[nodiscard]] Database open(const std::string& uri, const Hook& hook) {
    Database own = databases_.open(uri);
    const auto hooked = std::make_shared<testing::HookedStore>(
        own.shared_store(), hook ? hook : [](const StoreCall&) {});
    hooked->without_transactions = without_;
    return {hooked, own.name()};
  }
  std::map<std::string, std::vector<std::string>> documents(const Target& target) {
    Database db = databases_.open(target.uri);
    std::map<std::string, std::vector<std::string>> out;
    for (const char* name : {"people", "sales", "places"}) out[name] = all(db, name);
    return out;
  }

  static std::unique_ptr<store::ChangeStream> watch(Database& db, bson::View after) {
    store::WatchOptions options;
    options.resume_after = after;
    options.max_await = std::chrono::seconds(20);
    return db.store().watch({db.name(), {}}, {}, options);
  }
  /// "insert people 7", each with how often it was told.
  static std::map<std::string, int> events_until_mark(store::ChangeStream& stream) {
    std::map<std::string, int> out;
    const auto end = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < end) {
      const auto event = stream.next();
      if (!event) continue;
      const auto ns = event->find("ns");
      const std::string collection(ns ? (*event)["ns"].as_document()["coll"].as_string()
                                      : std::string_view());
      if (collection == "mark") return out;
      const auto key = event->find("documentKey");
      if (collection.starts_with("_quire_") || !key) continue;
      ++out[std::string((*event)["operationType"].as_string()) + " " + collection + " " +
            bson::to_json(key->as_document())];
    }
    ADD_FAILURE() << "the changes do not come";
    return out;
  }
  /// Each document was written once, by the store's own record of what was written; and by the
  /// import's.
  void expect_once(const Target& target) {
    Database db = databases_.open(target.uri);
    std::int64_t read = 0, done = 0, refused = 0;
    const auto cursor = db.store().find(db.ns("_quire_chunks"), {}, {});
    while (const auto chunk = cursor->next()) {
      const auto number = [&](const char* name) {
        const auto value = chunk->find(name);
        return !value || value->is_null() ? 0 : value->as_int64();
      };
      read += number("read");
      // Without transactions a batch that was written may be read again, and is known by its
      // stamps.
      done += number("written") + number("unchanged") + number("existing");
      refused += number("rejected");
    }
    EXPECT_EQ(read, 3 * users + places);
    EXPECT_EQ(done, 3 * users + places - rejects);
    EXPECT_EQ(refused, rejects);
    EXPECT_EQ(count(db, "_quire_rejects"), rejects);
    EXPECT_EQ(count(db, "_quire_replaced"), places_before);
    if (target.token.empty()) return;
    put(db, "mark", R"({"_id": 2})");
    const auto stream = watch(db, target.token);
    const auto events = events_until_mark(*stream);
    EXPECT_EQ(events.size(), static_cast<std::size_t>(3 * users + places - rejects));
    int replaced = 0;
    for (const auto& [what, times] : events) {
      EXPECT_EQ(times, 1) << what;
      if (what.starts_with("replace")) ++replaced;
      EXPECT_TRUE(what.starts_with("insert") || what.starts_with("replace places")) << what;
    }
    EXPECT_EQ(replaced, places_before);
  }

  std::string source_;
  bool without_;
  testing::ScratchDatabases databases_;
  std::chrono::nanoseconds took_{};
  std::map<std::string, std::vector<std::string>> straight_;
};

}  // namespace quire::importer::test::crash
