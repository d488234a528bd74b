#include <algorithm>

#include "quire/bson/writer.hpp"
#include "store_fixture.hpp"

namespace quire::store::contract {
namespace {

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, ::testing::ValuesIn(all_stores()), store_name);

TEST_P(StoreContract, InsertedDocumentsAreFoundByIdAndByScan) {
  EXPECT_EQ(insert({R"({"_id":1,"a":"x"})", R"({"_id":2,"a":"y"})"}).inserted, 2);
  EXPECT_EQ(find(R"({"_id":2})"), (Strings{R"({"_id":2,"a":"y"})"}));
  EXPECT_EQ(find(R"({"a":"x"})").size(), 1U);
  EXPECT_EQ(find("{}").size(), 2U);
  EXPECT_EQ(find(R"({"_id":{"$gt":1}})").size(), 1U);
  EXPECT_EQ(find(R"({"_id":3})").size(), 0U);
}

TEST_P(StoreContract, AnAbsentCollectionIsEmpty) {
  EXPECT_TRUE(find("{}").empty());
  EXPECT_EQ(count(), 0);
  EXPECT_TRUE(store_->list_indexes(ns()).empty());
  EXPECT_EQ(remove("{}", true), 0);
  EXPECT_EQ(update("{}", R"({"$set":{"a":1}})").matched, 0);
}

TEST_P(StoreContract, ADocumentWithoutIdGetsAnObjectIdInFront) {
  insert({R"({"a":1})"});
  const auto empty = bson::Document();
  bson::Document found;
  ASSERT_TRUE(store_->find_one(ns(), empty, {}, [&](bson::View v) { found = bson::Document(v); }));
  EXPECT_EQ(found.begin()->key, "_id");
  EXPECT_EQ(found.begin()->value.type(), bson::Type::object_id);
}

TEST_P(StoreContract, IdsOfAllNumberTypesAreOne) {
  insert({R"({"_id":5})"});
  EXPECT_EQ(find(R"({"_id":5.0})").size(), 1U);
  EXPECT_EQ(find(R"({"_id":{"$numberLong":"5"}})").size(), 1U);
  const auto again = insert({R"({"_id":5.0})"});
  ASSERT_EQ(again.errors.size(), 1U);
  EXPECT_EQ(again.errors[0].error.code(), ErrorCode::duplicate_key);
  EXPECT_EQ(again.errors[0].error.backend_code(), 11000);
}

TEST_P(StoreContract, OrderedInsertStopsAtTheFirstErrorUnorderedGoesOn) {
  const auto ordered = insert({R"({"_id":1})", R"({"_id":1})", R"({"_id":2})"});
  EXPECT_EQ(ordered.inserted, 1);
  ASSERT_EQ(ordered.errors.size(), 1U);
  EXPECT_EQ(ordered.errors[0].index, 1U);
  EXPECT_EQ(text(ordered.errors[0].details), R"({"keyPattern":{"_id":1},"keyValue":{"_id":1}})");
  InsertOptions options;
  options.ordered = false;
  const auto unordered =
      insert({R"({"_id":1})", R"({"_id":3})", R"({"_id":3})", R"({"_id":4})"}, options);
  EXPECT_EQ(unordered.inserted, 2);
  EXPECT_EQ(unordered.errors.size(), 2U);
  EXPECT_EQ(count(), 3);
}

TEST_P(StoreContract, BadDocumentsAreErrorsOfTheirItems) {
  InsertOptions options;
  options.ordered = false;
  QUIRE_SKIP_ON_TEST_SERVER("takes an array as an _id");
  const auto result = insert({R"({"_id":[1]})", R"({"_id":{"$bad":1}})", R"({"_id":1})"}, options);
  EXPECT_EQ(result.inserted, 1);
  ASSERT_EQ(result.errors.size(), 2U);
  EXPECT_EQ(result.errors[0].error.code(), ErrorCode::invalid_key);
  EXPECT_EQ(result.errors[0].error.path().str(), "_id");
}

TEST_P(StoreContract, UpdatesSetOneOrMany) {
  insert({R"({"_id":1,"n":1})", R"({"_id":2,"n":1})", R"({"_id":3,"n":2})"});
  auto one = update(R"({"n":1})", R"({"$inc":{"n":10}})");
  EXPECT_EQ(one.matched, 1);
  EXPECT_EQ(one.modified, 1);
  UpdateOptions many;
  many.multi = true;
  auto all = update("{}", R"({"$set":{"n":2}})", many);
  EXPECT_EQ(all.matched, 3);
  EXPECT_EQ(all.modified, 2);  // one has it already
  EXPECT_EQ(count(R"({"n":2})"), 3);
}

TEST_P(StoreContract, AReplacementKeepsTheId) {
  insert({R"({"_id":1,"n":1})"});
  EXPECT_EQ(update(R"({"n":1})", R"({"m":2})").modified, 1);
  EXPECT_EQ(find("{}"), (Strings{R"({"_id":1,"m":2})"}));
  EXPECT_EQ(code_of([&] { update(R"({"_id":1})", R"({"$set":{"_id":2}})"); }),
            ErrorCode::immutable_field);
}

TEST_P(StoreContract, AnUpsertTakesTheFiltersFields) {
  UpdateOptions options;
  options.upsert = true;
  const auto result = update(R"({"_id":7,"kind":"a"})", R"({"$set":{"n":1}})", options);
  EXPECT_EQ(result.matched, 0);
  ASSERT_TRUE(result.upserted_id.has_value());
  EXPECT_EQ(result.upserted_id->view().as_int32(), 7);
  EXPECT_EQ(find("{}"), (Strings{R"({"_id":7,"kind":"a","n":1})"}));
  const auto again = update(R"({"_id":7})", R"({"$inc":{"n":1}})", options);
  EXPECT_EQ(again.matched, 1);
  EXPECT_FALSE(again.upserted_id.has_value());
}

TEST_P(StoreContract, AFailingUpdateOfManyChangesNoneWhereItIsAtomic) {
  insert({R"({"_id":1,"n":1})", R"({"_id":2,"n":"text"})"});
  UpdateOptions many;
  many.multi = true;
  EXPECT_EQ(code_of([&] { update("{}", R"({"$inc":{"n":1}})", many); }), ErrorCode::invalid_update);
  const bool atomic = store_->capabilities().atomic_multi_writes;
  EXPECT_EQ(find(R"({"_id":1})"), (Strings{atomic ? R"({"_id":1,"n":1})" : R"({"_id":1,"n":2})"}));
}

TEST_P(StoreContract, RemovesOneOrMany) {
  insert({R"({"_id":1,"n":1})", R"({"_id":2,"n":1})", R"({"_id":3,"n":1})"});
  EXPECT_EQ(remove(R"({"n":1})", false), 1);
  EXPECT_EQ(remove(R"({"n":1})", true), 2);
  EXPECT_EQ(count(), 0);
}

TEST_P(StoreContract, SortSkipLimitAndProjection) {
  insert({R"({"_id":1,"n":3})", R"({"_id":2,"n":1})", R"({"_id":3,"n":2})", R"({"_id":4})"});
  const auto sort = json(R"({"n":-1})");
  const auto projection = json(R"({"_id":0,"n":1})");
  FindOptions options;
  options.sort = sort;
  options.projection = projection;
  EXPECT_EQ(find("{}", options), (Strings{R"({"n":3})", R"({"n":2})", R"({"n":1})", "{}"}));
  options.skip = 1;
  options.limit = 2;
  EXPECT_EQ(find("{}", options), (Strings{R"({"n":2})", R"({"n":1})"}));
  const auto up = json(R"({"n":1})");
  options.sort = up;
  EXPECT_EQ(find("{}", options), (Strings{R"({"n":1})", R"({"n":2})"}));
}

TEST_P(StoreContract, FindAndModifyGivesBeforeOrAfter) {
  insert({R"({"_id":1,"n":1})", R"({"_id":2,"n":2})"});
  const auto filter = json("{}");
  const auto body = json(R"({"$inc":{"n":10}})");
  const auto sort = json(R"({"n":-1})");
  FindAndModifyOptions options;
  options.sort = sort;
  auto result = store_->find_and_modify(ns(), filter, {body, false}, options);
  ASSERT_TRUE(result.value);
  EXPECT_EQ(text(*result.value), R"({"_id":2,"n":2})");
  options.return_document = ReturnDocument::after;
  result = store_->find_and_modify(ns(), filter, {body, false}, options);
  EXPECT_EQ(text(*result.value), R"({"_id":2,"n":22})");
  EXPECT_TRUE(result.updated_existing);
  FindAndModifyOptions removal;
  removal.remove = true;
  removal.sort = sort;
  result = store_->find_and_modify(ns(), filter, {}, removal);
  EXPECT_EQ(text(*result.value), R"({"_id":2,"n":22})");
  EXPECT_EQ(count(), 1);
  const auto absent = json(R"({"_id":9})");
  result = store_->find_and_modify(ns(), absent, {body, false}, {});
  EXPECT_FALSE(result.value);
  FindAndModifyOptions upsert;
  upsert.upsert = true;
  upsert.return_document = ReturnDocument::after;
  result = store_->find_and_modify(ns(), absent, {body, false}, upsert);
  EXPECT_EQ(text(*result.value), R"({"_id":9,"n":10})");
  EXPECT_FALSE(result.updated_existing);
  EXPECT_TRUE(result.upserted_id);
}

TEST_P(StoreContract, BulkWriteTellsEachItemsError) {
  insert({R"({"_id":1,"n":1})"});
  const auto one = json(R"({"_id":1})"), two = json(R"({"_id":2,"n":2})"), all = json("{}");
  const auto set = json(R"({"$set":{"m":1}})"), three = json(R"({"_id":3})");
  std::vector<BulkOperation> operations(5);
  operations[0].kind = BulkOperation::Kind::insert;
  operations[0].document = two;
  operations[1].kind = BulkOperation::Kind::insert;
  operations[1].document = one;
  operations[2].kind = BulkOperation::Kind::update_many;
  operations[2].filter = all;
  operations[2].update = {set, false};
  operations[3].kind = BulkOperation::Kind::update_one;
  operations[3].filter = three;
  operations[3].update = {set, false};
  operations[3].upsert = true;
  operations[4].kind = BulkOperation::Kind::remove_one;
  operations[4].filter = one;
  BulkOptions unordered;
  unordered.ordered = false;
  const auto result = store_->bulk_write(ns(), operations, unordered);
  EXPECT_EQ(result.inserted, 1);
  EXPECT_EQ(result.matched, 2);
  EXPECT_EQ(result.modified, 2);
  EXPECT_EQ(result.removed, 1);
  ASSERT_EQ(result.upserted.size(), 1U);
  EXPECT_EQ(result.upserted[0].index, 3U);
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors[0].index, 1U);
  EXPECT_EQ(count(), 2);
  const auto ordered = store_->bulk_write(ns(), operations, {});
  EXPECT_EQ(ordered.errors.size(), 1U);
  EXPECT_EQ(ordered.errors[0].index, 0U);
  EXPECT_EQ(ordered.matched, 0);
}

