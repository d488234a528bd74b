#include <cstdio>
#include <quire/quire.hpp>

namespace q = quire;
using q::field;

struct User {
  q::ObjectId id = {};
  std::string email = {};
  int age = 0;
  static auto model() {
    return q::model<User>("users").index(field<&User::email>.asc(), q::unique);
  }
};
constexpr auto age = field<&User::age>;
constexpr auto email = field<&User::email>;

// [card]
struct Card {
  std::string email;
};
// [/card]

int main() {
  // [open]
  auto db = q::open(":memory:");  // or a file, "app.quire"; a cheap handle, copies share the store
  auto users = db.collection<User>();                       // the collection that the model names
  std::printf("%s\n", users.sync_indexes().str().c_str());  // {.drop = true} removes others
  // [/open]
  // [insert]
  User ada{.email = "ada@example.org", .age = 36};
  users.insert(ada);  // sets ada.id
  const std::vector<User> list{{.email = "bob@example.org", .age = 17}, {.email = ada.email}};
  const auto many = users.insert_many(list, {.ordered = false});
  for (const auto& error : many.errors) {
    std::printf("number %d: %d\n", static_cast<int>(error.index),
                static_cast<int>(error.error.code()));
  }
  // [/insert]
  // [find]
  for (const User& user : users.find(age >= 17).sort(age.desc()).limit(10))
    std::printf("%s %d\n", user.email.c_str(), user.age);
  for (const Card& card : users.find(age < 18).project<Card>())
    std::printf("%s\n", card.email.c_str());
  const std::optional<User> one = users.find_one(email == "nobody@example.org");
  const User same = users.get(ada.id);  // throws StoreError not_found
  // [/find]
  std::printf("%d %s\n", one.has_value(), same.email.c_str());
  // [write]
  ada.age = 37;
  users.save(ada);
  users.update_many(age < 18, age.inc(1));
  users.upsert(email == "eve@example.org", age.set(20));
  const auto after = users.find_one_and_update(email == "eve@example.org", age.inc(1),
                                               {.return_document = q::ReturnDocument::after});
  users.remove_one(email == "bob@example.org");
  // [/write]
  std::printf("%d %d\n", after->age, static_cast<int>(users.count()));
  // [bulk]
  const auto done = users.bulk()
                        .insert(User{.email = "fay@example.org"})
                        .update_one(email == "ada@example.org", age.set(38))
                        .remove_many(age < 10)
                        .run();
  done.or_throw();  // an exception when an item failed
  // [/bulk]
  std::printf("%d %d\n", static_cast<int>(done.inserted), static_cast<int>(done.removed));
  // [bulk_writer]
  auto writer = users.bulk_writer({.batch = 500, .on_error = [](const q::BulkWriterError& failed) {
                                     std::printf("number %d: %d\n", static_cast<int>(failed.index),
                                                 static_cast<int>(failed.error.code()));
                                   }});
  for (int i = 0; i < 1200; ++i)
    writer.insert(User{.email = "guest" + std::to_string(i % 1199) + "@example.org"});
  writer.remove_many(email == "guest7@example.org");
  const auto totals = writer.close();  // sends the rest
  // [/bulk_writer]
  std::printf("%d %d %d\n", static_cast<int>(totals.inserted), static_cast<int>(totals.removed),
              static_cast<int>(totals.batches));
  // [transaction]
  db.transaction([&](q::Session& s) {
    users.insert(User{.email = "gil@example.org"}, {.session = s});
    users.remove_one(email == "eve@example.org", {.session = s});
  });
  // [/transaction]
  std::printf("%d\n", static_cast<int>(users.count()));
}
