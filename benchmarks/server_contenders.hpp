#pragma once

// Who is measured against a server: a program that calls libmongoc by hand, with a client of the
// pool for each operation and the codec of user_workload.hpp; quire as an application writes it;
// and quire's port with the mapping called by hand. Thread-safe, all of them.

#include <benchmark/benchmark.h>
#include <mongoc/mongoc.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "quire/bson/writer.hpp"
#include "quire/quire.hpp"
#include "user_workload.hpp"

namespace server_bench {

using namespace quire;
using workload::User;
constexpr std::size_t users_count = 20'000;
constexpr std::size_t found_count = 10'000;  // by find, in the order of the collection
constexpr std::size_t batch = 1'000;
constexpr const char* database = "quire_bench";

inline const char* uri() { return std::getenv("QUIRE_BENCH_MONGODB_URI"); }

inline void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "mongodb_bench: %s\n", what);
  std::abort();
}
inline void must(bool holds, const char* what, const bson_error_t& error) {
  if (!holds) std::fprintf(stderr, "mongodb_bench: %s\n", error.message);
  must(holds, what);
}

inline const std::vector<User>& users() {
  static const std::vector<User> all = [] {
    std::vector<User> out;
    for (std::uint32_t i = 0; i < users_count; ++i) out.push_back(workload::make_user(i));
    return out;
  }();
  return all;
}

/// What an update sets: different each time, so that the server has something to write.
inline double new_score(std::size_t i) { return static_cast<double>(i % 1'000'003) / 7; }
inline std::int64_t new_date(std::size_t i) {
  return 1'700'000'000'000 + static_cast<std::int64_t>(i);
}

/// A number that no earlier call has had: what is written is new.
inline std::size_t fresh() {
  static std::atomic<std::size_t> last{0};
  return ++last;
}

/// In place: the driver's static documents point into themselves.
inline void borrow(bson_t& out, const std::uint8_t* bytes, std::size_t size) {
  must(bson_init_static(&out, bytes, size), "bson_init_static");
}

/// What a patient person writes with libmongoc. Thread-safe.
class ByHand {
 public:
  ByHand() {
    mongoc_init();
    mongoc_uri_t* parsed = mongoc_uri_new(uri());
    must(parsed != nullptr, "$QUIRE_BENCH_MONGODB_URI is not a connection string");
    pool_ = mongoc_client_pool_new(parsed);
    mongoc_client_pool_set_error_api(pool_, MONGOC_ERROR_API_VERSION_2);
    mongoc_uri_destroy(parsed);
  }
  ~ByHand() { mongoc_client_pool_destroy(pool_); }
  ByHand(const ByHand&) = delete;
  ByHand& operator=(const ByHand&) = delete;