TEST_P(StoreContract, DistinctUnwindsArrays) {
  insert({R"({"_id":1,"t":["a","b"]})", R"({"_id":2,"t":"a"})", R"({"_id":3,"t":["c"]})",
          R"({"_id":4})"});
  const auto all = json("{}");
  EXPECT_EQ(compact(bson::array_to_json(store_->distinct(ns(), "t", all, {}))), R"(["a","b","c"])");
}

TEST_P(StoreContract, ACursorSeesTheCollectionAsItWasOrWhatStayedOnce) {
  for (int i = 0; i < 300; ++i) insert({"{\"_id\":" + std::to_string(i) + "}"});
  const auto all = json("{}");
  auto cursor = store_->find(ns(), all, {});
  ASSERT_TRUE(cursor->next());
  UpdateOptions many;
  many.multi = true;
  update("{}", R"({"$set":{"late":true}})", many);
  insert({R"({"_id":"new"})"});
  remove(R"({"_id":{"$gt":100}})", true);
  const auto rest = drain(*cursor);
  if (store_->capabilities().snapshot_cursors) {
    EXPECT_EQ(rest.size(), 299U);
    for (const auto& document : rest) EXPECT_EQ(document.find("late"), std::string::npos);
  } else {  // what stayed all the time is seen, once
    for (int i = 1; i <= 100; ++i) {
      const auto one = "{\"_id\":" + std::to_string(i);
      EXPECT_EQ(std::count_if(rest.begin(), rest.end(),
                              [&](const std::string& document) {
                                return document == one + "}" || document == one + ",\"late\":true}";
                              }),
                1)
          << i;
    }
  }
  EXPECT_EQ(count(), 102);
}

