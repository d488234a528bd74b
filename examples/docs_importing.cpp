// Rows of a program that kept them in SQLite become documents: looked at first, then imported,
// proven, caught up, taken back.
#include <sqlite3.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "quire/importer/importer.hpp"
#include "quire/importer/typed.hpp"
#include "quire/quire.hpp"

namespace qi = quire::importer;

// [model]
struct Link {
  std::int64_t id = 0;
  std::string guild_id;  // a number in the table, text from now on
  std::string voice_channel_id;
  std::optional<std::string> role_id;
  static auto model() { return quire::model<Link>("channel_links"); }
};

qi::Mapping mapping() {
  qi::Mapping all;
  all.tables.push_back(qi::into<Link>("channel_links")
                           .field<&Link::id>("id")
                           .field<&Link::guild_id>("guild_id")
                           .field<&Link::voice_channel_id>("voice_channel_id")
                           .field<&Link::role_id>("role_id"));
  return all;
}
// [/model]

static void write(const std::string& path, const char* sql) {
  sqlite3* db = nullptr;
  sqlite3_open(path.c_str(), &db);
  sqlite3_exec(db, "PRAGMA journal_mode = WAL", nullptr, nullptr, nullptr);
  sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
  sqlite3_close(db);
}

static void show(const char* what, const qi::ImportReport& report) {
  const auto& counts = report.parts.at(0).data.counts;
  std::printf("%s: %s, %d rows, %d written, %d unchanged, %d rejected\n", what,
              std::string(to_string(report.result)).c_str(), static_cast<int>(counts.read),
              static_cast<int>(counts.written), static_cast<int>(counts.unchanged),
              static_cast<int>(counts.rejected));
}

int main() {
  const std::string path = (std::filesystem::temp_directory_path() / "docs_importing.db").string();
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end);
  write(path,
        "CREATE TABLE channel_links(id INTEGER PRIMARY KEY, guild_id INTEGER, "
        "voice_channel_id INTEGER, role_id INTEGER);"
        "INSERT INTO channel_links VALUES (1, 812345678901234567, 912345678901234567, NULL),"
        " (2, 812345678901234568, 912345678901234568, 7), (3, NULL, 5, NULL)");
  quire::Database db = quire::open(":memory:");

  // [run]
  const auto source = qi::open_source("sqlite:" + path);
  qi::ImportOptions options{.name = "bot"};
  show("dry run", qi::Importer(*source, db, mapping(), options).dry_run());
  show("import", qi::Importer(*source, db, mapping(), options).run());
  show("again", qi::Importer(*source, db, mapping(), options).run());
  // [/run]
  for (const Link& link : db.collection<Link>().find())
    std::printf("  %d: guild %s\n", static_cast<int>(link.id), link.guild_id.c_str());

  write(path, "UPDATE channel_links SET guild_id = 9 WHERE id = 3");
  // [later]
  const auto later = qi::open_source("sqlite:" + path);  // as it is now
  show("caught up", qi::Importer(*later, db, mapping(), options).run());
  const auto proof =
      qi::Importer(*later, db, mapping(), options).verify(quire::migrate::VerifyLevel::full);
  std::printf("alike: %s\n", proof.ok() ? "yes" : "no");
  const auto back = qi::Importer(*later, db, mapping(), options).rollback();
  std::printf("taken back: %d\n", static_cast<int>(back.parts.at(0).removed));
  // [/later]
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end);
  return proof.ok() ? 0 : 1;
}
