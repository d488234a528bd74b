#include "quire/bson/writer.hpp"
#include "store_fixture.hpp"

namespace quire::store::contract {
namespace {

class ValidatorContract : public StoreContract {
 protected:
  void SetUp() override {
    StoreContract::SetUp();
    if (IsSkipped()) return;
    if (!store_->capabilities().json_schema) GTEST_SKIP() << "no validators here";
  }
  void create(std::string_view options) { store_->create_collection(ns(), json(options), {}); }
  void create_people(const std::string& more = "") {
    create(R"({"validator": {"$jsonSchema": {"required": ["age"], "properties": {"age":
              {"bsonType": "int", "minimum": 0}}}})" +
           more + "}");
  }
  void modify(std::string_view changes) {
    const auto command =
        bson::Writer().append("collMod", ns().collection).append_all(json(changes)).finish();
    (void)store_->run_command(database_, command, nullptr);
  }
  std::string options() {
    for (const auto& info : store_->list_collections(database_)) {
      if (info.name == ns().collection) return text(info.options);
    }
    return "absent";
  }
  /// The refusal's path; "" when there was none.
  template <class F>
  static std::string refused_at(F&& write) {
    try {
      write();
    } catch (const StoreError& error) {
      EXPECT_EQ(error.code(), ErrorCode::validation_failed) << error.what();
      EXPECT_EQ(error.backend_code(), 121);
      return error.path().str();
    }
    return "";
  }
};

INSTANTIATE_TEST_SUITE_P(Stores, ValidatorContract, ::testing::ValuesIn(all_stores()), store_name);

TEST_P(ValidatorContract, AreListedAsTheyWereMade) {
  create(R"({"validator": {"a": {"$gt": 1}}, "validationLevel": "moderate",
             "validationAction": "warn"})");
  const auto listed = json(options());
  EXPECT_EQ(text(listed["validator"].as_document()), R"({"a":{"$gt":1}})");
  EXPECT_EQ(listed["validationLevel"].as_string(), "moderate");
  EXPECT_EQ(listed["validationAction"].as_string(), "warn");
  EXPECT_EQ(code_of([&] { create(R"({"validator": {"a": 1}})"); }), ErrorCode::namespace_exists);
}

TEST_P(ValidatorContract, RefuseDocumentsAndSayWhy) {
  create_people();
  InsertOptions unordered;
  unordered.ordered = false;
  const auto result = insert({R"({"_id":1,"age":1})", R"({"_id":2,"age":-1})", R"({"_id":3})",
                              R"({"_id":4,"age":"old"})", R"({"_id":5,"age":2})"},
                             unordered);
  EXPECT_EQ(result.inserted, 2);
  ASSERT_EQ(result.errors.size(), 3U);
  const auto& [index, error, details] = result.errors[0];
  EXPECT_EQ(index, 1U);
  EXPECT_EQ(error.code(), ErrorCode::validation_failed);
  EXPECT_EQ(error.backend_code(), 121);
  EXPECT_EQ(error.path().str(), "age");
  EXPECT_EQ(error.detail(), "Document failed validation: age must be at least 0, is -1");
  EXPECT_EQ(
      text(details),
      R"({"failingDocumentId":2,"details":{"operatorName":"$jsonSchema","schemaRulesNotSatisfied":[)"
      R"({"operatorName":"properties","propertiesNotSatisfied":[{"propertyName":"age","details":[)"
      R"({"operatorName":"minimum","specifiedAs":{"minimum":0},"reason":"comparisonfailed",)"
      R"("consideredValue":-1}]}]}]}})");
  EXPECT_EQ(result.errors[1].error.detail(), "Document failed validation: age is missing");
  EXPECT_EQ(result.errors[2].error.path().str(), "age");
  EXPECT_EQ(count(), 2);
}

