#include <quire/quire.hpp>
#include <quire/testing/testing.hpp>
#ifdef CONSUMER_IMPORTS
#include <quire/importer/source.hpp>
#endif
#ifdef CONSUMER_SERVES
#include <quire/serve/server.hpp>
#endif

#include <cstdio>
#include <string>

namespace q = quire;
using q::field;

struct Note {
  q::ObjectId id;
  std::string text;
  int stars = 0;
  static auto model() { return q::model<Note>("notes").index(field<&Note::stars>.desc()); }
};

int main() {
  // The other store is linked too: its URIs are read, nothing is connected.
  if (q::store::check_uri("mongodb://ada:secret@localhost/app").redacted !=
      "mongodb://ada:***@localhost/app")
    return 2;
  q::Migrations migrations;
  migrations.add({.id = "status", .up = q::add_field("notes", "status", "new")});
  q::testing::ScratchDatabases databases;
  if (!q::testing::up_down_up(databases, {.migrations = migrations})) return 4;
  auto db = q::open(":memory:");
#ifdef CONSUMER_IMPORTS
  try {
    (void)q::importer::open_source("sqlite:no_such_file.db");
    return 5;
  } catch (const q::Error& error) {
    if (error.code() != q::ErrorCode::source_failed) return 6;
  }
#endif
#ifdef CONSUMER_SERVES
  q::serve::Server server(db.shared_store(), {.port = 0});
  server.start();
  if (server.port() == 0) return 3;
#endif
  auto notes = db.collection<Note>();
  notes.sync_indexes();
  Note note{.text = "packaged", .stars = 3};
  notes.insert(note);
  const auto found = notes.find_one(field<&Note::stars> >= 3);
  std::puts(found ? found->text.c_str() : "nothing found");
  return found && found->id == note.id ? 0 : 1;
}
