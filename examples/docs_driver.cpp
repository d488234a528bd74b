#include <cstdio>
#include <cstdlib>
#include <quire/quire.hpp>
#include <quire/store/mongodb/interop.hpp>

namespace q = quire;
namespace driver = quire::store::mongodb;

struct Account {
  std::string id = {};
  int balance = 0;
  static auto model() { return q::model<Account>("accounts"); }
};
constexpr auto balance = q::field<&Account::balance>;

// [transaction]
/// Moves money by quire and writes the journal by code that uses the driver: both or neither.
void move_money(const q::Database& db, int amount) {
  db.transaction([&](q::Session& session) {
    auto accounts = db.collection<Account>();
    accounts.update_one(q::field<&Account::id> == "ada", balance.inc(-amount),
                        {.session = session});
    accounts.update_one(q::field<&Account::id> == "bob", balance.inc(amount), {.session = session});
    const auto in_session = [&](const driver::LentCollection& journal) {
      bson_t* entry = BCON_NEW("amount", BCON_INT32(amount));
      bson_t reply;
      bson_error_t error;
      const bool done =
          mongoc_collection_insert_one(journal.collection, entry, journal.opts, &reply, &error);
      const q::bson::Document told(driver::view(reply));  // whether it may be tried again
      bson_destroy(entry);
      bson_destroy(&reply);
      const driver::Borrowed labels(told);
      if (!done) driver::throw_error(error, labels);  // as quire's exception: rolls back
    };
    driver::with_collection(db.store(), {db.name(), "journal"}, session, in_session);
  });
}
// [/transaction]

// [pool]
/// quire on the pool that the application has already. It must outlive the Database.
q::Database on_pool(mongoc_client_pool_t* pool) {
  return q::Database(driver::adopt(pool, "quire_docs_driver"), "quire_docs_driver");
}
// [/pool]

// [lend]
void show_name(const q::Database& db) {
  const auto use = [](mongoc_collection_t* accounts) {  // of a connection of quire's pool
    std::printf("%s\n", mongoc_collection_get_name(accounts));
  };
  driver::with_collection(db.store(), {db.name(), "accounts"}, use);
}
// [/lend]

void use_a_server(const char* text) {
  mongoc_uri_t* uri = mongoc_uri_new(text);
  mongoc_client_pool_t* pool = mongoc_client_pool_new(uri);
  {
    const auto db = on_pool(pool);
    auto accounts = db.collection<Account>();
    accounts.insert(Account{"ada", 10});
    accounts.insert(Account{"bob", 0});
    if (db.store().capabilities().transactions) move_money(db, 4);
    show_name(db);
    db.store().drop_database(db.name());
  }
  mongoc_client_pool_destroy(pool);
  mongoc_uri_destroy(uri);
}

int main() {
  // [bson]
  bson_t* theirs = BCON_NEW("_id", BCON_UTF8("ada"), "balance", BCON_INT32(10));
  const auto ada = q::bson::decode<Account>(driver::view(*theirs));  // reads their bytes
  std::printf("%s %d\n", ada.id.c_str(), ada.balance);
  bson_destroy(theirs);

  const q::bson::Document ours = q::bson::encode(Account{"bob", 7});
  const driver::Borrowed borrowed(ours);  // our bytes, wherever a const bson_t* is taken
  std::printf("%s\n", bson_has_field(borrowed, "balance") ? "has a balance" : "");
  // [/bson]
  if (const char* uri = std::getenv("QUIRE_EXAMPLE_MONGODB_URI")) use_a_server(uri);
}
