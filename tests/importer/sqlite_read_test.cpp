#include <algorithm>
#include <random>
#include <thread>

#include "core/sqlite_page_map.hpp"
#include "quire/core/error.hpp"
#include "shared_data.hpp"
#include "sqlite_fixture.hpp"

namespace quire::importer {
namespace {

using test::Lines;
using test::rows_of;
using test::SqliteFile;

RowQuery query(std::string table, std::vector<std::string> columns, std::vector<std::string> key) {
  RowQuery out;
  out.table = std::move(table);
  out.columns = std::move(columns);
  out.key = std::move(key);
  return out;
}

TEST(SqliteRead, BoundsKeysConditionsAndLimits) {
  SqliteFile file("a.db",
                  "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);"
                  "INSERT INTO t VALUES(1,'a'), (2,'b'), (3,'c'), (4,'d'), (5,'e')");
  const auto source = file.source();
  const auto session = source->open();
  RowQuery some = query("t", {"v"}, {"id"});
  some.after = bson::Value(std::int64_t{1});
  some.until = bson::Value(std::int64_t{4});
  EXPECT_EQ(rows_of(*session, some), (Lines{"b", "c", "d"}));
  EXPECT_EQ(session->count(some), 3);
  EXPECT_EQ(session->key_at(some, 3), bson::Value(std::int64_t{4}));
  EXPECT_EQ(session->key_at(some, 4), std::nullopt);
  some.where = "v <> 'c' OR 1 = 0";
  EXPECT_EQ(rows_of(*session, some), (Lines{"b", "d"}));
  some.limit = 1;
  EXPECT_EQ(rows_of(*session, some), Lines{"b"});
  EXPECT_EQ(session->count(some), 1);
  RowQuery keys = query("t", {"v"}, {"id"});
  const std::vector<bson::Value> wanted{std::int64_t{5}, std::int64_t{9}, std::int64_t{1}};
  keys.keys = wanted;
  EXPECT_EQ(rows_of(*session, keys), (Lines{"a", "e"}));
  keys.key = {"v"};
  const std::vector<bson::Value> texts{"b"};
  keys.keys = texts;
  EXPECT_EQ(rows_of(*session, keys), Lines{"b"});
}

/// What one step goes over cannot be let go of in between.
TEST(SqliteRead, CountsLeaveLittleOfALargeFileInMemory) {
  const auto resident = [] {  // MiB of files
    const auto pages = page_map::detail::resident_of_files();
    return static_cast<double>(pages) / (1 << 20);
  };
  if (resident() == 0) GTEST_SKIP() << "this system does not tell";
  SqliteFile file("a.db",
                  "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);"
                  "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)"
                  " INSERT INTO t SELECT i, printf('%1200d', i) FROM n");
  const double before = resident();
  const auto source = file.source();
  const auto session = source->open();
  const RowQuery all = query("t", {"v"}, {"id"});
  EXPECT_EQ(session->count(all), 40'000);
  EXPECT_LT(resident() - before, 16);
  EXPECT_EQ(session->key_at(all, 40'000), bson::Value(std::int64_t{40'000}));
  EXPECT_LT(resident() - before, 16);
}

TEST(SqliteRead, FindsThousandsOfCompositeKeys) {
  SqliteFile file("a.db",
                  "CREATE TABLE t(a INTEGER, b TEXT, PRIMARY KEY(a, b)) WITHOUT ROWID;"
                  "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
                  " INSERT INTO t SELECT i / 7, 'k' || i FROM n");
  const auto source = file.source();
  const auto session = source->open();
  const RowQuery all = query("t", {"a", "b"}, {"a", "b"});
  const Lines lines = rows_of(*session, all);
  std::vector<bson::Value> keys;
  RowQuery at = all;
  for (std::int64_t i = 1; i <= 2500; ++i) {
    keys.push_back(*session->key_at(at, 1));
    at.after = keys.back();
  }
  RowQuery some = all;
  some.keys = keys;
  EXPECT_EQ(rows_of(*session, some), Lines(lines.begin(), lines.begin() + 2500));
}

TEST(SqliteRead, OrdersNullsOfAKeyLast) {
  SqliteFile file("a.db",
                  "CREATE TABLE t(id INTEGER PRIMARY KEY, level INTEGER);"
                  "INSERT INTO t VALUES(1,NULL), (2,5), (3,NULL), (4,1), (5,5)");
  const auto source = file.source();
  const auto session = source->open();
  RowQuery page = query("t", {"level", "id"}, {"level", "id"});
  const Lines expected{"1|4", "5|2", "5|5", "null|1", "null|3"};
  EXPECT_EQ(rows_of(*session, page), expected);
  Lines paged;
  for (;;) {
    RowQuery one = page;
    one.limit = 2;
    one.until = session->key_at(page, 2);
    const Lines rows = rows_of(*session, one);
    if (rows.empty()) break;
    paged.insert(paged.end(), rows.begin(), rows.end());
    if (!one.until) break;
    page.after = one.until;
  }
  EXPECT_EQ(paged, expected);
}

TEST(SqliteRead, ReadsChildrenInTheirParentsOrder) {
  SqliteFile file(
      "a.db",
      "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE UNIQUE);"
      "CREATE TABLE posts(id INTEGER PRIMARY KEY, user_id INTEGER, author TEXT, at INTEGER, "
      "deleted "
      "INTEGER);"
      "CREATE TABLE lines(post INTEGER, text TEXT);"
      "CREATE TABLE tags(code TEXT PRIMARY KEY, label TEXT);"
      "CREATE TABLE post_tags(post INTEGER, tag TEXT, place INTEGER, PRIMARY KEY(post, tag));"
      "INSERT INTO users VALUES(1,'b'), (2,'A'), (3,'c');"
      "INSERT INTO posts VALUES(10,1,'b',3,0), (11,2,'A',1,0), (12,1,'B',1,1), (13,99,'x',1,0), "
      "(14,'two','c',1,0), (15,NULL,NULL,1,0);"
      "INSERT INTO lines VALUES(12,'p'), (10,'q'), (11,'r'), (10,'a');"
      "INSERT INTO tags VALUES('x','X'), ('y','Y');"
      "INSERT INTO post_tags VALUES(10,'x',2), (10,'y',1), (12,'x',1)");
  const auto source = file.source();
  const auto session = source->open();
  RowQuery posts = query("posts", {"id"}, {"id"});
  posts.owner =
      Owner{.table = "users", .key = {"id"}, .columns = {"user_id"}, .referenced = {"id"}};
  posts.order = {{"at", false, true}};
  // 99 has no user: it comes at its number, and what is no number does not come.
  EXPECT_EQ(rows_of(*session, posts), (Lines{"1|12", "1|10", "2|11", "99|13"}));
  posts.until = bson::Value(std::int64_t{1});
  EXPECT_EQ(rows_of(*session, posts), (Lines{"1|12", "1|10"}));
  EXPECT_EQ(session->count(posts), 2);
  posts.until.reset();
  posts.where = "deleted = 0";
  EXPECT_EQ(rows_of(*session, posts), (Lines{"1|10", "2|11", "99|13"}));
  posts.owner->where = "id > 1";
  EXPECT_EQ(rows_of(*session, posts), Lines{"2|11"});

  // The parent's collation orders and finds them.
  RowQuery by_name = query("posts", {"id"}, {"id"});
  by_name.owner =
      Owner{.table = "users", .key = {"name"}, .columns = {"author"}, .referenced = {"name"}};
  EXPECT_EQ(rows_of(*session, by_name), (Lines{"A|11", "b|10", "c|14"}));

  RowQuery lines = query("lines", {"text"}, {});
  lines.order = {{"text", true, true}};
  Owner of_posts{.table = "posts", .key = {"id"}, .columns = {"post"}, .referenced = {"id"}};
  of_posts.order = {{"at", false, true}};
  of_posts.owner = std::make_shared<Owner>(
      Owner{.table = "users", .key = {"id"}, .columns = {"user_id"}, .referenced = {"id"}});
  lines.owner = of_posts;
  EXPECT_EQ(rows_of(*session, lines), (Lines{"1|12|p", "1|10|q", "1|10|a", "2|11|r"}));
  lines.after = bson::Value(std::int64_t{1});
  EXPECT_EQ(rows_of(*session, lines), Lines{"2|11|r"});

  RowQuery tags = query("tags", {"label"}, {"code"});
  tags.owner = Owner{.table = "posts",
                     .key = {"id"},
                     .columns = {"post"},
                     .referenced = {"id"},
                     .link = "post_tags",
                     .link_columns = {"tag"},
                     .link_referenced = {"code"},
                     .link_taken = {"place"}};
  EXPECT_EQ(rows_of(*session, tags), (Lines{"10|X|2", "10|Y|1", "12|X|1"}));
  tags.order = {{"place", false, true}};
  EXPECT_EQ(rows_of(*session, tags), (Lines{"10|Y|1", "10|X|2", "12|X|1"}));
  EXPECT_EQ(session->key_at(tags, 3), bson::Value(std::int64_t{12}));
}

TEST(SqliteRead, ReadsWideLongAndEmptyTables) {
  std::string create = "CREATE TABLE wide(id INTEGER PRIMARY KEY";
  std::string values = "1";
  RowQuery wide = query("wide", {}, {"id"});
  for (int i = 0; i < 300; ++i) {
    const std::string name = "c" + std::to_string(i);
    create += ", " + name + " TEXT";
    values += ", 'v" + std::to_string(i) + "'";
    wide.columns.push_back(name);
  }
  SqliteFile file("a.db", (create + "); INSERT INTO wide VALUES(" + values +
                           "); CREATE TABLE long(id INTEGER PRIMARY KEY, a TEXT, b BLOB);"
                           "INSERT INTO long VALUES(1, printf('%.*c', 2000000, 'x'), "
                           "zeroblob(3000000)), (2, 'y', x'01');"
                           "CREATE TABLE bare(id INTEGER PRIMARY KEY)")
                              .c_str());
  const auto source = file.source();
  const auto session = source->open();
  const auto reader = session->read(wide);
  const auto row = reader->next();
  ASSERT_EQ(row.size(), 300U);
  EXPECT_EQ(row[299].text, "v299");
  const auto long_rows = session->read(query("long", {"a", "b"}, {"id"}));
  const auto first = long_rows->next();
  EXPECT_EQ(first[0].text, std::string(2'000'000, 'x'));
  EXPECT_EQ(first[1].text, std::string(3'000'000, '\0'));
  EXPECT_EQ(long_rows->next()[0].text, "y");
  EXPECT_TRUE(rows_of(*session, query("bare", {"id"}, {"id"})).empty());
  EXPECT_EQ(session->count(query("bare", {}, {"id"})), 0);
  EXPECT_EQ(session->key_at(query("bare", {}, {"id"}), 1), std::nullopt);
}

TEST(SqliteRead, HasSeveralReadersOfOneSession) {
  SqliteFile file("a.db", "CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES(1), (2)");
  const auto source = file.source();
  auto session = source->open();
  const RowQuery all = query("t", {"id"}, {"id"});
  const auto one = session->read(all);
  const auto two = session->read(all);
  EXPECT_EQ(one->next()[0].integer, 1);
  EXPECT_EQ(two->next()[0].integer, 1);
  EXPECT_EQ(one->next()[0].integer, 2);
  EXPECT_EQ(session->count(all), 2);
  EXPECT_TRUE(one->next().empty());
  session.reset();
  EXPECT_EQ(two->next()[0].integer, 2);
}

/// Rows with keys of all kinds of values, in a table with these columns as its key.
void fill(SqliteFile& file, std::mt19937& random, int rows) {
  const auto value = [&]() -> std::string {
    switch (random() % 6) {
      case 0:
        return std::to_string(static_cast<int>(random() % 7) - 3);
      case 1:
        return std::to_string(random() % 5) + ".5";
      case 2:
        return "'" + std::string(random() % 3, static_cast<char>('a' + random() % 3)) + "'";
      case 3:
        return "CAST(x'FF" + std::string(random() % 2 == 0 ? "00" : "61") + "' AS TEXT)";
      case 4:
        return "x'0" + std::to_string(random() % 3) + "'";
      default:
        return "'2024-05-0" + std::to_string(1 + random() % 4) + "'";
    }
  };
  file.run("BEGIN");
  for (int i = 0; i < rows; ++i)
    file.run("INSERT OR IGNORE INTO t VALUES(" + value() + ", " + value() + ", " + value() + ", " +
             std::to_string(i) + ")");
  file.run("COMMIT");
}

TEST(SqliteReadProperty, PagesCoverEachRowOnceWhateverTheKey) {
  constexpr const char* types[] = {"INTEGER", "TEXT",         "NUMERIC", "DATETIME",           "",
                                   "BLOB",    "DECIMAL(5,2)", "BOOLEAN", "TEXT COLLATE NOCASE"};
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto type = [&] { return std::string(types[random() % std::size(types)]); };
    SqliteFile file;
    file.run("CREATE TABLE t(a " + type() + ", b " + type() + ", c " + type() +
             ", n INTEGER, PRIMARY KEY(a, b, c))" + (seed % 2 == 0 ? " WITHOUT ROWID" : ""));
    fill(file, random, 200);
    if (seed % 3 == 0) file.run("UPDATE OR IGNORE t SET n = NULL");
    const auto source = file.source();
    const auto session = source->open();
    RowQuery rest = query("t", {"a", "b", "c", "n"}, source->schema().at("t").key);
    ASSERT_EQ(rest.key.size(), 3U);
    const Lines all = rows_of(*session, rest);
    ASSERT_EQ(static_cast<std::int64_t>(all.size()), session->count(rest));
    Lines paged;
    std::vector<bson::Value> keys;
    for (std::optional<bson::Value> end;;) {
      end = session->key_at(rest, 1 + static_cast<std::int64_t>(random() % 9));
      RowQuery page = rest;
      page.until = end;
      const Lines rows = rows_of(*session, page);
      paged.insert(paged.end(), rows.begin(), rows.end());
      if (!end) break;
      keys.push_back(*end);
      rest.after = end;
    }
    ASSERT_EQ(paged, all);
    RowQuery some = query("t", {"n"}, rest.key);
    some.keys = keys;
    ASSERT_EQ(rows_of(*session, some).size(), keys.size());
  }
}

TEST(SqliteRead, RefusesWhatIsNoSource) {
  const auto code_of = [](const std::string& uri) {
    try {
      (void)open_source(uri)->schema();
    } catch (const ImportError& error) {
      return error.code();
    }
    return ErrorCode{};
  };
  SqliteFile file("a b%?#.db", "CREATE TABLE t(a)");
  EXPECT_EQ(code_of("sqlite:"), ErrorCode::invalid_source);
  EXPECT_EQ(code_of("sqlite::memory:"), ErrorCode::invalid_source);
  EXPECT_EQ(code_of("sqlite:a.db?mode=rwc"), ErrorCode::invalid_source);
  EXPECT_EQ(code_of("sqlite:a%2"), ErrorCode::invalid_source);
  EXPECT_EQ(code_of("sqlite:a%00b"), ErrorCode::invalid_source);
  EXPECT_EQ(code_of("sqlite:" + (file.folder() / "none.db").string()), ErrorCode::source_failed);
  EXPECT_FALSE(std::filesystem::exists(file.folder() / "none.db"));
  EXPECT_EQ(code_of("sqlite:" + file.folder().string()), ErrorCode::source_failed);
  std::ofstream(file.folder() / "text.db") << std::string(5000, 'x');
  EXPECT_EQ(code_of("sqlite:" + (file.folder() / "text.db").string()), ErrorCode::source_failed);
  const std::string folder = file.folder().string();
  EXPECT_EQ(code_of("sqlite:" + folder + "/a b%25%3F#.db"), ErrorCode{});
  EXPECT_EQ(code_of("sqlite://" + folder + "/a%20b%25%3f%23.db?snapshot=multi"), ErrorCode{});
  const auto relative = std::filesystem::relative(file.folder()).string();
  EXPECT_EQ(code_of("sqlite:" + relative + "/a b%25%3F%23.db"), ErrorCode{});
}

TEST(SqliteRead, NamesTheTableWhoseConditionIsWrong) {
  SqliteFile file("a.db", "CREATE TABLE t(id INTEGER PRIMARY KEY)");
  const auto source = file.source();
  const auto session = source->open();
  RowQuery wrong = query("t", {"id"}, {"id"});
  wrong.where = "no_such_column = 1";
  try {
    (void)session->read(wrong);
    FAIL();
  } catch (const ImportError& error) {
    EXPECT_EQ(error.code(), ErrorCode::source_failed);
    EXPECT_NE(error.detail().find("table t"), std::string::npos);
    EXPECT_EQ(error.backend_code(), SQLITE_ERROR);
  }
  wrong.where = "1; DROP TABLE t";
  EXPECT_THROW((void)session->read(wrong), ImportError);
}

}  // namespace
}  // namespace quire::importer
