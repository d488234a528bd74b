#include <thread>

#include "file_fixture.hpp"
#include "quire/store/embedded/embedded.hpp"
#include "store/embedded/storage/change_log.hpp"
#include "store/embedded/storage/read_locks.hpp"

// Change streams at the port: what the typed layer's tests do not see.
namespace quire::store::embedded {
namespace {

using namespace std::chrono_literals;

class ChangeStreamTest : public FileTest {
 protected:
  [[nodiscard]] std::string with(const std::string& options) const { return path_ + "?" + options; }
  static WatchOptions no_wait() {
    WatchOptions options;
    options.max_await = 0ms;
    return options;
  }
  static std::unique_ptr<ChangeStream> watch(Store& store, const WatchOptions& options = no_wait(),
                                             Namespace ns = {"main", "c"},
                                             std::string_view pipeline = "[]") {
    const auto stages = json("{\"p\":" + std::string(pipeline) + "}");
    return store.watch(ns, stages["p"].as_array(), options);
  }
  /// "insert 1", "update 2 {…updateDescription}", "drop" … of all events that are there.
  static std::vector<std::string> events(ChangeStream& stream) {
    std::vector<std::string> out;
    while (const auto event = stream.next()) {
      std::string text((*event)["operationType"].as_string());
      if (const auto key = event->find("documentKey"))
        text += " " + bson::to_json(key->as_document()["_id"], bson::JsonMode::relaxed);
      if (const auto change = event->find("updateDescription"))
        text += " " + bson::to_json(change->as_document(), bson::JsonMode::relaxed);
      out.push_back(std::move(text));
    }
    return out;
  }
  static std::string description(Store& store, std::string_view before, std::string_view operators,
                                 bool expanded = false) {
    store.drop_collection({"main", "c"}, {});
    insert(store, before);
    auto options = no_wait();
    options.show_expanded_events = expanded;
    const auto stream = watch(store, options);
    EXPECT_EQ(update(store, "{}", operators).modified, 1);
    const auto event = stream->next();
    return event
               ? bson::to_json((*event)["updateDescription"].as_document(), bson::JsonMode::relaxed)
               : "no event";
  }
  static std::string told(std::string_view updated, std::string_view removed = "[]") {
    return bson::to_json(json("{\"updatedFields\":" + std::string(updated) + ",\"removedFields\":" +
                              std::string(removed) + ",\"truncatedArrays\":[]}"),
                         bson::JsonMode::relaxed);
  }
  using Texts = std::vector<std::string>;
};

TEST_F(ChangeStreamTest, DescribesAnUpdateByWhatItsOperatorsWrote) {
  const auto store = open(":memory:");
  const auto of = [&](std::string_view before, std::string_view operators) {
    return description(*store, before, operators);
  };
  EXPECT_EQ(of(R"({"_id":1,"a":1})", R"({"$set":{"a":2}})"), told(R"({"a":2})"));
  EXPECT_EQ(of(R"({"_id":1,"a":1})", R"({"$set":{"a":1,"b":2}})"), told(R"({"b":2})"));
  EXPECT_EQ(of(R"({"_id":1,"a":1,"b":1})", R"({"$unset":{"a":1},"$inc":{"b":1}})"),
            told(R"({"b":2})", R"(["a"])"));
  // A value is told as it was written, not by its parts.
  EXPECT_EQ(of(R"({"_id":1,"a":{"x":1,"y":1}})", R"({"$set":{"a":{"x":1,"y":2}}})"),
            told(R"({"a":{"x":1,"y":2}})"));
  EXPECT_EQ(of(R"({"_id":1,"a":{"x":1,"y":1}})", R"({"$set":{"a.y":2,"a.z.q":3}})"),
            told(R"({"a.y":2,"a.z":{"q":3}})"));
  EXPECT_EQ(
      of(R"({"_id":1,"a":{"x":1}})", R"({"$set":{"a.y":1},"$unset":{"a.x":1},"$inc":{"n":1}})"),
      told(R"({"n":1,"a.y":1})", R"(["a.x"])"));
  EXPECT_EQ(of(R"({"_id":1,"a":1})", R"({"$rename":{"a":"b"}})"), told(R"({"b":1})", R"(["a"])"));
}

TEST_F(ChangeStreamTest, DescribesWhatBecameOfArrays) {
  const auto store = open(":memory:");
  const auto of = [&](std::string_view before, std::string_view operators) {
    return description(*store, before, operators);
  };
  EXPECT_EQ(of(R"({"_id":1,"a":[1,2]})", R"({"$push":{"a":3}})"), told(R"({"a.2":3})"));
  EXPECT_EQ(of(R"({"_id":1,"a":[1]})", R"({"$push":{"a":{"$each":[7,8]}}})"),
            told(R"({"a.1":7,"a.2":8})"));
  EXPECT_EQ(of(R"({"_id":1,"a":[1]})", R"({"$push":{"a":{"$each":[0],"$position":0}}})"),
            told(R"({"a":[0,1]})"));
  EXPECT_EQ(of(R"({"_id":1})", R"({"$push":{"a":3}})"), told(R"({"a":[3]})"));
  EXPECT_EQ(of(R"({"_id":1,"a":[1,2,3]})", R"({"$pop":{"a":1}})"), told(R"({"a":[1,2]})"));
  EXPECT_EQ(of(R"({"_id":1,"a":[1,2,3]})", R"({"$pull":{"a":2}})"), told(R"({"a":[1,3]})"));
  EXPECT_EQ(of(R"({"_id":1,"a":[1,2,3]})", R"({"$set":{"a.1":9}})"), told(R"({"a.1":9})"));
  EXPECT_EQ(of(R"({"_id":1,"a":[1]})", R"({"$set":{"a.3":9}})"), told(R"({"a.3":9})"));
  EXPECT_EQ(of(R"({"_id":1,"a":[{"n":1},{"n":2}]})", R"({"$inc":{"a.$[].n":5}})"),
            told(R"({"a.0.n":6,"a.1.n":7})"));
}

TEST_F(ChangeStreamTest, SaysHowAPathIsMeantWhereItCouldBeTwo) {
  const auto store = open(":memory:");
  const auto part = [&](std::string_view before, std::string_view operators) {
    return bson::to_json(
        json(description(*store, before, operators, true))["disambiguatedPaths"].as_document(),
        bson::JsonMode::relaxed);
  };
  EXPECT_EQ(part(R"({"_id":1,"a":{"1":1}})", R"({"$set":{"a.1":2}})"), R"({"a.1": ["a", "1"]})");
  EXPECT_EQ(part(R"({"_id":1,"a":[{"1":1}]})", R"({"$set":{"a.0.1":2}})"),
            R"({"a.0.1": ["a", 0, "1"]})");
  EXPECT_EQ(part(R"({"_id":1,"a":[{"b":1}]})", R"({"$set":{"a.0.b":2}})"), "{}");
}

TEST_F(ChangeStreamTest, TellsWhatIsCommittedAndInThatOrder) {
  const auto store = open(path_);
  const auto stream = watch(*store);
  const auto kept = store->start_session();
  kept->start_transaction();
  insert(*store, R"({"_id":1})", kept.get());
  update(*store, R"({"_id":1})", R"({"$set":{"a":1}})", kept.get());
  EXPECT_EQ(events(*stream), Texts{});
  kept->commit_transaction();
  const auto dropped = store->start_session();
  dropped->start_transaction();
  insert(*store, R"({"_id":2})", dropped.get());
  dropped->abort_transaction();
  insert(*store, R"({"_id":3})");
  EXPECT_TRUE(insert(*store, R"({"_id":3})").errors.size() == 1);  // no event of a failure
  EXPECT_EQ(events(*stream), (Texts{"insert 1", "update 1 " + told(R"({"a":1})"), "insert 3"}));
}

TEST_F(ChangeStreamTest, NamesTheTransactionOfAnEvent) {
  const auto store = open(path_);
  const auto stream = watch(*store);
  const auto session = store->start_session();
  for (int i = 0; i < 2; ++i) {
    session->start_transaction();
    insert(*store, "{\"_id\":" + std::to_string(10 * i) + "}", session.get());
    insert(*store, "{\"_id\":" + std::to_string(10 * i + 1) + "}", session.get());
    session->commit_transaction();
  }
  insert(*store, R"({"_id":99})");
  std::vector<bson::Document> all;
  while (const auto event = stream->next()) all.emplace_back(*event);
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0]["txnNumber"].as_int64() + 1, all[2]["txnNumber"].as_int64());
  EXPECT_EQ(all[0]["lsid"].as_document(), all[3]["lsid"].as_document());
  EXPECT_EQ(all[0]["clusterTime"].as_timestamp(), all[1]["clusterTime"].as_timestamp());
  EXPECT_LT(all[1]["clusterTime"].as_timestamp(), all[2]["clusterTime"].as_timestamp());
  EXPECT_FALSE(all[4].contains("lsid"));
}

