#include "store_fixture.hpp"

namespace quire::store::contract {
namespace {

class IndexContract : public StoreContract {
 protected:
  /// The answers with all indexes in place are those of a scan.
  void expect_same_as_scan(std::string_view filter) {
    auto planned = find(filter);
    FindOptions scan;
    scan.hint_name = "$natural";
    auto scanned = find(filter, scan);
    std::sort(planned.begin(), planned.end());
    std::sort(scanned.begin(), scanned.end());
    EXPECT_EQ(planned, scanned) << filter;
  }
  std::string plan(std::string_view filter, const FindOptions& options = {}) {
    const auto f = json(filter);
    return text(store_->explain(ns(), f, options));
  }
};

INSTANTIATE_TEST_SUITE_P(Stores, IndexContract, ::testing::ValuesIn(all_stores()), store_name);

TEST_P(IndexContract, AUniqueIndexRefusesTheSecond) {
  create_index(R"({"key":{"a":1},"name":"a_1","unique":true})");
  insert({R"({"_id":1,"a":"x"})"});
  const auto result = insert({R"({"_id":2,"a":"x"})"});
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors[0].error.detail(), "E11000 duplicate key error collection: " + database_ +
                                                 ".things index: a_1 dup key: { a: \"x\" }");
  EXPECT_EQ(text(result.errors[0].details), R"({"keyPattern":{"a":1},"keyValue":{"a":"x"}})");
  EXPECT_EQ(count(), 1);
  insert({R"({"_id":3,"a":"y"})"});
  EXPECT_EQ(code_of([&] { update(R"({"_id":3})", R"({"$set":{"a":"x"}})"); }),
            ErrorCode::duplicate_key);
  EXPECT_EQ(find(R"({"a":"y"})"), (Strings{R"({"_id":3,"a":"y"})"}));
  EXPECT_EQ(find(R"({"a":"x"})"), (Strings{R"({"_id":1,"a":"x"})"}));
}

TEST_P(IndexContract, BuildingAUniqueIndexOverDoublesLeavesNothing) {
  insert({R"({"_id":1,"a":1})", R"({"_id":2,"a":1})"});
  EXPECT_EQ(code_of([&] { create_index(R"({"key":{"a":1},"name":"a_1","unique":true})"); }),
            ErrorCode::duplicate_key);
  EXPECT_EQ(store_->list_indexes(ns()).size(), 1U);
}

TEST_P(IndexContract, CreatingAgainIsNoErrorAnotherOfTheNameIs) {
  create_index(R"({"key":{"a":1},"name":"a_1"})");
  create_index(R"({"key":{"a":1},"name":"a_1"})");
  EXPECT_EQ(code_of([&] { create_index(R"({"key":{"b":1},"name":"a_1"})"); }),
            ErrorCode::index_conflict);
  EXPECT_EQ(code_of([&] { create_index(R"({"key":{"a":1},"name":"other"})"); }),
            ErrorCode::index_conflict);
  EXPECT_EQ(store_->list_indexes(ns()).size(), 2U);
  store_->drop_index(ns(), "a_1", {});
  EXPECT_EQ(code_of([&] { store_->drop_index(ns(), "a_1", {}); }), ErrorCode::index_not_found);
  EXPECT_EQ(code_of([&] { store_->drop_index({database_, "none"}, "a_1", {}); }),
            ErrorCode::namespace_not_found);
}

TEST_P(IndexContract, EveryKindOfValueIsFoundThroughAnIndex) {
  QUIRE_SKIP_ON_TEST_SERVER("finds other documents through an index than by a scan");
  insert({R"({"_id":1,"a":1})",
          R"({"_id":2,"a":2.5})",
          R"({"_id":3,"a":{"$numberLong":"9007199254740993"}})",
          R"({"_id":4,"a":"text"})",
          R"({"_id":5,"a":null})",
          R"({"_id":6})",
          R"({"_id":7,"a":[1,2,3]})",
          R"({"_id":8,"a":[]})",
          R"({"_id":9,"a":{"b":1}})",
          R"({"_id":10,"a":[[1,2],3]})",
          R"({"_id":11,"a":true})",
          R"({"_id":12,"a":{"$date":{"$numberLong":"0"}}})",
          R"({"_id":13,"a":{"$oid":"0123456789abcdef01234567"}})",
          R"({"_id":14,"a":[null]})",
          R"({"_id":15,"a":{"$numberDouble":"NaN"}})",
          R"({"_id":16,"a":{"$regularExpression":{"pattern":"^te","options":""}}})",
          R"({"_id":17,"a":"textual"})",
          R"({"_id":18,"a":[{"b":1,"c":2},{"b":3,"c":4}]})",
          R"({"_id":19,"a":{"$minKey":1}})",
          R"({"_id":20,"a":{"$maxKey":1}})",
          R"({"_id":21,"a":["text",7]})",
          R"({"_id":22,"a":{"$numberDouble":"Infinity"}})",
          R"({"_id":23,"a":[[]]})",
          R"({"_id":24,"a":{"$undefined":true}})"});
  const std::vector<std::string> filters{
      R"({"a":1})",
      R"({"a":2})",
      R"({"a":null})",
      R"({"a":{"$exists":true}})",
      R"({"a":{"$exists":false}})",
      R"({"a":[]})",
      R"({"a":[1,2,3]})",
      R"({"a":[1,2]})",
      R"({"a":{"b":1}})",
      R"({"a":{"$gt":1}})",
      R"({"a":{"$gte":1,"$lt":3}})",
      R"({"a":{"$gt":2,"$lt":2}})",
      R"({"a":{"$lt":"text"}})",
      R"({"a":{"$gte":"text"}})",
      R"({"a":{"$in":[1,"text",null]}})",
      R"({"a":{"$nin":[1,"text"]}})",
      R"({"a":{"$ne":1}})",
      R"({"a":{"$regex":"^tex"}})",
      R"({"a":{"$regex":"^textu?"}})",
      R"({"a":{"$regex":"x"}})",
      R"({"a":{"$in":[{"$regularExpression":{"pattern":"^te","options":""}}, 3]}})",
      R"({"a":{"$gte":null}})",
      R"({"a":{"$lte":null}})",
      R"({"a":{"$gt":null}})",
      R"({"a":{"$lte":{"$numberDouble":"NaN"}}})",
      R"({"a":{"$numberDouble":"NaN"}})",
      R"({"a":{"$gt":{"$date":{"$numberLong":"-5"}}}})",
      R"({"a":{"$gt":[1]}})",
      R"({"a":{"$lte":[1,2,3]}})",
      R"({"a":{"$gt":{"$minKey":1}}})",
      R"({"a":{"$lt":{"$maxKey":1}}})",
      R"({"a":{"$elemMatch":{"$gt":1,"$lt":3}}})",
      R"({"a":{"$elemMatch":{"b":1,"c":4}}})",
      R"({"a":{"$elemMatch":{"b":3,"c":4}}})",
      R"({"a.b":1})",
      R"({"a.b":1,"a.c":4})",
      R"({"a.b":null})",
      R"({"a.b":{"$exists":false}})",
      R"({"a.b":{"$gt":0},"a.c":{"$lt":3}})",
      R"({"a":{"$all":[1,3]}})",
      R"({"a":{"$all":[]}})",
      R"({"a":{"$size":2}})",
      R"({"a":{"$type":"number"}})",
      R"({"a":{"$mod":[2,1]}})",
      R"({"a":{"$not":{"$gt":1}}})",
      R"({"$or":[{"a":1},{"a":"text"}]})",
      R"({"$and":[{"a":{"$gt":0}},{"a":{"$lt":2}}]})",
      R"({"$nor":[{"a":1}]})",
      R"({"a.0":1})",
      R"({"a.0.b":1})",
      R"({"_id":{"$in":[1,3,99]}})",
      R"({"_id":{"$gt":5,"$lte":9}})",
      R"({"a":true})",
      R"({"a":{"$gt":true}})",
      R"({"a":{"$elemMatch":{"$in":[1]}}})",
      R"({"a":{"$elemMatch":{"$elemMatch":{"$gt":1}}}})",
      R"({"a":[[]]})",
      R"({"a":{"$lt":{"$numberDouble":"Infinity"}}})",
      R"({"a":{"$in":[[]]}})",
      R"({"a":{"$gte":{"b":0}}})",
      R"({"a":{"$lt":{"$oid":"ffffffffffffffffffffffff"}}})"};
  const std::vector<std::string> indexes{
      R"({"key":{"a":1},"name":"up"})",
      R"({"key":{"a":-1},"name":"down"})",
      R"({"key":{"a":1},"name":"sparse","sparse":true})",
      R"({"key":{"a.b":1,"a.c":-1},"name":"pair"})",
      R"({"key":{"a.0":1},"name":"position"})",
      R"({"key":{"_id":-1,"a":1},"name":"both"})",
      R"({"key":{"a":1},"name":"partial","partialFilterExpression":{"a":{"$gt":0}}})"};
  for (const auto& index : indexes) {
    SCOPED_TRACE(index);
    const auto name = std::string(json(index).find("name")->as_string());
    try {
      create_index(index);
    } catch (const Error& error) {
      // The server refuses a position whose field is ambiguous (16746) as well.
      ADD_FAILURE() << error.what();
      continue;
    }
    for (const auto& filter : filters) expect_same_as_scan(filter);
    store_->drop_index(ns(), name, {});
  }
}

TEST_P(IndexContract, SortsThroughAnIndexAreSorted) {
  for (int i = 0; i < 50; ++i)
    insert({"{\"_id\":" + std::to_string(i) + ",\"a\":" + std::to_string(i * 7 % 10) +
            ",\"b\":" + std::to_string(i * 3 % 11) + "}"});
  const std::vector<std::string> sorts{R"({"a":1})",        R"({"a":-1})",       R"({"a":1,"b":1})",
                                       R"({"a":1,"b":-1})", R"({"a":-1,"b":1})", R"({"b":1})"};
  const std::vector<std::string> filters{"{}", R"({"a":3})", R"({"a":{"$in":[3,5]}})",
                                         R"({"a":{"$gt":3}})", R"({"b":{"$lt":4},"a":2})"};
  std::vector<Strings> before;
  const auto run = [&] {
    std::vector<Strings> out;
    for (const auto& sort : sorts) {
      for (const auto& filter : filters) {
        const auto order = json(sort.substr(0, sort.size() - 1) + R"(,"_id":1})");
        FindOptions options;
        options.sort = order;
        out.push_back(find(filter, options));
        const auto bare = json(sort);
        const auto only = json(R"({"_id":0,"a":1,"b":1})");
        options.sort = bare;
        options.projection = only;
        auto keys = find(filter, options);
        if (sort == R"({"b":1})" || sort.find("b") == std::string::npos) continue;
        out.push_back(keys);
      }
    }
    return out;
  };
  before = run();
  create_index(R"({"key":{"a":1,"b":-1},"name":"ab"})");
  EXPECT_EQ(run(), before);
  const auto sort = json(R"({"a":-1,"b":1})");
  FindOptions options;
  options.sort = sort;
  EXPECT_EQ(plan("{}", options).find("\"SORT\""), std::string::npos);
  EXPECT_NE(plan("{}", options).find("backward"), std::string::npos);
}

TEST_P(IndexContract, ADocumentOfTwoArraysIsRefusedByACompoundIndex) {
  QUIRE_SKIP_ON_TEST_SERVER("takes two arrays in one compound index");
  create_index(R"({"key":{"a":1,"b":1},"name":"ab"})");
  const auto result = insert({R"({"_id":1,"a":[1,2],"b":[3,4]})"});
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors[0].error.backend_code(), 171);
  EXPECT_EQ(count(), 0);
}

