// 20,000 users of about 1.08 KB in one file, with a unique index on email and an index on score:
// quire's embedded store against a program that keeps the same documents with SQLite's C interface
// by hand. Both: WAL, synchronous=FULL, two processes may open the file; all to typed structs.
#include <benchmark/benchmark.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"
#include "quire/bson/writer.hpp"
#include "quire/store/store.hpp"
#include "user_workload.hpp"

namespace {

using namespace quire;
using workload::User;
constexpr std::size_t users_count = 20'000;
constexpr std::size_t batch = 1'000;
constexpr store::Namespace ns{"main", "users"};

const std::vector<User>& users() {
  static const std::vector<User> all = [] {
    std::vector<User> out;
    for (std::uint32_t i = 0; i < users_count; ++i) out.push_back(workload::make_user(i));
    return out;
  }();
  return all;
}

std::string new_file(const char* name) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("quire_bench_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  for (const char* end : {"", "-wal", "-shm"})
    std::filesystem::remove(folder / (name + std::string(end)));
  return (folder / name).string();
}

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "embedded_bench: %s\n", what);
  std::abort();
}

/// What a patient person writes: kept statements, index tables fed by hand.
class ByHand {
 public:
  explicit ByHand(bool exclusive) {
    const auto path = new_file(exclusive ? "exclusive.sqlite" : "hand.sqlite");
    must(sqlite3_open_v2(path.c_str(), &db_,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                         nullptr) == SQLITE_OK,
         "open");
    run("PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "PRAGMA mmap_size=1073741824; PRAGMA cache_size=-65536");
    if (exclusive) run("PRAGMA locking_mode=EXCLUSIVE");
    run("CREATE TABLE users(rid INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, body BLOB NOT NULL);"
        "CREATE TABLE by_email(email TEXT PRIMARY KEY, rid INTEGER) WITHOUT ROWID;"
        "CREATE TABLE by_score(score REAL, rid INTEGER, PRIMARY KEY(score,rid)) WITHOUT ROWID");
    insert_ = prepare("INSERT INTO users(id,body) VALUES(?,?)");
    insert_email_ = prepare("INSERT INTO by_email VALUES(?,?)");
    insert_score_ = prepare("INSERT INTO by_score VALUES(?,?)");
    erase_score_ = prepare("DELETE FROM by_score WHERE score=? AND rid=?");
    by_id_ = prepare("SELECT body,rid FROM users WHERE id=?");
    by_email_ =
        prepare("SELECT u.body FROM by_email e JOIN users u ON u.rid=e.rid WHERE e.email=?");
    range_ = prepare(
        "SELECT u.body FROM by_score s JOIN users u ON u.rid=s.rid WHERE s.score>=? AND s.score<?");
    scan_ = prepare("SELECT body FROM users");
    replace_ = prepare("UPDATE users SET body=? WHERE rid=?");
    begin_ = prepare("BEGIN IMMEDIATE");
    commit_ = prepare("COMMIT");
  }
  void clear() { run("DELETE FROM users; DELETE FROM by_email; DELETE FROM by_score"); }
  void begin() { done(begin_); }
  void commit() { done(commit_); }
  void insert(const User& user) {
    buffer_.resize(std::max(buffer_.size(), workload::by_hand::room(user)));
    const std::size_t size = workload::by_hand::encode(user, buffer_.data());
    blob(insert_, 1, user.id.bytes.data(), 12);
    blob(insert_, 2, buffer_.data(), size);
    done(insert_);
    const auto rid = sqlite3_last_insert_rowid(db_);
    sqlite3_bind_text(insert_email_, 1, user.email.data(), static_cast<int>(user.email.size()),
                      SQLITE_STATIC);
    sqlite3_bind_int64(insert_email_, 2, rid);
    done(insert_email_);
    sqlite3_bind_double(insert_score_, 1, user.score);
    sqlite3_bind_int64(insert_score_, 2, rid);
    done(insert_score_);
  }
  User get(const ObjectId& id) {
    blob(by_id_, 1, id.bytes.data(), 12);
    return one(by_id_);
  }
  User get_email(const std::string& email) {
    sqlite3_bind_text(by_email_, 1, email.data(), static_cast<int>(email.size()), SQLITE_STATIC);
    return one(by_email_);
  }
  std::size_t range(double low, double high) {
    sqlite3_bind_double(range_, 1, low);
    sqlite3_bind_double(range_, 2, high);
    return each(range_, [](bson::View) { return true; });
  }
  std::size_t filter() {
    return each(scan_, [](bson::View v) {
      for (const auto& field : v) {
        if (field.key == "age") {
          if (field.value.as_int32() <= 40) return false;
        } else if (field.key == "address") {
          return field.value.as_document()["city"].as_string() == "Bergen" && v.contains("age");
        }
      }
      return false;
    });
  }
  std::size_t all() {
    return each(scan_, [](bson::View) { return true; });
  }
  void set(const ObjectId& id, double score, std::int64_t at) {
    blob(by_id_, 1, id.bytes.data(), 12);
    must(sqlite3_step(by_id_) == SQLITE_ROW, "update");
    const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(by_id_, 0));
    std::vector<std::uint8_t> body(bytes, bytes + sqlite3_column_bytes(by_id_, 0));
    const auto rid = sqlite3_column_int64(by_id_, 1);
    sqlite3_reset(by_id_);
    double old = 0;
    for (const auto& field : bson::View(body.data(), body.size())) {
      auto* place = body.data() + (field.value.data() - body.data());
      if (field.key == "score") {
        old = field.value.as_double();
        std::memcpy(place, &score, 8);
      } else if (field.key == "updated_at") {
        std::memcpy(place, &at, 8);
      }
    }
    blob(replace_, 1, body.data(), body.size());
    sqlite3_bind_int64(replace_, 2, rid);
    done(replace_);
    if (old == score) return;
    sqlite3_bind_double(erase_score_, 1, old);
    sqlite3_bind_int64(erase_score_, 2, rid);
    done(erase_score_);
    sqlite3_bind_double(insert_score_, 1, score);
    sqlite3_bind_int64(insert_score_, 2, rid);
    done(insert_score_);
  }

