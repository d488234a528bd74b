#ifdef QUIRE_WITH_MYSQL
#include <algorithm>
#include <random>

#include "importer/sql/sql_source.hpp"
#include "mysql.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

using Rows = std::vector<std::vector<std::string>>;

bson::Value key_of_row(std::span<const Cell> cells, const RowQuery& query) {
  std::vector<Cell> key;
  for (const std::string& name : query.key)
    key.push_back(cells[static_cast<std::size_t>(
        std::find(query.columns.begin(), query.columns.end(), name) - query.columns.begin())]);
  return key_of(key, query.key);
}

/// Reads in pages of `size` rows, each behind the last key, and by key_at() with bounds: all the
/// same rows in the same order as in one go.
void expect_pages(Source& source, const std::string& name, std::int64_t size) {
  SCOPED_TRACE(name + " by " + std::to_string(size));
  const Table& table = source.schema().at(name);
  ASSERT_FALSE(table.key.empty());
  const auto session = source.open();
  RowQuery query = test::whole(table);
  const Rows all = test::rows_of(*session->read(query));
  EXPECT_EQ(static_cast<std::int64_t>(all.size()), session->count(query));
  Rows paged;
  Rows bounded;
  query.limit = size;
  for (bool more = true; more && paged.size() <= all.size();) {
    more = false;
    const auto reader = session->read(query);
    std::optional<bson::Value> last;
    for (auto cells = reader->next(); !cells.empty(); cells = reader->next()) {
      auto& row = paged.emplace_back();
      for (const Cell& cell : cells) row.push_back(test::told(cell));
      last = key_of_row(cells, query);
      more = true;
    }
    if (last) query.after = last;
  }
  query = test::whole(table);
  do {
    query.until = session->key_at(query, size);
    for (auto& row : test::rows_of(*session->read(query))) bounded.push_back(std::move(row));
    query.after = query.until;
    query.until.reset();
  } while (query.after && bounded.size() <= all.size());
  EXPECT_EQ(paged, all);
  EXPECT_EQ(bounded, all);
}

TEST(MysqlRows, PagesByKeysOfAllTypesAreTheWholeTable) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  const auto table = [&](const std::string& name, const std::string& type,
                         const std::string& values) {
    database.run("CREATE TABLE " + name + " (k " + type + ", v INT, PRIMARY KEY (k))");
    database.run("INSERT INTO " + name + " (k, v) " + values);
  };
  const std::string from = ", seq FROM seq_1_to_40";
  table("k_int", "INT", "SELECT CAST(seq AS SIGNED) * 3 - 60" + from);
  table("k_unsigned", "BIGINT UNSIGNED", "SELECT 18446744073709551615 - seq" + from);
  table("k_decimal", "DECIMAL(30,10)", "SELECT 12345678901234567890 + seq / 1000000" + from);
  table("k_double", "DOUBLE", "SELECT seq / 3" + from);
  table("k_float", "FLOAT", "SELECT seq / 10" + from);
  table("k_date", "DATE", "SELECT '2024-02-20' + INTERVAL seq DAY" + from);
  table("k_datetime", "DATETIME(6)",
        "SELECT '2024-02-20' + INTERVAL seq * 333333 MICROSECOND" + from);
  table("k_timestamp", "TIMESTAMP(6)",
        "SELECT '2024-03-30 23:59:59' + INTERVAL seq * 400 SECOND" + from);
  table("k_time", "TIME(3)", "SELECT SEC_TO_TIME(CAST(seq AS SIGNED) * 7777.125 - 90000)" + from);
  table("k_year", "YEAR", "SELECT 1990 + seq" + from);
  table("k_bit", "BIT(60)", "SELECT seq * 100000000000000" + from);
  table("k_binary", "VARBINARY(20)", "SELECT UNHEX(MD5(seq))" + from);
  table("k_uuid", "UUID",
        "SELECT CONCAT(LPAD(HEX(seq * 99991 % 4099), 8, '0'), '-4455-6677-8899-', LPAD(HEX(seq), "
        "12, '0'))" +
            from);
  table("k_bool", "BOOL", "SELECT seq, seq FROM seq_0_to_5");
  table("k_enum", "ENUM('z','a','m','B','é')",
        "VALUES ('a', 1), ('z', 2), ('é', 3), ('B', 4), ('m', 5)");
  table("k_inet", "INET6", "SELECT CONCAT('2001:db8::', HEX(seq * 7))" + from);
  database.run("SET SESSION sql_mode=''");
  table("k_zero", "DATE", "VALUES ('0000-00-00', 1), ('2024-00-15', 2), ('2024-01-01', 3)");
  const auto source = open_source(database.uri());
  for (const Table& one : source->schema().tables)
    for (const std::int64_t size : {1, 3, 40}) expect_pages(*source, one.name, size);
}

