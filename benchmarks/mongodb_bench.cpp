// 20,000 users of about 1.08 KB on a server, with a unique index on email: quire against a program
// that calls libmongoc by hand, with a client of the pool for each operation and the codec of
// user_workload.hpp. Names a server in $QUIRE_BENCH_MONGODB_URI; registers nothing without it. Uses
// the database quire_bench and drops it.
//
// A server's times drift by more than what is measured here. So the contenders of an operation take
// turns, a block of calls each, in one loop of ours, and the benchmark library is told the median
// time of a block. cpu_us: processor time of this program alone, a call or document.
#include <benchmark/benchmark.h>
#include <mongoc/mongoc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <thread>

#include "quire/bson/writer.hpp"
#include "quire/quire.hpp"
#include "user_workload.hpp"

namespace {

using namespace quire;
using workload::User;
constexpr std::size_t users_count = 20'000;
constexpr std::size_t found_count = 10'000;  // by find, in the order of the collection
constexpr std::size_t batch = 1'000;
constexpr const char* database = "quire_bench";

const char* uri() { return std::getenv("QUIRE_BENCH_MONGODB_URI"); }

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "mongodb_bench: %s\n", what);
  std::abort();
}
void must(bool holds, const char* what, const bson_error_t& error) {
  if (!holds) std::fprintf(stderr, "mongodb_bench: %s\n", error.message);
  must(holds, what);
}

const std::vector<User>& users() {
  static const std::vector<User> all = [] {
    std::vector<User> out;
    for (std::uint32_t i = 0; i < users_count; ++i) out.push_back(workload::make_user(i));
    return out;
  }();
  return all;
}

/// What an update sets: different each time, so that the server has something to write.
double new_score(std::size_t i) { return static_cast<double>(i % 1'000'003) / 7; }
std::int64_t new_date(std::size_t i) { return 1'700'000'000'000 + static_cast<std::int64_t>(i); }

/// A number that no earlier call has had: what is written is new.
std::size_t fresh() {
  static std::atomic<std::size_t> last{0};
  return ++last;
}

