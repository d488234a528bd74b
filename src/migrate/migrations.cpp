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
                   .min_app = given.min_app,
                   .replaces = std::move(given.replaces),
                   .repeatable = given.repeatable,
                   .assured = std::move(given.assured),
                   .keep_preimages = given.keep_preimages,
                   .pre = std::move(given.pre),
                   .post = std::move(given.post),
                   .verify = given.verify}),
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

/// What a migration waits for: its dependencies, or the squash that stands for one which the
/// program has no more; and, of a squash, what it replaces as far as that is there.
std::vector<std::size_t> needs_of(const Migrations& migrations,
                                  const std::unordered_map<std::string_view, std::size_t>& where,
                                  std::size_t position) {
  const MigrationInfo& info = migrations.items[position]->info();
  std::vector<std::size_t> needs;
  for (const std::string& id : info.depends_on) {
    if (const auto found = where.find(id); found != where.end()) {
      needs.push_back(found->second);
      continue;
    }
    const auto squash = std::ranges::find_if(migrations.items, [&](const auto& other) {
      return std::ranges::find(other->info().replaces, id) != other->info().replaces.end();
    });
    if (squash == migrations.items.end()) {
      throw MigrationError(ErrorCode::invalid_migration, FieldPath(info.id),
                           "depends on \"" + id + "\", which is not among the migrations");
    }
    needs.push_back(static_cast<std::size_t>(squash - migrations.items.begin()));
  }
  for (const std::string& id : info.replaces)
    if (const auto found = where.find(id); found != where.end()) needs.push_back(found->second);
  return needs;
}

/// Follows open dependencies until one comes again: "a → b → a".
std::string circle(const Migrations& migrations, const std::vector<bool>& done) {
  const auto where = positions(migrations);
  auto at = static_cast<std::size_t>(std::find(done.begin(), done.end(), false) - done.begin());
  std::vector<std::size_t> path;
  while (std::find(path.begin(), path.end(), at) == path.end()) {
    path.push_back(at);
    for (const std::size_t next : needs_of(migrations, where, at)) {
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

namespace {

Check check(Check::Kind kind, std::string text, std::function<bool(Database&, Session&)> ask) {
  if (text.empty() || !ask)
    throw MigrationError(ErrorCode::invalid_migration, "a check needs a text and a function");
  return {kind, std::move(text), std::move(ask)};
}

}  // namespace

Check require(std::string text, std::function<bool(Database&, Session&)> ask) {
  return check(Check::Kind::require, std::move(text), std::move(ask));
}

Check skip_if(std::string text, std::function<bool(Database&, Session&)> ask) {
  return check(Check::Kind::skip_if, std::move(text), std::move(ask));
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
  for (const std::string& one : info.replaces) {
    if (one.empty() || one == info.id) refuse("replaces names other migrations, by their ids");
  }
  if (info.repeatable && !info.replaces.empty())
    refuse("a repeatable migration cannot replace others");
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
  std::vector<std::vector<std::size_t>> needs;
  for (std::size_t i = 0; i < items.size(); ++i) needs.push_back(needs_of(*this, where, i));
  // Quadratic, and stable: always the first of those that are ready, in the order of add.
  std::vector<bool> done(items.size(), false);
  std::vector<std::size_t> result;
  while (result.size() < items.size()) {
    bool progress = false;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (done[i]) continue;
      if (std::ranges::all_of(needs[i], [&](std::size_t need) { return done[need]; })) {
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
