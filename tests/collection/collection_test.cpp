#include "quire/collection/collection.hpp"

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "quire/bson/json.hpp"
#include "quire/collection/document.hpp"
#include "servers.hpp"

namespace quire {
namespace {

using query::field;

struct Address {
  std::string city;
};
struct User {
  ObjectId id = {};
  std::string email = {};
  std::string name = {};
  int age = 0;
  std::optional<Address> address = {};
  std::vector<std::string> tags = {};

  static auto model() {
    return quire::model<User>("users")
        .index(field<&User::email>.asc(), unique)
        .index(field<&User::age>.asc(), field<&User::name>.desc())
        .check(field<&User::age>, between(0, 150))
        .version(2);
  }
};
constexpr auto age = field<&User::age>;
constexpr auto name = field<&User::name>;
constexpr auto email = field<&User::email>;

class Users : public ::testing::Test {
 protected:
  Database db = open(test::store_uri());
  Collection<User> users = db.collection<User>();

  void fill(int n) {
    std::vector<User> list;
    for (int i = 0; i < n; ++i)
      list.push_back(
          {.email = "u" + std::to_string(i), .name = "n" + std::to_string(i % 3), .age = i});
    (void)users.insert_many(list).or_throw();
  }
  template <class F>
  static ErrorCode code_of(F&& f) {
    try {
      f();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode{};
  }
};

TEST_F(Users, AreInsertedWithAnIdAndFoundByIt) {
  User ada{.email = "a", .name = "Ada", .age = 36};
  users.insert(ada);
  EXPECT_FALSE(ada.id.empty());
  EXPECT_EQ(users.get(ada.id).name, "Ada");
  EXPECT_EQ(users.find(ada.id)->age, 36);
  const User constant{.email = "b"};
  const ObjectId id = users.insert(constant);
  EXPECT_EQ(users.get(id).email, "b");
  const ObjectId third = users.insert(User{.email = "c"});
  EXPECT_TRUE(users.exists(third));
  EXPECT_FALSE(users.exists(ObjectId::generate()));
}

TEST_F(Users, AreMissedByGetAndNotFoundByFind) {
  EXPECT_EQ(code_of([&] { (void)users.get(ObjectId::generate()); }), ErrorCode::not_found);
  EXPECT_FALSE(users.find(ObjectId::generate()));
  EXPECT_FALSE(users.find_one(age > 1));
}

TEST_F(Users, CarryTheirSchemaVersion) {
  users.insert(User{.email = "a"});
  users.upsert(email == "b", age.set(1));
  users.upsert(email == "b", age.set(2));
  User c{.email = "c"};
  users.save(c);
  (void)users.find_one_and_update(email == "d", age.set(1), {.upsert = true});
  users.bulk().upsert(email == "e", age.set(1)).run().or_throw();
  int n = 0;
  for (const auto& document : users.find().raw()) {
    EXPECT_EQ(document["_v"].as_int32(), 2);
    ++n;
  }
  EXPECT_EQ(n, 5);
}

TEST_F(Users, ComeInALazyRange) {
  fill(20);
  std::vector<int> ages;
  for (const User& user : users.find(age >= 10).sort(age.desc()).skip(1).limit(3))
    ages.push_back(user.age);
  EXPECT_EQ(ages, (std::vector<int>{18, 17, 16}));
  EXPECT_EQ(users.find().sort(name.desc(), age.asc()).first()->age, 2);
  EXPECT_EQ(users.find(age < 5).to_vector().size(), 5U);
  for (const User& user : users.find(age > 100)) ADD_FAILURE() << user.age;
}

TEST_F(Users, AreProjectedIntoOtherStructs) {
  struct Card {
    std::string name;
    int age = 0;
  };
  fill(3);
  const auto cards = users.find(age > 0).sort(age.asc()).project<Card>().to_vector();
  ASSERT_EQ(cards.size(), 2U);
  EXPECT_EQ(cards[1].age, 2);
  const auto part = users.find().projection(query::include(age)).sort(age.desc()).first();
  EXPECT_EQ(part->age, 2);
  EXPECT_EQ(part->name, "");
}

TEST_F(Users, AreCountedAndListed) {
  fill(10);
  EXPECT_EQ(users.count(), 10);
  EXPECT_EQ(users.count(age < 4), 4);
  EXPECT_EQ(users.estimated_count(), 10);
  EXPECT_EQ(users.distinct(name), (std::vector<std::string>{"n0", "n1", "n2"}));
  EXPECT_TRUE(users.exists(age == 3));
  EXPECT_FALSE(users.exists(age == 30));
  EXPECT_TRUE(users.find(age > 3).explain().contains("queryPlanner"));
}

TEST_F(Users, AreUpdated) {
  fill(4);
  EXPECT_EQ(users.update_one(age == 1, age.inc(10), name.set("x")).modified, 1);
  EXPECT_EQ(users.find_one(age == 11)->name, "x");
  EXPECT_EQ(users.update_many(age < 4, field<&User::tags>.push("t")).matched, 3);
  const auto result = users.upsert(email == "new", age.set(7));
  EXPECT_EQ(result.matched, 0);
  ASSERT_TRUE(result.upserted_id);
  EXPECT_EQ(users.find_one(email == "new")->age, 7);
}

TEST_F(Users, AreReplacedAndSaved) {
  User ada{.email = "a", .name = "Ada"};
  EXPECT_FALSE(users.replace(User{.id = ObjectId::generate(), .email = "z"}));
  users.save(ada);
  ada.name = "Ada L.";
  users.save(ada);
  EXPECT_EQ(users.count(), 1);
  EXPECT_EQ(users.get(ada.id).name, "Ada L.");
  ada.age = 3;
  EXPECT_TRUE(users.replace(ada));
  EXPECT_EQ(users.get(ada.id).age, 3);
  EXPECT_EQ(users.replace_one(email == "a", User{.email = "b"}).modified, 1);
  EXPECT_EQ(users.get(ada.id).email, "b");
}

TEST_F(Users, AreRemoved) {
  fill(6);
  EXPECT_TRUE(users.remove_one(age == 0));
  EXPECT_FALSE(users.remove_one(age == 0));
  EXPECT_EQ(users.remove_many(age < 3), 2);
  const User one = *users.find_one();
  EXPECT_TRUE(users.remove(one));
  EXPECT_FALSE(users.remove(one.id));
  EXPECT_EQ(users.count(), 2);
}

TEST_F(Users, AreFoundAndChangedInOneStep) {
  fill(3);
  const auto before = users.find_one_and_update(age == 1, age.set(50));
  EXPECT_EQ(before->age, 1);
  const auto after = users.find_one_and_update(age == 50, age.inc(1) & name.set("n"),
                                               {.return_document = ReturnDocument::after});
  EXPECT_EQ(after->age, 51);
  const auto oldest = users.find_one_and_remove({}, {.sort = age.desc()});
  EXPECT_EQ(oldest->age, 51);
  const auto replaced = users.find_one_and_replace(age == 2, User{.email = "r", .age = 9},
                                                   {.return_document = ReturnDocument::after});
  EXPECT_EQ(replaced->age, 9);
  EXPECT_FALSE(users.find_one_and_update(age == 1000, age.set(1)));
}

TEST_F(Users, AreChecked) {
  User bad{.email = "a", .age = 200};
  EXPECT_EQ(code_of([&] { users.insert(bad); }), ErrorCode::check_failed);
  EXPECT_EQ(code_of([&] { users.save(bad); }), ErrorCode::check_failed);
  EXPECT_EQ(users.count(), 0);
  const auto result =
      users.insert_many(std::vector<User>{{.email = "x"}, bad, {.email = "y"}}, {.ordered = false});
  EXPECT_EQ(result.inserted, 2);
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors[0].index, 1U);
  EXPECT_EQ(result.errors[0].error.path().str(), "age");
}

TEST_F(Users, ReportOneErrorForEachDocumentRefused) {
  (void)users.sync_indexes();
  const std::vector<User> list{{.email = "a"}, {.email = "a"}, {.email = "b"}};
  const auto ordered = users.insert_many(list);
  EXPECT_EQ(ordered.inserted, 1);
  ASSERT_EQ(ordered.errors.size(), 1U);
  EXPECT_EQ(ordered.errors[0].index, 1U);
  EXPECT_EQ(ordered.errors[0].error.code(), ErrorCode::duplicate_key);
  EXPECT_EQ(ordered.ids.size(), 3U);
  EXPECT_EQ(code_of([&] { (void)ordered.or_throw(); }), ErrorCode::bulk_failed);
  EXPECT_EQ(code_of([&] { users.insert(User{.email = "a"}); }), ErrorCode::duplicate_key);
}

TEST_F(Users, AreWrittenInBulk) {
  (void)users.sync_indexes();
  auto bulk = users.bulk();
  User a{.email = "a"};
  bulk.insert(a)
      .insert(User{.email = "b"})
      .insert(User{.email = "a"})
      .update_one(email == "b", age.set(5));
  EXPECT_FALSE(a.id.empty());
  const auto result = bulk.run({.ordered = false});
  EXPECT_EQ(result.inserted, 2);
  EXPECT_EQ(result.modified, 1);
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors[0].index, 2U);
  const auto more = users.bulk()
                        .replace_one(email == "a", User{.email = "c"})
                        .remove_many(age == 5)
                        .upsert(email == "q", age.set(1))
                        .run();
  EXPECT_TRUE(more.ok());
  EXPECT_EQ(more.removed, 1);
  EXPECT_EQ(more.upserted.size(), 1U);
}

TEST_F(Users, HaveTheIndexesOfTheirModel) {
  const auto plan = users.sync_indexes({.apply = false});
  EXPECT_FALSE(plan.in_sync());
  EXPECT_FALSE(plan.applied);
  ASSERT_EQ(plan.items.size(), 2U);
  EXPECT_EQ(plan.items[0].action, IndexPlan::Action::create);
  EXPECT_NE(plan.str().find("create   users.email_1"), std::string::npos) << plan.str();
  EXPECT_TRUE(users.sync_indexes().applied);
  EXPECT_TRUE(users.sync_indexes({.apply = false}).in_sync());
}

TEST_F(Users, LoseUndeclaredIndexesByFlagOnly) {
  (void)users.sync_indexes();
  const auto spec = bson::from_json(R"({"key": {"name": 1}, "name": "own"})");
  const bson::View views[] = {spec.view()};
  db.store().create_indexes(db.ns("users"), views, {});
  EXPECT_EQ(users.sync_indexes().items.back().action, IndexPlan::Action::leave);
  EXPECT_EQ(users.sync_indexes({.drop = true}).items.back().action, IndexPlan::Action::drop);
  EXPECT_TRUE(users.sync_indexes({.apply = false}).in_sync());
}

TEST_F(Users, KeepTheOldIndexWhenTheNewOneCannotBeBuilt) {
  const auto spec = bson::from_json(R"({"key": {"email": 1}, "name": "email_1"})");
  const bson::View views[] = {spec.view()};
  db.store().create_indexes(db.ns("users"), views, {});
  users.insert(User{.email = "a"});
  users.insert(User{.email = "a"});
  EXPECT_EQ(users.sync_indexes({.apply = false}).items[0].action, IndexPlan::Action::replace);
  EXPECT_EQ(code_of([&] { (void)users.sync_indexes(); }), ErrorCode::duplicate_key);
  EXPECT_EQ(db.store().list_indexes(db.ns("users")).size(), 2U);
}

TEST_F(Users, AreDropped) {
  fill(1);
  EXPECT_TRUE(users.drop());
  EXPECT_FALSE(users.drop());
  EXPECT_EQ(users.count(), 0);
}

TEST_F(Users, SeeTransactionsWhole) {
  if (!db.capabilities().transactions) GTEST_SKIP() << "this store has no transactions";
  User a{.email = "a"};
  db.transaction([&](Session& s) {
    users.insert(a, {.session = s});
    EXPECT_EQ(users.count({}, {.session = s}), 1);
  });
  EXPECT_EQ(users.count(), 1);
  struct Stop {};
  EXPECT_THROW(db.transaction([&](Session& s) {
    users.remove_one(field<&User::id> == a.id, {.session = s});
    throw Stop{};
  }),
               Stop);
  EXPECT_EQ(users.count(), 1);
  EXPECT_EQ(db.transaction([&](Session& s) { return users.count({}, {.session = s}); }), 1);
}

TEST_F(Users, RefuseTransactionsInsideOfOthers) {
  if (!db.capabilities().transactions) GTEST_SKIP() << "this store has no transactions";
  EXPECT_EQ(code_of([&] { db.transaction([&](Session&) { db.transaction([](Session&) {}); }); }),
            ErrorCode::transaction_state);
  EXPECT_NO_THROW(db.transaction([](Session&) {}));
}

TEST_F(Users, RetryAfterWriteConflicts) {
  if (!db.capabilities().transactions) GTEST_SKIP() << "this store has no transactions";
  int runs = 0;
  db.transaction([&](Session&) {
    if (++runs < 3) throw StoreError(ErrorCode::write_conflict, "another came first");
  });
  EXPECT_EQ(runs, 3);
}

TEST_F(Users, RefuseUpdatesWithoutOperators) {
  EXPECT_EQ(code_of([&] { users.update_one(age == 1, query::json(R"({"age": 3})")); }),
            ErrorCode::invalid_update);
  EXPECT_EQ(code_of([&] { users.update_one(age == 1, query::Update<User>()); }),
            ErrorCode::invalid_update);
}

struct Guard : DatabaseHooks {
  void before_write(store::Namespace) override {
    if (closed) throw StoreError(ErrorCode::read_only, "maintenance");
  }
  std::optional<bson::Document> upgrade(store::Namespace, bson::View document) override {
    if (document.find("age")) return std::nullopt;
    bson::Writer writer;
    return writer.append_all(document).append("age", 99).finish();
  }
  bool closed = false;
};
TEST_F(Users, PassTheHooksOfTheDatabase) {
  const auto guard = std::make_shared<Guard>();
  db.set_hooks(guard);
  const auto raws = db.collection<bson::Document>("users");
  raws.insert(bson::from_json(R"({"email": "old"})"));
  EXPECT_EQ(users.find_one(email == "old")->age, 99);
  EXPECT_EQ(users.find().to_vector().at(0).age, 99);
  guard->closed = true;
  EXPECT_EQ(code_of([&] { users.insert(User{}); }), ErrorCode::read_only);
  EXPECT_EQ(code_of([&] { (void)users.remove_many({}); }), ErrorCode::read_only);
  db.set_hooks(nullptr);
  EXPECT_EQ(users.find_one()->age, 0);
}

TEST(Collection, TakesIdsOfAnyMappedType) {
  const auto db = open(test::store_uri());
  struct ByText {
    std::string id;
    int n = 0;
  };
  struct ByNumber {
    std::int64_t id = 0;
  };
  struct ByUuid {
    Uuid id = {};
    int n = 0;
  };
  struct Key {
    std::string country;
    int number = 0;
  };
  struct ByKey {
    Key id;
    int n = 0;
  };
  const auto texts = db.collection<ByText>("texts");
  texts.insert(ByText{std::string(100, 'x'), 4});
  texts.insert(ByText{"short", 5});
  EXPECT_EQ(texts.get(std::string(100, 'x')).n, 4);
  EXPECT_EQ(texts.get("short").n, 5);
  const auto numbers = db.collection<ByNumber>("numbers");
  EXPECT_EQ(numbers.insert(ByNumber{7}), 7);
  EXPECT_TRUE(numbers.exists(7));
  const auto uuids = db.collection<ByUuid>("uuids");
  const Uuid made = uuids.insert(ByUuid{});
  EXPECT_FALSE(made.empty());
  EXPECT_TRUE(uuids.find(made));
  const auto keys = db.collection<ByKey>("keys");
  keys.insert(ByKey{{"de", 1}, 8});
  EXPECT_EQ(keys.get({"de", 1}).n, 8);
  EXPECT_TRUE(keys.remove(Key{"de", 1}));
}

TEST(Collection, GivesDocumentsWithoutIdAnObjectId) {
  const auto db = open(test::store_uri());
  struct Line {
    std::string text;
  };
  const auto lines = db.collection<Line>("lines");
  const bson::Value id = lines.insert(Line{"a"});
  EXPECT_EQ(id.type(), bson::Type::object_id);
  EXPECT_EQ(lines.find_by_id(id)->text, "a");
}

TEST(Collection, NeedsANameFromModelOrCaller) {
  struct Nameless {
    int a = 0;
    static auto model() { return quire::model<Nameless>(); }
  };
  const auto db = open(test::store_uri());
  try {
    (void)db.collection<Nameless>();
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_model);
  }
}