TEST_F(ChangeStreamTest, SeesOtherProgramsOnTheFile) {
  const auto store = open(path_);
  auto options = no_wait();
  options.max_await = 10s;
  const auto stream = watch(*store, options);
  std::jthread other([&] {
    std::this_thread::sleep_for(50ms);
    insert(*open(path_), R"({"_id":1})");
  });
  const auto event = stream->next();
  ASSERT_TRUE(event);
  EXPECT_EQ((*event)["operationType"].as_string(), "insert");
}

TEST_F(ChangeStreamTest, WritesNothingDownUntilSomebodyWatches) {
  {
    const auto store = open(path_);
    insert(*store, R"({"_id":1})");
    EXPECT_EQ(statistics(*store).format_version, 1);
  }
  bson::Document token;
  {
    const auto store = open(path_);
    token = watch(*store)->resume_token();
    EXPECT_EQ(statistics(*store).format_version, 2);
  }
  insert(*open(path_), R"({"_id":2})");  // nobody watches now; a later stream resumes
  const auto store = open(path_);
  auto options = no_wait();
  options.resume_after = token;
  EXPECT_EQ(events(*watch(*store, options)), Texts{"insert 2"});
  EXPECT_TRUE(check(*store).ok()) << check(*store).str();
}

TEST_F(ChangeStreamTest, ForgetsTheLogWhenToldTo) {
  bson::Document token;
  {
    const auto store = open(with("changes=on"));
    token = watch(*store)->resume_token();
    insert(*store, R"({"_id":1})");
  }
  {
    const auto store = open(with("changes=off"));
    insert(*store, R"({"_id":2})");
    EXPECT_EQ(code_of([&] { (void)watch(*store); }), ErrorCode::unsupported);
  }
  const auto store = open(path_);
  auto options = no_wait();
  options.resume_after = token;
  try {
    (void)watch(*store, options);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), ErrorCode::resume_failed);
    EXPECT_EQ(error.backend_code(), 286);
  }
}