 private:
  void run(const char* sql) {
    must(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK, sql);
  }
  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* out = nullptr;
    must(sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &out, nullptr) == SQLITE_OK,
         sql);
    return out;
  }
  static void done(sqlite3_stmt* statement) {
    must(sqlite3_step(statement) == SQLITE_DONE, sqlite3_sql(statement));
    sqlite3_reset(statement);
  }
  static void blob(sqlite3_stmt* statement, int at, const void* bytes, std::size_t size) {
    sqlite3_bind_blob(statement, at, bytes, static_cast<int>(size), SQLITE_STATIC);
  }
  static bson::View body_of(sqlite3_stmt* statement) {
    const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, 0));
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, 0))};
  }
  static User decoded(bson::View view) {
    User user;
    must(workload::by_hand::decode(view.data(), view.size(), user), "decode");
    return user;
  }
  static User one(sqlite3_stmt* statement) {
    must(sqlite3_step(statement) == SQLITE_ROW, "found");
    User user = decoded(body_of(statement));
    sqlite3_reset(statement);
    return user;
  }
  template <class Wanted>
  static std::size_t each(sqlite3_stmt* statement, const Wanted& wanted) {
    std::size_t n = 0;
    while (sqlite3_step(statement) == SQLITE_ROW) {
      const bson::View view = body_of(statement);
      if (!wanted(view)) continue;
      benchmark::DoNotOptimize(decoded(view));
      ++n;
    }
    sqlite3_reset(statement);
    return n;
  }
  std::vector<std::uint8_t> buffer_;
  sqlite3* db_ = nullptr;
  sqlite3_stmt *insert_, *insert_email_, *insert_score_, *erase_score_, *by_id_, *by_email_,
      *range_, *scan_, *replace_, *begin_, *commit_;
};

class Quire {
 public:
  explicit Quire(bool verify)
      : store_(store::open(new_file(verify ? "verify.quire" : "a.quire") +
                           (verify ? "?verify=checksum" : ""))) {
    const auto email = bson::make_document("key", bson::make_document("email", 1), "name",
                                           "email_1", "unique", true);
    const auto score =
        bson::make_document("key", bson::make_document("score", 1), "name", "score_1");
    const bson::View specs[] = {email, score};
    store_->create_indexes(ns, specs, {});
  }
  void clear() {
    store::RemoveOptions many;
    many.multi = true;
    store_->remove(ns, {}, many);
  }
  void begin() {
    session_ = store_->start_session();
    session_->start_transaction();
  }
  void commit() {
    session_->commit_transaction();
    session_.reset();
  }
  void insert_batch(std::size_t from) {
    std::vector<bson::Document> documents;
    std::vector<bson::View> views;
    documents.reserve(batch);
    for (std::size_t i = from; i < from + batch; ++i) {
      documents.push_back(bson::encode(users()[i]));
      views.push_back(documents.back().view());
    }
    must(store_->insert(ns, views, {}).inserted == batch, "insert");
  }
  User get(const ObjectId& id) { return one(bson::make_document("_id", id)); }
  User get_email(const std::string& email) { return one(bson::make_document("email", email)); }
  std::size_t range(double low, double high) {
    return each(bson::make_document("score", bson::make_document("$gte", low, "$lt", high)));
  }
  std::size_t filter() {
    return each(bson::make_document("address.city", "Bergen", "age",
                                    bson::make_document("$gt", std::int32_t{40})));
  }
  std::size_t all() { return each({}); }
  void set(const ObjectId& id, double score, std::int64_t at) {
    const auto filter = bson::make_document("_id", id);
    const auto update = bson::make_document(
        "$set", bson::make_document("score", score, "updated_at", workload::date(at)));
    store::UpdateOptions options;
    options.session = session_.get();
    must(store_->update(ns, filter, {update, false}, options).matched == 1, "update");
  }