TEST_P(IndexContract, UpdatesMoveTheEntries) {
  create_index(R"({"key":{"tags":1},"name":"tags_1"})");
  insert({R"({"_id":1,"tags":["a","b"]})"});
  update(R"({"_id":1})", R"({"$set":{"tags":["b","c"]}})");
  EXPECT_EQ(count(R"({"tags":"a"})"), 0);
  EXPECT_EQ(count(R"({"tags":"b"})"), 1);
  EXPECT_EQ(count(R"({"tags":"c"})"), 1);
  EXPECT_EQ(count(R"({"tags":{"$gte":"a"}})"), 1);
  remove("{}", true);
  EXPECT_EQ(count(R"({"tags":"b"})"), 0);
}

TEST_P(IndexContract, AHintIsFollowedOrRefused) {
  create_index(R"({"key":{"a":1},"name":"a_1"})");
  create_index(R"({"key":{"b":1},"name":"b_1"})");
  insert({R"({"_id":1,"a":1,"b":1})"});
  FindOptions options;
  options.hint_name = "b_1";
  EXPECT_NE(plan(R"({"a":1})", options).find("b_1"), std::string::npos);
  EXPECT_EQ(find(R"({"a":1})", options).size(), 1U);
  options.hint_name = "none";
  try {
    (void)find(R"({"a":1})", options);
    FAIL() << "accepted";
  } catch (const QueryError& error) {
    EXPECT_EQ(error.backend_code(), 2);
  }
}

}  // namespace
}  // namespace quire::store::contract