TEST(Collection, CreatesIndexesAtFirstUseWhenAsked) {
  const auto db = open(test::store_uri(), {.sync_indexes = true});
  const auto users = db.collection<User>();
  EXPECT_TRUE(users.sync_indexes({.apply = false}).in_sync());
}

struct Account : quire::Document<Account> {
  std::string owner;
  std::int64_t cents = 0;
  BOOST_DESCRIBE_CLASS(Account, (quire::Document<Account>), (owner, cents), (), ())
  static auto model() { return quire::model<Account>("accounts"); }
};

TEST(ActiveRecord, SavesReloadsAndRemovesItself) {
  const auto db = open(test::store_uri());
  Account a;
  a.owner = "Ada";
  a.save(db);
  EXPECT_FALSE(a.id.empty());
  a.cents = 5;
  a.save();
  Account copy = a;
  copy.cents = 0;
  copy.reload();
  EXPECT_EQ(copy.cents, 5);
  auto found = db.collection<Account>().find_one(field<&Account::owner> == "Ada");
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->attached());
  found->cents = 6;
  found->save();
  a.reload();
  EXPECT_EQ(a.cents, 6);
  EXPECT_TRUE(a.remove());
  EXPECT_FALSE(a.remove());
  try {
    a.reload();
    FAIL();
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
  }
}

