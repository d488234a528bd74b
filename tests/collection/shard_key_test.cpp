#include <gtest/gtest.h>

#include "quire/quire.hpp"
#include "quire/store/embedded/embedded.hpp"
#include "recording_store.hpp"

namespace quire {
namespace {

struct Home {
  std::string city;
  std::string zip;
  static auto model() { return quire::model<Home>().rename(field<&Home::city>, "town"); }
};
struct Tenant {
  std::int32_t id = 0;
  std::string region;
  Home home;
  std::optional<std::string> plan;
  static auto model() {
    return quire::model<Tenant>("tenants")
        .rename(field<&Tenant::region>, "r")
        .shard_key(field<&Tenant::region>.asc(), field<&Tenant::home, &Home::city>.hashed(),
                   field<&Tenant::plan>.asc());
  }
};
struct Plain {
  std::int32_t id = 0;
  std::string region;
};
class Shop;
using Record = Document<Shop, std::int32_t>;
class Shop : public Record {
 public:
  std::string region;
  static auto model() { return quire::model<Shop>("shops").shard_key(field<&Shop::region>.asc()); }
  BOOST_DESCRIBE_CLASS(Shop, (Record), (region), (), ())
};

class ShardKey : public ::testing::Test {
 protected:
  std::shared_ptr<test::RecordingStore> store_ =
      std::make_shared<test::RecordingStore>(store::open(":memory:"));
  Database db_{store_, "app"};
  const Tenant tenant_{7, "eu", {"Bonn", "1"}, std::nullopt};
  const std::string key_ =
      R"({"_id": 7, "r": {"$eq": "eu"}, "home.town": {"$eq": "Bonn"}, "plan": {"$eq": null}})";
};

TEST_F(ShardKey, IsPartOfTheModel) {
  const auto& info = model_of<Tenant>();
  EXPECT_EQ(bson::to_json(info.shard_key), R"({"r": 1, "home.town": "hashed", "plan": 1})");
  EXPECT_EQ(bson::to_json(info.describe()["shard_key"]),
            R"({"r": 1, "home.town": "hashed", "plan": 1})");
  EXPECT_FALSE(model_of<Plain>().describe().contains("shard_key"));
}

TEST_F(ShardKey, IsInTheFiltersOfWritesByObject) {
  auto tenants = db_.collection<Tenant>();
  tenants.save(tenant_);
  EXPECT_TRUE(tenants.replace(tenant_));
  EXPECT_TRUE(tenants.find_one_and_replace(tenants.identity(tenant_), tenant_).has_value());
  EXPECT_TRUE(tenants.remove(tenant_));
  EXPECT_FALSE(tenants.remove(tenant_));
  EXPECT_EQ(store_->filters, std::vector<std::string>(5, key_));
  EXPECT_EQ(store_->upserts, (std::vector<bool>{true, false}));
}

TEST_F(ShardKey, SavedTwiceIsOneDocument) {
  auto tenants = db_.collection<Tenant>();
  tenants.save(tenant_);
  tenants.save(tenant_);
  EXPECT_EQ(tenants.count(), 1);
  Tenant with_plan = tenant_;
  with_plan.id = 8;
  with_plan.plan = "pro";
  tenants.save(with_plan);
  EXPECT_EQ(store_->filters.back(),
            R"({"_id": 8, "r": {"$eq": "eu"}, "home.town": {"$eq": "Bonn"}, )"
            R"("plan": {"$eq": "pro"}})");
  EXPECT_EQ(tenants.get(8).home.city, "Bonn");
}

TEST_F(ShardKey, IsNotInWritesByIdAlone) {
  auto tenants = db_.collection<Tenant>();
  tenants.save(tenant_);
  store_->filters.clear();
  (void)tenants.get(7);
  EXPECT_TRUE(tenants.remove(7));
  EXPECT_EQ(store_->filters, (std::vector<std::string>(2, R"({"_id": 7})")));
}

TEST_F(ShardKey, ModelsWithoutOneWriteById) {
  auto plain = db_.collection<Plain>("plain");
  plain.save(Plain{1, "eu"});
  EXPECT_TRUE(plain.replace(Plain{1, "us"}));
  EXPECT_TRUE(plain.remove(Plain{1, "us"}));
  EXPECT_EQ(store_->filters, std::vector<std::string>(3, R"({"_id": 1})"));
  EXPECT_EQ(plain.identity(Plain{1, "x"}).to_json(), R"({"_id": 1})");
}

TEST_F(ShardKey, ActiveRecordsCarryIt) {
  Shop shop;
  shop.id = 3;
  shop.region = "eu";
  shop.save(db_);
  shop.save();
  EXPECT_TRUE(shop.remove());
  EXPECT_EQ(store_->filters, std::vector<std::string>(3, R"({"_id": 3, "region": {"$eq": "eu"}})"));
}

TEST_F(ShardKey, ShardSendsTheCommandsToAdmin) {
  store_->sharded = true;
  const auto plan = db_.collection<Tenant>().shard({.presplit_hashed_zones = true});
  EXPECT_TRUE(plan.applied);
  EXPECT_EQ(store_->commands,
            (std::vector<std::string>{
                R"(admin {"enableSharding": "app"})",
                R"(admin {"shardCollection": "app.tenants", "key": {"r": 1, "home.town": )"
                R"("hashed", "plan": 1}, "presplitHashedZones": true})"}));
  store_->commands.clear();
  (void)db_.collection<Shop>().shard({.unique = true});
  EXPECT_EQ(store_->commands.back(),
            R"(admin {"shardCollection": "app.shops", "key": {"region": 1}, "unique": true})");
}

TEST_F(ShardKey, ShardGivesThePlanAlone) {
  const auto plan = db_.collection<Tenant>().shard({.initial_chunks = 8, .apply = false});
  EXPECT_FALSE(plan.applied);
  ASSERT_EQ(plan.commands.size(), 2U);
  EXPECT_EQ(plan.commands[1]["numInitialChunks"].as_int32(), 8);
  EXPECT_TRUE(store_->commands.empty());
}

template <class E, class F>
void expect_refusal(ErrorCode code, std::string_view path, const F& call) {
  try {
    call();
    FAIL() << "accepted";
  } catch (const E& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_EQ(error.path().str(), path);
  }
}

TEST_F(ShardKey, ShardIsRefusedWhereItCannotBe) {
  expect_refusal<StoreError>(ErrorCode::unsupported, "",
                             [&] { (void)db_.collection<Tenant>().shard(); });
  EXPECT_TRUE(store_->commands.empty());
  store_->sharded = true;
  expect_refusal<ModelError>(ErrorCode::invalid_model, "",
                             [&] { (void)db_.collection<Plain>("plain").shard(); });
  expect_refusal<QueryError>(ErrorCode::invalid_index, "home.town",
                             [&] { (void)db_.collection<Tenant>().shard({.unique = true}); });
  EXPECT_TRUE(store_->commands.empty());
}

TEST(ShardKeyModel, RefusesKeysThatAreNone) {
  const auto info = [](auto builder) { (void)std::move(builder).release(); };
  expect_refusal<ModelError>(ErrorCode::invalid_model, "region", [&] {
    info(model<Plain>("x").shard_key(field<&Plain::region>.desc()));
  });
  expect_refusal<ModelError>(ErrorCode::invalid_model, "region", [&] {
    info(model<Plain>("x").shard_key(field<&Plain::region>.text()));
  });
  expect_refusal<ModelError>(ErrorCode::invalid_model, "region", [&] {
    info(model<Plain>("x").shard_key(field<&Plain::region>.asc(), field<&Plain::region>.asc()));
  });
  expect_refusal<ModelError>(ErrorCode::invalid_model, "_id", [&] {
    info(model<Plain>("x").shard_key(field<&Plain::region>.hashed(), field<&Plain::id>.hashed()));
  });
}

}  // namespace
}  // namespace quire
