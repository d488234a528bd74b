#pragma once

// What is measured of migrations, each work a process of its own so that its peak memory is its
// own: documents whose full_name becomes first_name and last_name, by hand and by each kind of
// step; a copy to another file; a comparison; a start with nothing to do.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "processes.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/migrate/data_migrator.hpp"
#include "quire/migrate/migrate.hpp"
#include "quire/migrate/verify.hpp"
#include "quire/quire.hpp"
#include "user_workload.hpp"

namespace migrate_bench {

using namespace quire;
using namespace bench_processes;
namespace m = quire::migrate;
constexpr std::size_t bulk = 1'000;
constexpr std::string_view collection = "users";

// The documents before and after.
struct Before {
  ObjectId id;
  std::string full_name;
};
struct After {
  ObjectId id;
  std::string first_name, last_name;
};
struct Both {
  ObjectId id;
  std::optional<std::string> full_name, first_name, last_name;
};

inline std::pair<std::string_view, std::string_view> parts(std::string_view name) {
  const auto space = name.find(' ');
  if (space == name.npos) return {name, {}};
  return {name.substr(0, space), name.substr(space + 1)};
}

/// A person of about 240 bytes.
struct Person {
  ObjectId id;
  std::string email, full_name, city, street;
  std::int32_t born = 0;
  double score = 0;
  std::vector<std::string> tags;
  DateTime updated_at;
};
/// Ids ascend in the order in which documents are inserted, as those that a program makes.
inline Person make_person(std::uint32_t i) {
  workload::User user = workload::make_user(i);
  user.tags.resize(2);
  for (std::size_t k = 0; k < 4; ++k)
    user.id.bytes[k] = static_cast<std::uint8_t>(i >> (24 - 8 * k));
  return {user.id,
          std::move(user.email),
          std::move(user.full_name),
          std::move(user.address.city),
          std::move(user.address.street),
          static_cast<std::int32_t>(1940 + i % 70),
          user.score,
          std::move(user.tags),
          user.updated_at};
}

/// The database of a server: of this program, or of others' programs beside which it runs.
inline std::string& database() {
  static std::string name = "quire_bench";
  return name;
}
inline Database at(const std::string& uri) { return open(uri, {.database = database()}); }

template <class T, class Make>
void seed(const std::string& uri, std::size_t count, Make make) {
  const Database db = at(uri);
  (void)db.drop_collection(collection);
  for (const std::string_view own :
       {"_quire_history", "_quire_events", "_quire_jobs", "_quire_lock", "_quire_undo"})
    (void)db.drop_collection(own);
  const auto all = db.collection<T>(collection);
  std::vector<T> some;
  for (std::size_t i = 0; i < count; ++i) {
    some.push_back(make(static_cast<std::uint32_t>(i)));
    if (some.size() == bulk || i + 1 == count) {
      (void)all.insert_many(some).or_throw();
      some.clear();
    }
  }
}

/// Batches of 1,000 as somebody writes them who asks for no more than speed: names alone are read,
/// on a file behind the last _id, on a server by one cursor, and written by unordered bulks.
inline void split_by_hand(const Database& db, bool on_server, Memory& memory) {
  store::Store& store = db.store();
  const bson::Document order = bson::make_document("_id", 1);
  const bson::Document names = bson::make_document("full_name", 1);
  store::FindOptions reading;
  reading.projection = names;
  if (!on_server) {
    reading.sort = order;
    reading.limit = bulk;
    reading.batch_size = bulk;
  }
  std::unique_ptr<store::Cursor> cursor;
  store::BulkOptions writing;
  writing.ordered = false;
  std::vector<bson::Document> filters, updates;
  std::vector<store::BulkOperation> operations;
  bson::Document behind;
  while (true) {
    filters.clear();
    updates.clear();
    operations.clear();
    if (cursor == nullptr) cursor = store.find(db.ns(collection), behind, reading);
    while (filters.size() < bulk) {
      const auto document = cursor->next();
      if (!document) break;
      const auto [first, last] = parts((*document)["full_name"].as_string());
      filters.push_back(bson::make_document("_id", (*document)["_id"]));
      bson::Writer update;
      update.begin_document("$set").append("first_name", first).append("last_name", last).end();
      update.begin_document("$unset").append("full_name", "").end();
      updates.push_back(update.finish());
    }
    if (filters.empty()) return;
    operations.resize(filters.size());
    for (std::size_t i = 0; i < filters.size(); ++i) {
      operations[i].kind = store::BulkOperation::Kind::update_one;
      operations[i].filter = filters[i];
      operations[i].update = {updates[i].view()};
    }
    const auto result = store.bulk_write(db.ns(collection), operations, writing);
    must(result.errors.empty(), "a bulk of the work by hand failed");
    memory.sample();
    if (on_server) continue;
    cursor.reset();
    behind = bson::make_document("_id", bson::make_document("$gt", filters.back()["_id"]));
  }
}

inline void run_step(const Database& db, m::Step step, Memory& memory) {
  m::Migrations all;
  all.add({.id = "1_split", .up = std::move(step)});
  m::MigrationRunner runner{db, all};
  const auto report = runner.on_event([&](const m::MigrationEvent&) { memory.sample(); }).run();
  must(report.ok(), report.json());
}

inline m::Step by_transform() {
  return m::transform<Before, After>(collection, [](const Before& before) {
    const auto [first, last] = parts(before.full_name);
    return After{before.id, std::string(first), std::string(last)};
  });
}
inline m::Step by_each() {
  return m::each<Both>(collection, [](Both& one) {
    if (!one.full_name) return;
    const auto [first, last] = parts(*one.full_name);
    one.first_name = first;
    one.last_name = last;
    one.full_name.reset();
  });
}
inline m::Step by_split_field() {
  return m::split_field(collection, "full_name", {"first_name", "last_name"});
}

/// One update of all, with the stages that split_field sends.
inline void split_by_update_many(const Database& db) {
  static const bson::Document stages = bson::from_json(R"({"0":{"$set":{
    "first_name":{"$cond":[{"$gte":[{"$indexOfCP":["$full_name",{"$literal":" "}]},0]},
      {"$substrCP":["$full_name",0,{"$indexOfCP":["$full_name",{"$literal":" "}]}]},"$full_name"]},
    "last_name":{"$cond":[{"$gte":[{"$indexOfCP":["$full_name",{"$literal":" "}]},0]},
      {"$substrCP":["$full_name",{"$add":[{"$indexOfCP":["$full_name",{"$literal":" "}]},
        {"$strLenCP":{"$literal":" "}}]},{"$strLenCP":"$full_name"}]},""]}}},
    "1":{"$unset":["full_name"]}})");
  store::UpdateOptions options;
  options.multi = true;
  (void)db.store().update(db.ns(collection), {}, {stages.view(), true}, options);
}

