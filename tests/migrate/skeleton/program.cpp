// Makes databases that differ from its models, writes the migrations, and looks at them afterwards.
// program write URI FILE mechanical|undecided|squash | program check URI mechanical|undecided |
// program same URI URI: of a database after the originals and one after their squash
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <quire/migrate/drift.hpp>
#include <quire/migrate/skeleton.hpp>
#include <quire/migrate/squash.hpp>
#include <quire/quire.hpp>
#include <quire/testing/database_image.hpp>

#include "originals.hpp"

namespace q = quire;
using q::field;

enum class Status { open, closed };
BOOST_DESCRIBE_ENUM(Status, open, closed)

struct Address {
  std::string city = {};
};
struct User {
  std::int64_t id = 0;
  std::string email = {};
  Status status = Status::open;
  std::int32_t age = 0;
  std::int64_t logins = 0;
  double ratio = 0;
  bool active = false;
  std::vector<std::string> tags = {};
  std::map<std::string, std::string> settings = {};
  std::optional<Address> address = {};

  static auto model() {
    return q::model<User>("users")
        .index(field<&User::email>.asc(), q::unique)
        .index(field<&User::logins>.desc(), field<&User::age>.asc(), q::named("by logins"))
        .index(field<&User::status>.asc(), q::hidden);
  }
};
struct Visit {
  std::int64_t id = 0;
  std::string page = {};
  static auto model() {
    return q::model<Visit>("visits")
        .collection_options(q::bson::from_json(R"({"capped": true, "size": 8192})"))
        .index(field<&Visit::page>.asc());
  }
};

struct Line {
  std::string sku = {};
};
struct Order {
  std::int64_t id = 0;
  double price = 0;
  std::vector<Line> lines = {};
  std::string from = {};
  std::chrono::sys_time<std::chrono::milliseconds> made = {};
  static auto model() {
    return q::model<Order>("old-orders").version(3).rename(field<&Order::from>, "sent from");
  }
};

namespace {

void put(q::Database& db, std::string_view collection, std::string_view json) {
  const q::bson::Document document = q::bson::from_json(json);
  const q::bson::View view = document;
  (void)db.store().insert(db.ns(collection), {&view, 1}, {});
}

void index(q::Database& db, std::string_view collection, std::string_view json) {
  const q::bson::Document spec = q::bson::from_json(json);
  const q::bson::View view = spec;
  db.store().create_indexes(db.ns(collection), {&view, 1}, {});
}

q::migrate::ModelDrift drift_of(const q::Database& db, bool mechanical) {
  q::migrate::DriftOptions options;
  options.full = true;
  if (!mechanical) return q::migrate::find_drift<Order>(db, options);
  options.validators = q::migrate::CompareValidators::all;
  return q::migrate::find_drift<User, Visit>(db, options);
}

void make(q::Database& db, bool mechanical) {
  if (mechanical) {
    put(db, "users",
        R"({"_id": 1, "email": "a@x", "nick": "a", "address": {"city": "Kiel", "zip": 1}})");
    put(db, "users", R"({"_id": 2, "email": "b@x", "status": "closed", "age": 7, "nick": "b"})");
    index(db, "users", R"({"key": {"email": 1}, "name": "email_1"})");
    index(db, "users", R"({"key": {"nick": -1}, "name": "old \"nick\"", "sparse": true})");
  } else {
    put(db, "old-orders",
        R"({"_id": 1, "price": "12.50", "lines": [{"sku": "a", "x": 1}], "sent from": 5, "_v": 2})");
    put(db, "old-orders", R"({"_id": 2, "price": null, "lines": [], "sent from": "K", "a.b": 1})");
  }
}

/// Documents for the originals of a squash.
void make_old(q::Database& db) {
  put(db, "users",
      R"({"_id": 1, "name": "Ada-King", "x": 1, "n": "12", "old": 1, "by": 7, "status": "b"})");
  put(db, "users", R"({"_id": 2, "name": "Bob-Ray", "x": 2, "n": "many"})");
  put(db, "authors", R"({"_id": 7, "name": "A"})");
  index(db, "users", R"({"key": {"n": 1}, "name": "other"})");
  index(db, "users", R"({"key": {"old": 1}, "name": "old_1"})");
}

std::string documents(const q::Database& db, std::string_view collection) {
  std::string text;
  const auto cursor = db.store().find(db.ns(collection), {}, {});
  while (const auto document = cursor->next()) text += q::bson::to_json(*document) + "\n";
  return text;
}

int fail(const char* what, const std::string& text) {
  std::fprintf(stderr, "%s:\n%s\n", what, text.c_str());
  return 1;
}

int check(const q::Database& db, bool mechanical) {
  const auto drift = drift_of(db, mechanical);
  const std::string stored = documents(db, mechanical ? "users" : "old-orders");
  if (!mechanical) {
    // Nobody decided, so nothing may have changed.
    const bool kept = stored.find("\"12.50\"") != std::string::npos &&
                      stored.find("\"x\": 1") != std::string::npos &&
                      stored.find("\"a.b\": 1") != std::string::npos && !drift.empty();
    return kept ? 0 : fail("the undecided migration changed documents", stored);
  }
  if (!drift.empty()) return fail("the migration left differences", drift.str());
  const auto user = db.collection<User>().get(2);
  const bool kept = user.email == "b@x" && user.status == Status::closed && user.age == 7 &&
                    db.collection<User>().get(1).address->city == "Kiel" &&
                    stored.find("nick") == std::string::npos;
  return kept ? 0 : fail("the migration changed what it should not", stored);
}

int same(const q::Database& a, const q::Database& b) {
  const q::testing::DatabaseImage squashed(b);
  const std::string text =
      q::testing::DatabaseImage(a).difference(squashed, "the originals", "the squash");
  if (!text.empty()) return fail("a squash makes another database", text);
  // And that they made it: what the last of them copied and moved is there.
  return documents(b, "moved").find("\"name\": \"Bob Ray\"") != std::string::npos
             ? 0
             : fail("neither ran", documents(b, "moved"));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return fail("usage", "program write URI FILE KIND | check URI KIND | same URI URI");
  auto db = q::open(argv[2]);
  if (std::strcmp(argv[1], "same") == 0) return same(db, q::open(argv[3]));
  q::migrate::SkeletonOptions options;
  options.date = std::chrono::year(2026) / 2 / 10;
  if (std::strcmp(argv[argc - 1], "squash") == 0) {
    make_old(db);
    std::ofstream out(argv[3], std::ios::binary);
    out << q::migrate::squash_skeleton("squash", squash_originals(), "a", "c", options);
    return out.good() ? 0 : 1;
  }
  const bool mechanical = std::strcmp(argv[argc - 1], "mechanical") == 0;
  if (std::strcmp(argv[1], "check") == 0) return check(db, mechanical);
  make(db, mechanical);
  const auto drift = drift_of(db, mechanical);
  std::printf("%s", drift.str().c_str());
  std::ofstream out(argv[3], std::ios::binary);
  out << q::migrate::migration_skeleton(argv[argc - 1], drift, options);
  return out.good() ? 0 : 1;
}
