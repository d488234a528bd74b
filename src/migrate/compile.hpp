#pragma once

#include <string>
#include <vector>

#include "migrate/step_work.hpp"
#include "quire/migrate/migration.hpp"

namespace quire::migrate {

/// A migration as it is known before it runs: up() was called without executing anything.
struct Compiled {
  std::shared_ptr<Migration> migration;
  std::vector<Step> steps;
  Atomicity atomicity = Atomicity::transactional;
  bool large = false;     ///< declared steps on fields go by ranges, on a server
  std::string guarantee;  ///< "txn", "versioned", "fenced", "guarded", "replay"
  std::string checksum;   ///< "q1:sha256:<hex>"
  std::vector<std::string> touches;

  enum class Way { none, code, steps };
  Way back = Way::none;
  std::vector<Step> down_steps;  ///< of Way::steps as they run; of Way::code as they were learnt
  std::string no_way_back;       ///< of Way::none
  /// Way::steps made of the steps' own inverses: down_steps[i] undoes steps[size - 1 - i].
  bool derived_back = false;
  bool by_images = false;  ///< … and where pre-images are kept, restores
  Atomicity down_atomicity = Atomicity::transactional;

  [[nodiscard]] const std::string& id() const noexcept { return migration->info().id; }
};

/// Documents of a collection that a server changes in one transaction; for more, declared steps on
/// fields go by ranges unless the migration asks for one.
inline constexpr std::int64_t most_at_once = 10'000;

/// All that does not depend on the store: not the classes and the guarantee. What up() and down()
/// throw becomes MigrationError invalid_migration with the id.
[[nodiscard]] Compiled learn(const std::shared_ptr<Migration>& migration);
/// The classes and the guarantee on a store. `large`: its collections are too large to change in
/// one transaction of a server. Throws MigrationError invalid_migration when
/// info().atomicity asks for what the steps cannot give; StoreError unsupported for transactional
/// code on a store without transactions.
void classify(Compiled& compiled, const store::Capabilities& can, bool large);

/// Whether two lists name a common collection or field; "users" covers "users.email"; "*" is
/// everything.
[[nodiscard]] bool overlap(const std::vector<std::string>& a, const std::vector<std::string>& b);

}  // namespace quire::migrate
