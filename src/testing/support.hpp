#pragma once

#include <memory>
#include <string>
#include <vector>

#include "quire/testing/hooked_store.hpp"
#include "quire/testing/migrations.hpp"

namespace quire::testing {

/// A check that failed; the functions of the interface turn it into Outcome::why.
struct Refuted {
  std::string why;
};
[[noreturn]] inline void refute(std::string why) { throw Refuted{std::move(why)}; }

/// Runs `check`, which counts its rounds in the outcome.
template <class F>
Outcome outcome_of(F&& check) {
  Outcome outcome;
  try {
    check(outcome);
  } catch (const Refuted& refuted) {
    outcome.why = refuted.why;
    if (outcome.why.empty()) outcome.why = "it does not hold";
  }
  return outcome;
}

/// Opens it; `hook` may be empty.
[[nodiscard]] Database open_for(ScratchDatabases& databases, const Subject& subject,
                                const std::string& uri, HookedStore::Hook hook = {});
/// Opens it, and prepares it.
[[nodiscard]] Database prepared(ScratchDatabases& databases, const Subject& subject,
                                const std::string& uri);
[[nodiscard]] migrate::MigrationRunner runner_for(const Subject& subject, const Database& db);

/// Forth, or back behind `down_to` (empty: behind all).
[[nodiscard]] migrate::MigrationReport go(const Subject& subject, const Database& db, bool down,
                                          const std::string& down_to);
/// Throws Refuted unless the run ended well.
void expect_ok(const migrate::MigrationReport& report, const std::string& what);

/// What a database holds when all went well.
struct Straight {
  DatabaseImage data;
  std::vector<std::string> history;
};
[[nodiscard]] Straight look(const Subject& subject, const Database& db);
/// Throws Refuted when they differ.
void expect_same(const Straight& wanted, const Straight& got, const std::string& when);

}  // namespace quire::testing