TEST_F(ChangeStreamTest, KeepsNoMoreEventsThanTheLimit) {
  const auto store = open(with("changes_count=1000"));
  const auto slow = watch(*store);
  const auto token = slow->resume_token();
  for (int i = 0; i < 40; ++i) {
    std::vector<bson::Document> batch;
    std::vector<bson::View> views;
    for (int j = 0; j < 100; ++j) batch.push_back(bson::make_document("_id", i * 100 + j));
    for (const auto& one : batch) views.push_back(one);
    store->insert({"main", "c"}, views, {});
  }
  for (const auto& resume : {false, true}) {
    try {
      auto options = no_wait();
      options.resume_after = token;
      if (resume) {
        (void)watch(*store, options);
      } else {
        (void)slow->next();
      }
      ADD_FAILURE() << "nothing was thrown";
    } catch (const StoreError& error) {
      EXPECT_EQ(error.backend_code(), 286);
    }
  }
  EXPECT_TRUE(check(*store).ok());
}

TEST_F(ChangeStreamTest, GivesUpTheLogWhenNobodyAskedForSoLong) {
  const auto store = open(with("changes_age_s=1"));
  (void)watch(*store);
  std::this_thread::sleep_for(1100ms);
  for (int i = 0; i < 600; ++i) insert(*store, "{\"_id\":" + std::to_string(i) + "}");
  ReadLocks locks;
  Connection connection(Options::parse(path_), false, locks);
  const auto state = read_log_state(connection);
  ASSERT_TRUE(state);
  EXPECT_FALSE(state->active);
  EXPECT_EQ(connection.query_integer("SELECT count(*) FROM quire_changes"), 0);
  const auto stream = watch(*store);  // and takes it up again
  insert(*store, R"({"_id":"x"})");
  EXPECT_EQ(events(*stream), Texts{"insert \"x\""});
}

