#ifdef QUIRE_WITH_MYSQL
#include "mysql.hpp"

namespace quire::importer {
namespace {

struct Case {
  const char* name;
  const char* declared;
  ColumnType type;
  std::vector<std::pair<const char*, const char*>> values;  ///< SQL, and the cell
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class MysqlType : public ::testing::TestWithParam<Case> {};

TEST_P(MysqlType, IsReadExactly) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  test::MysqlDatabase database(server);
  const Case& one = GetParam();
  database.run("SET SESSION sql_mode='ALLOW_INVALID_DATES'");
  database.run("CREATE TABLE t (id INT PRIMARY KEY, v " + std::string(one.declared) + ")");
  int id = 0;
  for (const auto& [sql, cell] : one.values)
    database.run("INSERT INTO t VALUES (" + std::to_string(++id) + ", " + sql + ")");
  // Unbuffered, and by a cursor.
  for (const char* options : {"connections=2", "connections=1"}) {
    SCOPED_TRACE(options);
    const auto source = open_source(database.uri(options));
    EXPECT_EQ(source->schema().at("t").at("v").type, one.type);
    const auto session = source->open();
    const auto reader = session->read(test::whole(source->schema().at("t")));
    const auto rows = test::rows_of(*reader);
    ASSERT_EQ(rows.size(), one.values.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      SCOPED_TRACE(one.values[i].first);
      EXPECT_EQ(rows[i][1], one.values[i].second);
    }
  }
}

const Case numbers[] = {
    {"TinyInt",
     "TINYINT(4)",
     ColumnType::int32,
     {{"-128", "int32 -128"}, {"127", "int32 127"}, {"NULL", "null"}}},
    {"TinyIntUnsigned",
     "TINYINT(3) UNSIGNED",
     ColumnType::int32,
     {{"255", "int32 255"}, {"0", "int32 0"}}},
    {"Bool",
     "BOOL",
     ColumnType::boolean,
     {{"TRUE", "boolean true"},
      {"0", "boolean false"},
      {"7", "int32 7"},
      {"-1", "int32 -1"},
      {"NULL", "null"}}},
    {"BoolUnsigned",
     "TINYINT(1) UNSIGNED",
     ColumnType::boolean,
     {{"1", "boolean true"}, {"255", "int32 255"}}},
    {"SmallInt",
     "SMALLINT",
     ColumnType::int32,
     {{"-32768", "int32 -32768"}, {"32767", "int32 32767"}}},
    {"SmallIntUnsigned", "SMALLINT UNSIGNED", ColumnType::int32, {{"65535", "int32 65535"}}},
    {"MediumInt",
     "MEDIUMINT",
     ColumnType::int32,
     {{"-8388608", "int32 -8388608"}, {"8388607", "int32 8388607"}}},
    {"MediumIntUnsigned",
     "MEDIUMINT UNSIGNED",
     ColumnType::int32,
     {{"16777215", "int32 16777215"}}},
    {"Int",
     "INT",
     ColumnType::int32,
     {{"-2147483648", "int32 -2147483648"}, {"2147483647", "int32 2147483647"}}},
    {"IntUnsigned",
     "INT UNSIGNED",
     ColumnType::int64,
     {{"4294967295", "int64 4294967295"}, {"1", "int64 1"}}},
    {"IntZerofill", "INT(8) ZEROFILL", ColumnType::int64, {{"42", "int64 42"}}},
    {"BigInt",
     "BIGINT",
     ColumnType::int64,
     {{"-9223372036854775808", "int64 -9223372036854775808"},
      {"9223372036854775807", "int64 9223372036854775807"},
      {"0", "int64 0"}}},
    {"BigIntUnsigned",
     "BIGINT UNSIGNED",
     ColumnType::uint64,
     {{"18446744073709551615", "uint64 18446744073709551615"},
      {"0", "uint64 0"},
      {"NULL", "null"}}},
    {"Bit1", "BIT(1)", ColumnType::boolean, {{"b'1'", "boolean true"}, {"b'0'", "boolean false"}}},
    {"Bit12",
     "BIT(12)",
     ColumnType::int32,
     {{"b'111111111111'", "int32 4095"}, {"b'0'", "int32 0"}}},
    {"Bit40",
     "BIT(40)",
     ColumnType::int64,
     {{"0xFFFFFFFFFF", "int64 1099511627775"}, {"1", "int64 1"}}},
    {"Bit64",
     "BIT(64)",
     ColumnType::uint64,
     {{"0xFFFFFFFFFFFFFFFF", "uint64 18446744073709551615"}}},
    {"Decimal",
     "DECIMAL(10,2)",
     ColumnType::decimal,
     {{"-12345678.90", "decimal -12345678.90"},
      {"0", "decimal 0.00"},
      {"99999999.99", "decimal 99999999.99"}}},
    {"Decimal65",
     "DECIMAL(65,30)",
     ColumnType::decimal,
     {{"-99999999999999999999999999999999999.999999999999999999999999999999",
       "decimal -99999999999999999999999999999999999.999999999999999999999999999999"}}},
    {"DecimalZerofill",
     "DECIMAL(8,2) ZEROFILL",
     ColumnType::decimal,
     {{"12.5", "decimal 12.50"}, {"0.5", "decimal 0.50"}, {"0", "decimal 0.00"}}},
    {"DecimalZerofillWhole",
     "DECIMAL(5,0) ZEROFILL",
     ColumnType::decimal,
     {{"7", "decimal 7"}, {"0", "decimal 0"}}},
    {"Float",
     "FLOAT",
     ColumnType::real,
     {{"0.1", "real 0.10000000149011612"}, {"16777217", "real 16777216"}, {"-1.5", "real -1.5"}}},
    {"Double",
     "DOUBLE",
     ColumnType::real,
     {{"0.1", "real 0.1"},
      {"1.7976931348623157e308", "real 1.7976931348623157e+308"},
      {"5e-324", "real 5e-324"}}},
    {"Year",
     "YEAR",
     ColumnType::int32,
     {{"2155", "int32 2155"}, {"1901", "int32 1901"}, {"'0000'", "int32 0"}}},
};
INSTANTIATE_TEST_SUITE_P(Numbers, MysqlType, ::testing::ValuesIn(numbers),
                         [](const auto& one) { return std::string(one.param.name); });

const Case times[] = {
    {"Date",
     "DATE",
     ColumnType::date,
     {{"'2024-02-29'", "date 2024-02-29"},
      {"'0001-01-01'", "date 0001-01-01"},
      {"'9999-12-31'", "date 9999-12-31"},
      {"'0000-00-00'", "zero_date 0000-00-00"},
      {"'2024-00-15'", "zero_date 2024-00-15"},
      {"'2024-05-00'", "zero_date 2024-05-00"},
      {"'2024-02-31'", "unreadable 2024-02-31 is no day of the calendar"},
      {"NULL", "null"}}},
    {"DateTime",
     "DATETIME",
     ColumnType::wall_time,
     {{"'2024-05-01 12:34:56'", "wall_time 2024-05-01T12:34:56"},
      {"'2024-05-01'", "wall_time 2024-05-01T00:00:00"},
      {"'9999-12-31 23:59:59'", "wall_time 9999-12-31T23:59:59"},
      {"'0000-00-00'", "zero_date 0000-00-00 00:00:00"},
      {"'2024-00-15 10:00:00'", "zero_date 2024-00-15 10:00:00"}}},
    {"DateTime6",
     "DATETIME(6)",
     ColumnType::wall_time,
     {{"'1969-12-31 23:59:59.999999'", "wall_time 1969-12-31T23:59:59.999999"},
      {"'2024-05-01 12:34:56.000001'", "wall_time 2024-05-01T12:34:56.000001"},
      {"'0000-00-00'", "zero_date 0000-00-00 00:00:00.000000"}}},
    {"Timestamp",
     "TIMESTAMP NULL",
     ColumnType::instant,
     {{"'2024-05-01 12:34:56'", "instant 2024-05-01T12:34:56Z"},
      {"'1970-01-01 00:00:01'", "instant 1970-01-01T00:00:01Z"},
      {"'2038-01-19 03:14:07'", "instant 2038-01-19T03:14:07Z"},
      {"'0000-00-00'", "zero_date 0000-00-00 00:00:00"},
      {"NULL", "null"}}},
    {"Timestamp3",
     "TIMESTAMP(3) NULL",
     ColumnType::instant,
     {{"'2024-05-01 12:34:56.789'", "instant 2024-05-01T12:34:56.789Z"}}},
    {"Time",
     "TIME(6)",
     ColumnType::time,
     {{"'13:45:00.5'", "time 13:45:00.5"},
      {"'-00:00:01'", "time -00:00:01"},
      {"'838:59:59.999999'", "time 838:59:59.999999"},
      {"'-838:59:59'", "time -838:59:59"},
      {"'00:00:00'", "time 00:00:00"}}},
};
INSTANTIATE_TEST_SUITE_P(Times, MysqlType, ::testing::ValuesIn(times),
                         [](const auto& one) { return std::string(one.param.name); });

const Case texts[] = {
    {"Char",
     "CHAR(10)",
     ColumnType::text,
     {{"'ab  '", "text ab"}, {"''", "text "}, {"'😀ä'", "text 😀ä"}}},
    {"Varchar",
     "VARCHAR(300)",
     ColumnType::text,
     {{"'ab  '", "text ab  "}, {"'it''s \\\\ \"q\"'", "text it's \\ \"q\""}}},
    {"Latin1",
     "VARCHAR(20) CHARACTER SET latin1",
     ColumnType::text,
     {{"'Grüße €'", "text Grüße €"}}},
    {"Ucs2", "VARCHAR(20) CHARACTER SET ucs2", ColumnType::text, {{"'Привет'", "text Привет"}}},
    {"Utf16", "TEXT CHARACTER SET utf16", ColumnType::text, {{"'😀'", "text 😀"}}},
    {"Sjis", "VARCHAR(20) CHARACTER SET sjis", ColumnType::text, {{"'日本'", "text 日本"}}},
    {"TextOfAllSizes", "LONGTEXT", ColumnType::text, {{"'x'", "text x"}, {"''", "text "}}},
    {"Binary", "BINARY(4)", ColumnType::binary, {{"0x00FF", "binary 0x00FF0000"}}},
    {"VarBinary",
     "VARBINARY(9)",
     ColumnType::binary,
     {{"0x00FF00", "binary 0x00FF00"}, {"''", "binary 0x"}}},
    {"Blob", "BLOB", ColumnType::binary, {{"0xC328", "binary 0xC328"}, {"NULL", "null"}}},
    {"Enum",
     "ENUM('a','it''s','d,e','')",
     ColumnType::enumerated,
     {{"'it''s'", "text it's"},
      {"'d,e'", "text d,e"},
      {"''", "text "},
      {"'none such'", "text "},
      {"NULL", "null"}}},
    {"Set",
     "SET('x','y y','ü')",
     ColumnType::array,
     {{"'ü,x'", "array [\"x\", \"ü\"]"},
      {"''", "array []"},
      {"'y y'", "array [\"y y\"]"},
      {"NULL", "null"}}},
    {"Json",
     "JSON",
     ColumnType::json,
     {{"'{\"a\": [1, null]}'", "json {\"a\": [1, null]}"}, {"'\"ä\"'", "json \"ä\""}}},
    {"Geometry",
     "POINT",
     ColumnType::other,
     {{"ST_GeomFromText('POINT(0.1 -2)')", "text POINT(0.1 -2)"},
      {"ST_GeomFromText('POINT(0.30000000000000004 1)', 4326)",
       "text SRID=4326;POINT(0.30000000000000004 1)"},
      {"NULL", "null"}}},
    {"GeometryOfAnyKind",
     "GEOMETRY",
     ColumnType::other,
     {{"ST_GeomFromText('LINESTRING(0 0,1 1)')", "text LINESTRING(0 0,1 1)"}}},
    {"Uuid",
     "UUID",
     ColumnType::uuid,
     {{"'00112233-4455-6677-8899-aabbccddeeff'", "uuid 00112233-4455-6677-8899-aabbccddeeff"},
      {"NULL", "null"}}},
    {"Inet6", "INET6", ColumnType::text, {{"'2001:db8::1'", "text 2001:db8::1"}}},
    {"Inet4", "INET4", ColumnType::text, {{"'192.0.2.1'", "text 192.0.2.1"}}},
    {"Generated", "INT AS (id * 2) VIRTUAL", ColumnType::int32, {{"DEFAULT", "int32 2"}}},
    {"Stored",
     "VARCHAR(9) AS (CONCAT('n', id)) STORED",
     ColumnType::text,
     {{"DEFAULT", "text n1"}}},
    {"Invisible", "INT INVISIBLE DEFAULT 5", ColumnType::int32, {}},
};
INSTANTIATE_TEST_SUITE_P(Texts, MysqlType, ::testing::ValuesIn(texts),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace quire::importer
#endif
