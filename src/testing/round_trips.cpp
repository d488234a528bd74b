// Checks in one process, without interruptions.
#include "testing/support.hpp"

namespace quire::testing {
namespace {

void expect_equal(const DatabaseImage& wanted, const DatabaseImage& got, std::string_view mine,
                  std::string_view theirs, const std::string& when) {
  const auto text = wanted.difference(got, mine, theirs);
  if (!text.empty()) refute(when + ": " + text);
}

/// Why the migrations that are pending cannot go back; empty: they can.
std::string no_way_back(const Subject& subject, const Database& db, const std::string& id) {
  for (const auto& planned :
       runner_for(subject, db).plan({.sample = 0, .lint = false}).migrations) {
    if (planned.id == id) return planned.reversible;
  }
  return {};
}

DatabaseImage migrated(ScratchDatabases& databases, const Subject& subject, bool prepare,
                       const std::string& what) {
  const std::string uri = databases.make();
  DatabaseImage image;
  {
    const Database db =
        prepare ? prepared(databases, subject, uri) : open_for(databases, subject, uri);
    expect_ok(go(subject, db, false, {}), what);
    image = DatabaseImage(db, subject.compare);
  }
  databases.remove(uri);
  return image;
}

}  // namespace

Outcome up_down_up(ScratchDatabases& databases, const Subject& subject) {
  return outcome_of([&](Outcome& outcome) {
    const std::string uri = databases.make();
    {
      const Database db = prepared(databases, subject, uri);
      Subject part = subject;
      part.migrations.items.clear();
      DatabaseImage before_chain(db, subject.compare), after(before_chain);
      int chain = 0;
      for (const std::size_t position : subject.migrations.order()) {
        const auto& one = subject.migrations.items[position];
        const std::string& id = one->info().id;
        part.migrations.items.push_back(one);
        const DatabaseImage before = after;
        const std::string reason = no_way_back(part, db, id);
        expect_ok(go(part, db, false, {}), id + " forth");
        after = DatabaseImage(db, subject.compare);
        if (!reason.empty()) {
          outcome.notes.push_back(id + " cannot go back: " + reason);
          chain = 0;
          before_chain = after;
          continue;
        }
        expect_ok(runner_for(part, db).rollback(id), id + " back");
        expect_equal(before, DatabaseImage(db, subject.compare), "the database before",
                     "after going forth and back", id);
        expect_ok(go(part, db, false, {}), id + " forth again");
        expect_equal(after, DatabaseImage(db, subject.compare), "after going forth once",
                     "after going forth, back and forth", id);
        ++outcome.rounds;
        ++chain;
      }
      if (chain > 1) {
        expect_ok(runner_for(subject, db).rollback(chain), "going back at once");
        expect_equal(before_chain, DatabaseImage(db, subject.compare), "the database before",
                     "after going back", "the last " + std::to_string(chain) + " at once");
        expect_ok(go(subject, db, false, {}), "going forth at once");
        expect_equal(after, DatabaseImage(db, subject.compare), "after going forth one by one",
                     "after going forth at once", "the last " + std::to_string(chain) + " at once");
      }
    }
    databases.remove(uri);
  });
}

Outcome fresh_equals_upgraded(ScratchDatabases& databases, const Subject& subject,
                              const std::function<void(Database&)>& fresh, bool documents) {
  return outcome_of([&](Outcome& outcome) {
    Subject shape = subject;
    shape.compare.documents = documents;
    const auto upgraded = migrated(databases, shape, true, "the migrations");
    const std::string uri = databases.make();
    {
      Database db = open_for(databases, subject, uri);
      fresh(db);
      expect_equal(DatabaseImage(db, shape.compare), upgraded, "a new database", "an upgraded one",
                   "a new database is not an upgraded one");
    }
    databases.remove(uri);
    outcome.rounds = static_cast<std::int64_t>(subject.migrations.items.size());
  });
}

Outcome squash_equals_originals(ScratchDatabases& databases, const Subject& originals,
                                const migrate::Migrations& squashed) {
  return outcome_of([&](Outcome& outcome) {
    Subject other = originals;
    other.migrations = squashed;
    for (const bool prepare : {false, true}) {
      if (prepare && !originals.prepare) break;
      const std::string from = prepare ? "from the prepared database" : "from an empty database";
      expect_equal(migrated(databases, originals, prepare, "the originals " + from),
                   migrated(databases, other, prepare, "the squashed ones " + from),
                   "the originals", "the squashed ones", from);
      ++outcome.rounds;
    }
  });
}

}  // namespace quire::testing