TEST(ActiveRecord, SaysWhenItIsNotAttached) {
  Account a;
  for (const auto& call : {+[](Account& x) { x.save(); }, +[](Account& x) { x.reload(); },
                           +[](Account& x) { (void)x.remove(); }}) {
    try {
      call(a);
      FAIL();
    } catch (const ModelError& error) {
      EXPECT_EQ(error.code(), ErrorCode::not_attached);
    }
  }
}

TEST(Collection, KeepsDocumentsInAFile) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("quire_collection_" + ObjectId::generate().str() + ".quire");
  ObjectId id;
  {
    const auto db = open(path.string());
    id = db.collection<User>().insert(User{.email = "a", .name = "Ada"});
    db.close();
  }
  {
    const auto db = open(path.string());
    EXPECT_EQ(db.collection<User>().get(id).name, "Ada");
    db.close();
  }
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + suffix);
}

TEST_F(Users, MappingErrorsNameCollectionAndDocument) {
  (void)users.insert(User{.email = "right", .age = 1});
  (void)db.collection<bson::Document>("users").insert(
      bson::make_document("_id", ObjectId::from_string("0123456789abcdef01234567"), "age", "old"));
  const auto expect_place = [](auto&& read) {
    try {
      read();
      FAIL() << "accepted";
    } catch (const MappingError& error) {
      EXPECT_EQ(error.code(), ErrorCode::type_mismatch);
      EXPECT_EQ(error.path().str(), "age");
      EXPECT_NE(error.detail().find("\"users\""), std::string::npos) << error.what();
      EXPECT_NE(error.detail().find("0123456789abcdef01234567"), std::string::npos) << error.what();
    }
  };
  expect_place([&] { (void)users.find().to_vector(); });
  expect_place([&] {
    for (const auto& user : users.find()) (void)user;
  });
  expect_place([&] { (void)users.get(ObjectId::from_string("0123456789abcdef01234567")); });
  expect_place([&] { (void)users.find_one(query::json(R"({"age": "old"})")); });
}

}  // namespace
}  // namespace quire