  User get(const ObjectId& id) {
    bson_t filter = BSON_INITIALIZER;
    append(filter, id);
    User user = one(filter);
    bson_destroy(&filter);
    return user;
  }
  User get_email(const std::string& email) {
    bson_t filter = BSON_INITIALIZER;
    bson_append_utf8(&filter, "email", 5, email.data(), static_cast<int>(email.size()));
    User user = one(filter);
    bson_destroy(&filter);
    return user;
  }
  std::size_t find() {
    const Client client(pool_);
    bson_t filter = BSON_INITIALIZER, opts = BSON_INITIALIZER;
    bson_append_int64(&opts, "limit", 5, found_count);
    mongoc_cursor_t* cursor =
        mongoc_collection_find_with_opts(client.users, &filter, &opts, nullptr);
    std::size_t n = 0;
    const bson_t* document = nullptr;
    User user;
    for (; mongoc_cursor_next(cursor, &document); ++n) {
      decode(*document, user);
      benchmark::DoNotOptimize(user);
    }
    bson_error_t error;
    must(!mongoc_cursor_error(cursor, &error), "find", error);
    mongoc_cursor_destroy(cursor);
    bson_destroy(&opts);
    return n;
  }
  void insert_all() {
    std::vector<std::uint8_t> bytes;
    std::vector<std::size_t> ends;
    for (std::size_t from = 0; from < users_count; from += batch) {
      std::size_t end = 0;
      ends.clear();
      for (std::size_t i = from; i < from + batch; ++i) {
        const std::size_t room = workload::by_hand::room(users()[i]);
        if (bytes.size() < end + room) bytes.resize((end + room) * 2);
        end += workload::by_hand::encode(users()[i], bytes.data() + end);
        ends.push_back(end);
      }
      bson_t documents[batch];
      const bson_t* pointers[batch];
      for (std::size_t i = 0, begin = 0; i < batch; begin = ends[i++]) {
        borrow(documents[i], bytes.data() + begin, ends[i] - begin);
        pointers[i] = &documents[i];
      }
      const Client client(pool_);
      bson_t opts = BSON_INITIALIZER;
      bson_append_bool(&opts, "validate", 8, false);
      bson_error_t error;
      must(mongoc_collection_insert_many(client.users, pointers, batch, &opts, nullptr, &error),
           "insert_many", error);
      bson_destroy(&opts);
    }
  }
  void insert(const User& user) {
    std::uint8_t bytes[4096];
    must(workload::by_hand::room(user) <= sizeof bytes, "room");
    bson_t document;
    borrow(document, bytes, workload::by_hand::encode(user, bytes));
    const Client client(pool_);
    bson_t opts = BSON_INITIALIZER;
    bson_append_bool(&opts, "validate", 8, false);
    bson_error_t error;
    must(mongoc_collection_insert_one(client.users, &document, &opts, nullptr, &error), "insert",
         error);
    bson_destroy(&opts);
  }
  void set(const ObjectId& id, std::size_t i) {
    bson_t filter = BSON_INITIALIZER, update = BSON_INITIALIZER, fields, reply;
    append(filter, id);
    bson_append_document_begin(&update, "$set", 4, &fields);
    bson_append_double(&fields, "score", 5, new_score(i));
    bson_append_date_time(&fields, "updated_at", 10, new_date(i));
    bson_append_document_end(&update, &fields);
    const Client client(pool_);
    bson_error_t error;
    must(mongoc_collection_update_one(client.users, &filter, &update, nullptr, &reply, &error),
         "update_one", error);
    bson_iter_t matched;
    must(bson_iter_init_find(&matched, &reply, "matchedCount") && bson_iter_as_int64(&matched) == 1,
         "update_one matched none");
    bson_destroy(&reply);
    bson_destroy(&update);
    bson_destroy(&filter);
  }
  std::int64_t count() {
    const Client client(pool_);
    bson_t filter = BSON_INITIALIZER;
    bson_error_t error;
    return mongoc_collection_count_documents(client.users, &filter, nullptr, nullptr, nullptr,
                                             &error);
  }

 private:
  /// Of the pool, for one operation.
  struct Client {
    explicit Client(mongoc_client_pool_t* from) : pool(from), client(mongoc_client_pool_pop(from)) {
      users = mongoc_client_get_collection(client, database, "users");
    }
    ~Client() {
      mongoc_collection_destroy(users);
      mongoc_client_pool_push(pool, client);
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    mongoc_client_pool_t* pool;
    mongoc_client_t* client;
    mongoc_collection_t* users;
  };
  static void append(bson_t& filter, const ObjectId& id) {
    bson_oid_t oid;
    std::memcpy(oid.bytes, id.bytes.data(), sizeof oid.bytes);
    bson_append_oid(&filter, "_id", 3, &oid);
  }
  static void decode(const bson_t& document, User& user) {
    must(workload::by_hand::decode(bson_get_data(&document), document.len, user), "decode");
  }
  User one(const bson_t& filter) {
    const Client client(pool_);
    bson_t opts = BSON_INITIALIZER;
    bson_append_int64(&opts, "limit", 5, 1);
    bson_append_bool(&opts, "singleBatch", 11, true);
    mongoc_cursor_t* cursor =
        mongoc_collection_find_with_opts(client.users, &filter, &opts, nullptr);
    const bson_t* document = nullptr;
    must(mongoc_cursor_next(cursor, &document), "found");
    User user;
    decode(*document, user);
    mongoc_cursor_destroy(cursor);
    bson_destroy(&opts);
    return user;
  }
  mongoc_client_pool_t* pool_;
};

inline const Database& opened() {
  struct Opened {
    Database db = open(uri(), {.database = database});
    ~Opened() {
      try {
        db.store().drop_database(database);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "mongodb_bench: %s\n", error.what());
      }
    }
  };
  static const Opened kept;
  return kept.db;
}