inline void check_split(const Database& db, std::size_t count) {
  const auto done = db.store().count(
      db.ns(collection),
      bson::from_json(R"({"first_name":{"$gt":""},"last_name":{"$gt":""},"full_name":null})"), {});
  must(done == static_cast<std::int64_t>(count), "not all documents were split");
}

inline std::int64_t scan(const Database& db) {
  std::int64_t bytes = 0;
  const auto cursor = db.store().find(db.ns(collection), {}, {});
  while (const auto document = cursor->next()) bytes += static_cast<std::int64_t>(document->size());
  return bytes;
}

/// Pages by _id, each inserted as it was read.
inline void copy_by_hand(const Database& from, const Database& to, Memory& memory) {
  const bson::Document order = bson::make_document("_id", 1);
  store::FindOptions reading;
  reading.sort = order;
  reading.limit = bulk;
  reading.batch_size = bulk;
  std::vector<bson::Document> page;
  bson::Document behind;
  while (true) {
    page.clear();
    const auto cursor = from.store().find(from.ns(collection), behind, reading);
    while (const auto document = cursor->next()) page.emplace_back(*document);
    if (page.empty()) return;
    const std::vector<bson::View> views(page.begin(), page.end());
    const auto result = to.store().insert(to.ns(collection), views, {});
    must(result.errors.empty(), "an insert of the copy by hand failed");
    memory.sample();
    behind = bson::make_document("_id", bson::make_document("$gt", page.back()["_id"]));
  }
}

inline void copy_by_migrator(const Database& from, const Database& to, int workers,
                             Memory& memory) {
  m::DataMigrator copy(from, std::string(collection));
  copy.to(to).workers(workers).on_progress([&](const m::DataProgress&) { memory.sample(); });
  const auto report = copy.run();
  must(report.ok(), report.json());
}

inline void compare(const Database& from, const Database& to) {
  m::VerifyJob job{.from = from, .collection = std::string(collection), .to = to};
  job.options.level = m::VerifyLevel::digest;
  const auto report = m::verify(job);
  must(report.ok(), report.json());
}

inline m::Migrations ten_small() {
  m::Migrations all;
  for (int i = 0; i < 10; ++i) {
    all.add({.id = "10_" + std::to_string(i),
             .up = m::add_field("settings", "field_" + std::to_string(i), bson::Value(i))});
  }
  return all;
}
constexpr int starts = 50;
/// Starts of a program whose migrations are all applied.
inline void start_again(const Database& db, const m::Migrations& all) {
  for (int i = 0; i < starts; ++i) {
    const auto report = m::MigrationRunner{db, all}.run();
    must(report.ok() && report.result == m::MigrationResult::nothing, report.json());
  }
}
inline void read_history(const Database& db) {
  for (int i = 0; i < starts; ++i) {
    const auto cursor = db.store().find(db.ns("_quire_history"), {}, {});
    while (cursor->next()) {
    }
  }
}

}  // namespace migrate_bench
