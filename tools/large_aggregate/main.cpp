// Groups and sorts many documents: an embedded file, the same in SQLite's JSON functions, and a
// server by URI, in turns. Prints a line {operation, contender, documents, seconds, ratio} each;
// the ratio is to quire's time in the same round, the median over the rounds.
//   large_aggregate DOCUMENTS FOLDER [URI]
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "quire/bson/json.hpp"
#include "quire/quire.hpp"

namespace {

namespace q = quire;
using Clock = std::chrono::steady_clock;

constexpr int rounds = 3;

q::bson::Document make_user(std::int64_t i, std::mt19937_64& random) {
  q::bson::Writer out;
  const auto score = static_cast<std::int32_t>(random() % 1'000'000);
  out.append("_id", i)
      .append("name", "user " + std::to_string(random() % 10'000'000))
      .append("city", "city " + std::to_string(random() % 1'000))
      .append("score", score)
      .append("balance", static_cast<double>(random() % 100'000) / 100);
  out.begin_document("address")
      .append("street", std::to_string(i % 300) + " Long Street")
      .append("zip", std::to_string(10'000 + random() % 80'000))
      .end();
  out.begin_array("tags").push("a").push("tag " + std::to_string(i % 50)).end();
  return out.finish();
}

struct Query {
  const char* name;
  const char* pipeline;
  const char* sql;
};

const Query queries[] = {
    {"group",
     R"([{"$group": {"_id": "$city", "n": {"$sum": 1}, "mean": {"$avg": "$balance"}, "most": {"$max": "$score"}}}])",
     "SELECT json_extract(doc,'$.city'), count(*), avg(json_extract(doc,'$.balance')), "
     "max(json_extract(doc,'$.score')) FROM t GROUP BY 1"},
    {"match_group",
     R"([{"$match": {"score": {"$gte": 500000}}}, {"$group": {"_id": "$address.zip", "n": {"$sum": 1}}}])",
     "SELECT json_extract(doc,'$.address.zip'), count(*) FROM t WHERE json_extract(doc,'$.score') "
     ">= 500000 GROUP BY 1"},
    {"sort", R"([{"$sort": {"score": -1, "name": 1}}])",
     "SELECT doc FROM t ORDER BY json_extract(doc,'$.score') DESC, json_extract(doc,'$.name')"},
    {"sort_limit", R"([{"$sort": {"score": -1, "name": 1}}, {"$limit": 100}])",
     "SELECT doc FROM t ORDER BY json_extract(doc,'$.score') DESC, json_extract(doc,'$.name') "
     "LIMIT 100"},
};

void check(int code, sqlite3* db) {
  if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
  std::fprintf(stderr, "large_aggregate: SQLite: %s\n", sqlite3_errmsg(db));
  std::exit(1);
}

std::int64_t run_pipeline(const q::Database& db, const char* pipeline) {
  const auto stages = q::bson::from_json(std::string("{\"p\": ") + pipeline + "}");
  q::store::AggregateOptions options;
  options.allow_disk_use = true;
  const auto cursor = db.store().aggregate(db.ns("users"), stages["p"].as_array(), options);
  std::int64_t n = 0;
  while (cursor->next()) ++n;
  return n;
}

std::int64_t run_sql(sqlite3* db, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  check(sqlite3_prepare_v2(db, sql, -1, &statement, nullptr), db);
  std::int64_t n = 0;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    if (sqlite3_column_bytes(statement, 0) >= 0) ++n;
  }
  check(sqlite3_finalize(statement), db);
  return n;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: large_aggregate DOCUMENTS FOLDER [URI]\n");
    return 2;
  }
  const std::int64_t documents = std::atoll(argv[1]);
  const std::filesystem::path folder = argv[2];
  std::filesystem::create_directories(folder);
  const auto file = (folder / "large_aggregate.quire").string();
  const auto plain = (folder / "large_aggregate.sqlite").string();
  std::filesystem::remove(file);
  std::filesystem::remove(plain);

  const q::Database embedded = q::open(file);
  std::optional<q::Database> server;
  if (argc > 3) server.emplace(q::open(argv[3]));
  sqlite3* sqlite = nullptr;
  check(sqlite3_open(plain.c_str(), &sqlite), sqlite);
  check(sqlite3_exec(sqlite,
                     "PRAGMA journal_mode=WAL; PRAGMA mmap_size=1073741824; CREATE TABLE t(doc "
                     "TEXT NOT NULL); BEGIN",
                     nullptr, nullptr, nullptr),
        sqlite);
  sqlite3_stmt* insert = nullptr;
  check(sqlite3_prepare_v2(sqlite, "INSERT INTO t VALUES(?1)", -1, &insert, nullptr), sqlite);
  if (server) (void)server->store().drop_collection(server->ns("users"), {});

  std::mt19937_64 random(7);
  std::vector<q::bson::Document> batch;
  for (std::int64_t i = 0; i < documents; ++i) {
    batch.push_back(make_user(i, random));
    const std::string text = q::bson::to_json(batch.back().view());
    sqlite3_bind_text(insert, 1, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    check(sqlite3_step(insert), sqlite);
    sqlite3_reset(insert);
    if (batch.size() < 1'000 && i + 1 < documents) continue;
    std::vector<q::bson::View> views(batch.begin(), batch.end());
    (void)embedded.store().insert(embedded.ns("users"), views, {});
    if (server) (void)server->store().insert(server->ns("users"), views, {});
    batch.clear();
  }
  sqlite3_finalize(insert);
  check(sqlite3_exec(sqlite, "COMMIT", nullptr, nullptr, nullptr), sqlite);

  using Run = std::function<std::int64_t(const Query&)>;
  std::vector<std::pair<std::string, Run>> contenders;
  contenders.emplace_back(
      "quire", [&](const Query& query) { return run_pipeline(embedded, query.pipeline); });
  contenders.emplace_back("sqlite json",
                          [&](const Query& query) { return run_sql(sqlite, query.sql); });
  if (server)
    contenders.emplace_back(
        "server", [&](const Query& query) { return run_pipeline(*server, query.pipeline); });
  for (const Query& query : queries) {
    std::map<std::string, std::vector<double>> seconds, ratios;
    std::map<std::string, std::int64_t> rows;
    for (int round = 0; round < rounds; ++round) {
      double own = 0;
      for (const auto& [name, run] : contenders) {
        const auto start = Clock::now();
        rows[name] = run(query);
        const double took = std::chrono::duration<double>(Clock::now() - start).count();
        if (name == "quire") own = took;
        seconds[name].push_back(took);
        ratios[name].push_back(took / own);
      }
    }
    for (const auto& [name, run] : contenders) {
      if (rows[name] != rows["quire"]) {
        std::fprintf(stderr, "large_aggregate: %s gives %lld rows of %s, quire %lld\n",
                     name.c_str(), static_cast<long long>(rows[name]), query.name,
                     static_cast<long long>(rows["quire"]));
        return 1;
      }
      std::ranges::sort(seconds[name]);
      std::ranges::sort(ratios[name]);
      std::printf(
          "{\"operation\": \"%s\", \"contender\": \"%s\", \"documents\": %lld, \"seconds\": %.3f, "
          "\"ratio\": %.2f}\n",
          query.name, name.c_str(), static_cast<long long>(documents), seconds[name][rounds / 2],
          ratios[name][rounds / 2]);
      std::fflush(stdout);
    }
  }
  sqlite3_close(sqlite);
  return 0;
}
