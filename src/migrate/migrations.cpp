#include <algorithm>
#include <string>
#include <unordered_map>

#include "quire/bson/view.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/migration.hpp"

namespace quire::migrate {
namespace {

constexpr std::size_t max_id_bytes = 128;

/// The class form of a migration that was given as a value.
class ValueMigration final : public Migration {
 public:
  explicit ValueMigration(DeclaredMigration given)
      : Migration({.id = std::move(given.id),
                   .title = std::move(given.title),
                   .depends_on = std::move(given.depends_on),
                   .touches = std::move(given.touches),
                   .tags = std::move(given.tags),
                   .kind = given.kind,
                   .atomicity = given.atomicity,
                   .revision = given.revision,
                   .min_app = given.min_app}),
        up_(std::move(given.up)),
        down_(std::move(given.down)) {}

  void up(MigrationContext& m) override {
    for (const Step& step : up_.list()) m.step(step);
  }
  Undo undo() override { return down_; }

 private:
  Steps up_;
  Undo down_;
};

std::unordered_map<std::string_view, std::size_t> positions(const Migrations& migrations) {
  std::unordered_map<std::string_view, std::size_t> found;
  for (std::size_t i = 0; i < migrations.items.size(); ++i)
    found.emplace(migrations.items[i]->info().id, i);
  return found;
}

/// Follows open dependencies until one comes again: "a → b → a".
std::string circle(const Migrations& migrations, const std::vector<bool>& done) {
  const auto where = positions(migrations);
  auto at = static_cast<std::size_t>(std::find(done.begin(), done.end(), false) - done.begin());
  std::vector<std::size_t> path;
  while (std::find(path.begin(), path.end(), at) == path.end()) {
    path.push_back(at);
    for (const std::string& id : migrations.items[at]->info().depends_on) {
      const std::size_t next = where.at(id);
      if (!done[next]) {
        at = next;
        break;
      }
    }
  }
  std::string text;
  for (auto it = std::find(path.begin(), path.end(), at); it != path.end(); ++it)
    text += migrations.items[*it]->info().id + " → ";
  return text + migrations.items[at]->info().id;
}

}  // namespace

void Migration::down(MigrationContext&) {
  throw MigrationError(ErrorCode::irreversible, FieldPath(info_.id),
                       "the migration declares no way back");
}

Migrations& Migrations::add_one(std::shared_ptr<Migration> migration) {
  if (migration == nullptr)
    throw MigrationError(ErrorCode::invalid_migration, "a null pointer is no migration");
  const MigrationInfo& info = migration->info();
  const auto refuse = [&](const std::string& why) {
    throw MigrationError(ErrorCode::invalid_migration, FieldPath(info.id.substr(0, 40)), why);
  };
  if (info.id.empty()) refuse("a migration needs an id");
  if (info.id.size() > max_id_bytes)
    refuse("an id has at most 128 bytes, this one " + std::to_string(info.id.size()));
  if (!bson::is_utf8(info.id) || info.id.find('\0') != std::string::npos)
    refuse("an id is UTF-8 text without zero bytes");
  for (const auto& other : items) {
    if (other->info().id == info.id) refuse("two migrations have this id");
  }
  for (const std::string& one : info.touches) {
    if (one.empty()) refuse("an empty text in touches; write \"users\" or \"users.email\"");
  }
  items.push_back(std::move(migration));
  return *this;
}

Migrations& Migrations::add(DeclaredMigration migration) {
  if (migration.up.empty()) {
    throw MigrationError(ErrorCode::invalid_migration, FieldPath(migration.id.substr(0, 40)),
                         "a migration without .up does nothing; give it a step");
  }
  return add_one(std::make_shared<ValueMigration>(std::move(migration)));
}

std::vector<std::size_t> Migrations::order() const {
  const auto where = positions(*this);
  if (where.size() != items.size())
    throw MigrationError(ErrorCode::invalid_migration, "two migrations have the same id");
  for (const auto& item : items) {
    for (const std::string& id : item->info().depends_on) {
      if (!where.contains(id)) {
        throw MigrationError(ErrorCode::invalid_migration, FieldPath(item->info().id),
                             "depends on \"" + id + "\", which is not among the migrations");
      }
    }
  }
  // Quadratic, and stable: always the first of those that are ready, in the order of add.
  std::vector<bool> done(items.size(), false);
  std::vector<std::size_t> result;
  while (result.size() < items.size()) {
    bool progress = false;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (done[i]) continue;
      const auto& needs = items[i]->info().depends_on;
      if (std::all_of(needs.begin(), needs.end(),
                      [&](const std::string& id) { return done[where.at(id)]; })) {
        done[i] = true;
        result.push_back(i);
        progress = true;
        break;
      }
    }
    if (!progress) {
      throw MigrationError(ErrorCode::dependency_cycle,
                           "migrations depend on each other in a circle: " + circle(*this, done));
    }
  }
  return result;
}

void Migrations::validate() const { (void)order(); }

}  // namespace quire::migrate