TEST_F(ChangeStreamTest, RefusesTokensThatMeanNothingHere) {
  const auto store = open(path_);
  const auto failure = [&](std::string_view token, bool start_after = false) {
    const auto given = json(token);
    auto options = no_wait();
    (start_after ? options.start_after : options.resume_after) = given;
    try {
      (void)watch(*store, options);
    } catch (const StoreError& error) {
      EXPECT_EQ(error.code(), ErrorCode::resume_failed);
      return error.backend_code();
    }
    return 0;
  };
  EXPECT_EQ(failure(R"({"x":1})"), 40647);
  EXPECT_EQ(failure(R"({"_data":1})"), 40647);
  EXPECT_EQ(failure(R"({"_data":"8"})"), 9);
  EXPECT_EQ(failure(R"({"_data":"82"})"), 260);
  const auto other = open(":memory:");
  EXPECT_EQ(failure(bson::to_json(watch(*other)->resume_token(), bson::JsonMode::relaxed)), 280);
  const auto stream = watch(*store);
  insert(*store, R"({"_id":1})");
  store->drop_collection({"main", "c"}, {});
  EXPECT_EQ(events(*stream), (Texts{"insert 1", "drop", "invalidate"}));
  EXPECT_TRUE(stream->ended());
  const auto token = bson::to_json(stream->resume_token(), bson::JsonMode::relaxed);
  EXPECT_EQ(failure(token), 260);
  EXPECT_EQ(failure(token, true), 0);
}

TEST_F(ChangeStreamTest, ComesToTheInvalidateFromTheTokenOfTheDrop) {
  const auto store = open(path_);
  insert(*store, R"({"_id":1})");
  const auto stream = watch(*store);
  store->drop_collection({"main", "c"}, {});
  ASSERT_TRUE(stream->next());
  const auto token = stream->resume_token();
  auto options = no_wait();
  options.resume_after = token;
  const auto again = watch(*store, options);
  EXPECT_EQ(events(*again), Texts{"invalidate"});
  EXPECT_TRUE(again->ended());
}

TEST_F(ChangeStreamTest, OfTheFileSeesAllDatabasesButThoseOfTheSystem) {
  const auto store = open(path_);
  const auto stream = watch(*store, no_wait(), {});
  const auto document = bson::make_document("_id", 1);
  const bson::View views[] = {document};
  store->insert({"a", "x"}, views, {});
  store->insert({"config", "x"}, views, {});
  store->insert({"b", "y"}, views, {});
  store->drop_database("a");
  EXPECT_EQ(events(*stream), (Texts{"insert 1", "insert 1", "drop", "dropDatabase"}));
  EXPECT_FALSE(stream->ended());
}

