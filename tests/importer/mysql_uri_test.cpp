#ifdef QUIRE_WITH_MYSQL
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "mysql.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

using mysql::Options;

Options parsed(const std::string& uri) {
  return mysql::parse_uri(uri, std::chrono::milliseconds(1500));
}

TEST(MysqlUri, IsReadWithAllItsParts) {
  const Options one = parsed(
      "mysql://a%40b:p%3Aw%2F@db.example:3307/my%2Fdb?socket=%2Frun%2Fs.sock&ssl=verify&"
      "ssl-ca=/ca.pem&charset=latin1&connections=3&compress=1");
  EXPECT_EQ(one.user, "a@b");
  EXPECT_EQ(one.password, "p:w/");
  EXPECT_EQ(one.host, "db.example");
  EXPECT_EQ(one.port, 3307U);
  EXPECT_EQ(one.database, "my/db");
  EXPECT_EQ(one.socket, "/run/s.sock");
  EXPECT_EQ(one.ssl, Options::Ssl::verify);
  EXPECT_EQ(one.ssl_ca, "/ca.pem");
  EXPECT_EQ(one.charset, "latin1");
  EXPECT_EQ(one.connections, 3U);
  EXPECT_TRUE(one.compress);
  EXPECT_EQ(parsed("mysql://[::1]:3307/d").host, "::1");
  EXPECT_EQ(parsed("mysql://[::1]:3307/d").location(), "mysql://[::1]:3307/d");
  EXPECT_EQ(parsed("mariadb://u:secret@h/d?ssl=off").location(), "mysql://h/d");
}

TEST(MysqlUri, RefusesWhatItCannotReadWithoutShowingThePassword) {
  for (const char* uri :
       {"mysql:u:secret@h/d", "mysql://u:secret@h", "mysql://u:secret@h/",
        "mysql://u:secret%G1@h/d", "mysql://u:secret@h:0/d", "mysql://u:secret@h:x/d",
        "mysql://u:secret@h:70000/d", "mysql://u:secret@h/d?ssl=maybe",
        "mysql://u:secret@h/d?password=secret", "mysql://u:secret@h/d?connections=0",
        "mysql://u:secret@h/d?charset=binary", "mysql://u:secret@h/d?charset=a'b",
        "mysql://u:secret@h/d?ssl", "mysql://u:secret@[::1/d", "mysql://u:secret/@h/d%00",
        "mysql://u:sec/secret@h"}) {
    SCOPED_TRACE(uri);
    try {
      (void)open_source(uri);
      ADD_FAILURE() << "accepted";
    } catch (const ImportError& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_source);
      EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << error.what();
    }
  }
}

std::string failure_of(const std::string& uri) {
  try {
    (void)open_source(uri, {.connect_timeout = std::chrono::seconds(3)});
    return "opened";
  } catch (const ImportError& error) {
    EXPECT_EQ(error.code(), ErrorCode::source_failed);
    EXPECT_NE(error.backend_code(), 0);
    return error.what();
  }
}

TEST(MysqlUri, NamesTheServerThatDoesNotAnswer) {
  const std::string what = failure_of("mysql://someone:secret@127.0.0.1:1/d");
  EXPECT_NE(what.find("mysql://127.0.0.1:1/d"), std::string::npos) << what;
  EXPECT_NE(what.find("check that the server runs"), std::string::npos) << what;
  EXPECT_EQ(what.find("secret"), std::string::npos) << what;
}

TEST(MysqlUri, AWrongPasswordIsRefusedAndNotShown) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  std::string uri = database.uri({}, database.user());
  uri.replace(uri.find(":secret@"), 8, ":wr0ngsecret@");
  const std::string what = failure_of(uri);
  EXPECT_NE(what.find("check user and password"), std::string::npos) << what;
  EXPECT_EQ(what.find("wr0ngsecret"), std::string::npos) << what;
}

/// The environment as it was, at the end.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() {
    if (before_) {
      ::setenv(name_, before_->c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

std::string without_password(std::string uri) {
  uri.erase(uri.find(":secret@"), 7);
  return uri;
}

TEST(MysqlUri, ThePasswordComesFromTheEnvironment) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  const std::string user = database.user();
  database.run("GRANT SELECT ON " + test::MysqlDatabase::quoted(database.name()) + ".* TO " + user);
  const std::string uri = without_password(database.uri({}, user));
  const Variable nowhere("HOME", "/nonexistent");
  EXPECT_NE(failure_of(uri).find("check user and password"), std::string::npos);
  const Variable password("MYSQL_PWD", "secret");
  EXPECT_EQ(open_source(uri)->kind(), "mysql");
}

TEST(MysqlUri, UserAndPasswordComeFromTheOptionFile) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  const std::string user = database.user();
  database.run("GRANT SELECT ON " + test::MysqlDatabase::quoted(database.name()) + ".* TO " + user);
  const auto home = std::filesystem::temp_directory_path() / ("quire_home_" + user);
  std::filesystem::create_directories(home);
  std::ofstream(home / ".my.cnf") << "[client]\nuser=" << user << "\npassword=\"secret\"\n";
  const Variable there("HOME", home.string());
  std::string uri = database.uri({}, user);
  uri.replace(8, uri.find('@') - 7, "");
  EXPECT_EQ(uri.find("secret"), std::string::npos);
  EXPECT_EQ(open_source(uri)->kind(), "mysql");
  // The URI says it before the file does.
  EXPECT_NE(failure_of("mysql://" + user + ":other@" + uri.substr(8)).find("check user"),
            std::string::npos);
  std::filesystem::remove_all(home);
}

TEST(MysqlUri, SslIsAskedForOfAServerThatHasNone) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  if (database.value("SELECT @@have_ssl") == "YES") GTEST_SKIP() << "the server has a certificate";
  EXPECT_NE(failure_of(database.uri("ssl=on")).find("the server has no TLS"), std::string::npos);
  EXPECT_EQ(open_source(database.uri("ssl=off"))->kind(), "mysql");
}

}  // namespace
}  // namespace quire::importer
#endif
