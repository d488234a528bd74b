#include "quire/core/error.hpp"
#include "sqlite_fixture.hpp"

namespace quire::importer {
namespace {

using test::SqliteFile;

struct Value {
  const char* name;
  const char* declared;
  const char* literal;
  const char* cell;  ///< kind and what people see
};

class SqliteValue : public ::testing::TestWithParam<Value> {};

TEST_P(SqliteValue, IsTheCell) {
  const Value& value = GetParam();
  SqliteFile file;
  file.run("CREATE TABLE t(id INTEGER PRIMARY KEY, v " + std::string(value.declared) +
           "); INSERT INTO t(v) VALUES(" + value.literal + ")");
  const auto source = file.source();
  const auto session = source->open();
  RowQuery query;
  query.table = "t";
  query.columns = {"v"};
  query.key = {"id"};
  const auto reader = session->read(query);
  const auto row = reader->next();
  ASSERT_EQ(row.size(), 1U);
  EXPECT_EQ(test::shown(row[0]), value.cell);
  EXPECT_TRUE(reader->next().empty());
  EXPECT_TRUE(reader->next().empty());
}

// The rows of the table in docs/importing-sqlite.md, and what lies beside them.
const Value values[] = {
    {"Null", "INTEGER", "NULL", "null null"},
    {"Integer", "INTEGER", "9223372036854775807", "int64 9223372036854775807"},
    {"SmallInteger", "SMALLINT", "-3", "int64 -3"},
    {"UnsignedBigint", "BIGINT UNSIGNED", "12", "int64 12"},
    {"TextInAnInteger", "INTEGER", "'twelve'", "text twelve"},
    {"RealInAnInteger", "INTEGER", "1.5", "real 1.5"},
    {"NoType", "", "5", "int64 5"},
    {"Real", "REAL", "2", "real 2"},
    {"DoublePrecision", "DOUBLE PRECISION", "0.1", "real 0.1"},
    {"Infinity", "REAL", "9e999", "real inf"},
    {"NanIsNull", "REAL", "9e999 - 9e999", "null null"},
    {"Text", "VARCHAR(20)", "'ada'", "text ada"},
    {"EmptyText", "TEXT", "''", "text "},
    {"NumberInText", "TEXT", "5", "text 5"},
    {"BytesInText", "TEXT", "x'0102'", "binary 0x0102"},
    {"Blob", "BLOB", "x'BEEF'", "binary 0xBEEF"},
    {"EmptyBlob", "BLOB", "x''", "binary 0x"},
    {"TextInABlob", "BLOB", "'ada'", "text ada"},
    {"True", "BOOLEAN", "1", "boolean true"},
    {"False", "BOOLEAN", "0", "boolean false"},
    {"BooleanText", "BOOLEAN", "'Yes'", "boolean true"},
    {"BooleanLetter", "BOOL", "'f'", "boolean false"},
    {"NotABoolean", "BOOLEAN", "2", "int64 2"},
    {"NotABooleanText", "BOOLEAN", "'maybe'", "text maybe"},
    {"TinyintOfOne", "TINYINT(1)", "1", "boolean true"},
    {"Tinyint", "TINYINT", "1", "int64 1"},
    {"DateTime", "DATETIME", "'2024-05-01 12:34:56'", "wall_time 2024-05-01T12:34:56"},
    {"DateTimeFraction", "DATETIME", "'2024-05-01T12:34:56.123456'",
     "wall_time 2024-05-01T12:34:56.123456"},
    {"DateTimeMinutes", "DATETIME", "'2024-05-01 12:34'", "wall_time 2024-05-01T12:34:00"},
    {"DateTimeUtc", "DATETIME", "'2024-05-01T12:34:56Z'", "instant 2024-05-01T12:34:56Z"},
    {"DateTimeZone", "TIMESTAMP", "'2024-05-01 12:34:56+02:00'", "instant 2024-05-01T10:34:56Z"},
    {"DateTimeWestZone", "TIMESTAMP WITH TIME ZONE", "'2024-05-01 12:34:56 -0330'",
     "instant 2024-05-01T16:04:56Z"},
    {"DateInADateTime", "DATETIME", "'2024-05-01'", "wall_time 2024-05-01T00:00:00"},
    {"SecondsInADateTime", "DATETIME", "1714566896", "int64 1714566896"},
    {"JulianInADateTime", "DATETIME", "2460432.5", "real 2460432.5"},
    {"WordsInADateTime", "DATETIME", "'yesterday'", "text yesterday"},
    {"NoSuchDay", "DATETIME", "'2023-02-29 00:00:00'", "text 2023-02-29 00:00:00"},
    {"ZeroDateTime", "DATETIME", "'0000-00-00 00:00:00'", "zero_date 0000-00-00 00:00:00"},
    {"Date", "DATE", "'2024-02-29'", "date 2024-02-29"},
    {"EarlyDate", "DATE", "'1969-12-31'", "date 1969-12-31"},
    {"TimeInADate", "DATE", "'2024-02-29 01:00:00'", "wall_time 2024-02-29T01:00:00"},
    {"Time", "TIME", "'13:45:00.5'", "time 13:45:00.5"},
    {"NoSuchTime", "TIME", "'25:00'", "text 25:00"},
    {"Decimal", "DECIMAL(10,2)", "12.30", "decimal 12.3"},
    {"DecimalInteger", "NUMERIC", "12", "decimal 12"},
    {"DecimalOfADouble", "NUMERIC(10,2)", "0.1 + 0.2", "decimal 0.30000000000000004"},
    {"DecimalText", "DECIMAL TEXT", "'12345678901234567890.12345678901234567890'",
     "decimal 12345678901234567890.12345678901234567890"},
    {"DecimalBeyondADouble", "DECIMAL", "'12345678901234567890'", "decimal 12345678901234567168"},
    {"DecimalWords", "DECIMAL", "'n/a'", "text n/a"},
    {"DecimalInfinity", "DECIMAL", "9e999", "real inf"},
    {"Uuid", "UUID", "'00112233-4455-6677-8899-AABBCCDDEEFF'",
     "uuid 00112233-4455-6677-8899-aabbccddeeff"},
    {"UuidNoDashes", "CHAR(32)", "'00112233445566778899aabbccddeeff'",
     "text 00112233445566778899aabbccddeeff"},
    {"UuidBytes", "GUID", "x'00112233445566778899AABBCCDDEEFF'",
     "uuid 00112233-4455-6677-8899-aabbccddeeff"},
    {"NotAUuid", "UUID", "'0011-x'", "text 0011-x"},
    {"Json", "JSON", "'{\"a\": [1]}'", "json {\"a\": [1]}"},
    {"NotJson", "JSON", "'plain'", "text plain"},
    {"TextNotUtf8", "TEXT", "CAST(x'61FF' AS TEXT)", "text a\\xFF"},
    {"Emoji", "TEXT", "'🦀'", "text 🦀"},
};
INSTANTIATE_TEST_SUITE_P(All, SqliteValue, ::testing::ValuesIn(values),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(SqliteTypes, KeepTheTextThatTheSourceWrote) {
  SqliteFile file("a.db",
                  "CREATE TABLE t(id INTEGER PRIMARY KEY, a DATETIME, b UUID, c BOOLEAN, d DATE);"
                  "INSERT INTO t VALUES(1, '2024-05-01T12:00:00.123456789+02:00', "
                  "'{00112233-4455-6677-8899-AABBCCDDEEFF}', 'Yes', '2024-05-01')");
  const auto source = file.source();
  const auto session = source->open();
  RowQuery query;
  query.table = "t";
  query.columns = {"a", "b", "c", "d"};
  query.key = {"id"};
  const auto reader = session->read(query);
  const auto row = reader->next();
  ASSERT_EQ(row.size(), 4U);
  EXPECT_EQ(row[0].text, "2024-05-01T12:00:00.123456789+02:00");
  EXPECT_EQ(row[0].kind, Cell::Kind::instant);
  EXPECT_EQ(row[1].text, "{00112233-4455-6677-8899-AABBCCDDEEFF}");
  EXPECT_EQ(row[2].text, "Yes");
  EXPECT_EQ(row[3].text, "2024-05-01");
  for (const Cell& cell : row) EXPECT_EQ(key_value(cell), bson::Value(cell.text));
}

TEST(SqliteTypes, KeepBytesBehindAZero) {
  SqliteFile file("a.db",
                  "CREATE TABLE t(id TEXT PRIMARY KEY);"
                  "INSERT INTO t VALUES(CAST(x'610062' AS TEXT)), ('a'), ('b')");
  const auto source = file.source();
  const auto session = source->open();
  RowQuery query;
  query.table = "t";
  query.columns = query.key = {"id"};
  query.after = bson::Value("a");
  query.limit = 1;
  const auto reader = session->read(query);
  const auto row = reader->next();
  ASSERT_EQ(row.size(), 1U);
  EXPECT_EQ(row[0].text, std::string_view("a\0b", 3));
  query.after = key_value(row[0]);
  EXPECT_EQ(test::rows_of(*session, query), test::Lines{"b"});
}

TEST(SqliteTypes, ReadFilesInUtf16) {
  for (const char* encoding : {"UTF-16le", "UTF-16be"}) {
    SqliteFile file("a.db", (std::string("PRAGMA encoding = '") + encoding +
                             "'; CREATE TABLE \"ü\"(id TEXT PRIMARY KEY, v TEXT);"
                             "INSERT INTO \"ü\" VALUES('ä', 'größer 🦀'), ('b', '')")
                                .c_str());
    const auto source = file.source();
    const auto session = source->open();
    RowQuery query;
    query.table = "ü";
    query.columns = {"id", "v"};
    query.key = {"id"};
    EXPECT_EQ(test::rows_of(*session, query), (test::Lines{"b|", "ä|größer 🦀"}));
    query.after = bson::Value("b");
    EXPECT_EQ(test::rows_of(*session, query), (test::Lines{"ä|größer 🦀"}));
  }
}

}  // namespace
}  // namespace quire::importer