constexpr auto id_field = field<&User::id>;
constexpr auto email_field = field<&User::email>;
constexpr auto score_field = field<&User::score>;
constexpr auto date_field = field<&User::updated_at>;

/// As an application writes it.
class Typed {
 public:
  User get(const ObjectId& id) { return users_.get(id); }
  User get_email(const std::string& email) { return users_.find_one(email_field == email).value(); }
  std::size_t find() {
    std::size_t n = 0;
    for (const User& user : users_.find().limit(found_count)) {
      benchmark::DoNotOptimize(user);
      ++n;
    }
    return n;
  }
  void insert_all() {
    for (std::size_t from = 0; from < users_count; from += batch)
      (void)users_.insert_many(std::span(users()).subspan(from, batch)).or_throw();
  }
  void insert(const User& user) { (void)users_.insert(user); }
  void set(const ObjectId& id, std::size_t i) {
    const auto result = users_.update_one(id_field == id, score_field.set(new_score(i)),
                                          date_field.set(workload::date(new_date(i))));
    must(result.matched == 1, "update_one matched none");
  }
  std::int64_t count() { return users_.count(); }

 private:
  Collection<User> users_ = opened().collection<User>("users");
};

/// The port below it, with the mapping called by hand.
class Port {
 public:
  User get(const ObjectId& id) { return one(bson::make_document("_id", id)); }
  User get_email(const std::string& email) { return one(bson::make_document("email", email)); }
  std::size_t find() {
    store::FindOptions options;
    options.limit = found_count;
    const auto cursor = store_->find(ns, {}, options);
    std::size_t n = 0;
    User user;
    for (; const auto view = cursor->next(); ++n) {
      bson::decode_into(*view, user);
      benchmark::DoNotOptimize(user);
    }
    return n;
  }
  void insert_all() {
    std::vector<bson::Document> documents(batch);
    std::vector<bson::View> views(batch);
    for (std::size_t from = 0; from < users_count; from += batch) {
      for (std::size_t i = 0; i < batch; ++i) {
        documents[i] = bson::encode(users()[from + i]);
        views[i] = documents[i].view();
      }
      must(store_->insert(ns, views, {}).inserted == batch, "insert_many");
    }
  }
  void insert(const User& user) {
    const bson::Document document = bson::encode(user);
    const bson::View view = document;
    must(store_->insert(ns, std::span(&view, 1), {}).inserted == 1, "insert");
  }
  void set(const ObjectId& id, std::size_t i) {
    const auto update = bson::make_document(
        "$set",
        bson::make_document("score", new_score(i), "updated_at", workload::date(new_date(i))));
    must(store_->update(ns, bson::make_document("_id", id), {update, false}, {}).matched == 1,
         "update_one matched none");
  }
  std::int64_t count() { return store_->count(ns, {}, {}); }

 private:
  static constexpr store::Namespace ns{database, "users"};
  User one(const bson::Document& filter) {
    User user;
    must(store_->find_one(ns, filter, {}, [&](bson::View v) { bson::decode_into(v, user); }),
         "found");
    return user;
  }
  std::shared_ptr<store::Store> store_ = opened().shared_store();
};

}  // namespace server_bench
