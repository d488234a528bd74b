#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "quire/core/error.hpp"
#include "quire/serve/users.hpp"
#include "serve/crypto.hpp"
#include "serve/scram.hpp"
#include "serve_fixture.hpp"

namespace quire {
namespace {

using namespace quire::test;
namespace crypto = serve::crypto;

struct Proof {
  std::string final;             ///< the client's last message
  std::string server_signature;  ///< what the server must answer
};

/// The client's side, as RFC 5802 has it.
Proof prove(const std::string& password, const std::string& bare_first,
            const std::string& server_first) {
  const auto part = [&](char name) {
    const auto at = server_first.find(std::string(1, name) + "=") + 2;
    return server_first.substr(at, server_first.find(',', at) - at);
  };
  const auto salted =
      crypto::pbkdf2(password, crypto::from_base64(part('s')).value(), std::stoi(part('i')));
  const auto client_key = crypto::hmac_sha256(salted, "Client Key");
  const std::string without_proof = "c=biws,r=" + part('r');
  const std::string text = bare_first + "," + server_first + "," + without_proof;
  const auto signature = crypto::hmac_sha256(crypto::sha256(client_key), text);
  return {without_proof + ",p=" + crypto::to_base64(crypto::xor_bytes(client_key, signature)),
          "v=" + crypto::to_base64(
                     crypto::hmac_sha256(crypto::hmac_sha256(salted, "Server Key"), text))};
}

TEST(Scram, ComputesAsTheStandardsExample) {  // RFC 7677, section 3
  const auto proof = prove("pencil", "n=user,r=rOprNGfwEbeRWgbNEkqO",
                           "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                           "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  EXPECT_EQ(proof.final,
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_EQ(proof.server_signature, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST(Scram, RefusesMessagesThatAreNone) {
  const serve::UserTable users({{"ada", "admin", serve::make_credentials("secret")}});
  for (const char* first : {"", "n,,", "n,,n=ada", "p=tls-unique,,n=ada,r=abc", "n,,r=abc,n=ada",
                            "n,,n=,r=abc", "n,,n=ada,r=", "n,a=bob,n=ada,r=abc", "n,,n=a=zz,r=b"}) {
    serve::ScramExchange exchange(users, "admin");
    EXPECT_FALSE(exchange.first(first)) << first;
  }
  for (const char* last : {"", "c=biws", "c=biws,r=other,p=AAAA", "c=eSws,r=abc,p=AAAA"}) {
    serve::ScramExchange exchange(users, "admin");
    ASSERT_TRUE(exchange.first("n,,n=ada,r=abc"));
    EXPECT_FALSE(exchange.last(last)) << last;
  }
}

TEST(Scram, NobodyLearnsWhichUsersThereAre) {
  const serve::UserTable users({{"ada", "admin", serve::make_credentials("secret")}});
  const auto asked = [&](const std::string& name) {
    serve::ScramExchange exchange(users, "admin");
    const auto answer = exchange.first("n,,n=" + name + ",r=abc").value();
    EXPECT_FALSE(exchange.last(prove("wrong", "n=" + name + ",r=abc", answer).final));
    return answer.substr(answer.find(",s="));
  };
  EXPECT_EQ(asked("bob"), asked("bob")) << "the salt of one who is not there stays";
  EXPECT_EQ(asked("bob").size(), asked("ada").size());
}

TEST(Scram, PasswordsThatWouldHaveToBePreparedAreRefused) {
  for (const char* password : {"", "p\xC3\xA4ss", "a\tb", "a\x7F"})
    EXPECT_THROW((void)serve::make_credentials(password), Error) << password;
  EXPECT_NO_THROW((void)serve::make_credentials(" p@ss/word: ~"));
}

class Login : public ServeTest {
 protected:
  void with_users() {
    options.users_file = file("users.json");
    serve::add_user(options.users_file, "ada", "secret");
    options.log = [this](std::string_view line) { log += std::string(line) + "\n"; };
    start();
  }
  static bson::Document sasl(const std::string& command, std::string_view payload,
                             bool skip = false) {
    bson::Writer out;
    out.append_all(bson::from_json(command));
    bson::Binary bytes;
    bytes.bytes.assign(payload.begin(), payload.end());
    out.append("payload", bson::Value(std::move(bytes)));
    if (skip) out.append("options", bson::make_document("skipEmptyExchange", true));
    return out.append("$db", "admin").finish();
  }
  static std::string payload_of(bson::View reply) {
    const auto bytes = reply["payload"].as_binary();
    return {reinterpret_cast<const char*>(bytes.data), bytes.size};
  }
  /// The last reply of a login; stops at the first that fails.
  static bson::Document login(const Wire& wire, const std::string& user,
                              const std::string& password, bool skip = true) {
    const std::string bare = "n=" + user + ",r=abcdef";
    auto reply = wire.run(
        sasl(R"({"saslStart": 1, "mechanism": "SCRAM-SHA-256"})", "n,," + bare, skip).view());
    if (!is_ok(reply)) return reply;
    const auto proof = prove(password, bare, payload_of(reply));
    reply = wire.run(sasl(R"({"saslContinue": 1, "conversationId": 1})", proof.final).view());
    if (!is_ok(reply)) return reply;
    EXPECT_EQ(payload_of(reply), proof.server_signature);
    if (reply["done"].as_bool()) return reply;
    return wire.run(sasl(R"({"saslContinue": 1, "conversationId": 1})", "").view());
  }
  std::string log;
};

TEST_F(Login, OpensWhatIsClosedBefore) {
  with_users();
  const auto wire = connect();
  EXPECT_EQ(code_of(wire.run(R"({"find": "c"})")), 13);
  EXPECT_EQ(code_of(wire.run(R"({"listDatabases": 1})", "admin")), 13);
  EXPECT_EQ(code_of(wire.run(R"({"nonsense": 1})")), 13);
  EXPECT_TRUE(is_ok(wire.run(R"({"hello": 1})", "admin")));
  EXPECT_TRUE(is_ok(wire.run(R"({"ping": 1})", "admin")));
  EXPECT_TRUE(login(wire, "ada", "secret")["done"].as_bool());
  EXPECT_TRUE(is_ok(wire.run(R"({"find": "c"})")));
  const auto who = wire.run(R"({"connectionStatus": 1})", "admin");
  EXPECT_EQ(shown(who["authInfo"].as_document()["authenticatedUsers"].as_array()),
            R"({"0": {"user": "ada", "db": "admin"}})");
  EXPECT_TRUE(is_ok(wire.run(R"({"logout": 1})", "admin")));
  EXPECT_EQ(code_of(wire.run(R"({"find": "c"})")), 13);
  EXPECT_EQ(code_of(connect().run(R"({"find": "c"})")), 13) << "each connection by itself";
}

TEST_F(Login, TakesTheEmptyExchangeOfOldClients) {
  with_users();
  const auto wire = connect();
  EXPECT_TRUE(login(wire, "ada", "secret", false)["done"].as_bool());
  EXPECT_TRUE(is_ok(wire.run(R"({"find": "c"})")));
}

TEST_F(Login, WrongPasswordsAndUsersFailAlike) {
  with_users();
  for (const char* user : {"ada", "bob"}) {
    const auto wire = connect();
    const auto reply = login(wire, user, "secret2");
    EXPECT_EQ(code_of(reply), 18);
    EXPECT_EQ(reply["errmsg"].as_string(), "Authentication failed.");
    EXPECT_EQ(code_of(wire.run(R"({"find": "c"})")), 13);
  }
  server->stop();
  EXPECT_NE(log.find("ada@admin"), std::string::npos);
  EXPECT_EQ(log.find("secret"), std::string::npos);
}

TEST_F(Login, StepsOutOfOrderAreRefused) {
  with_users();
  const auto wire = connect();
  const auto go_on = [&](const char* payload) {
    return code_of(wire.run(sasl(R"({"saslContinue": 1, "conversationId": 1})", payload).view()));
  };
  EXPECT_EQ(go_on(""), 17);
  EXPECT_EQ(go_on("c=biws"), 17);
  (void)wire.run(sasl(R"({"saslStart": 1, "mechanism": "SCRAM-SHA-256"})", "n,,n=ada,r=a").view());
  EXPECT_EQ(go_on(""), 18) << "the proof cannot be left out";
  EXPECT_EQ(go_on(""), 17) << "the exchange is over";
  EXPECT_EQ(code_of(wire.run(R"({"find": "c"})")), 13);
  for (const char* mechanism : {"SCRAM-SHA-1", "PLAIN", "MONGODB-X509"})
    EXPECT_EQ(code_of(wire.run(
                  sasl(R"({"saslStart": 1, "mechanism": ")" + std::string(mechanism) + "\"}", "x")
                      .view())),
              334);
  EXPECT_EQ(code_of(wire.run(R"({"authenticate": 1})", "admin")), 334);
}

TEST_F(Login, ManyFailuresEndTheConnection) {
  options.limits.login_failures = 3;
  with_users();
  const auto wire = connect();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(code_of(login(wire, "ada", "no")), 18);
  EXPECT_TRUE(wire.is_closed());
}

TEST_F(Login, MessagesAreShortBeforeIt) {
  with_users();
  bson::Writer large;
  large.append("ping", 1).append("$db", "test").append("a", std::string(70'000, 'x'));
  const auto bytes = op_msg(large.finish());
  const auto wire = connect();
  wire.send(bytes);
  EXPECT_TRUE(wire.is_closed());
  const auto other = connect();
  (void)login(other, "ada", "secret");
  other.send(bytes);
  EXPECT_TRUE(other.reply());
}

TEST_F(Login, HelloBeginsItEarly) {
  with_users();
  const auto wire = connect();
  bson::Writer hello;
  hello.append("hello", 1).append("saslSupportedMechs", "admin.ada");
  bson::Binary payload;
  const std::string first = "n,,n=ada,r=abcdef";
  payload.bytes.assign(first.begin(), first.end());
  hello.begin_document("speculativeAuthenticate")
      .append("saslStart", 1)
      .append("mechanism", "SCRAM-SHA-256")
      .append("payload", bson::Value(std::move(payload)))
      .append("db", "admin")
      .begin_document("options")
      .append("skipEmptyExchange", true)
      .end()
      .end();
  const auto reply = wire.run(hello.append("$db", "admin").finish().view());
  EXPECT_EQ(shown(reply["saslSupportedMechs"].as_array()), R"({"0": "SCRAM-SHA-256"})");
  const auto early = reply["speculativeAuthenticate"].as_document();
  const auto proof = prove("secret", "n=ada,r=abcdef", payload_of(early));
  EXPECT_TRUE(
      is_ok(wire.run(sasl(R"({"saslContinue": 1, "conversationId": 1})", proof.final).view())));
  EXPECT_TRUE(is_ok(wire.run(R"({"find": "c"})")));
}

TEST_F(Login, LetsTheServerListenBeyondLoopback) {
  options.address = "0.0.0.0";
  with_users();
  EXPECT_EQ(code_of(connect().run(R"({"find": "c"})")), 13);
}

TEST_F(Login, UsersAreKeptWithoutPasswordsAndForTheirOwnerAlone) {
  const auto path = file("u.json");
  serve::add_user(path, "ada", "secret-one");
  serve::add_user(path, "bob", "secret-two");
  serve::add_user(path, "ada", "secret-three");
  const auto users = serve::read_users(path);
  ASSERT_EQ(users.size(), 2U);
  EXPECT_EQ(users[0].name + users[1].name, "adabob");
  std::ifstream in(path);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(text.find("secret"), std::string::npos);
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  EXPECT_THROW((void)serve::read_users(path), Error);
  EXPECT_THROW((void)serve::read_users(file("none.json")), StoreError);
  for (const char* bad : {"", "{}", R"({"users": [1]})", R"({"users": [{"user": "a"}]})",
                          R"({"users": [{"user": "a", "password": "b"}]})"}) {
    const auto other = file("bad.json");
    std::ofstream(other) << bad;
    ASSERT_EQ(::chmod(other.c_str(), 0600), 0);
    EXPECT_THROW((void)serve::read_users(other), Error) << bad;
  }
}

}  // namespace
}  // namespace quire
