#include <sys/wait.h>

#include <csignal>

#include "fixture.hpp"

namespace quire::backup {
namespace {

using namespace test;

class RestoreInto : public BackupTest {};
class WrittenByMongodump : public BackupTest {};
class StoppedBackup : public BackupTest {};

TEST_F(RestoreInto, ACollectionWithDocumentsIsRefusedAndWithDropReplaced) {
  const TestDatabase from, to;
  insert(from.db, "a", R"({"_id": 1})");
  insert(from.db, "b", R"({"_id": 1})");
  index(from.db, "b", R"({"key": {"x": 1}, "name": "x_1"})");
  backup(from.db, root / "b").or_throw();
  insert(to.db, "b", R"({"_id": 2})");
  insert(to.db, "other", R"({"_id": 3})");
  index(to.db, "b", R"({"key": {"y": 1}, "name": "y_1"})");
  const auto refused = restore(to.db, root / "b");
  EXPECT_EQ(refused.result, Result::failed);
  EXPECT_EQ(refused.error->code(), ErrorCode::namespace_exists);
  EXPECT_NE(refused.error->detail().find("\"b\""), std::string::npos);
  EXPECT_EQ(names(to.db), (std::vector<std::string>{"b", "other"}));
  RestoreOptions drop;
  drop.drop = true;
  restore(to.db, root / "b", drop).or_throw();
  expect_same(from.db, to.db, "b");
  EXPECT_EQ(indexes_of(to.db, "b"), indexes_of(from.db, "b"));
  EXPECT_EQ(names(to.db), (std::vector<std::string>{"a", "b", "other"}));
}

TEST_F(RestoreInto, AnEmptyCollectionIsFilledWhenItIsAlike) {
  const TestDatabase from, to;
  insert(from.db, "a", R"({"_id": 1, "x": 1})");
  index(from.db, "a", R"({"key": {"x": 1}, "name": "x_1"})");
  backup(from.db, root / "b").or_throw();
  create(to.db, "a");
  index(to.db, "a", R"({"key": {"y": 1}, "name": "x_1"})");
  EXPECT_EQ(restore(to.db, root / "b").error->code(), ErrorCode::namespace_exists);
  to.db.store().drop_index(to.db.ns("a"), "x_1", {});
  restore(to.db, root / "b").or_throw();
  expect_same(from.db, to.db, "a");
  to.db.drop_collection("a");
  create(to.db, "a", R"({"capped": true, "size": 65536})");
  EXPECT_EQ(restore(to.db, root / "b").error->code(), ErrorCode::namespace_exists);
  to.db.drop_collection("a");
  create(to.db, "a", R"({"viewOn": "zoo", "pipeline": []})");
  EXPECT_EQ(restore(to.db, root / "b").error->code(), ErrorCode::namespace_exists);
}

TEST_F(RestoreInto, WhatTheDatabaseRefusesChangesNothing) {
  const TestDatabase to;
  const fs::path data = root / "dump" / "shop";
  write_text(data / "a.bson", bytes_of({bson::make_document("_id", 1)}));
  write_text(data / "b.bson", bytes_of({bson::make_document("_id", 1)}));
  write_text(data / "b.metadata.json",
             R"({"indexes":[{"v":{"$numberInt":"2"},"key":{"a":"no such kind"},"name":"bad"}]})");
  insert(to.db, "a", R"({"_id": 7})");
  RestoreOptions drop;
  drop.drop = true;
  const auto report = restore(to.db, root / "dump", drop);
  EXPECT_EQ(report.result, Result::failed) << report.json();
  EXPECT_NE(report.error->detail().find("\"bad\""), std::string::npos) << report.error->what();
  EXPECT_EQ(names(to.db), (std::vector<std::string>{"a"}));
  EXPECT_EQ(all(to.db, "a").front()["_id"].as_int32(), 7);
}

TEST_F(RestoreInto, AFailureInTheMiddleTakesBackWhatWasMade) {
  const TestDatabase to;
  const fs::path data = root / "dump" / "shop";
  write_text(data / "a.bson", bytes_of({bson::make_document("_id", 1)}));
  write_text(
      data / "b.bson",  // the index cannot be built
      bytes_of({bson::make_document("_id", 1, "x", 1), bson::make_document("_id", 2, "x", 1)}));
  write_text(data / "b.metadata.json",
             R"({"indexes":[{"v":2,"key":{"x":1},"name":"x_1","unique":true}]})");
  write_text(data / "c.bson", bytes_of({bson::make_document("_id", 1)}));
  write_text(data / "c.metadata.json", R"({"options":{"capped":true,"size":65536},"indexes":[]})");
  const auto report = restore(to.db, root / "dump");
  EXPECT_EQ(report.result, Result::failed);
  EXPECT_EQ(report.error->code(), ErrorCode::duplicate_key) << report.error->what();
  EXPECT_TRUE(report.collections.empty());
  EXPECT_TRUE(names(to.db).empty());
}

TEST_F(RestoreInto, AStopInTheMiddleLeavesNothing) {
  const TestDatabase from, to;
  insert(from.db, "a", R"({"_id": 1})");
  insert(from.db, "b", R"({"_id": 1})");
  backup(from.db, root / "b").or_throw();
  std::stop_source stop;
  RestoreOptions options;
  options.stop = stop.get_token();
  options.progress = [&](const Progress& progress) {
    if (progress.phase == "restore" && progress.collection == "a") stop.request_stop();
  };
  const auto report = restore(to.db, root / "b", options);
  EXPECT_EQ(report.result, Result::stopped);
  EXPECT_EQ(report.exit_code(), 32);
  EXPECT_TRUE(names(to.db).empty());
}

// ---------------------------------------------------------------- mongodump's own folders

TEST_F(WrittenByMongodump, IsReadWithItsOptionsIndexesAndViews) {
  const TestDatabase to;
  const fs::path data = root / "dump" / "shop";
  write_text(root / "dump" / "prelude.json",
             R"({"ServerVersion":"8.0.4","ToolVersion":"100.10.0"})");
  write_text(data / "prelude.json", "{}");
  const std::vector<bson::Document> users = {bson::from_json(R"({"_id": 1, "email": "a"})"),
                                             bson::from_json(R"({"_id": 2, "email": "b"})")};
  write_text(data / "users.bson", bytes_of(users));
  write_text(
      data / "users.metadata.json",
      R"({"options":{"capped":true,"size":{"$numberInt":"65536"},"autoIndexId":true},)"
      R"("indexes":[{"v":{"$numberInt":"2"},"key":{"_id":{"$numberInt":"1"}},"name":"_id_"},)"
      R"({"v":{"$numberInt":"2"},"unique":true,"key":{"email":{"$numberInt":"1"}},)"
      R"("name":"email_1","ns":"shop.users"}],)"
      R"("uuid":"6d0f2c4f3b8e4f7da4e8d5d5a4c0a5b1","collectionName":"users","type":"collection"})");
  write_text(data / "empty%2F1.bson", "");
  write_text(data / "empty%2F1.metadata.json", R"({"indexes":[]})");
  write_text(data / "some.metadata.json",
             R"({"options":{"viewOn":"users","pipeline":[{"$match":{"_id":{"$numberInt":"1"}}}]},)"
             R"("indexes":[],"uuid":"","collectionName":"some","type":"view"})");
  write_text(data / "$admin.system.users.bson", bytes_of({bson::make_document("_id", "root")}));
  write_text(data / "system.js.bson", "");
  const auto report = restore(to.db, root / "dump");
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_FALSE(report.manifest);
  EXPECT_EQ(report.from_database, "shop");
  EXPECT_EQ(report.left_out.size(), 2U);
  EXPECT_EQ(names(to.db), (std::vector<std::string>{"empty/1", "some", "users"}));
  EXPECT_EQ(bytes_of(all(to.db, "users")), bytes_of(users));
  EXPECT_TRUE(options_of(to.db, "users").contains("capped"));
  EXPECT_EQ(indexes_of(to.db, "users").size(), 2U);
  EXPECT_EQ(all(to.db, "some").size(), 1U);
}

TEST_F(WrittenByMongodump, ALongNameStandsInTheMetadata) {
  const TestDatabase to;
  const fs::path data = root / "dump" / "shop";
  const std::string name(150, 'x'), cut = std::string(208, 'y') + "%24" + std::string(27, 'h');
  write_text(data / (cut + ".bson"), bytes_of({bson::make_document("_id", 1)}));
  EXPECT_EQ(restore(to.db, root / "dump").error->code(), ErrorCode::corrupt);
  write_text(data / (cut + ".metadata.json"),
             R"({"indexes":[],"collectionName":")" + name + R"(","type":"collection"})");
  restore(to.db, root / "dump").or_throw();
  EXPECT_EQ(names(to.db), (std::vector<std::string>{name}));
}

TEST_F(WrittenByMongodump, OneOfSeveralDatabasesIsTaken) {
  const TestDatabase to;
  write_text(root / "dump" / "shop" / "a.bson", "");
  write_text(root / "dump" / "zoo" / "b.bson", "");
  EXPECT_EQ(restore(to.db, root / "dump").error->code(), ErrorCode::invalid_argument);
  restore(to.db, root / "dump" / "zoo").or_throw();
  EXPECT_EQ(names(to.db), (std::vector<std::string>{"b"}));
  restore(to.db.with_name("shop"), root / "dump", {.verify_only = true}).or_throw();
}

TEST_F(WrittenByMongodump, TimeSeriesAreRestoredOrRefusedByName) {
  const TestDatabase to;
  const fs::path data = root / "dump" / "shop";
  write_text(data / "system.buckets.heat.bson", "");
  RestoreOptions check;
  check.verify_only = true;
  EXPECT_EQ(restore(to.db, root / "dump", check).error->code(), ErrorCode::corrupt);
  write_text(data / "heat.metadata.json",
             R"({"options":{"timeseries":{"timeField":"ts","granularity":"seconds",)"
             R"("bucketMaxSpanSeconds":{"$numberInt":"3600"}}},"indexes":[],)"
             R"("collectionName":"heat","type":"timeseries"})");
  const auto checked = restore(to.db, root / "dump", check);
  ASSERT_TRUE(checked.ok()) << checked.json();
  EXPECT_EQ(checked.collections.at(0).type, "timeseries");
  const auto report = restore(to.db, root / "dump");
  if (to.db.capabilities().time_series) {
    EXPECT_TRUE(report.ok()) << report.json();
  } else {
    EXPECT_EQ(report.error->code(), ErrorCode::unsupported);
    EXPECT_NE(report.error->detail().find("\"heat\""), std::string::npos);
    EXPECT_TRUE(names(to.db).empty());
  }
}

// ---------------------------------------------------------------- a backup that does not end

TEST_F(StoppedBackup, LeavesNoFolder) {
  const TestDatabase from;
  insert(from.db, "a", R"({"_id": 1})");
  insert(from.db, "b", R"({"_id": 1})");
  std::stop_source stop;
  BackupOptions options;
  options.stop = stop.get_token();
  bool seen = false;
  options.progress = [&](const Progress& progress) {
    if (progress.collection != "b") return;
    seen = fs::exists(root / "b.part" / from.db.name() / "a.bson");
    stop.request_stop();
  };
  const auto report = backup(from.db, root / "b", options);
  EXPECT_TRUE(seen);
  EXPECT_EQ(report.result, Result::stopped);
  EXPECT_EQ(report.exit_code(), 32);
  EXPECT_TRUE(fs::is_empty(root));
  options.stop = {};
  options.progress = [](const Progress&) { throw std::runtime_error("enough"); };
  EXPECT_THROW((void)backup(from.db, root / "b", options), std::runtime_error);
  EXPECT_TRUE(fs::is_empty(root));
}

TEST_F(StoppedBackup, WhatAKilledOneLeftIsReplaced) {
  const TestDatabase from;
  insert(from.db, "a", R"({"_id": 1})");
  write_text(root / "b.part" / from.db.name() / "a.bson", "half");
  write_text(root / "b.part" / "old" / "x.bson", "half");
  backup(from.db, root / "b").or_throw();
  EXPECT_FALSE(fs::exists(root / "b" / "old"));
  EXPECT_FALSE(fs::exists(root / "b.part"));
}

/// Runs `work` in a process of its own, which must be killed by it.
template <class Work>
void killed_in(const Work& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      work();
    } catch (...) {  // not killed: the parent sees that
    }
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F(StoppedBackup, AKillLeavesNoFolderAndAKilledRestoreNothing) {
  if (quire::test::on_server()) GTEST_SKIP() << "about files";
  const std::string from = (root / "a.quire").string(), to = (root / "b.quire").string();
  {
    const Database db = open(from);
    insert(db, "a", R"({"_id": 1})");
    insert(db, "b", R"({"_id": 1})");
    db.close();
  }
  const auto kill_at = [](std::string_view phase) {
    return [phase](const Progress& progress) {
      if (progress.phase == phase && progress.collection == "b" && progress.done == 1)
        ::raise(SIGKILL);
    };
  };
  killed_in([&] {
    BackupOptions options;
    options.progress = kill_at("write");
    (void)backup(open(from), root / "b", options);
  });
  EXPECT_FALSE(fs::exists(root / "b"));
  EXPECT_TRUE(fs::exists(root / "b.part"));
  backup(open(from), root / "b").or_throw();
  EXPECT_FALSE(fs::exists(root / "b.part"));
  insert(open(to), "a", R"({"_id": 7})");
  killed_in([&] {
    RestoreOptions options;
    options.drop = true;
    options.progress = kill_at("restore");
    (void)restore(open(to), root / "b", options);
  });
  const Database target = open(to);
  EXPECT_EQ(names(target), (std::vector<std::string>{"a"}));
  EXPECT_EQ(all(target, "a").front()["_id"].as_int32(), 7);
}

TEST_F(StoppedBackup, TwoToOneFolderAreRefused) {
  const TestDatabase from;
  insert(from.db, "a", R"({"_id": 1})");
  BackupOptions options;
  bool asked = false;
  options.snapshot = false;
  options.progress = [&](const Progress&) {
    if (asked) return;
    asked = true;
    EXPECT_EQ(backup(from.db, root / "b").error->code(), ErrorCode::busy);
  };
  backup(from.db, root / "b", options).or_throw();
  EXPECT_TRUE(asked);
  const auto again = backup(from.db, root / "b");
  EXPECT_EQ(again.error->code(), ErrorCode::invalid_argument);
  EXPECT_TRUE(restore(from.db, root / "b", {.verify_only = true}).ok());  // untouched
}

}  // namespace
}  // namespace quire::backup
