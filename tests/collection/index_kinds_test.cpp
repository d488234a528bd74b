#include <gtest/gtest.h>

#include <map>

#include "quire/quire.hpp"
#include "quire/store/embedded/embedded.hpp"
#include "recording_store.hpp"
#include "servers.hpp"

namespace quire {
namespace {

struct Point {
  std::string type = "Point";
  std::vector<double> coordinates;
};
struct Article {
  std::int32_t id = 0;
  std::string title;
  std::string body;
  std::vector<std::string> tags;
  std::string author;
  Point place;
  std::map<std::string, std::string> labels;
  std::int32_t year = 0;

  static auto model() {
    return quire::model<Article>("articles")
        .index(field<&Article::year>.asc(), field<&Article::title>.text(),
               field<&Article::body>.text(), index_option("default_language", "german"),
               index_option("weights", bson::from_json(R"({"title": 10})")))
        .index(field<&Article::author>.hashed())
        .index(field<&Article::place>.geo_2dsphere())
        .index(field<&Article::labels>.wildcard())
        .index(wildcard(),
               index_option("wildcardProjection", bson::from_json(R"({"labels": 0, "body": 0})")))
        .index(field<&Article::title>.asc(),
               collation(bson::from_json(R"({"locale": "de", "strength": 2})")))
        .index(field<&Article::tags>.asc(), hidden);
  }
};
struct Words {
  std::int32_t id = 0;
  std::string body;
  std::int32_t n = 0;
  static auto model() {
    return quire::model<Words>("words")
        .index(field<&Words::n>.asc())
        .index(field<&Words::body>.text());
  }
};
struct Any {
  std::int32_t id = 0;
  static auto model() { return quire::model<Any>("any").index(wildcard_text()); }
};

/// As MongoDB 8 lists them.
std::vector<bson::Document> listed() {
  std::vector<bson::Document> list;
  for (const char* json :
       {R"({"v": 2, "key": {"_id": 1}, "name": "_id_"})",
        R"({"v": 2, "key": {"year": 1, "_fts": "text", "_ftsx": 1},
               "name": "year_1_title_text_body_text", "weights": {"body": 1, "title": 10},
               "default_language": "german", "language_override": "language",
               "textIndexVersion": 3})",
        R"({"v": 2, "key": {"author": "hashed"}, "name": "author_hashed"})",
        R"({"v": 2, "key": {"place": "2dsphere"}, "name": "place_2dsphere",
               "2dsphereIndexVersion": 3})",
        R"({"v": 2, "key": {"labels.$**": 1}, "name": "labels.$**_1"})",
        R"({"v": 2, "key": {"$**": 1}, "name": "$**_1",
               "wildcardProjection": {"body": 0, "labels": 0}})",
        R"({"v": 2, "key": {"title": 1}, "name": "title_1", "collation": {"locale": "de",
               "caseLevel": false, "caseFirst": "off", "strength": 2, "numericOrdering": false,
               "alternate": "non-ignorable", "maxVariable": "punct", "normalization": false,
               "backwards": false, "version": "57.1"}})",
        R"({"v": 2, "key": {"tags": 1}, "name": "tags_1", "hidden": true})"}) {
    list.push_back(bson::from_json(json));
  }
  return list;
}

class IndexKinds : public ::testing::Test {
 protected:
  std::shared_ptr<test::RecordingStore> store_ =
      std::make_shared<test::RecordingStore>(store::open(":memory:"));
  Database db_{store_, "app"};
  void SetUp() override { store_->pass_indexes = false; }
};

TEST_F(IndexKinds, HaveTheNamesThatMongoDBGives) {
  std::vector<std::string> specs;
  for (const auto& index : model_of<Article>().indexes)
    specs.push_back(bson::to_json(index.spec()));
  EXPECT_EQ(specs, (std::vector<std::string>{
                       R"({"key": {"year": 1, "title": "text", "body": "text"}, )"
                       R"("name": "year_1_title_text_body_text", "default_language": "german", )"
                       R"("weights": {"title": 10}})",
                       R"({"key": {"author": "hashed"}, "name": "author_hashed"})",
                       R"({"key": {"place": "2dsphere"}, "name": "place_2dsphere"})",
                       R"({"key": {"labels.$**": 1}, "name": "labels.$**_1"})",
                       R"({"key": {"$**": 1}, "name": "$**_1", "wildcardProjection": )"
                       R"({"labels": 0, "body": 0}})",
                       R"({"key": {"title": 1}, "name": "title_1", "collation": )"
                       R"({"locale": "de", "strength": 2}})",
                       R"({"key": {"tags": 1}, "name": "tags_1", "hidden": true})"}));
}

