#ifdef QUIRE_TEST_MONGODB

#include <algorithm>

#include "copy_fixture.hpp"
#include "open_ranges.hpp"

namespace quire {
namespace {

using namespace quire::test;
using cli::copy_database;
using cli::CopyOptions;
using cli::CopyResult;

class CopyServer : public CopyTest {};

TEST_F(CopyServer, FromFileToServerAndBackIsTheSameByteForByte) {
  QUIRE_NEEDS_SERVER(uri, "replica_set");
  const Database a = open_file("a.quire"), server = open(uri), b = open_file("b.quire");
  const DropAtEnd drop(server);
  insert(a, "types", every_type(Deprecated::no));
  std::vector<bson::Document> users;
  for (std::int32_t i = 0; i < 3000; ++i)
    users.push_back(bson::make_document("_id", i, "email", "u" + std::to_string(i), "age", i % 90));
  insert(a, "users", users);
  create_index(a, "users", R"({"key": {"email": 1}, "name": "email_1", "unique": true})");
  create_index(a, "users", R"({"key": {"age": -1, "email": 1}, "name": "age_email"})");
  create_index(a, "users", R"({"key": {"nick": 1}, "name": "nick_1", "sparse": true})");
  create_index(a, "users", R"({"key": {"age": 1}, "name": "adults",
    "partialFilterExpression": {"age": {"$gte": 18}}})");
  create_index(a, "sessions", R"({"key": {"at": 1}, "name": "at_1", "expireAfterSeconds": 3600})");
  a.store().create_collection(a.ns("nothing"), {}, {});
  CopyOptions options;
  options.batch_documents = 700;
  const auto there = copy_database(a, server, options);
  ASSERT_TRUE(there.ok()) << there.json();
  EXPECT_TRUE(has_collection(server, "nothing"));
  EXPECT_FALSE(has_collection(server, "_quire_copy"));
  const auto open = OpenRanges::of(server, "users");
  const auto back = copy_database(server, b, options);
  ASSERT_TRUE(back.ok()) << back.json();
  EXPECT_LE(open->count, 1);  // the rest behind the last id that was told ahead
  open->count = 0;
  options.existing = cli::Existing::replace;
  const auto merged = copy_database(server, b, options);  // which is compared page by page
  ASSERT_TRUE(merged.ok()) << merged.json();
  EXPECT_LE(open->count, 2);
  EXPECT_GE(open->closed, 9);
  EXPECT_EQ(back.documents(), 3000 + static_cast<std::int64_t>(every_type(Deprecated::no).size()));
  for (const char* name : {"types", "users"}) {
    EXPECT_EQ(cli_digest(there, name), cli_digest(back, name)) << name;
    const auto left = all(a, name), right = all(b, name);
    ASSERT_EQ(left.size(), right.size());
    for (std::size_t i = 0; i < left.size(); ++i)
      EXPECT_TRUE(left[i] == right[i]) << bson::to_json(right[i], bson::JsonMode::canonical);
  }
  const auto mine = a.store().list_indexes(a.ns("users"));
  const auto theirs = b.store().list_indexes(b.ns("users"));
  ASSERT_EQ(mine.size(), theirs.size());
  for (const auto& one : mine) {  // a server lists them in an order of its own
    const auto other = std::find_if(theirs.begin(), theirs.end(), [&](const auto& index) {
      return index["name"].as_string() == one["name"].as_string();
    });
    ASSERT_NE(other, theirs.end()) << one["name"].as_string();
    EXPECT_TRUE(one["key"].as_document() == (*other)["key"].as_document());
    for (const char* name : {"unique", "sparse", "partialFilterExpression"})
      EXPECT_EQ(one.contains(name), other->contains(name)) << name;
  }
  EXPECT_TRUE(b.store().list_indexes(b.ns("sessions")).at(1).contains("expireAfterSeconds"));
}

TEST_F(CopyServer, CappedCollectionsValidatorsAndViewsOfViewsGoToAnotherServer) {
  QUIRE_NEEDS_SERVER(uri, "replica_set");
  QUIRE_NEEDS_SERVER(other, "standalone");
  const Database a = open(uri), b = open(other);
  const DropAtEnd drop_a(a), drop_b(b);
  const auto create = [&](const char* name, const char* options) {
    a.store().create_collection(a.ns(name), bson::from_json(options), {});
  };
  create("log", R"({"capped": true, "size": 1000000})");
  for (int i : {5, 1, 9, 3}) insert(a, "log", {bson::make_document("_id", std::int32_t{i})});
  insert_json(a, "people", R"({"_id": 1, "age": "old"})");  // older than the validator
  (void)a.store().run_command(
      a.name(), bson::from_json(R"({"collMod": "people", "validator": {"age": {"$type": "int"}}})"),
      nullptr);
  create("z_adults", R"({"viewOn": "people", "pipeline": [{"$match": {"age": {"$gte": 18}}}]})");
  create("a_names", R"({"viewOn": "z_adults", "pipeline": [{"$project": {"name": 1}}]})");
  CopyOptions options;
  options.batch_documents = 2;
  const auto report = copy_database(a, b, options);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.views, (std::vector<std::string>{"z_adults", "a_names"}));
  const auto natural = bson::make_document("$natural", std::int32_t{1});
  std::vector<std::int32_t> order;
  for (const auto& document : all(b, "log", natural)) order.push_back(document["_id"].as_int32());
  EXPECT_EQ(order, (std::vector<std::int32_t>{5, 1, 9, 3}));
  int seen = 0;
  for (const auto& info : b.store().list_collections(b.name())) {
    if (info.name == "log") seen += info.options.contains("capped");
    if (info.name == "people") seen += info.options.contains("validator");
    if (info.name == "z_adults") seen += info.type == "view";
    if (info.name == "a_names") seen += info.options["viewOn"].as_string() == "z_adults";
  }
  EXPECT_EQ(seen, 4);
}

