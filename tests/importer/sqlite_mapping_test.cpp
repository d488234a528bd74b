#include <gtest/gtest.h>

#include <map>

#include "importer/row_source.hpp"
#include "quire/bson/json.hpp"
#include "quire/importer/propose.hpp"
#include "shared_data.hpp"
#include "sqlite_fixture.hpp"

namespace quire::importer {
namespace {

using test::SqliteFile;

struct Read {
  std::vector<bson::Value> keys;
  std::vector<std::string> documents;
  std::vector<std::string> failures;
};

Read read(Source& source, const Mapping& mapping, std::size_t part = 0,
          std::optional<bson::Value> after = {}, std::optional<bson::Value> until = {}) {
  const CompiledTable table(mapping, mapping.tables.at(part), source.schema(), DateTime{});
  const auto session = source.open();
  MappedReader reader(table, *session, std::move(after), std::move(until));
  Read out;
  for (MappedRow row; reader.next(row);) {
    out.keys.push_back(row.key);
    if (row.document)
      out.documents.push_back(bson::to_json(row.document->view()));
    else
      out.failures.emplace_back(row.failure->what());
  }
  return out;
}

Mapping of(const std::string& table) {
  return Mapping::from_json(R"({"tables": [)" + table + "]}");
}

/// Whether reads cut behind any row give what one read gives.
void expect_cuts(Source& source, const Mapping& mapping) {
  const Read all = read(source, mapping);
  for (const bson::Value& key : all.keys) {
    Read pieces = read(source, mapping, 0, {}, key);
    const Read rest = read(source, mapping, 0, key);
    pieces.documents.insert(pieces.documents.end(), rest.documents.begin(), rest.documents.end());
    ASSERT_EQ(pieces.documents, all.documents) << bson::to_json(key);
  }
}

TEST(SqliteMapping, EmbedsInOrderAndPassesOrphansOver) {
  const SqliteFile file("a.db", R"(
    CREATE TABLE "us.ers" (id INTEGER PRIMARY KEY, "na""me" TEXT);
    CREATE TABLE "select" (id INTEGER PRIMARY KEY, "user $id" INTEGER REFERENCES "us.ers", at TEXT);
    CREATE TABLE lines (o INTEGER, n INTEGER, "😀" TEXT, PRIMARY KEY (o, n)) WITHOUT ROWID;
    INSERT INTO "us.ers" VALUES (1, 'Ada'), (2, 'Bo'), (5, 'Cy');
    INSERT INTO "select" VALUES (10, 1, 'b'), (11, 1, 'a'), (12, 3, 'orphan'), (13, 5, NULL), (14, 5, 'x'), (15, 9, 'orphan'), (16, NULL, 'none');
    INSERT INTO lines VALUES (10, 2, 'cup'), (10, 1, 'tea'), (12, 1, 'lost'), (14, 1, 'jam'), (99, 1, 'lost');)");
  const auto source = file.source();
  const Mapping mapping = of(R"({"table": "us.ers", "into": "users", "children": [
    {"to": "orders", "table": "select", "columns": ["user $id"], "order": [{"column": "at"}],
     "children": [{"to": "lines", "table": "lines", "columns": ["o"], "value": "😀"}]}]})");
  const std::vector<std::string> expected = {
      R"({"_id": 1, "na\"me": "Ada", "orders": [{"id": 11, "at": "a", "lines": []}, {"id": 10, "at": "b", "lines": ["tea", "cup"]}]})",
      R"({"_id": 2, "na\"me": "Bo", "orders": []})",
      R"({"_id": 5, "na\"me": "Cy", "orders": [{"id": 14, "at": "x", "lines": ["jam"]}, {"id": 13, "at": null, "lines": []}]})"};
  const Read made = read(*source, mapping);
  EXPECT_TRUE(made.failures.empty());
  EXPECT_EQ(made.documents, expected);
  expect_cuts(*source, mapping);
}