TEST_F(IndexKinds, AreKeptAsAServerListsThem) {
  store_->listed_indexes = listed();
  for (int i = 0; i < 2; ++i) {
    const auto plan = db_.collection<Article>().sync_indexes();
    EXPECT_TRUE(plan.in_sync()) << plan.str();
    EXPECT_EQ(plan.items.size(), 7U);
  }
  EXPECT_TRUE(store_->created.empty());
  EXPECT_TRUE(store_->dropped.empty());
}

struct Change {
  const char* name;
  std::size_t index;  // in listed()
  const char* json;
  const char* reason;
};
class IndexChange : public ::testing::TestWithParam<Change> {};
TEST_P(IndexChange, IsSeen) {
  auto store = std::make_shared<test::RecordingStore>(store::open(":memory:"));
  store->listed_indexes = listed();
  store->listed_indexes[GetParam().index] = bson::from_json(GetParam().json);
  const auto plan = Database(store, "app").collection<Article>().sync_indexes({.apply = false});
  const auto& item = plan.items.at(GetParam().index - 1);
  EXPECT_EQ(item.action, IndexPlan::Action::replace) << plan.str();
  EXPECT_EQ(item.reason, GetParam().reason);
}
INSTANTIATE_TEST_SUITE_P(
    Kinds, IndexChange,
    ::testing::Values(
        Change{"Weight", 1,
               R"({"key": {"year": 1, "_fts": "text", "_ftsx": 1}, "name":
                   "year_1_title_text_body_text", "weights": {"body": 1, "title": 5},
                   "default_language": "german", "language_override": "language"})",
               "weights"},
        Change{"TextField", 1,
               R"({"key": {"year": 1, "_fts": "text", "_ftsx": 1}, "name": "old_text",
                   "weights": {"title": 10}, "default_language": "german",
                   "language_override": "language"})",
               "weights"},
        Change{"Language", 1,
               R"({"key": {"year": 1, "_fts": "text", "_ftsx": 1}, "name":
                   "year_1_title_text_body_text", "weights": {"body": 1, "title": 10},
                   "default_language": "english", "language_override": "language"})",
               "default_language"},
        Change{"PlainInsteadOfHashed", 2, R"({"key": {"author": 1}, "name": "author_hashed"})",
               "key"},
        Change{"Projection", 5,
               R"({"key": {"$**": 1}, "name": "$**_1", "wildcardProjection": {"body": 0}})",
               "wildcardProjection"},
        Change{"Strength", 6,
               R"({"key": {"title": 1}, "name": "title_1", "collation": {"locale": "de",
                   "strength": 1}})",
               "collation"},
        Change{"OptionOfTheCollationTakenAway", 6,
               R"({"key": {"title": 1}, "name": "title_1", "collation": {"locale": "de",
                   "strength": 2, "numericOrdering": true}})",
               "collation"},
        Change{"NoCollation", 6, R"({"key": {"title": 1}, "name": "title_1"})", "collation"},
        Change{"NotHidden", 7, R"({"key": {"tags": 1}, "name": "tags_1"})", "hidden"}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST_F(IndexKinds, CollationOfTheCollectionIsNoDifference) {
  const auto collation = R"({"locale": "fr_CA", "strength": 3, "backwards": true})";
  store_->listed_indexes = {
      bson::from_json(R"({"key": {"_id": 1}, "name": "_id_", "collation": )" +
                      std::string(collation) + "}"),
      bson::from_json(R"({"key": {"n": 1}, "name": "n_1", "collation": )" + std::string(collation) +
                      "}"),
      bson::from_json(R"({"key": {"_fts": "text", "_ftsx": 1}, "name": "body_text", "weights":
          {"body": 1}, "default_language": "english", "language_override": "language",
          "textIndexVersion": 3, "collation": )" +
                      std::string(collation) + "}")};
  store_->listed_collections = {
      {"words", "collection", bson::from_json(R"({"collation": {"locale": "fr_CA"}})")}};
  const auto plan = db_.collection<Words>().sync_indexes({.apply = false});
  EXPECT_TRUE(plan.in_sync()) << plan.str();
  store_->listed_collections[0].options = {};
  EXPECT_FALSE(db_.collection<Words>().sync_indexes({.apply = false}).in_sync());
}

