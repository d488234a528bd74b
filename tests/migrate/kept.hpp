#pragma once

#include <string>

#include "fixture.hpp"
#include "quire/migrate/preimages.hpp"
#include "quire/model/model.hpp"
#include "quire/testing/testing.hpp"

/// Migrations that keep old values, and their data.
namespace quire::migrate::test::kept {

using testing::DatabaseImage;

struct Named {
  std::int64_t id = 0;
  std::string name;
  static auto model() { return quire::model<Named>("people").version(1); }
};
struct Split {
  std::int64_t id = 0;
  std::string first;
  std::string last;
  static auto model() { return quire::model<Split>("people").version(2); }
};

inline std::string difference(const DatabaseImage& before, Database& db) {
  return before.difference(DatabaseImage(db), "before", "after going back");
}

inline void update(Database& db, std::string_view collection, std::string_view filter,
                   std::string_view body) {
  const auto what = bson::from_json(body);
  ASSERT_EQ(
      db.store().update(db.ns(collection), bson::from_json(filter), {what.view()}, {}).matched, 1);
}

/// Both ways of a store: with transactions, and as a standalone server has it.
class Kept : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    auto hooked = std::make_shared<testing::HookedStore>(plain.shared_store(), [](const auto&) {});
    hooked->without_transactions = GetParam();
    db = Database(hooked, plain.name());
  }
  Database plain = empty_database();
  Database db = plain;
};

inline std::string way_of(const ::testing::TestParamInfo<bool>& way) {
  return way.param ? "WithoutTransactions" : "AsTheStoreIs";
}

inline Migrations counting() {
  Migrations list;
  list.add({.id = "count", .keep_preimages = true, .up = each<Counter>("counters", [](Counter& c) {
                                                     if (c.id % 2 == 0) c.n += 5;
                                                   })});
  return list;
}

inline Migrations transforming() {
  Migrations list;
  list.add({.id = "split",
            .keep_preimages = true,
            .up = transform<Named, Split>("people", [](const Named& old) -> std::optional<Split> {
              if (old.name.empty()) return std::nullopt;
              const auto space = old.name.find(' ');
              return Split{old.id, old.name.substr(0, space), old.name.substr(space + 1)};
            })});
  return list;
}

inline void put_people(Database& db) {
  put(db, "people", R"({"_id":1,"name":"Ada King","_v":1,"tags":[1,{"a":2}],"x":null})");
  put(db, "people", R"({"_id":2,"name":"","note":"unknown to the structs"})");
  put(db, "people", R"({"_id":3,"name":"Bob Dylan"})");
  put(db, "people", R"({"_id":4,"first":"Cy","last":"Coy","_v":2})");
}

}  // namespace quire::migrate::test::kept