/// In place: the driver's static documents point into themselves.
void borrow(bson_t& out, const std::uint8_t* bytes, std::size_t size) {
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

const Database& opened() {
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

/// An empty collection with its index, made through quire.
void prepare() {
  const Database db = opened();
  (void)db.drop_collection("users");
  const auto email = bson::make_document("key", bson::make_document("email", 1), "name", "email_1",
                                         "unique", true);
  const bson::View specs[] = {email};
  db.store().create_indexes(db.ns("users"), specs, {});
}
/// The 20,000 users, once.
void fill() {
  static const bool filled = [] {
    prepare();
    Port().insert_all();
    // Each contender must read what was written.
    ByHand hand;
    for (const std::size_t i : {std::size_t{0}, users_count / 2, users_count - 1}) {
      const User& user = users()[i];
      must(hand.get(user.id) == user && Typed().get(user.id) == user && Port().get(user.id) == user,
           "the contenders read the same");
    }
    return true;
  }();
  must(filled, "fill");
}

// --- Turns ---

/// Seconds; cpu: of this program's threads, without what the server takes.
struct Spent {
  double wall = 0;
  double cpu = 0;
};
class Watch {
 public:
  [[nodiscard]] Spent read() const {
    return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(),
            static_cast<double>(std::clock() - cpu_) / CLOCKS_PER_SEC};
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::clock_t cpu_ = std::clock();
};
/// Makes calls [from, from + n) and gives what they took.
using Block = std::function<Spent(std::size_t from, std::size_t n)>;
struct Contender {
  std::string name;
  Block block;
};

/// Turns of all contenders of an operation, made when the first of them is asked for.
class Turns {
 public:
  Turns(std::vector<Contender> contenders, std::size_t turns, std::size_t calls)
      : contenders_(std::move(contenders)), turns_(turns), calls_(calls) {}
  /// The medians of one call.
  Spent median(std::size_t of) {
    if (spent_.empty()) measure();
    const auto middle = [&](double Spent::* member) {
      auto& all = spent_[of];
      const auto at = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
      std::nth_element(all.begin(), at, all.end(),
                       [&](const Spent& a, const Spent& b) { return a.*member < b.*member; });
      return (*at).*member / static_cast<double>(calls_);
    };
    return {middle(&Spent::wall), middle(&Spent::cpu)};
  }

 private:
  void measure() {
    const std::size_t n = contenders_.size();
    spent_.resize(n);
    // The first turn warms up: connections, the server's cache.
    for (std::size_t turn = 0; turn <= turns_; ++turn) {
      for (std::size_t k = 0; k < n; ++k) {
        // Nobody is always behind the same one.
        const std::size_t who = turn % 2 == 0 ? (k + turn / 2) % n : (n - 1 - k + turn / 2) % n;
        const Spent spent = contenders_[who].block(turn * calls_, calls_);
        if (turn != 0) spent_[who].push_back(spent);
      }
    }
  }
  std::vector<Contender> contenders_;
  std::size_t turns_, calls_;
  std::vector<std::vector<Spent>> spent_;
};

/// `items`: documents a call.
void add(const std::string& operation, std::size_t turns, std::size_t calls, std::size_t items,
         std::vector<Contender> contenders) {
  std::vector<std::string> names;
  for (const auto& one : contenders) names.push_back(one.name);
  const auto shared = std::make_shared<Turns>(std::move(contenders), turns, calls);
  for (std::size_t i = 0; i < names.size(); ++i) {
    benchmark::RegisterBenchmark((operation + "/" + names[i]).c_str(),
                                 [shared, i, items](benchmark::State& state) {
                                   Spent spent;
                                   for (auto _ : state) {
                                     spent = shared->median(i);
                                     state.SetIterationTime(spent.wall);
                                   }
                                   const auto each = static_cast<double>(items);
                                   state.SetItemsProcessed(static_cast<std::int64_t>(items));
                                   state.counters["cpu_us"] = spent.cpu / each * 1e6;
                                 })
        ->Iterations(1)
        ->UseManualTime();
  }
}

template <class Made, class Call>
Contender contender(const std::string& name, Call call) {
  const auto kept = std::make_shared<std::unique_ptr<Made>>();
  return {name, [kept, call](std::size_t from, std::size_t n) {
            fill();
            if (!*kept) *kept = std::make_unique<Made>();
            const Watch watch;
            for (std::size_t i = from; i < from + n; ++i) call(**kept, i);
            return watch.read();
          }};
}
constexpr const char* baseline = "baseline_libmongoc_by_hand";

template <class Call>
void add_for_all(const std::string& operation, std::size_t turns, std::size_t calls,
                 std::size_t items, Call call) {
  add("mongodb/" + operation, turns, calls, items,
      {contender<ByHand>(baseline, call), contender<Typed>("quire", call),
       contender<Port>("quire_store", call)});
}

/// insert_many: into an empty collection each time, which is made outside of the time.
template <class Made>
Contender inserting(const std::string& name) {
  return {name, [](std::size_t, std::size_t) {
            Made made;
            (void)users();
            prepare();
            const Watch watch;
            made.insert_all();
            return watch.read();
          }};
}

/// insert_one: users that are new to the collection, made outside of the time.
template <class Made>
Contender inserting_one(const std::string& name) {
  const auto kept = std::make_shared<std::unique_ptr<Made>>();
  return {name, [kept](std::size_t, std::size_t n) {
            fill();
            if (!*kept) *kept = std::make_unique<Made>();
            std::vector<User> newcomers(users().begin(),
                                        users().begin() + static_cast<std::ptrdiff_t>(n));
            for (User& user : newcomers) {
              user.id = ObjectId::generate();
              user.email = std::to_string(fresh()) + "." + user.email;
            }
            const Watch watch;
            for (const User& user : newcomers) (*kept)->insert(user);
            return watch.read();
          }};
}

/// Of ten calls nine read by id and one updates.
template <class Made>
Contender mixed(const std::string& name, std::size_t threads) {
  const auto kept = std::make_shared<std::unique_ptr<Made>>();
  return {name, [kept, threads](std::size_t from, std::size_t n) {
            fill();
            if (!*kept) *kept = std::make_unique<Made>();
            Made& shared = **kept;
            std::atomic<std::size_t> next{from};
            const Watch watch;
            std::vector<std::thread> all;
            for (std::size_t t = 0; t < threads; ++t) {
              all.emplace_back([&] {
                for (std::size_t i = next++; i < from + n; i = next++) {
                  const auto& id = users()[i * 6101 % users_count].id;
                  if (i % 10 == 0)
                    shared.set(id, fresh());
                  else
                    benchmark::DoNotOptimize(shared.get(id));
                }
              });
            }
            for (auto& one : all) one.join();
            return watch.read();
          }};
}

void add_all() {
  add("mongodb/insert_many", 4, 1, users_count,
      {inserting<ByHand>(baseline), inserting<Typed>("quire"), inserting<Port>("quire_store")});
  add_for_all("find_one_id", 60, 100, 1, [](auto& db, std::size_t i) {
    benchmark::DoNotOptimize(db.get(users()[i * 6101 % users_count].id));
  });
  add_for_all("find_one_email", 60, 100, 1, [](auto& db, std::size_t i) {
    benchmark::DoNotOptimize(db.get_email(users()[i * 7919 % users_count].email));
  });
  add_for_all("find_10000", 15, 1, found_count,
              [](auto& db, std::size_t) { must(db.find() == found_count, "find"); });
  add_for_all("update_one_id", 60, 100, 1,
              [](auto& db, std::size_t i) { db.set(users()[i * 6101 % users_count].id, fresh()); });
  add_for_all("count", 20, 1, 1, [](auto& db, std::size_t) {
    must(db.count() >= std::int64_t{users_count}, "count");
  });
  // Last: it makes the collection longer.
  add("mongodb/insert_one", 60, 100, 1,
      {inserting_one<ByHand>(baseline), inserting_one<Typed>("quire"),
       inserting_one<Port>("quire_store")});
  for (const std::size_t threads : std::initializer_list<std::size_t>{1, 2, 4, 8, 16}) {
    add("mongodb_threads/mix_" + std::to_string(threads), 12, 2'000, 1,
        {mixed<ByHand>(baseline, threads), mixed<Typed>("quire", threads)});
  }
}

const bool registered = [] {
  if (uri() == nullptr || *uri() == '\0') return false;
  add_all();
  return true;
}();

}  // namespace