TEST(MysqlRows, TextKeysComeInTheOrderOfTheirCollation) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  const std::pair<const char*, const char*> collations[] = {
      {"c1", "utf8mb4_general_ci"}, {"c2", "utf8mb4_unicode_ci"},       {"c3", "utf8mb4_bin"},
      {"c4", "utf8mb4_swedish_ci"}, {"c5", "utf8mb4_unicode_nopad_ci"}, {"c6", "latin1_german2_ci"},
      {"c7", "latin1_general_cs"},  {"c8", "utf16_general_ci"}};
  for (const auto& [name, collation] : collations) {
    const std::string charset = std::string(collation).substr(0, std::string(collation).find('_'));
    database.run(std::string("CREATE TABLE ") + name + " (k VARCHAR(40) CHARACTER SET " + charset +
                 " COLLATE " + collation + " PRIMARY KEY, v INT)");
    for (const char* text : {"a", "B", "ä", "z", "Z1", "o", "ö", "oe", "ß", "ss", "", "a b",
                             "a\\tb", "_", "0", "É", "e1"})
      database.run(std::string("INSERT IGNORE INTO ") + name + " VALUES ('" + text + "', 1)");
  }
  // Pad spaces: equal to the server under a padding collation, two rows under the other.
  database.run("INSERT INTO c5 VALUES ('a ', 2)");
  database.run("INSERT INTO c3 VALUES ('x', 2), ('x\\t', 3)");
  const auto source = open_source(database.uri());
  for (const Table& one : source->schema().tables) {
    for (const std::int64_t size : {1, 4}) expect_pages(*source, one.name, size);
    const auto session = source->open();
    const auto reader = session->read(test::whole(one));
    for (const auto& row :
         database.connection().rows("SELECT k FROM " + one.name + " ORDER BY k", "checking")) {
      const auto cells = reader->next();
      ASSERT_EQ(cells.size(), 2U);
      EXPECT_EQ(cells[0].text, row[0]);
    }
    EXPECT_TRUE(reader->next().empty());
    // Case and accents are one under it: found by another spelling.
    if (one.name == "c1") {
      RowQuery query = test::whole(one);
      const std::vector<bson::Value> keys{bson::Value("Ä"), bson::Value("b")};
      query.keys = keys;
      EXPECT_EQ(test::rows_of(*session->read(query)).size(), 2U);
    }
  }
}

TEST(MysqlRows, PagesOfCompositeKeysAreTheWholeTableProperty) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  database.run(
      "CREATE TABLE t (a VARCHAR(10) NOT NULL, b INT NOT NULL, c DECIMAL(6,2) NOT NULL, v INT, "
      "UNIQUE (a, b, c))");
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    database.run("DELETE FROM t");
    const int rows = static_cast<int>(random() % 60);
    for (int i = 0; i < rows; ++i) {
      const char* names[] = {"a", "B", "ä", "c ", ""};
      database.run("INSERT IGNORE INTO t VALUES ('" + std::string(names[random() % 5]) + "', " +
                   std::to_string(random() % 4) + ", " + std::to_string(random() % 3) + ".5, " +
                   std::to_string(i) + ")");
    }
    const auto source = open_source(database.uri("connections=2"));
    EXPECT_EQ(source->schema().at("t").key.size(), 3U);
    expect_pages(*source, "t", 1 + random() % 7);
  }
}