TEST_F(CopyServer, WhatAFileCannotHaveIsRefusedByNameBeforeAnythingIsWritten) {
  QUIRE_NEEDS_SERVER(uri, "replica_set");
  const Database a = open(uri), b = open_file("b.quire");
  const DropAtEnd drop(a);
  insert_json(a, "posts", R"({"_id": 1, "text": "a"})");
  create_index(a, "posts", R"({"key": {"place": "2dsphere"}, "name": "place_2dsphere"})");
  create_index(a, "posts", R"({"key": {"by": 1}, "name": "by_1"})");
  auto report = copy_database(a, b);
  EXPECT_EQ(report.exit_code(), 30);
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->code(), ErrorCode::unsupported);
  EXPECT_NE(report.error->detail().find("index \"place_2dsphere\" of \"posts\""), std::string::npos)
      << report.error->detail();
  EXPECT_TRUE(b.collection_names().empty());

  a.store().create_collection(
      a.ns("log"),
      bson::from_json(R"({"collation": {"locale": "de"}, "capped": true, "size": 4096})"), {});
  insert_json(a, "log", R"({"_id": 1})");
  a.store().create_collection(a.ns("seen"),
                              bson::from_json(R"({"viewOn": "posts", "pipeline": []})"), {});
  CopyOptions options;
  options.skip_indexes = true;
  report = copy_database(a, b, options);
  EXPECT_EQ(report.exit_code(), 30);
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->code(), ErrorCode::unsupported);
  EXPECT_NE(report.error->detail().find("\"log\" has collation"), std::string::npos)
      << report.error->detail();
  EXPECT_TRUE(b.collection_names().empty());

  options.skip_options = true;
  report = copy_database(a, b, options);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.left_out.size(), 2U) << report.json();
  EXPECT_TRUE(has_collection(b, "log"));
  EXPECT_TRUE(b.store().list_collections(b.name()).front().options.contains("capped"));
  EXPECT_TRUE(has_collection(b, "seen"));  // a view, which a file has
  EXPECT_EQ(of(report, "posts").indexes, 1);
}

TEST_F(CopyServer, AServerThatIsNotThereIsAFailureThatLeavesNothing) {
  const Database a = open_file("a.quire");
  insert_json(a, "users", R"({"_id": 1})");
  const Database gone = open("mongodb://u:secret@127.0.0.1:1/app?serverSelectionTimeoutMS=300");
  const auto report = copy_database(a, gone);
  EXPECT_EQ(report.exit_code(), 30);
  EXPECT_EQ(report.error->code(), ErrorCode::server_unreachable);
  EXPECT_EQ(report.json().find("secret"), std::string::npos);
}

TEST_F(CopyServer, AWrongPasswordIsNotShown) {
  const std::string host = server("auth_host");
  if (host.empty()) GTEST_SKIP() << "no server \"auth\" was started";
  const Database a = open_file("a.quire");
  insert_json(a, "users", R"({"_id": 1})");
  const Database denied = open("mongodb://quire:wr0ngsecret@" + host + "/app?authSource=admin");
  const auto report = copy_database(a, denied);
  EXPECT_EQ(report.exit_code(), 30);
  EXPECT_EQ(report.error->code(), ErrorCode::authentication_failed);
  EXPECT_EQ(report.json().find("wr0ngsecret"), std::string::npos);
  EXPECT_EQ(std::string(report.error->what()).find("wr0ngsecret"), std::string::npos);
}

}  // namespace
}  // namespace quire

#endif
