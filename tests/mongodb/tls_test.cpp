#include "fixture.hpp"

/// Who the server is, and who the user is.
namespace quire::store::mongodb_test {
namespace {

constexpr milliseconds limit{3000};  // of serverSelectionTimeoutMS=500, on a busy machine

std::string uri_of(const std::string& server, const std::string& options) {
  const auto uri = test::with_database(test::server(server), test::fresh_database());
  return uri.empty()
             ? uri
             : uri + (has(uri, "?") ? "&" : "?") + options + "&serverSelectionTimeoutMS=500";
}
#define QUIRE_NEEDS(variable, server, options)          \
  const std::string variable = uri_of(server, options); \
  if (variable.empty()) GTEST_SKIP() << "no server " << server

void expect_refused(const std::string& uri, const char* why) {
  const Things things(uri);
  const auto failure = failure_of([&] { things.insert("{}"); });
  EXPECT_EQ(failure.code, ErrorCode::server_unreachable) << failure.text;
  EXPECT_TRUE(has(failure.text, why)) << failure.text;
  EXPECT_LT(failure.after, limit);
  const auto health = things.store->health(milliseconds(1000));
  EXPECT_FALSE(health.ok);
  EXPECT_TRUE(has(health.error, why)) << health.error;
}

TEST(Tls, AServerOfAnAuthorityThatIsTrustedIsAccepted) {
  QUIRE_NEEDS(uri, "tls", "tlsCAFile=" + test::server("ca_file"));
  const Things things(uri);
  things.insert(R"({"_id": 1})");
  EXPECT_EQ(things.count(), 1);
  EXPECT_TRUE(things.store->health(milliseconds(2000)).ok);
  things.store->drop_database(things.database);
}

TEST(Tls, AnotherAuthorityIsRefused) {
  QUIRE_NEEDS(uri, "tls", "tlsCAFile=" + test::server("other_ca_file"));
  expect_refused(uri, "certificate verify failed");
}

TEST(Tls, TheSystemsAuthoritiesDoNotKnowThisOne) {
  QUIRE_NEEDS(uri, "tls", "appname=quire");
  expect_refused(uri, "certificate verify failed");
}

TEST(Tls, AnExpiredCertificateIsRefused) {
  QUIRE_NEEDS(uri, "tls_expired", "tlsCAFile=" + test::server("ca_file"));
  expect_refused(uri, "certificate verify failed");
}

TEST(Tls, ACertificateOfAnotherHostIsRefused) {
  QUIRE_NEEDS(uri, "tls_wrong_host", "tlsCAFile=" + test::server("ca_file"));
  expect_refused(uri, "certificate verify failed");
}

TEST(Tls, ACertificateOfAnotherHostIsAcceptedWhereThatIsAskedFor) {
  QUIRE_NEEDS(uri, "tls_wrong_host",
              "tlsCAFile=" + test::server("ca_file") + "&tlsAllowInvalidHostnames=true");
  const Things things(uri);
  EXPECT_EQ(things.count(), 0);
}

TEST(Tls, AFileOfAuthoritiesThatIsNotThereIsRefused) {
  QUIRE_NEEDS(uri, "tls", "tlsCAFile=/nowhere/ca.pem");
  const auto failure = failure_of([&] { Things(uri).insert("{}"); });
  EXPECT_TRUE(failure.code == ErrorCode::server_unreachable ||
              failure.code == ErrorCode::invalid_uri)
      << failure.text;
}

TEST(Tls, AServerThatWantsItCannotBeReachedWithout) {
  QUIRE_NEEDS(uri, "tls", "appname=quire");
  auto plain = uri;
  plain.replace(plain.find("tls=true"), 8, "tls=false");
  const Things things(plain);
  const auto failure = failure_of([&] { things.insert("{}"); });
  EXPECT_EQ(failure.code, ErrorCode::server_unreachable) << failure.text;
  EXPECT_TRUE(has(failure.text, "TLS")) << failure.text;
  EXPECT_LT(failure.after, limit);
}

TEST(Tls, AServerWithoutItCannotBeReachedWith) {
  QUIRE_NEEDS(uri, "standalone",
              "tls=true&connectTimeoutMS=400&tlsCAFile=" + test::server("ca_file"));
  expect_refused(uri, "TLS");
}

class Auth : public ::testing::Test {
 protected:
  void SetUp() override {
    host_ = test::server("auth_host");
    if (host_.empty()) GTEST_SKIP() << "no server \"auth\" was started";
  }
  [[nodiscard]] Things as(const std::string& userinfo, const std::string& options = "") const {
    return Things("mongodb://" + userinfo + "@" + host_ + "/" + test::fresh_database() +
                  "?authSource=admin&serverSelectionTimeoutMS=500" + options);
  }
  std::string host_;
};

TEST_F(Auth, AUserWithTheRightPasswordIsIn) {
  for (const char* mechanism : {"", "&authMechanism=SCRAM-SHA-256"}) {
    const Things things = as("quire:p%40ss%2Fword%3A1", mechanism);
    things.insert(R"({"_id": 1})");
    EXPECT_EQ(things.count(), 1);
    things.store->drop_database(things.database);
  }
}

TEST_F(Auth, AWrongPasswordAnUnknownUserAndAnotherDatabaseAreRefused) {
  const auto refused = [](const Things& things) {
    const auto failure = failure_of([&] { things.insert("{}"); });
    EXPECT_EQ(failure.code, ErrorCode::authentication_failed) << failure.text;
    EXPECT_LT(failure.after, limit);
    EXPECT_TRUE(has(failure.text, "authSource")) << failure.text;
    for (const char* secret : {"Wr0ngPass", "p@ss", "p%40ss", "word%3A1"})
      EXPECT_FALSE(has(failure.text, secret)) << failure.text;
    const auto health = things.store->health(milliseconds(1000));
    EXPECT_FALSE(health.ok);
    EXPECT_TRUE(has(health.error, "authentication_failed")) << health.error;
    EXPECT_FALSE(has(health.error, "Wr0ngPass")) << health.error;
    EXPECT_EQ(things.store->pool_state().in_use, 0);
  };
  refused(as("quire:Wr0ngPass"));
  refused(as("nobody:Wr0ngPass"));
  const auto elsewhere =
      "mongodb://quire:p%40ss%2Fword%3A1@" + host_ + "/elsewhere?serverSelectionTimeoutMS=500";
  refused(Things(elsewhere));
}

TEST_F(Auth, NobodyInParticularMayDoNothing) {
  const Things things("mongodb://" + host_ + "/" + test::fresh_database() +
                      "?serverSelectionTimeoutMS=500");
  const auto failure = failure_of([&] { things.insert("{}"); });
  EXPECT_EQ(failure.code, ErrorCode::unauthorized) << failure.text;
  EXPECT_EQ(failure.backend_code, 13);
}

TEST_F(Auth, AUserWhoMayOnlyReadCannotWrite) {
  const Things root = as("quire:p%40ss%2Fword%3A1");
  root.insert(R"({"_id": 1})");
  (void)root.store->run_command(
      "admin",
      json(R"({"createUser": "reader", "pwd": "Re4derPass", "roles": [{"role": "read", "db": ")" +
           root.database + R"("}]})"),
      nullptr);
  const Things reader("mongodb://reader:Re4derPass@" + host_ + "/" + root.database +
                      "?authSource=admin&serverSelectionTimeoutMS=500");
  EXPECT_EQ(reader.count(), 1);
  const auto failure = failure_of([&] { reader.insert("{}"); });
  EXPECT_EQ(failure.code, ErrorCode::unauthorized) << failure.text;
  EXPECT_EQ(failure.backend_code, 13);
  EXPECT_EQ(reader.count(), 1) << "the store goes on";
  // What it can do is told all the same: a question that it may not ask is not one answered "no".
  EXPECT_TRUE(reader.store->capabilities().aggregation);
  (void)root.command(R"({"dropUser": "reader"})");
  root.store->drop_database(root.database);
}

}  // namespace
}  // namespace quire::store::mongodb_test
