#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <random>

#include "fixture.hpp"
#include "quire/store/observer.hpp"

/// What is secret in a connection string is shown nowhere: not in errors, not in logs, not by the
/// driver, which logs what it does not like.
namespace quire::store::mongodb_test {
namespace {

/// What is written to stdout and stderr until it is asked for: the driver writes to both.
class Output {
 public:
  Output() : file_(std::tmpfile()), out_(::dup(1)), err_(::dup(2)) {
    flush();
    ::dup2(::fileno(file_), 1);
    ::dup2(::fileno(file_), 2);
  }
  ~Output() {
    if (out_ >= 0) (void)text();
    std::fclose(file_);
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  std::string text() {
    flush();
    ::dup2(out_, 1);
    ::dup2(err_, 2);
    ::close(out_);
    ::close(err_);
    out_ = err_ = -1;
    const auto size = ::lseek(::fileno(file_), 0, SEEK_END);
    std::string out(size < 0 ? 0 : static_cast<std::size_t>(size), '\0');
    const auto n = ::pread(::fileno(file_), out.data(), out.size(), 0);
    out.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return out;
  }

 private:
  static void flush() {
    std::fflush(stdout);
    std::fflush(stderr);
  }
  std::FILE* file_;
  int out_, err_;
};

std::string escape(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

/// The pieces of a password that would be a leak: each run of letters and digits of 3 and more.
std::vector<std::string> pieces(std::string_view password) {
  std::vector<std::string> out{std::string(password)};
  std::string word;
  for (const char c : std::string(password) + "/") {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      word += c;
    } else {
      if (word.size() >= 3) out.push_back(word);
      word.clear();
    }
  }
  return out;
}

/// All that is told about a URI: by check_uri and by a store on it, that reaches nobody.
std::string all_that_is_told(const std::string& uri) {
  Output log;
  std::string told;
  try {
    const auto info = check_uri(uri);
    told += info.redacted + "\n" + info.database + "\n";
    for (const auto& host : info.hosts) told += host + "\n";
  } catch (const Error& error) {
    told += std::string(error.what()) + "\n";
  }
  try {
    const auto store = open(uri);
    told += store->redacted_uri() + "\n";
    store->close();
  } catch (const Error& error) {
    told += std::string(error.what()) + "\n";
  }
  return told + log.text();
}

struct Bad {
  const char* name;
  const char* uri;
  const char* secret;
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.name; }
class Malformed : public ::testing::TestWithParam<Bad> {};
TEST_P(Malformed, IsRefusedWithoutItsPassword) {
  const auto failure = failure_of([&] { (void)check_uri(GetParam().uri); });
  EXPECT_EQ(failure.code, ErrorCode::invalid_uri) << failure.text;
  const auto told = all_that_is_told(GetParam().uri);
  for (const auto& piece : pieces(GetParam().secret)) EXPECT_FALSE(has(told, piece)) << told;
}
INSTANTIATE_TEST_SUITE_P(
    All, Malformed,
    ::testing::Values(
        Bad{"Slash", "mongodb://ann:s3cr/etpw@h/app", "s3cr/etpw"},
        Bad{"SlashAfterPort", "mongodb://ann:2701/etpw@h/app", "etpw"},
        Bad{"At", "mongodb://ann:s3cr@etpw@h/app", "s3cr@etpw"},
        Bad{"Colon", "mongodb://ann:s3cr:etpw@h/app", "s3cr:etpw"},
        Bad{"Question", "mongodb://ann:s3cr?etpw@h/app", "s3cr?etpw"},
        Bad{"QuestionEquals", "mongodb://ann:s3cr?etpw=x@h/app", "s3cr?etpw=x"},
        Bad{"Hash", "mongodb://ann:s3cr#etpw@h/app", "s3cr#etpw"},
        Bad{"Percent", "mongodb://ann:s3cr%etpw@h/app", "s3cr%etpw"},
        Bad{"PercentAtEnd", "mongodb://ann:s3cretpw%@h/app", "s3cretpw"},
        Bad{"Zero", "mongodb://ann:s3cr%00etpw@h/app", "s3cr%00etpw"},
        Bad{"NoUtf8", "mongodb://ann:s3cr%FFetpw@h/app", "s3cr%FFetpw"},
        Bad{"Bracket", "mongodb://ann:s3cr[etpw]@h/app", "s3cr[etpw]"},
        Bad{"AtAndSlash", "mongodb://ann:s3cr@et/pwd@h/app", "s3cr@et/pwd"},
        Bad{"SlashAndQuestion", "mongodb://ann:s3c/rets?etpw=w@h/app", "s3c/rets?etpw"},
        Bad{"QuestionAndKnownOption", "mongodb://ann:s3c?tls=rets@h/app?w=1", "s3c?rets"},
        Bad{"EmptyUser", "mongodb://:s3cretpw@h/app", "s3cretpw"},
        Bad{"NoHost", "mongodb://ann:s3cretpw@/app", "s3cretpw"},
        Bad{"HostForgotten", "mongodb://ann:s3cretpw/app", "s3cretpw"},
        Bad{"BadPort", "mongodb://ann:s3cretpw@h:0/app", "s3cretpw"},
        Bad{"LargePort", "mongodb://ann:s3cretpw@h:65536/app", "s3cretpw"},
        Bad{"WordPort", "mongodb://ann:s3cretpw@h:port/app", "s3cretpw"},
        Bad{"SecondHost", "mongodb://ann:s3cretpw@a:1,b:x/app", "s3cretpw"},
        Bad{"OpenBracket", "mongodb://ann:s3cretpw@[::1/app", "s3cretpw"},
        Bad{"ServiceWithPort", "mongodb+srv://ann:s3cretpw@h.example.com:1/app", "s3cretpw"},
        Bad{"ServiceOfTwo", "mongodb+srv://ann:s3cretpw@a.b.c,d.e.f/app", "s3cretpw"},
        Bad{"OptionValue", "mongodb://ann:s3cretpw@h/app?maxPoolSize=many", "s3cretpw"},
        Bad{"OptionBool", "mongodb://ann:s3cretpw@h/app?tls=perhaps", "s3cretpw"},
        Bad{"OptionWithoutValue", "mongodb://ann:s3cretpw@h/app?tls", "s3cretpw"},
        Bad{"Conflict", "mongodb://ann:s3cretpw@h/app?w=0&journal=true", "s3cretpw"},
        Bad{"DatabaseName", "mongodb://ann:s3cretpw@h/a.b", "s3cretpw"},
        Bad{"KeyPasswordAmpersand",
            "mongodb://h/app?tlsCertificateKeyFilePassword=s3cr&etpw&tls=true", "s3cr&etpw"},
        Bad{"KeyPasswordAmpersandEquals",
            "mongodb://h/app?tlsCertificateKeyFilePassword=s3cr&etpw=1&tls=true", "s3cr&etpw"},
        Bad{"KeyPasswordPercent", "mongodb://h/app?tlsCertificateKeyFilePassword=s3cr%etpw",
            "s3cr%etpw"},
        Bad{"KeyPasswordAt", "mongodb://h/app?tlsCertificateKeyFilePassword=s3cr@etpw",
            "s3cr@etpw"},
        Bad{"OldKeyPassword", "mongodb://h/app?sslClientCertificateKeyPassword=s3cretpw&tls=maybe",
            "s3cretpw"},
        Bad{"SessionToken",
            "mongodb://ann:s3cretpw@h/?authMechanism=MONGODB-AWS&authMechanismProperties="
            "AWS_SESSION_TOKEN:tok3nvalue/x&y",
            "s3cretpw/tok3nvalue"},
        Bad{"ProxyPassword", "mongodb://h/app?proxyHost=p&proxyPassword=s3cretpw&tls=maybe",
            "s3cretpw"},
        Bad{"Capital", "MongoDB://ann:s3cretpw@h/app", "s3cretpw"},
        Bad{"Blank", " mongodb://ann:s3cretpw@h/app", "s3cretpw"},
        Bad{"OneSlash", "mongodb:/ann:s3cretpw@h/app", "s3cretpw"},
        Bad{"NoSlash", "mongodb:ann:s3cretpw@h/app", "s3cretpw"},
        Bad{"OtherService", "mongodb+dns://ann:s3cretpw@h/app", "s3cretpw"},
        Bad{"Quoted", "\"mongodb://ann:s3cretpw@h/app\"", "s3cretpw"},
        Bad{"NoScheme", "ann:s3cretpw@mongodb://h/app", "s3cretpw"}),
    [](const auto& row) { return std::string(row.param.name); });

struct Good {
  const char* name;
  const char* uri;
  const char* redacted;
  const char* database;
  std::vector<std::string> hosts;
};
void PrintTo(const Good& good, std::ostream* out) { *out << good.name; }
class WellFormed : public ::testing::TestWithParam<Good> {};
TEST_P(WellFormed, IsReadAndShownWithoutItsPassword) {
  const auto info = check_uri(GetParam().uri);
  EXPECT_EQ(info.kind, "mongodb");
  EXPECT_EQ(info.redacted, GetParam().redacted);
  EXPECT_EQ(info.database, GetParam().database);
  EXPECT_EQ(info.hosts, GetParam().hosts);
}
using Hosts = std::vector<std::string>;
INSTANTIATE_TEST_SUITE_P(
    All, WellFormed,
    ::testing::Values(
        Good{"Host", "mongodb://h", "mongodb://h", "", Hosts{"h:27017"}},
        Good{"Database", "mongodb://h:1/app", "mongodb://h:1/app", "app", Hosts{"h:1"}},
        Good{"User", "mongodb://ann@h/app", "mongodb://ann@h/app", "app", Hosts{"h:27017"}},
        Good{"Password", "mongodb://ann:pw@h/app", "mongodb://ann:***@h/app", "app",
             Hosts{"h:27017"}},
        Good{"EmptyPassword", "mongodb://ann:@h/app", "mongodb://ann:***@h/app", "app",
             Hosts{"h:27017"}},
        Good{"Escaped", "mongodb://a%40b:p%40%3A%2F%3F%23%5B%5D%25w@h/app",
             "mongodb://a%40b:***@h/app", "app", Hosts{"h:27017"}},
        Good{"SubDelimiters", "mongodb://ann:p!$&'()*+,;=w@h/app", "mongodb://ann:***@h/app", "app",
             Hosts{"h:27017"}},
        Good{"Several", "mongodb://ann:pw@a:1,b,c:3/app?replicaSet=r",
             "mongodb://ann:***@a:1,b,c:3/app?replicaSet=r", "app", Hosts{"a:1", "b:27017", "c:3"}},
        Good{"Address6", "mongodb://ann:pw@[::1]:2/app", "mongodb://ann:***@[::1]:2/app", "app",
             Hosts{"[::1]:2"}},
        Good{"Socket", "mongodb://ann:pw@%2Ftmp%2Fa.sock/app",
             "mongodb://ann:***@%2Ftmp%2Fa.sock/app", "app", Hosts{"/tmp/a.sock"}},
        Good{"Service", "mongodb+srv://ann:pw@c.example.com/app?w=majority",
             "mongodb+srv://ann:***@c.example.com/app?w=majority", "app", Hosts{"c.example.com"}},
        Good{"OptionsWithoutSlash", "mongodb://h?appname=x", "mongodb://h?appname=x", "",
             Hosts{"h:27017"}},
        Good{"KeyPassword", "mongodb://h/app?tls=true&tlsCertificateKeyFilePassword=s3cretpw&w=1",
             "mongodb://h/app?tls=true&tlsCertificateKeyFilePassword=***&w=1", "app",
             Hosts{"h:27017"}},
        Good{"SessionToken",
             "mongodb://key:pw@h/?authMechanism=MONGODB-AWS&authMechanismProperties="
             "AWS_SESSION_TOKEN:tok3n%2Fvalue",
             "mongodb://key:***@h/?authMechanism=MONGODB-AWS&authMechanismProperties=***", "",
             Hosts{"h:27017"}}),
    [](const auto& row) { return std::string(row.param.name); });

/// Seeded: a failure comes again. QUIRE_FUZZ_ROUNDS asks for more.
TEST(Redaction, RandomPasswordsAreNeverToldHoweverTheyAreWritten) {
  std::mt19937 random(20240611);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::string letters = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789";
  const std::string marks = "/@:?#%&=[];,+$ ~\\\"'<>{}|^`*!()._-";
  const char* forms[] = {"mongodb://ann:{}@h1,h2/app",
                         "mongodb://ann:{}@h/app?tls=true",
                         "mongodb://ann:{}@h",
                         "mongodb+srv://ann:{}@c.example.com/app",
                         "mongodb://h/app?tlsCertificateKeyFilePassword={}&tls=false",
                         "mongodb://h/app?tls=false&tlsCertificateKeyFilePassword={}",
                         ("mongodb://ann:pw@h/?authMechanism=MONGODB-AWS&authMechanismProperties="
                          "AWS_SESSION_TOKEN:{}"),
                         "mongodb://ann:{}@h:x/app",
                         "mongodb://ann:{}@h/app?tls=perhaps",
                         "mongodb://ann:{}/app"};
  const char* rounds = std::getenv("QUIRE_FUZZ_ROUNDS");
  const int n = rounds == nullptr ? 4000 : std::atoi(rounds);
  int read = 0, refused = 0;
  Output log;
  std::vector<std::string> problems;
  std::vector<std::string> all;
  for (int i = 0; i < n; ++i) {
    // Words of five capitals and digits stand in no message by chance.
    std::string password;
    const auto parts = 1 + below(3);
    for (std::size_t part = 0; part < parts; ++part) {
      if (part > 0) password += marks[below(marks.size())];
      std::string word = "Q";
      for (int k = 0; k < 5; ++k) word += letters[below(letters.size())];
      all.push_back(word);
      password += word;
    }
    if (below(4) == 0) password += marks[below(marks.size())];
    const bool escaped = below(3) == 0;
    std::string uri = forms[below(std::size(forms))];
    // "ann:some@thing/app" is a user, a password and a host, whatever was meant.
    if (has(uri, "{}/") && has(password, "@")) continue;
    uri.replace(uri.find("{}"), 2, escaped ? escape(password) : password);
    std::string told;
    try {
      const auto info = check_uri(uri);
      told = info.redacted + " " + info.database;
      for (const auto& host : info.hosts) told += " " + host;
      ++read;
    } catch (const Error& error) {
      told = error.what();
      ++refused;
    }
    for (std::size_t back = 1; back <= parts; ++back) {
      if (has(told, all[all.size() - back])) problems.push_back(uri + "\n  -> " + told);
    }
  }
  const auto logged = log.text();
  for (const auto& word : all) {
    if (has(logged, word)) problems.push_back("logged: " + word);
  }
  for (std::size_t i = 0; i < std::min<std::size_t>(problems.size(), 10); ++i)
    ADD_FAILURE() << problems[i];
  EXPECT_TRUE(problems.empty()) << problems.size();
  EXPECT_GT(read, n / 8);
  EXPECT_GT(refused, n / 8);
}

/// Keeps what it is told.
class Recorder final : public CommandObserver {
 public:
  void on_command(const CommandEvent& event) noexcept override { add(event.error, event.server); }
  void on_server(const ServerEvent& event) noexcept override { add(event.error, event.server); }
  std::string text() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  void add(std::string_view a, std::string_view b) {
    const std::lock_guard lock(mutex_);
    text_.append(a).append(" ").append(b).append("\n");
  }
  std::mutex mutex_;
  std::string text_;
};

TEST(Redaction, AStoreThatCannotLogInTellsNoPassword) {
  const auto host = test::server("auth_host");
  if (host.empty()) GTEST_SKIP() << "no server \"auth\" was started";
  Output log;
  std::string told;
  {
    const Things things("mongodb://quire:Wr0ng%2FPass@" + host +
                        "/app?authSource=admin&serverSelectionTimeoutMS=300");
    const auto recorder = std::make_shared<Recorder>();
    things.store->observers().add(recorder);
    told += failure_of([&] { things.insert("{}"); }).text;
    told += failure_of([&] { (void)things.store->capabilities(); }).text;
    told += failure_of([&] { (void)things.store->watch(things.ns(), json("{}"), {}); }).text;
    told += things.store->health(milliseconds(500)).error + things.store->redacted_uri();
    told += recorder->text();
  }
  const auto logged = log.text();
  EXPECT_FALSE(logged.empty()) << "nothing was captured";
  told += logged;
  EXPECT_TRUE(has(told, "authentication_failed")) << told;
  for (const char* piece : {"Wr0ng", "Wr0ng/Pass", "Pass@", "%2FPass"})
    EXPECT_FALSE(has(told, piece)) << told;
}

TEST(Redaction, AKeyFileThatCannotBeOpenedTellsNoPassword) {
  const auto uri = test::server("tls");
  if (uri.empty()) GTEST_SKIP() << "no server \"tls\" was started";
  const auto folder = test::server("ca_file");
  Output log;
  std::string told =
      failure_of([&] {
        const Things things(
            test::with_database(uri, "app") + "&tlsCAFile=" + folder + "&tlsCertificateKeyFile=" +
            folder + "&tlsCertificateKeyFilePassword=K3yPassword&serverSelectionTimeoutMS=300");
        things.insert("{}");
      }).text;
  told += log.text();
  EXPECT_FALSE(has(told, "nothing was thrown"));
  EXPECT_FALSE(has(told, "K3yPassword")) << told;
}

}  // namespace
}  // namespace quire::store::mongodb_test