TEST_P(StoreContract, CollectionsAreCreatedListedAndDropped) {
  store_->create_collection(ns(), {}, {});
  EXPECT_EQ(code_of([&] { store_->create_collection(ns(), {}, {}); }), ErrorCode::namespace_exists);
  store_->create_collection({database_, "other"}, {}, {});
  const auto list = store_->list_collections(database_);
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].name, "other");
  EXPECT_TRUE(store_->drop_collection(ns(), {}));
  EXPECT_FALSE(store_->drop_collection(ns(), {}));
  store_->drop_database(database_);
  EXPECT_TRUE(store_->list_collections(database_).empty());
  EXPECT_EQ(code_of([&] { store_->create_collection({database_, ""}, {}, {}); }),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { store_->create_collection({database_, "a$b"}, {}, {}); }),
            ErrorCode::invalid_argument);
}

TEST_P(StoreContract, DatabasesAreApart) {
  insert({R"({"_id":1})"});
  const auto document = json(R"({"_id":1,"b":1})");
  const bson::View view = document;
  EXPECT_EQ(store_->insert({second(), "things"}, {&view, 1}, {}).inserted, 1);
  EXPECT_EQ(count(), 1);
  EXPECT_EQ(store_->estimated_count({second(), "things"}), 1);
  store_->drop_database(second());
  EXPECT_EQ(count(), 1);
}

