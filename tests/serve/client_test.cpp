#ifdef QUIRE_TEST_MONGODB
// A real driver on the server: quire's own store on libmongoc.
#include "quire/quire.hpp"
#include "quire/serve/users.hpp"
#include "serve_fixture.hpp"

namespace quire {
namespace {

using namespace quire::test;

std::string uri_of(const serve::Server& server, const std::string& user = {}) {
  std::string uri = server.connection_string();
  uri.insert(uri.find("://") + 3, user);
  uri.insert(uri.find('?'), "shop");
  return uri;
}

TEST_F(ServeTest, QuiresOwnMongodbStoreWorksOnIt) {
  start();
  const auto store = store::open(uri_of(*server));
  ASSERT_EQ(store->kind(), "mongodb");
  const store::Namespace ns{"shop", "items"};
  std::vector<bson::Document> documents;
  std::vector<bson::View> views;
  for (std::int32_t i = 0; i < 2000; ++i)
    documents.push_back(bson::make_document("_id", i, "n", i % 10));
  for (const auto& one : documents) views.push_back(one);
  EXPECT_EQ(store->insert(ns, views, {}).inserted, 2000U);
  EXPECT_EQ(store->insert(ns, std::span(views).first(1), {}).errors.size(), 1U);
  const auto filter = bson::from_json(R"({"n": 3})");
  store::FindOptions find;
  find.batch_size = 17;
  int found = 0;
  for (auto cursor = store->find(ns, filter, find); cursor->next();) ++found;
  EXPECT_EQ(found, 200);
  const auto change = bson::from_json(R"({"$set": {"seen": true}})");
  store::UpdateOptions many;
  many.multi = true;
  EXPECT_EQ(store->update(ns, filter, {change, false}, many).modified, 200);
  const auto index = bson::from_json(R"({"key": {"n": 1}, "name": "n_1"})");
  const bson::View specs[] = {index};
  store->create_indexes(ns, specs, {});
  EXPECT_EQ(store->list_indexes(ns).size(), 2U);
  EXPECT_TRUE(store->capabilities().transactions);

  const auto session = store->start_session();
  session->start_transaction();
  store::RemoveOptions remove;
  remove.multi = true;
  remove.session = session.get();
  EXPECT_EQ(store->remove(ns, filter, remove), 200);
  session->abort_transaction();
  session->start_transaction();
  EXPECT_EQ(store->remove(ns, filter, remove), 200);
  session->commit_transaction();
  EXPECT_FALSE(store->find_one(ns, filter, {}, [](bson::View) {}));
  store->close();
}

TEST_F(ServeTest, LibmongocLogsIn) {
  options.users_file = file("users.json");
  serve::add_user(options.users_file, "ada", "p@ss/word:1");
  start();
  const auto store = store::open(uri_of(*server, "ada:p%40ss%2Fword%3A1@") + "&authSource=admin");
  EXPECT_FALSE(store->find_one({"shop", "c"}, bson::View{}, {}, [](bson::View) {}));
  store->close();
  const auto wrong = store::open(uri_of(*server, "ada:other@") + "&authSource=admin");
  try {
    (void)wrong->find_one({"shop", "c"}, bson::View{}, {}, [](bson::View) {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::authentication_failed) << error.what();
  }
  wrong->close();
}

}  // namespace
}  // namespace quire
#endif
