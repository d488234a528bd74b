#include <gtest/gtest.h>

#include "quire/bson/json.hpp"
#include "quire/quire.hpp"
#include "quire/testing/testing.hpp"
#include "servers.hpp"

namespace quire::testing::test {
namespace {

Database empty() { return open(quire::test::store_uri()); }
void put(Database& db, std::string_view json, std::string_view collection = "c") {
  const auto document = bson::from_json(json);
  const bson::View view = document;
  (void)db.store().insert(db.ns(collection), {&view, 1}, {});
}
std::string difference(const Database& a, const Database& b, const ImageOptions& options = {}) {
  return DatabaseImage(a, options).difference(DatabaseImage(b, options), "one", "two");
}

TEST(Image, OrderOfFieldsSaysNothingUnlessAskedFor) {
  auto one = empty(), two = empty();
  put(one, R"({"_id":1,"a":{"x":1,"y":[{"p":1,"q":2}]},"b":2})");
  put(two, R"({"_id":1,"b":2,"a":{"y":[{"q":2,"p":1}],"x":1}})");
  EXPECT_EQ(difference(one, two), "");
  EXPECT_NE(difference(one, two, {.field_order = true}), "");
}

TEST(Image, TypesAndOrderOfArraysCount) {
  for (const auto& [a, b] : {std::pair(R"({"_id":1,"a":1})", R"({"_id":1,"a":1.0})"),
                             std::pair(R"({"_id":1,"a":[1,2]})", R"({"_id":1,"a":[2,1]})"),
                             std::pair(R"({"_id":1,"a":null})", R"({"_id":1})")}) {
    auto one = empty(), two = empty();
    put(one, a);
    put(two, b);
    EXPECT_NE(difference(one, two).find("collection c, _id {\"$numberInt\": \"1\"} differs"),
              std::string::npos)
        << a;
  }
}

TEST(Image, TellsWhatIsMissingOnEitherSide) {
  auto one = empty(), two = empty();
  put(one, R"({"_id":1})");
  put(one, R"({"_id":2})");
  put(two, R"({"_id":1})");
  EXPECT_NE(difference(one, two).find("is missing in two"), std::string::npos);
  EXPECT_NE(difference(two, one).find("is missing in one"), std::string::npos);
  put(two, R"({"_id":2})");
  EXPECT_EQ(difference(one, two), "");
  put(two, R"({"_id":1})", "other");
  EXPECT_EQ(difference(one, two), "collection other is missing or empty in one");
  EXPECT_EQ(difference(one, two, {.ignore = {"other"}}), "");
}

TEST(Image, LeavesOutQuiresOwnAndEmptyCollections) {
  auto one = empty(), two = empty();
  put(one, R"({"_id":1})", "_quire_history");
  one.create_collection("empty");
  EXPECT_EQ(difference(one, two), "");
  EXPECT_TRUE(DatabaseImage(one) == DatabaseImage(two));
}

TEST(Image, KeysOfIndexesAndOptionsOfCollectionsCount) {
  auto one = empty(), two = empty();
  for (auto* db : {&one, &two}) {
    const auto spec = bson::from_json(db == &one ? R"({"key":{"a":1,"b":1},"name":"i"})"
                                                 : R"({"key":{"b":1,"a":1},"name":"i"})");
    const bson::View view = spec;
    db->store().create_indexes(db->ns("c"), {&view, 1}, {});
  }
  EXPECT_NE(difference(one, two).find("index i differs"), std::string::npos);
  EXPECT_EQ(difference(one, two, {.indexes = false}), "");
  auto three = empty(), four = empty();
  three.create_collection("capped", bson::from_json(R"({"capped":true,"size":4096})"));
  four.create_collection("capped");
  put(four, R"({"_id":1})", "capped");
  put(three, R"({"_id":1})", "capped");
  EXPECT_NE(difference(three, four).find("options of collection capped differ"), std::string::npos);
}

TEST(HookedStore, TellsOfEachCallBeforeAndAfter) {
  auto db = empty();
  std::vector<std::string> calls;
  Database hooked{
      std::make_shared<HookedStore>(
          db.shared_store(),
          [&](const StoreCall& call) {
            calls.push_back(std::string(call.operation) + (call.in_transaction ? "+" : "") +
                            (call.returned ? " done" : " " + std::string(call.ns.collection)));
          }),
      db.name()};
  put(hooked, R"({"_id":1})");
  EXPECT_EQ(calls, (std::vector<std::string>{"insert c", "insert done"}));
  if (!db.capabilities().transactions) return;
  calls.clear();
  const auto session = hooked.store().start_session();
  session->start_transaction();
  const auto document = bson::from_json(R"({"_id":2})");
  const bson::View view = document;
  store::InsertOptions options;
  options.session = session.get();
  (void)hooked.store().insert(hooked.ns("c"), {&view, 1}, options);
  session->commit_transaction();
  EXPECT_EQ(calls, (std::vector<std::string>{"start_transaction ", "start_transaction+ done",
                                             "insert+ c", "insert+ done", "commit_transaction+ ",
                                             "commit_transaction done"}));
  EXPECT_EQ(db.store().count(db.ns("c"), {}, {}), 2);
}

TEST(HookedStore, WhatItsHookThrowsKeepsTheCallAway) {
  auto db = empty();
  Database hooked{std::make_shared<HookedStore>(db.shared_store(),
                                                [](const StoreCall& call) {
                                                  if (call.operation == "insert")
                                                    throw std::runtime_error("no");
                                                }),
                  db.name()};
  EXPECT_THROW(put(hooked, R"({"_id":1})"), std::runtime_error);
  EXPECT_EQ(db.store().count(db.ns("c"), {}, {}), 0);
}

TEST(ScratchDatabases, GoWithTheirObject) {
  std::string uri;
  {
    ScratchDatabases databases;
    uri = databases.make();
    auto db = open(uri);
    put(db, R"({"_id":1})");
    EXPECT_NE(uri, databases.make());
  }
  const auto file = uri.substr(6, uri.find('?') - 6);
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(file).parent_path().parent_path()));
}

}  // namespace
}  // namespace quire::testing::test