TEST(MysqlRows, NamesMayHoldWhatTheyLike) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server, "`we.ird $\"'ä");
  for (const std::string name :
       {"select", "a`b", "a.b", "$cost", "it's \"q\"", "ünïcode", "x y", "a%b?", "#x-- "}) {
    const std::string table = test::MysqlDatabase::quoted(name == "#x-- " ? "#x--" : name);
    database.run("CREATE TABLE " + table + " (" + table + " INT PRIMARY KEY, `order` INT)");
    database.run("INSERT INTO " + table + " VALUES (1, 2), (2, 3)");
  }
  const auto source = open_source(database.uri());
  EXPECT_EQ(source->schema().tables.size(), 9U);
  const auto session = source->open();
  for (const Table& one : source->schema().tables) {
    SCOPED_TRACE(one.name);
    EXPECT_EQ(one.columns[0].name, one.name);
    RowQuery query = test::whole(one);
    query.after = bson::Value(1);
    EXPECT_EQ(test::rows_of(*session->read(query)), (Rows{{"int32 2", "int32 3"}}));
    EXPECT_EQ(session->count(query), 1);
    EXPECT_FALSE(session->fingerprint(one).empty());
  }
}

TEST(MysqlRows, MayBeWideLongOrNone) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  std::string columns;
  std::string values;
  for (int i = 0; i < 300; ++i) {
    columns += (i == 0 ? "c0 INT PRIMARY KEY" : ", c" + std::to_string(i) + " INT");
    values += (i == 0 ? "" : ", ") + (i % 3 == 1 ? "NULL" : std::to_string(i));
  }
  database.run("CREATE TABLE wide (" + columns + ")");
  database.run("INSERT INTO wide VALUES (" + values + ")");
  database.run("CREATE TABLE nothing (id INT PRIMARY KEY)");
  database.run("CREATE TABLE big (id INT PRIMARY KEY, t LONGTEXT, b LONGBLOB)");
  database.run(
      "INSERT INTO big SELECT seq, REPEAT('ä', 1048576), REPEAT(CHAR(seq), 2097152) FROM "
      "seq_1_to_5");
  for (const char* options : {"", "connections=1", "compress=1"}) {
    const auto source = open_source(database.uri(options));
    const auto session = source->open();
    const auto wide = test::rows_of(*session->read(test::whole(source->schema().at("wide"))));
    ASSERT_EQ(wide.size(), 1U);
    EXPECT_EQ(wide[0][299], "int32 299");
    EXPECT_EQ(wide[0][298], "null");
    const auto none = session->read(test::whole(source->schema().at("nothing")));
    EXPECT_TRUE(none->next().empty());
    EXPECT_TRUE(none->next().empty());
    EXPECT_FALSE(session->key_at(test::whole(source->schema().at("nothing")), 1).has_value());
    const auto big = session->read(test::whole(source->schema().at("big")));
    for (int i = 1; i <= 5; ++i) {
      const auto cells = big->next();
      ASSERT_EQ(cells.size(), 3U);
      EXPECT_EQ(cells[1].text.size(), 2097152U);
      EXPECT_EQ(cells[1].text.substr(2097150), "ä");
      EXPECT_EQ(cells[2].text, std::string(2097152, static_cast<char>(i)));
    }
    EXPECT_TRUE(big->next().empty());
  }
}