TEST_P(StoreContract, UseAfterCloseIsRefused) {
  insert({R"({"_id":1})"});
  const auto all = json("{}");
  auto cursor = store_->find(ns(), all, {});
  store_->close();
  store_->close();
  EXPECT_EQ(code_of([&] { (void)count(); }), ErrorCode::store_closed);
  EXPECT_EQ(code_of([&] { insert({R"({"_id":2})"}); }), ErrorCode::store_closed);
  EXPECT_EQ(code_of([&] { (void)find(R"({"_id":1})"); }), ErrorCode::store_closed);
}

TEST_P(StoreContract, WhatMeansNothingIsRefusedByItsCode) {
  insert({R"({"_id":1})"});
  EXPECT_EQ(code_of([&] { (void)find(R"({"a":{"$nonsense":1}})"); }), ErrorCode::invalid_query);
  EXPECT_EQ(code_of([&] { update("{}", R"({"$nonsense":{"a":1}})"); }), ErrorCode::invalid_update);
}

TEST_P(StoreContract, WhatAStoreLacksIsRefusedByNameOrThere) {
  insert({R"({"_id":1,"a":"QUIRE"})", R"({"_id":2,"a":"other"})"});
  const auto can = store_->capabilities();
  const auto pipeline = bson::make_array(json(R"({"$match":{"_id":2}})"));
  if (can.aggregation) {
    const auto cursor = store_->aggregate(ns(), pipeline, {});
    EXPECT_EQ(drain(*cursor), (Strings{R"({"_id":2,"a":"other"})"}));
  } else {
    EXPECT_EQ(code_of([&] { (void)store_->aggregate(ns(), pipeline, {}); }),
              ErrorCode::unsupported);
  }
  FindOptions options;
  const auto collation = json(R"({"locale":"en","strength":2})");
  options.collation = collation;
  if (can.collation)
    EXPECT_EQ(find(R"({"a":"quire"})", options).size(), 1U);
  else
    EXPECT_EQ(code_of([&] { (void)find("{}", options); }), ErrorCode::unsupported);
  if (can.change_streams)
    EXPECT_FALSE(store_->watch(ns(), {}, {})->ended());
  else
    EXPECT_EQ(code_of([&] { (void)store_->watch(ns(), {}, {}); }), ErrorCode::unsupported);
  const auto capped = json(R"({"capped":true,"size":4096})");
  if (can.collection_options)
    store_->create_collection({database_, "capped"}, capped, {});
  else
    EXPECT_EQ(code_of([&] { store_->create_collection({database_, "capped"}, capped, {}); }),
              ErrorCode::unsupported);
  if (!can.transactions) {
    EXPECT_EQ(code_of([&] {
                const auto session = store_->start_session();
                session->start_transaction();
                RemoveOptions removal;
                removal.session = session.get();
                (void)store_->remove(ns(), json(R"({"_id":1})"), removal);
              }),
              ErrorCode::unsupported);
    EXPECT_EQ(count(), 2);
  }
}

TEST_P(StoreContract, ConcernsAreTakenOrRefused) {
  const auto majority = WriteConcern::majority();
  const ReadConcern local{"local"}, read_majority{"majority"};
  ReadPreference nearest;
  nearest.mode = ReadPreference::Mode::nearest;
  InsertOptions writes;
  writes.write_concern = &majority;
  EXPECT_EQ(insert({R"({"_id":1})"}, writes).inserted, 1);
  FindOptions reads;
  reads.read_concern = &local;
  reads.read_preference = &nearest;
  EXPECT_EQ(find("{}", reads).size(), 1U);
  reads.read_concern = &read_majority;
  EXPECT_EQ(find("{}", reads).size(), 1U);
  const auto fifty = WriteConcern::members(50);
  writes.write_concern = &fifty;
  const auto code = code_of([&] { insert({R"({"_id":2})"}, writes); });
  EXPECT_TRUE(code == ErrorCode::unsupported || code == ErrorCode::write_concern_failed)
      << to_string(code);
}

TEST_P(StoreContract, HealthTellsWhoAnswers) {
  const auto health = store_->health(std::chrono::seconds(5));
  EXPECT_TRUE(health.ok) << health.error;
  EXPECT_TRUE(health.writable);
  EXPECT_EQ(health.kind, store_->kind());
  EXPECT_FALSE(health.version.empty());
  store_->close();
  EXPECT_FALSE(store_->health(std::chrono::seconds(1)).ok);
}

TEST_P(StoreContract, CommandsAnswerAndFailWithTheServersNumber) {
  const auto reply = store_->run_command(database_, json(R"({"ping":1})"), nullptr);
  EXPECT_TRUE(reply.contains("ok"));
  try {
    (void)store_->run_command(database_, json(R"({"noSuchCommand":1})"), nullptr);
    FAIL() << "accepted";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.backend_code(), 59);
  }
}

}  // namespace
}  // namespace quire::store::contract