TEST_P(ValidatorContract, HoldEveryKindOfWrite) {
  create_people();
  insert({R"({"_id":1,"age":1})"});
  const auto one = json(R"({"_id":1})");
  const auto bad = json(R"({"$set":{"age":-1}})");
  const auto bad_whole = json(R"({"age":"x"})");
  const auto nobody = json(R"({"_id":9})");
  EXPECT_EQ(refused_at([&] { update(R"({"_id":1})", R"({"$inc":{"age":-5}})"); }), "age");
  EXPECT_EQ(refused_at([&] { update(R"({"_id":1})", R"({"age":"x"})"); }), "age");
  UpdateOptions upsert;
  upsert.upsert = true;
  EXPECT_EQ(refused_at([&] { update(R"({"_id":9})", R"({"$set":{"b":1}})", upsert); }), "age");
  UpdateOptions multi;
  multi.multi = true;
  EXPECT_EQ(refused_at([&] { update("{}", R"({"$set":{"age":-1}})", multi); }), "age");
  EXPECT_EQ(refused_at([&] { (void)store_->find_and_modify(ns(), one, {bad, false}, {}); }), "age");
  FindAndModifyOptions made;
  made.upsert = true;
  EXPECT_EQ(refused_at([&] { (void)store_->find_and_modify(ns(), nobody, {bad, false}, made); }),
            "age");
  std::vector<BulkOperation> operations(4);
  operations[0].kind = BulkOperation::Kind::insert;
  operations[0].document = nobody;
  operations[1].kind = BulkOperation::Kind::update_many;
  operations[1].update = {bad, false};
  operations[2].kind = BulkOperation::Kind::replace_one;
  operations[2].filter = one;
  operations[2].document = bad_whole;
  operations[3].kind = BulkOperation::Kind::update_one;
  operations[3].filter = one;
  const auto good = json(R"({"$set":{"age":2}})");
  operations[3].update = {good, false};
  BulkOptions unordered;
  unordered.ordered = false;
  const auto result = store_->bulk_write(ns(), operations, unordered);
  ASSERT_EQ(result.errors.size(), 3U);
  for (const auto& error : result.errors) {
    EXPECT_EQ(error.error.code(), ErrorCode::validation_failed) << error.error.what();
    EXPECT_EQ(error.error.path().str(), "age");
  }
  EXPECT_EQ(result.modified, 1);
  EXPECT_EQ(find("{}"), (Strings{R"({"_id":1,"age":2})"}));
  // What changes nothing is not looked at; nor is a removal.
  EXPECT_EQ(update(R"({"_id":1})", R"({"$set":{"age":2}})").matched, 1);
  EXPECT_EQ(remove("{}", true), 1);
}

TEST_P(ValidatorContract, AreBypassedWhereAsked) {
  create_people();
  InsertOptions insert_freely;
  insert_freely.bypass_document_validation = true;
  EXPECT_EQ(insert({R"({"_id":1})"}, insert_freely).inserted, 1);
  UpdateOptions freely;
  freely.bypass_document_validation = true;
  EXPECT_EQ(update(R"({"_id":1})", R"({"$set":{"age":-1}})", freely).modified, 1);
  freely.upsert = true;
  EXPECT_TRUE(update(R"({"_id":2})", R"({"$set":{"b":1}})", freely).upserted_id.has_value());
  FindAndModifyOptions modify_freely;
  modify_freely.bypass_document_validation = true;
  const auto one = json(R"({"_id":1})");
  const auto bad = json(R"({"$set":{"age":-2}})");
  EXPECT_TRUE(store_->find_and_modify(ns(), one, {bad, false}, modify_freely).updated_existing);
  BulkOptions bulk_freely;
  bulk_freely.bypass_document_validation = true;
  std::vector<BulkOperation> operations(1);
  const auto third = json(R"({"_id":3})");
  operations[0].document = third;
  EXPECT_TRUE(store_->bulk_write(ns(), operations, bulk_freely).errors.empty());
  EXPECT_EQ(count(), 3);
}

