#include <cstdio>
#include <quire/migrate/duplicates.hpp>
#include <quire/migrate/type_report.hpp>
#include <quire/quire.hpp>

namespace q = quire;
using q::bson::make_document;

struct User {
  std::int64_t id = 0;
  std::string email = {};
  std::int32_t age = 0;
  static auto model() { return q::model<User>("users"); }
};

// [migration]
class OneEmailEach : public q::Migration {
 public:
  OneEmailEach() : Migration{{.id = "2026_02_10_one_email_each"}} {}
  void up(q::MigrationContext& m) override {
    m.step(q::migrate::resolve_duplicates("users", make_document("email", 1),
                                          q::migrate::Keep::newest));
    m.create_index("users", make_document("email", 1), {.unique = true});
  }
};
// [/migration]

int main() {
  const auto db = q::open(":memory:");
  const auto users = db.collection<q::bson::Document>("users");
  for (const char* json : {R"({"_id": 1, "email": "ada@x", "age": 36})",
                           R"({"_id": 2, "email": "ada@x", "age": "41"})", R"({"_id": 3})",
                           R"({"_id": 4, "email": null, "age": "old"})"})
    users.insert(q::bson::from_json(json));

  // [find]
  const auto found = q::migrate::find_duplicates(db, "users", make_document("email", 1));
  std::printf("%s", found.str().c_str());
  // [/find]

  // [sparse]
  const auto sparse =
      q::migrate::find_duplicates(db, "users", make_document("email", 1), {.sparse = true});
  // [/sparse]
  std::printf("sparse: %s", sparse.str().c_str());

  // [types]
  const auto report = q::migrate::type_report<User>(db);
  std::printf("%s", report.str().c_str());
  // [/types]

  // [convert]
  const auto converted =
      q::migrate::convert_types(db, "users", {{.path = "age", .to = q::bson::Type::int32}});
  std::printf("%d changed, %d rejected\n", static_cast<int>(converted.changed),
              static_cast<int>(converted.rejected));
  // [/convert]
  std::printf("%s", q::migrate::type_report<User>(db).str().c_str());

  // [merge]
  const auto merged = q::migrate::resolve_duplicates(
      db, "users", make_document("email", 1),
      [](const std::vector<q::bson::Document>& group) {  // oldest first
        q::bson::Writer w;
        w.append_all(group.front());
        w.append("others", static_cast<std::int32_t>(group.size() - 1));
        return w.finish();
      },
      {.sparse = true});
  // [/merge]
  std::printf("%d removed\n", static_cast<int>(merged.removed));

  q::Migrations all;
  all.add<OneEmailEach>();
  std::printf("%s\n", q::MigrationRunner{db, all}.run().ok() ? "applied" : "not applied");
}