TEST(SqliteMapping, MergesByTextKeysWhateverTheirCollation) {
  const SqliteFile file("a.db", R"(
    CREATE TABLE p (k TEXT COLLATE NOCASE, n INTEGER, v TEXT, PRIMARY KEY (k, n));
    CREATE TABLE c (id INTEGER PRIMARY KEY, k TEXT, n INTEGER);
    INSERT INTO p VALUES ('b', 1, 'x'), ('A', 2, 'x'), ('a2', 1, 'y'), ('C', 1, 'x');
    INSERT INTO c VALUES (1, 'C', 1), (2, 'A', 2), (3, 'b', 1), (4, 'A', 2), (5, 'zz', 1);)");
  const auto source = file.source();
  const Mapping mapping = of(R"({"table": "p", "into": "p", "where": "v = 'x'", "children": [
    {"to": "c", "table": "c", "columns": ["k", "n"], "value": "id"}]})");
  const std::vector<std::string> expected = {
      R"({"_id": {"k": "A", "n": 2}, "v": "x", "c": [2, 4]})",
      R"({"_id": {"k": "b", "n": 1}, "v": "x", "c": [3]})",
      R"({"_id": {"k": "C", "n": 1}, "v": "x", "c": [1]})"};
  EXPECT_EQ(read(*source, mapping).documents, expected);
  expect_cuts(*source, mapping);
}

TEST(SqliteMapping, OrdersPivotsAndUnpivots) {
  const SqliteFile file("a.db", R"(
    CREATE TABLE t (id INTEGER PRIMARY KEY, rank INTEGER, level_1 TEXT, level_2 TEXT);
    INSERT INTO t VALUES (1, NULL, 'a', NULL), (2, 9, NULL, NULL), (3, 4, 'c', 'd'), (4, NULL, NULL, 'e'), (5, 4, 'f', 'g');
    CREATE TABLE s (guild TEXT, key TEXT, value TEXT, PRIMARY KEY (guild, key));
    INSERT INTO s VALUES ('x', 'size', '12'), ('x', 'theme', 'dark'), ('y', 'theme', NULL), ('z', 'size', '3');)");
  const auto source = file.source();
  const Mapping ordered = of(R"({"table": "t", "into": "t", "skip": ["level_1", "level_2"],
    "order": [{"column": "rank"}]})");
  EXPECT_EQ(read(*source, ordered).documents,
            (std::vector<std::string>{R"({"_id": 3, "rank": 4})", R"({"_id": 5, "rank": 4})",
                                      R"({"_id": 2, "rank": 9})", R"({"_id": 1, "rank": null})",
                                      R"({"_id": 4, "rank": null})"}));
  expect_cuts(*source, ordered);
  const Mapping parts = of(R"({"table": "t", "into": "ranks", "others": false,
    "id": {"kind": "columns", "columns": ["id", "level"], "names": ["t", "level"]},
    "fields": [{"to": "role", "from": "role"}],
    "unpivot": {"value": "role", "parts": [{"column": "level_1", "constants": {"level": 1}},
                                           {"column": "level_2", "constants": {"level": 2}}]}})");
  EXPECT_EQ(read(*source, parts).documents,
            (std::vector<std::string>{R"({"_id": {"t": 1, "level": 1}, "role": "a"})",
                                      R"({"_id": {"t": 3, "level": 1}, "role": "c"})",
                                      R"({"_id": {"t": 3, "level": 2}, "role": "d"})",
                                      R"({"_id": {"t": 4, "level": 2}, "role": "e"})",
                                      R"({"_id": {"t": 5, "level": 1}, "role": "f"})",
                                      R"({"_id": {"t": 5, "level": 2}, "role": "g"})"}));
  expect_cuts(*source, parts);
  const Mapping groups = of(R"({"table": "s", "into": "s",
    "fields": [{"to": "size", "from": "size", "as": "int32", "null": "fallback", "fallback": 1}],
    "pivot": {"group": ["guild"], "name": "key", "value": "value"}})");
  EXPECT_EQ(read(*source, groups).documents,
            (std::vector<std::string>{R"({"_id": "x", "size": 12, "theme": "dark"})",
                                      R"({"_id": "y", "size": 1, "theme": null})",
                                      R"({"_id": "z", "size": 3})"}));
  expect_cuts(*source, groups);
  const CompiledTable table(groups, groups.tables[0], source->schema(), DateTime{});
  const auto session = source->open();
  const auto bound = table.key_at(*session, {}, {}, 1);
  ASSERT_TRUE(bound);
  EXPECT_EQ(bson::to_json(*bound), R"({"guild": "x", "key": "theme"})");
  MappedReader again(table, *session, {}, {}, std::span(&*bound, 1));
  MappedRow row;
  ASSERT_TRUE(again.next(row));
  EXPECT_EQ(bson::to_json(row.document->view()), R"({"_id": "x", "size": 12, "theme": "dark"})");
  EXPECT_FALSE(again.next(row));
}

