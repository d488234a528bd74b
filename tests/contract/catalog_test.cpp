#include <algorithm>

#include "quire/bson/writer.hpp"
#include "store_fixture.hpp"

namespace quire::store::contract {
namespace {

class CatalogContract : public StoreContract {
 protected:
  void create(std::string_view name, std::string_view options) {
    const auto owned = json(options);
    store_->create_collection({database_, name}, owned, {});
  }
  bson::Document run(std::string_view command, std::string_view database) {
    const auto owned = json(command);
    return store_->run_command(database, owned, nullptr);
  }
  int code(std::string_view command) {
    try {
      (void)run(command, database_);
      return 0;
    } catch (const Error& error) {
      return error.backend_code();
    }
  }
  CollectionInfo info(std::string_view name) {
    for (auto& one : store_->list_collections(database_)) {
      if (one.name == name) return one;
    }
    return {};
  }
};

TEST_P(CatalogContract, CappedCollectionKeepsTheNewestInTheirOrder) {
  QUIRE_SKIP_ON_TEST_SERVER("keeps more documents than `max` says");
  if (!store_->capabilities().collection_options) GTEST_SKIP() << "no collection options";
  create("things", R"({"capped": true, "size": 100000, "max": 3})");
  (void)insert({R"({"_id": 4})", R"({"_id": 3})", R"({"_id": 2})", R"({"_id": 1})"});
  EXPECT_EQ(find("{}"), (std::vector<std::string>{R"({"_id":3})", R"({"_id":2})", R"({"_id":1})"}));
  EXPECT_TRUE(info("things").options["capped"].as_bool());
}

TEST_P(CatalogContract, RenameTakesDocumentsAndIndexesAlong) {
  if (!store_->capabilities().collection_options) GTEST_SKIP() << "no collection options";
  (void)insert({R"({"_id": 1, "a": 1})"});
  const auto spec = json(R"({"key": {"a": 1}, "name": "a_1"})");
  const bson::View view = spec;
  store_->create_indexes(ns(), {&view, 1}, {});
  const std::string to = database_ + ".renamed";
  (void)run(R"({"renameCollection": ")" + database_ + R"(.things", "to": ")" + to + R"("})",
            "admin");
  EXPECT_EQ(store_->count(ns(), {}, {}), 0);
  EXPECT_EQ(store_->count({database_, "renamed"}, {}, {}), 1);
  EXPECT_EQ(store_->list_indexes({database_, "renamed"}).size(), 2U);
}

TEST_P(CatalogContract, ViewIsListedAndRefusesWrites) {
  QUIRE_SKIP_ON_TEST_SERVER("takes documents that are inserted into a view");
  if (!store_->capabilities().collection_options) GTEST_SKIP() << "no collection options";
  (void)insert({R"({"_id": 1})"});
  create("seen", R"({"viewOn": "things", "pipeline": [{"$match": {"_id": 1}}]})");
  EXPECT_EQ(info("seen").type, "view");
  EXPECT_EQ(info("seen").options["viewOn"].as_string(), "things");
  const auto document = json(R"({"_id": 2})");
  const bson::View view = document;
  try {
    const auto result = store_->insert({database_, "seen"}, {&view, 1}, {});
    ASSERT_EQ(result.errors.size(), 1U);
    EXPECT_EQ(result.errors[0].error.backend_code(), 166);
  } catch (const Error& error) {
    EXPECT_EQ(error.backend_code(), 166);
  }
}

TEST_P(CatalogContract, CollModHidesAnIndex) {
  QUIRE_SKIP_ON_TEST_SERVER("does not list an index as hidden");
  if (!store_->capabilities().collection_options) GTEST_SKIP() << "no collection options";
  const auto spec = json(R"({"key": {"a": 1}, "name": "a_1"})");
  const bson::View view = spec;
  store_->create_indexes(ns(), {&view, 1}, {});
  (void)run(R"({"collMod": "things", "index": {"name": "a_1", "hidden": true}})", database_);
  const auto indexes = store_->list_indexes(ns());
  const auto found = std::ranges::find_if(
      indexes, [](const bson::Document& index) { return index["name"].as_string() == "a_1"; });
  ASSERT_NE(found, indexes.end());
  EXPECT_TRUE((*found)["hidden"].as_bool());
  EXPECT_EQ(code(R"({"collMod": "absent"})"), 26);
}

INSTANTIATE_TEST_SUITE_P(Stores, CatalogContract, ::testing::ValuesIn(all_stores()),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace quire::store::contract