TEST_F(IndexKinds, TextOfAllFieldsIsKept) {
  store_->listed_indexes = {
      bson::from_json(R"({"key": {"_id": 1}, "name": "_id_"})"),
      bson::from_json(R"({"v": 2, "key": {"_fts": "text", "_ftsx": 1}, "name": "$**_text",
          "weights": {"$**": 1}, "default_language": "english", "language_override": "language",
          "textIndexVersion": 3})")};
  const auto plan = db_.collection<Any>().sync_indexes({.apply = false});
  EXPECT_TRUE(plan.in_sync()) << plan.str();
}

TEST(IndexKindsEmbedded, AreRefusedByNameAndNothingIsDone) {
  auto db = quire::open(":memory:");
  try {
    (void)db.collection<Words>().sync_indexes();
    FAIL() << "created";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(error.detail().find("\"body_text\""), std::string::npos) << error.what();
    EXPECT_NE(error.detail().find("text"), std::string::npos);
  }
  for (const auto& index : db.store().list_indexes(db.ns("words")))
    EXPECT_EQ(index["name"].as_string(), "_id_");
}

struct Server {
  std::int32_t id = 0;
  std::string title;
  Point place;
  std::map<std::string, std::string> labels;
  std::vector<std::string> tags;
  static auto model() {
    return quire::model<Server>("kinds")
        .index(field<&Server::place>.geo_2dsphere())
        .index(field<&Server::labels>.wildcard())
        .index(wildcard(),
               index_option("wildcardProjection", bson::from_json(R"({"labels": 0, "tags": 0})")))
        .index(field<&Server::title>.asc(),
               collation(bson::from_json(R"({"locale": "de", "strength": 2})")))
        .index(field<&Server::tags>.asc(), hidden);
  }
};

TEST(IndexKindsServer, AreMadeOnceAndThenKept) {
  QUIRE_NEEDS_SERVER(uri, "replica_set");
  const auto db = quire::open(uri);
  const auto kinds = db.collection<Server>();
  const auto made = kinds.sync_indexes();
  for (const auto& item : made.items) EXPECT_EQ(item.action, IndexPlan::Action::create);
  for (int i = 0; i < 3; ++i) {
    const auto plan = kinds.sync_indexes();
    EXPECT_TRUE(plan.in_sync()) << plan.str();
    EXPECT_EQ(plan.items.size(), 5U);
  }
  db.store().drop_database(db.name());
}

// SecantusDB has no text and no hashed indexes; MongoDB makes them, and keeps them. Of the indexes
// of one call SecantusDB keeps those before the one that it refuses; MongoDB makes all or none.
TEST(IndexKindsServer, RefusalNamesTheIndex) {
  QUIRE_NEEDS_SERVER(uri, "replica_set");
  const auto db = quire::open(uri);
  const auto words = db.collection<Words>();
  try {
    (void)words.sync_indexes();
    EXPECT_TRUE(words.sync_indexes().in_sync());
  } catch (const Error& error) {
    EXPECT_NE(error.detail().find("\"body_text\""), std::string::npos) << error.what();
    EXPECT_EQ(error.backend_code(), 67) << error.what();
    for (const auto& index : db.store().list_indexes(db.ns("words")))
      EXPECT_NE(index["name"].as_string(), "body_text");
  }
  db.store().drop_database(db.name());
}

}  // namespace
}  // namespace quire
