// 20,000 users of about 1.08 KB on a server, with a unique index on email: quire against a program
// that calls libmongoc by hand. The server is $QUIRE_BENCH_MONGODB_URI; without it nothing is
// registered. Uses the database quire_bench and drops it.
#include <initializer_list>
#include <thread>

#include "server_contenders.hpp"
#include "turns.hpp"

namespace {

using namespace server_bench;

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
    {
      // On a connection of its own: what it did must not tell the contenders apart.
      const Database other = open(uri(), {.database = database});
      const auto all = other.collection<User>("users");
      for (std::size_t from = 0; from < users_count; from += batch)
        (void)all.insert_many(std::span(users()).subspan(from, batch)).or_throw();
    }
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
