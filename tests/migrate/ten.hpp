#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>

#include "fixture.hpp"
#include "quire/model/model.hpp"
#include "quire/testing/testing.hpp"

/// Ten migrations of all kinds over one small database, which count what they do: a document that
/// is worked on twice, or not at all, shows.
namespace quire::migrate::test::ten {

struct PersonV1 {
  std::int64_t id = 0;
  std::string name;
  std::int64_t touched = 0;
  static auto model() { return quire::model<PersonV1>("people").version(1); }
};
struct PersonV2 {
  std::int64_t id = 0;
  std::string first;
  std::string last;
  std::int64_t touched = 0;
  static auto model() { return quire::model<PersonV2>("people").version(2); }
};
struct Weight {
  std::int64_t id = 0;
  std::int64_t grams = 0;
  std::int64_t touched = 0;
};
struct Mass {
  std::int64_t id = 0;
  double kilos = 0;
  std::int64_t touched = 0;
};
struct Waste {
  std::int64_t id = 0;
  bool keep = false;
};

constexpr std::int64_t counters = 10, people = 8, items = 8, wastes = 6;

inline Code settings(std::string_view json) {
  return [update = bson::from_json(json)](Database& db, Session&) {
    store::UpdateOptions options;
    options.upsert = true;
    (void)db.store().update(db.ns("settings"), bson::make_document("_id", "only"), {update.view()},
                            options);
  };
}

inline Migrations all() {
  Migrations all;
  all.add({.id = "a_add_field", .up = add_field("counters", "status", "new")});
  all.add({.id = "b_rename_field",
           .depends_on = {"a_add_field"},
           .verify = VerifyLevel::counts,
           .up = rename_field("counters", "kept", "held")});
  all.add({.id = "c_each",
           .depends_on = {"b_rename_field"},
           .up = each<Counter>("counters", [](Counter& c) { c.n += c.id + 1; }),
           .down = each<Counter>("counters", [](Counter& c) { c.n -= c.id + 1; })});
  all.add({.id = "d_versioned",
           .verify = VerifyLevel::full,
           .up = transform<PersonV1, PersonV2>("people",
                                               [](const PersonV1& p) {
                                                 const auto space = p.name.find(' ');
                                                 return PersonV2{p.id, p.name.substr(0, space),
                                                                 p.name.substr(space + 1),
                                                                 p.touched + 1};
                                               }),
           .down = transform<PersonV2, PersonV1>("people", [](const PersonV2& p) {
             return PersonV1{p.id, p.first + " " + p.last, p.touched + 10};
           })});
  all.add({.id = "e_unversioned",
           .up = transform<Weight, Mass>("items",
                                         [](const Weight& w) {
                                           return Mass{w.id, static_cast<double>(w.grams) / 1000,
                                                       w.touched + 1};
                                         }),
           .down = transform<Mass, Weight>("items", [](const Mass& m) {
             return Weight{m.id, static_cast<std::int64_t>(m.kilos * 1000), m.touched + 10};
           })});
  all.add({.id = "f_create_index",
           .depends_on = {"b_rename_field"},
           .up = create_index("counters", bson::make_document("status", 1, "n", 1))});
  all.add({.id = "g_copy",
           .depends_on = {"f_create_index"},
           .up = copy_documents("counters", "copies", bson::from_json(R"({"_id":{"$gte":2}})"))});
  all.add({.id = "h_move",
           .depends_on = {"e_unversioned"},
           .up = move_documents("items", "archive", bson::from_json(R"({"kilos":{"$gte":3}})"))});
  all.add({.id = "i_run",
           .up = run(Atomicity::idempotent, settings(R"({"$set":{"level":2}})")),
           .down = run(Atomicity::idempotent, settings(R"({"$set":{"level":1}})"))});
  all.add({.id = "j_remove",
           .up = transform<Waste, Waste>("waste",
                                         [](const Waste& w) -> std::optional<Waste> {
                                           if (!w.keep) return std::nullopt;
                                           return w;
                                         }),
           .down = run(Atomicity::idempotent, [](Database& db, Session&) {
             for (std::int64_t id = 0; id < wastes; id += 2) {
               store::UpdateOptions options;
               options.upsert = true;
               const auto put = bson::from_json(R"({"$set":{"keep":false}})");
               (void)db.store().update(db.ns("waste"), bson::make_document("_id", id), {put.view()},
                                       options);
             }
           })});
  return all;
}

inline void prepare(Database& db) {
  const auto insert = [&](std::string_view collection, const std::vector<bson::Document>& list) {
    const std::vector<bson::View> views(list.begin(), list.end());
    (void)db.store().insert(db.ns(collection), views, {});
  };
  std::vector<bson::Document> list;
  for (std::int64_t id = 0; id < counters; ++id)
    list.push_back(bson::make_document("_id", id, "n", std::int64_t{0}, "kept", "x", "extra", id));
  insert("counters", list);
  list.clear();
  for (std::int64_t id = 0; id < people; ++id) {
    list.push_back(bson::make_document("_id", id, "name", "A" + std::to_string(id) + " B",
                                       "touched", std::int64_t{0}, "extra", id, "_v",
                                       std::int32_t{1}));
  }
  insert("people", list);
  list.clear();
  for (std::int64_t id = 0; id < items; ++id) {
    list.push_back(bson::make_document("_id", id, "grams", std::int64_t{1000} * id, "touched",
                                       std::int64_t{0}, "extra", id));
  }
  insert("items", list);
  list.clear();
  for (std::int64_t id = 0; id < wastes; ++id)
    list.push_back(bson::make_document("_id", id, "keep", id % 2 == 1));
  insert("waste", list);
  insert("settings", {bson::make_document("_id", "only", "level", std::int32_t{1})});
}

constexpr int batch = 3;

inline testing::Subject subject() {
  testing::Subject subject;
  subject.migrations = all();
  subject.prepare = prepare;
  subject.configure = [](MigrationRunner& runner) { runner.batch_size(batch); };
  return subject;
}

/// Where history says that the counting step may see one batch twice ("replay"), up to `crashes`
/// batches of counters may be one step ahead. They are put right, so that all the rest can be
/// compared. Elsewhere nothing is done: then they have to be right.
inline std::string allow_replays(Database& db, int crashes) {
  const auto guarantee = bson::from_json(R"({"_id":"c_each","guarantee":"replay"})");
  if (db.store().count(db.ns("_quire_history"), guarantee, {}) == 0) return {};
  const auto back = bson::from_json(R"({"_id":"c_each","direction":"down"})");
  const bool down = db.store().count(db.ns("_quire_history"), back, {}) == 1;
  int ahead = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> wrong;
  const auto cursor = db.store().find(db.ns("counters"), {}, {});
  while (const auto document = cursor->next()) {
    const std::int64_t id = (*document)["_id"].as_int64(), n = (*document)["n"].as_int64();
    const std::int64_t step = down ? -(id + 1) : id + 1, right = down ? 0 : id + 1;
    if (n == right) continue;
    if (crashes == 1 && n != right + step)
      return "counter " + std::to_string(id) + " has " + std::to_string(n);
    ++ahead;
    wrong.emplace_back(id, right);
  }
  if (ahead > crashes * batch) return std::to_string(ahead) + " counters were seen twice";
  for (const auto& [id, right] : wrong) {
    const auto put = bson::make_document("$set", bson::make_document("n", right));
    for (const std::string_view collection : {"counters", "copies"}) {
      (void)db.store().update(db.ns(collection), bson::make_document("_id", id), {put.view()}, {});
    }
  }
  return {};
}

/// QUIRE_MIGRATION_SOAK=N: the long forms, at each N-th call.
inline bool soak() { return std::getenv("QUIRE_MIGRATION_SOAK") != nullptr; }

inline int soak_every() {
  const char* text = std::getenv("QUIRE_MIGRATION_SOAK");
  return text == nullptr ? 1 : std::max(std::atoi(text), 1);
}

/// That nobody waits for ever: of one process, far above what a busy machine takes.
constexpr std::chrono::minutes limit{5};

/// First in a fixture's SetUp().
#define QUIRE_NEEDS_BED()                                                     \
  if (quire::test::on_server() && ::quire::migrate::test::ten::bed().empty()) \
  GTEST_SKIP() << "no server was started"

/// Where the suite's databases are: files, or the server that it runs on.
inline std::string bed() {
  return quire::test::on_server() ? quire::test::server(std::getenv("QUIRE_TEST_STORE"))
                                  : std::string();
}

/// Whether the suite runs on the replica set.
inline bool on_replica_set() {
  const char* name = std::getenv("QUIRE_TEST_STORE");
  return name != nullptr && std::string_view(name).starts_with("replica_set");
}
/// A value of the file that names the suite's server (tests/support/servers.hpp); empty where the
/// suite runs in memory.
inline std::string other_server(const std::string& of) {
  const char* name = std::getenv("QUIRE_TEST_STORE");
  if (name == nullptr) return {};
  const std::string_view text = name;
  const auto at = text.find('@');
  return quire::test::server(of + std::string(at == std::string_view::npos ? "" : text.substr(at)));
}
/// The program of a server like that one.
inline std::string server_program() { return other_server("server"); }

}  // namespace quire::migrate::test::ten