TEST_F(ChangeStreamTest, RefusesWhatNoServerTakes) {
  const auto store = open(path_);
  const auto failure = [&](std::string_view pipeline) {
    try {
      (void)watch(*store, no_wait(), {"main", "c"}, pipeline);
    } catch (const Error& error) {
      return error.backend_code();
    }
    return 0;
  };
  EXPECT_EQ(failure(R"([{"$group":{"_id":1}}])"), 20);
  EXPECT_EQ(failure(R"([{"$nothing":1}])"), 40324);
  EXPECT_EQ(failure(R"([{"$match":1}])"), 15959);
  EXPECT_EQ(failure(R"([{"$match":{},"x":1}])"), 40323);
  auto options = no_wait();
  options.full_document = "sometimes";
  EXPECT_EQ(code_of([&] { (void)watch(*store, options); }), ErrorCode::invalid_query);
  EXPECT_EQ(code_of([&] { (void)watch(*store, no_wait(), {"admin", "c"}); }),
            ErrorCode::invalid_argument);
  const auto session = store->start_session();
  session->start_transaction();
  options = no_wait();
  options.session = session.get();
  EXPECT_EQ(code_of([&] { (void)watch(*store, options); }), ErrorCode::transaction_state);
}

TEST_F(ChangeStreamTest, OfABackupGoesItsOwnWay) {
  const auto store = open(path_);
  const auto token = watch(*store)->resume_token();
  insert(*store, R"({"_id":1})");
  const auto copy = (folder_ / "copy.quire").string();
  backup(*store, copy);
  auto options = no_wait();
  options.resume_after = token;
  EXPECT_EQ(events(*watch(*store, options)), Texts{"insert 1"});
  EXPECT_EQ(code_of([&] { (void)watch(*open(copy), options); }), ErrorCode::resume_failed);
}

TEST_F(ChangeStreamTest, FindsABrokenEntry) {
  const auto store = open(path_);
  const auto stream = watch(*store);
  insert(*store, R"({"_id":1})");
  {
    ReadLocks locks;
    Connection connection(Options::parse(path_), false, locks);
    connection.execute("UPDATE quire_changes SET wall=wall+1");
  }
  EXPECT_EQ(code_of([&] { (void)stream->next(); }), ErrorCode::corrupt);
  EXPECT_FALSE(check(*store).ok());
}

TEST_F(ChangeStreamTest, IsServedToDriversByCommands) {
  const auto store = open(path_);
  const auto run = [&](std::string_view command) {
    return store->run_command("main", json(command), nullptr);
  };
  auto reply = run(R"({"aggregate":"c","pipeline":[{"$changeStream":{}},
      {"$match":{"operationType":"insert"}}],"cursor":{}})");
  auto cursor = bson::Document(reply["cursor"].as_document());
  EXPECT_EQ(cursor["ns"].as_string(), "main.c");
  EXPECT_TRUE(cursor["firstBatch"].as_array().empty());
  EXPECT_TRUE(cursor["postBatchResumeToken"].as_document().contains("_data"));
  const auto id = cursor["id"].as_int64();
  insert(*store, R"({"_id":1})");
  insert(*store, R"({"_id":2})");
  const auto more = "{\"getMore\":{\"$numberLong\":\"" + std::to_string(id) +
                    "\"},\"collection\":\"c\",\"maxTimeMS\":20,\"batchSize\":1}";
  for (const int n : {1, 2}) {
    cursor = bson::Document(run(more)["cursor"].as_document());
    const auto batch = cursor["nextBatch"].as_array();
    ASSERT_EQ(batch.count(), 1U);
    const auto event = batch["0"].as_document();
    EXPECT_EQ(event["documentKey"].as_document()["_id"].as_int32(), n);
    EXPECT_EQ(event["_id"].as_document(), cursor["postBatchResumeToken"].as_document());
  }
  EXPECT_TRUE(run(more)["cursor"].as_document()["nextBatch"].as_array().empty());
  store->drop_collection({"main", "c"}, {});
  cursor = bson::Document(run(more)["cursor"].as_document());
  EXPECT_EQ(cursor["id"].as_int64(), 0);  // the invalidate was filtered away; the stream is over
  EXPECT_EQ(code_of([&] {
              (void)run(R"({"aggregate":1,"pipeline":[{"$changeStream":
                  {"allChangesForCluster":true}}],"cursor":{}})");
            }),
            ErrorCode::command_failed);
}

}  // namespace
}  // namespace quire::store::embedded
