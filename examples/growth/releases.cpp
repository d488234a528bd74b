#include "releases.hpp"

#include <quire/migrate/data_migrator.hpp>
#include <quire/migrate/duplicates.hpp>
#include <vector>

namespace q = quire;
using q::bson::make_document;

namespace growth {
namespace {

const std::vector<std::string> ids{"2026_01_status",         "2026_02_lower_case_emails",
                                   "2026_03_names",          "2026_04_rename_signup",
                                   "2026_05_sessions",       "2026_06_archive_index",
                                   "2026_07_one_email_each", "2026_08_ages",
                                   "2026_09_contract"};

UserV1 joined(const User& user) { return {user.id, user.first + " " + user.last}; }
User parted(const UserV1& old) {
  const auto space = old.name.find(' ');
  if (space == std::string::npos) return {old.id, old.name, ""};
  return {old.id, old.name.substr(0, space), old.name.substr(space + 1)};
}

q::migrate::DeclaredMigration release(int month) {
  using q::MigrationKind;
  switch (month) {
    case 1:
      return {.id = id_of(1),
              .title = "every user has a status",
              .kind = MigrationKind::schema,
              .up = q::add_field("users", "status", "active")};
    case 2:
      return {.id = id_of(2),
              .depends_on = {id_of(1)},
              .revision = 1,
              .up = q::each<WithEmail>("users", [](WithEmail& user) { q::to_lower(user.email); }),
              .down = q::irreversible("how addresses were written is not kept")};
    case 3:
      return {.id = id_of(3),
              .title = "first and last name",
              .depends_on = {id_of(1)},
              .revision = 1,
              .verify = q::migrate::VerifyLevel::full,
              .up = q::transform<UserV1, User>("users", parted),
              .down = q::transform<User, UserV1>("users", joined)};
    case 4:
      return {.id = id_of(4),
              .depends_on = {id_of(3)},
              .up = q::rename_field("users", "signup", "joined")};
    case 5:
      return {.id = id_of(5),
              .depends_on = {id_of(1)},
              .up = q::move_documents("users_sessions", "sessions")};
    case 6:  // archive_orders() fills it
      return {.id = id_of(6),
              .depends_on = {id_of(1)},
              .kind = MigrationKind::schema,
              .up = q::create_index("orders_archive", make_document("user", 1))};
    case 7:
      return {.id = id_of(7),
              .depends_on = {id_of(2)},
              .up = q::Steps{q::migrate::resolve_duplicates("users", make_document("email", 1),
                                                            q::migrate::Keep::newest),
                             q::create_index("users", make_document("email", 1), {.unique = true})},
              .down = q::irreversible("who was removed is in the rejects, not in the collection")};
    case 8:
      return {.id = id_of(8),
              .depends_on = {id_of(7)},
              .up = q::convert_field("users", "age", q::bson::Type::int32,
                                     {.unconvertible = q::migrate::Unconvertible::keep}),
              .down = q::irreversible("the types that ages had are not kept")};
    default:
      return {.id = id_of(9),
              .title = "nobody reads nicknames any more",
              .depends_on = {id_of(3), id_of(8)},
              .kind = MigrationKind::contract,
              .keep_preimages = true,
              .up = q::unset_field("users", "nickname")};
  }
}

}  // namespace

std::string id_of(int month) { return ids.at(static_cast<std::size_t>(month - 1)); }

q::Migrations releases(int month) {
  q::Migrations all;
  for (int one = 1; one <= month; ++one) all.add(release(one));
  return all;
}

void put_old_data(q::Database& db, std::int64_t users) {
  const auto people = db.collection<q::bson::Document>("users");
  const auto sessions = db.collection<q::bson::Document>("users_sessions");
  const auto orders = db.collection<Order>("orders");
  std::vector<q::bson::Document> batch;
  for (std::int64_t id = 1; id <= users; ++id) {
    const std::string number = std::to_string(id);
    // Each tenth is written in another way, and each two-hundredth is the one before once more.
    const std::string email =
        id % 200 == 0 ? "U" + std::to_string(id - 1) : (id % 10 == 0 ? "U" : "u") + number;
    q::bson::Writer user;
    user.append("_id", id)
        .append("name", "First" + number + " Last" + number)
        .append("email", email + "@Example.org")
        .append("signup", std::int32_t{2025})
        .append("nickname", "n" + number);
    if (id % 3 == 0) user.append("age", std::to_string(20 + id % 60));
    if (id % 3 == 1) user.append("age", static_cast<double>(20 + id % 60));
    batch.push_back(user.finish());
    if (batch.size() < 1000 && id != users) continue;
    (void)people.insert_many(batch);
    batch.clear();
  }
  for (std::int64_t id = 1; id <= std::min<std::int64_t>(users, 100); ++id) {
    sessions.insert(make_document("_id", id, "user", id, "token", "t" + std::to_string(id)));
    orders.insert({id, id, static_cast<double>(id) / 4});
  }
}

void archive_orders(const q::Database& db) {
  q::migrate::DataMigrator job(db, "orders");
  job.name("archive_orders")
      .to(db, "orders_archive")
      .transform<Order, ArchivedOrder>([](const Order& order) {
        return ArchivedOrder{order.id, order.user, static_cast<std::int64_t>(order.euros * 100)};
      })
      .batch(50)
      .throttle({.rate = 0, .nice = 1, .wait = {}})  // rests as long as a batch took
      .verify(q::migrate::VerifyLevel::full);
  const auto report = job.run();
  if (!report.ok()) throw std::runtime_error(report.json());
}

}  // namespace growth