TEST_P(ValidatorContract, LevelsAndActions) {
  insert({R"({"_id":1,"age":-1})", R"({"_id":2,"age":1})"});
  modify(R"({"validator": {"age": {"$gte": 0}}, "validationLevel": "moderate"})");
  // moderate: who does not pass may stay so, who does must go on.
  EXPECT_EQ(update(R"({"_id":1})", R"({"$set":{"b":1}})").modified, 1);
  EXPECT_EQ(code_of([&] { update(R"({"_id":2})", R"({"$set":{"age":-1}})"); }),
            ErrorCode::validation_failed);
  EXPECT_EQ(insert({R"({"_id":3,"age":-1})"}).errors.size(), 1U);
  modify(R"({"validationLevel": "strict"})");
  EXPECT_EQ(code_of([&] { update(R"({"_id":1})", R"({"$set":{"b":2}})"); }),
            ErrorCode::validation_failed);
  modify(R"({"validationAction": "warn"})");
  EXPECT_EQ(update(R"({"_id":1})", R"({"$set":{"b":2}})").modified, 1);
  modify(R"({"validationAction": "error", "validationLevel": "off"})");
  EXPECT_EQ(update(R"({"_id":1})", R"({"$set":{"b":3}})").modified, 1);
  modify(R"({"validationLevel": "strict"})");
  EXPECT_EQ(insert({R"({"_id":4,"age":-1})"}).errors.size(), 1U);
  modify(R"({"validator": {}})");
  EXPECT_EQ(insert({R"({"_id":4,"age":-1})"}).inserted, 1);
}

TEST_P(ValidatorContract, OfPlainFiltersNameTheField) {
  create(R"({"validator": {"$or": [{"name": {"$type": "string"}}, {"nick": {"$exists": true}}],
             "age": {"$lt": 150}}})");
  EXPECT_EQ(insert({R"({"_id":1,"nick":"a","age":3})"}).inserted, 1);
  const auto result = insert({R"({"_id":2,"name":"a","age":200})"});
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors[0].error.path().str(), "age");
  EXPECT_EQ(text(result.errors[0].details),
            R"({"failingDocumentId":2,"details":{"operatorName":"$and","clausesNotSatisfied":[)"
            R"({"index":1,"details":{"operatorName":"$lt","specifiedAs":{"age":{"$lt":150}},)"
            R"("reason":"comparisonfailed","consideredValue":200}}]}})");
}

TEST_P(ValidatorContract, MayCompareFields) {
  if (!store_->capabilities().aggregation) GTEST_SKIP() << "no expressions here";
  create(R"({"validator": {"$expr": {"$lte": [{"$divide": [1, "$low"]}, "$high"]}}})");
  EXPECT_EQ(insert({R"({"_id":1,"low":1,"high":2})"}).inserted, 1);
  const auto result = insert({R"({"_id":2,"low":1,"high":0})"});
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors[0].error.code(), ErrorCode::validation_failed);
}

TEST_P(ValidatorContract, RefuseWhatCanBeNone) {
  QUIRE_SKIP_ON_TEST_SERVER("takes any level, and collMod of a collection that is not there");
  const auto number = [&](std::string_view options) {
    try {
      create(options);
    } catch (const Error& error) {
      return error.backend_code();
    }
    return 0;
  };
  EXPECT_EQ(number(R"({"validator": {"$jsonSchema": {"what": 1}}})"), 9);
  EXPECT_EQ(number(R"({"validator": {"a": {"$what": 1}}})"), 2);
  EXPECT_EQ(number(R"({"validator": {"$where": "true"}})"), 2);
  EXPECT_EQ(number(R"({"validator": {"$text": {"$search": "a"}}})"), 2);
  EXPECT_EQ(number(R"({"validator": {}, "validationLevel": "some"})"), 2);
  EXPECT_EQ(number(R"({"validator": 1})"), 14);
  EXPECT_EQ(options(), "absent");
  EXPECT_EQ(code_of([&] { modify(R"({"validator": {"a": 1}})"); }), ErrorCode::namespace_not_found);
}

TEST_P(ValidatorContract, AreChangedForAllWhoWrite) {
  const auto other = open(uri_);
  if (uri_ == ":memory:") GTEST_SKIP() << "one store alone";
  insert({R"({"_id":1})"});
  const auto second = json(R"({"_id":2})");
  const bson::View view = second;
  EXPECT_EQ(other->insert(ns(), {&view, 1}, {}).inserted, 1);
  modify(R"({"validator": {"age": {"$gte": 0}}})");
  EXPECT_EQ(other->insert(ns(), {&view, 1}, {}).errors.size(), 1U);
  const auto third = json(R"({"_id":3})");
  const bson::View third_view = third;
  const auto result = other->insert(ns(), {&third_view, 1}, {});
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors[0].error.code(), ErrorCode::validation_failed);
  other->close();
}

}  // namespace
}  // namespace quire::store::contract