TEST(MysqlRows, TextOfAMislabelledCharacterSetComesByItsName) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  // UTF-8 bytes in a latin1 column, as old programs left them.
  database.run("CREATE TABLE `ünï` (k VARCHAR(20) CHARACTER SET latin1 PRIMARY KEY, n INT)");
  database.run("INSERT INTO `ünï` VALUES (0xC3A4, 1), (0xC3B6, 2), ('plain', 3)");
  const auto twice = open_source(database.uri());
  EXPECT_EQ(test::rows_of(*twice->open()->read(test::whole(twice->schema().at("ünï"))))[0][0],
            "text Ã¤");
  const auto source = open_source(database.uri("charset=latin1"));
  const auto session = source->open();
  const Table& table = source->schema().at("ünï");
  EXPECT_EQ(test::rows_of(*session->read(test::whole(table)))[0][0], "text ä");
  expect_pages(*source, "ünï", 1);
}

TEST(MysqlRows, SeveralReadersOfASessionGoOnBesideEachOther) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  database.run("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(100))");
  database.run("INSERT INTO t SELECT seq, REPEAT('x', 100) FROM seq_1_to_20000");
  const auto source = open_source(database.uri("connections=3"));
  const auto session = source->open();
  std::vector<std::unique_ptr<RowReader>> readers;
  for (int i = 0; i < 6; ++i)
    readers.push_back(session->read(test::whole(source->schema().at("t"))));
  EXPECT_EQ(session->count(test::whole(source->schema().at("t"))), 20000);
  for (int row = 1; row <= 20000; ++row)
    for (const auto& one : readers) {
      const auto cells = one->next();
      ASSERT_EQ(cells.size(), 2U);
      ASSERT_EQ(cells[0].integer, row);
    }
  for (const auto& one : readers) EXPECT_TRUE(one->next().empty());
}

TEST(MysqlRows, AReaderThatIsDroppedDoesNotReadTheRestAndLeavesTheConnectionUsable) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  database.run("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(1000))");
  database.run("INSERT INTO t SELECT seq, REPEAT('x', 1000) FROM seq_1_to_100000");
  const auto source = open_source(database.uri("connections=2"));
  const auto session = source->open();
  const RowQuery query = test::whole(source->schema().at("t"));
  for (int i = 0; i < 20; ++i) {
    auto reader = session->read(query);
    ASSERT_FALSE(reader->next().empty());
    reader.reset();
    RowQuery few = query;
    few.limit = 3;
    EXPECT_EQ(test::rows_of(*session->read(few)).size(), 3U);
  }
  EXPECT_EQ(session->count(query), 100000);
  // All rows are 100 MB.
  const auto before = std::stoll(
      database.connection().rows("SHOW GLOBAL STATUS LIKE 'Bytes_sent'", "")[0][1].value());
  {
    ASSERT_FALSE(session->read(query)->next().empty());
  }
  const auto after = std::stoll(
      database.connection().rows("SHOW GLOBAL STATUS LIKE 'Bytes_sent'", "")[0][1].value());
  EXPECT_LT(after - before, 50'000'000);
}

TEST(MysqlRows, AWrongConditionIsSourceFailedAndTheSessionGoesOn) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  database.run("CREATE TABLE t (id INT PRIMARY KEY)");
  database.run("INSERT INTO t VALUES (1), (2)");
  const auto source = open_source(database.uri());
  const auto session = source->open();
  RowQuery query = test::whole(source->schema().at("t"));
  query.where = "nothing = 1";
  try {
    (void)session->read(query);
    FAIL() << "accepted";
  } catch (const ImportError& error) {
    EXPECT_EQ(error.code(), ErrorCode::source_failed);
    EXPECT_EQ(error.backend_code(), 1054);
  }
  query.where = "id = 2 OR id = 7";
  EXPECT_EQ(test::rows_of(*session->read(query)), (Rows{{"int32 2"}}));
  query.where = "(SELECT 1 FROM t) = 1";  // refused while it runs
  EXPECT_THROW((void)test::rows_of(*session->read(query)), ImportError);
  query.where.clear();
  EXPECT_EQ(test::rows_of(*session->read(query)).size(), 2U);
}

}  // namespace
}  // namespace quire::importer
#endif