TEST(SqliteMapping, EmbedsChinook) {
  QUIRE_NEEDS_SHARED(path, "data/chinook/Chinook_Sqlite.sqlite");
  const auto source = open_source("sqlite:" + path.string());
  const Mapping mapping = of(R"({"table": "Artist", "into": "artists", "children": [
      {"to": "albums", "table": "Album", "columns": ["ArtistId"], "order": [{"column": "Title"}],
       "children": [{"to": "tracks", "table": "Track", "columns": ["AlbumId"], "value": "TrackId"}]}]},
    {"table": "Playlist", "into": "playlists", "children": [
      {"to": "tracks", "table": "Track", "link": "PlaylistTrack", "columns": ["PlaylistId"],
       "link_columns": ["TrackId"], "value": "TrackId"}]})");
  const CompiledTable artists(mapping, mapping.tables[0], source->schema(), DateTime{});
  const auto session = source->open();
  std::size_t albums = 0;
  std::size_t tracks = 0;
  std::size_t count = 0;
  MappedReader reader(artists, *session, {}, {});
  for (MappedRow row; reader.next(row); ++count) {
    ASSERT_TRUE(row.document) << row.failure->what();
    std::string before;
    for (const auto& album : row.document->view()["albums"].as_array()) {
      ++albums;
      const std::string title(album.value.as_document()["Title"].as_string());
      EXPECT_LE(before, title);
      before = title;
      tracks += album.value.as_document()["tracks"].as_array().count();
    }
  }
  EXPECT_EQ(count, 275U);
  EXPECT_EQ(albums, 347U);
  EXPECT_EQ(tracks, 3503U);
  const CompiledTable playlists(mapping, mapping.tables[1], source->schema(), DateTime{});
  std::size_t listed = 0;
  MappedReader lists(playlists, *session, {}, {});
  for (MappedRow row; lists.next(row);) listed += row.document->view()["tracks"].as_array().count();
  EXPECT_EQ(listed, 8715U);
}

TEST(SqliteMapping, ProposesForChinookWhatMapsAllRows) {
  QUIRE_NEEDS_SHARED(path, "data/chinook/Chinook_Sqlite.sqlite");
  const auto source = open_source("sqlite:" + path.string());
  const Proposal proposal = propose(source->schema());
  EXPECT_EQ(validate(proposal.mapping, source->schema()), std::vector<std::string>{});
  for (std::size_t part = 0; part < proposal.mapping.tables.size(); ++part) {
    const Read made = read(*source, proposal.mapping, part);
    EXPECT_TRUE(made.failures.empty()) << made.failures[0];
    EXPECT_FALSE(made.documents.empty()) << proposal.mapping.tables[part].table;
  }
}

}  // namespace
}  // namespace quire::importer
