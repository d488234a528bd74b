#include <cstdio>
#include <cstdlib>
#include <quire/quire.hpp>

namespace q = quire;

struct Visit {
  q::ObjectId id = {};
  std::string page = {};
  static auto model() { return q::model<Visit>("visits"); }
};

// [environment]
q::Database open_as_configured() {
  // MONGODB_URI, and MONGODB_DATABASE instead of the one it names; a file on a developer's
  // machine.
  return q::open_from_environment({.fallback_uri = ":memory:"});
}
// [/environment]

// [health]
bool is_ready(const q::Database& db) {
  const auto health = db.store().health(std::chrono::seconds(1));
  if (!health.ok) std::printf("not ready: %s\n", health.error.c_str());  // without secrets
  return health.ok && health.writable;
}
// [/health]

// [errors]
void count_visits(const char* uri) {
  try {
    auto db = q::open(uri);                                                 // does not connect
    std::printf("%d\n", static_cast<int>(db.collection<Visit>().count()));  // the first call does
  } catch (const q::StoreError& error) {
    if (error.code() != q::ErrorCode::server_unreachable) throw;
    std::printf("no server: %s\n", error.detail().c_str());
  }
}
// [/errors]

void use_a_server(const char* uri) {
  auto db = q::open(uri, {.database = "quire_docs_connecting"});
  auto visits = db.collection<Visit>();
  visits.insert(Visit{.page = "/"});
  if (visits.count() == 0 || !is_ready(db)) std::exit(1);
  db.store().drop_database("quire_docs_connecting");
}

int main(int argc, char** argv) {
  // [check]
  const auto info = q::store::check_uri("mongodb://app:s3cret@db1,db2:27018/shop?replicaSet=rs0");
  std::printf("%s\n", info.redacted.c_str());
  for (const auto& host : info.hosts) std::printf("%s ", host.c_str());
  std::printf("%s\n", info.database.c_str());
  // [/check]
  // [malformed]
  try {
    (void)q::store::check_uri("mongodb://app:s3/cret@db1/shop");
  } catch (const q::StoreError& error) {  // invalid_uri; the password is not repeated
    std::printf("%d %s\n", static_cast<int>(error.code()), q::to_string(error.code()));
  }
  // [/malformed]
  // A test runner's machine may have a MONGODB_URI of its own: the example leaves it alone.
  ::unsetenv("MONGODB_URI");
  std::printf("%d\n", is_ready(open_as_configured()));
  if (argc > 1) count_visits(argv[1]);
  if (const char* uri = std::getenv("QUIRE_EXAMPLE_MONGODB_URI")) use_a_server(uri);
}