 private:
  User one(const bson::Document& filter) {
    User user;
    must(store_->find_one(ns, filter, {}, [&](bson::View v) { user = bson::decode<User>(v); }),
         "found");
    return user;
  }
  std::size_t each(const bson::Document& filter) {
    auto cursor = store_->find(ns, filter, {});
    std::size_t n = 0;
    while (const auto view = cursor->next()) {
      benchmark::DoNotOptimize(bson::decode<User>(*view));
      ++n;
    }
    return n;
  }
  std::shared_ptr<store::Store> store_;
  std::unique_ptr<store::Session> session_;
};

template <class Contender>
void insert_all(Contender& to) {
  for (std::size_t i = 0; i < users_count; i += batch) {
    if constexpr (std::is_same_v<Contender, Quire>) {
      to.insert_batch(i);
    } else {
      to.begin();
      for (std::size_t j = i; j < i + batch; ++j) to.insert(users()[j]);
      to.commit();
    }
  }
}

void count_items(benchmark::State& state, std::size_t each) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(each));
}

template <class Contender>
void add(const std::string& name, bool flag) {
  // Made at first use and kept: the file is filled once.
  auto kept = std::make_shared<std::unique_ptr<Contender>>();
  const auto filled = [kept, flag]() -> Contender& {
    if (!*kept) {
      *kept = std::make_unique<Contender>(flag);
      insert_all(**kept);
    }
    return **kept;
  };
  const auto operation = [&](const std::string& what, auto body) {
    return benchmark::RegisterBenchmark(("embedded/" + what + "/" + name).c_str(), body);
  };
  operation("insert",
            [flag](benchmark::State& state) {
              for (auto _ : state) {
                state.PauseTiming();
                auto fresh = std::make_unique<Contender>(flag);
                (void)users();
                state.ResumeTiming();
                insert_all(*fresh);
                state.PauseTiming();
                fresh.reset();
                state.ResumeTiming();
              }
              count_items(state, users_count);
            })
      ->Iterations(2)
      ->UseRealTime();
  operation("get_id", [filled](benchmark::State& state) {
    auto& db = filled();
    std::size_t i = 0;
    for (auto _ : state) benchmark::DoNotOptimize(db.get(users()[i++ * 6101 % users_count].id));
    count_items(state, 1);
  });
  operation("get_email", [filled](benchmark::State& state) {
    auto& db = filled();
    std::size_t i = 0;
    for (auto _ : state)
      benchmark::DoNotOptimize(db.get_email(users()[i++ * 7919 % users_count].email));
    count_items(state, 1);
  });
  operation("range", [filled](benchmark::State& state) {
    auto& db = filled();
    std::size_t n = 0;
    int i = 0;
    for (auto _ : state) {
      const double low = i++ % 100 * 10;
      n += db.range(low, low + 10);
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(n));
  });
  operation("filtered_scan", [filled](benchmark::State& state) {
    auto& db = filled();
    for (auto _ : state) benchmark::DoNotOptimize(db.filter());
    count_items(state, users_count);
  });
  operation("find_all", [filled](benchmark::State& state) {
    auto& db = filled();
    for (auto _ : state) must(db.all() == users_count, "all");
    count_items(state, users_count);
  });
  operation("update_id_batch", [filled](benchmark::State& state) {
    auto& db = filled();
    std::size_t i = 0;
    for (auto _ : state) {
      db.begin();
      for (std::size_t k = 0; k < batch; ++k, ++i)
        db.set(users()[i * 6101 % users_count].id, static_cast<double>(i % 997),
               1'700'000'000'000 + static_cast<std::int64_t>(i));
      db.commit();
    }
    count_items(state, batch);
  })->UseRealTime();
  operation("update_id", [filled](benchmark::State& state) {
    auto& db = filled();
    std::size_t i = 0;
    for (auto _ : state) {
      if constexpr (!std::is_same_v<Contender, Quire>) db.begin();
      db.set(users()[i * 6101 % users_count].id, static_cast<double>(i % 1009),
             1'700'000'000'000 + static_cast<std::int64_t>(i));
      if constexpr (!std::is_same_v<Contender, Quire>) db.commit();
      ++i;
    }
    count_items(state, 1);
  })->UseRealTime();
}

const bool registered = [] {
  add<ByHand>("baseline_sqlite_by_hand", false);
  add<ByHand>("sqlite_by_hand_exclusive_lock", true);
  add<Quire>("quire", false);
  add<Quire>("quire_verify_checksum", true);
  return true;
}();

}  // namespace
