#ifdef QUIRE_WITH_POSTGRESQL

#include "postgresql_cells.hpp"

namespace quire::importer {
namespace {

using namespace test_cells;

class PostgresqlNested : public ::testing::TestWithParam<TypeCase> {};

TEST_P(PostgresqlNested, EachValueComesAsItIs) { expect_cells(GetParam()); }

std::vector<TypeCase> nested() {
  const std::string pair =
      "CREATE TYPE pair AS (\"Left\" int, note text);"
      "CREATE TYPE outer_pair AS (inner_pair pair, many pair[], at date);"
      "CREATE TYPE place AS (name text, at point, near int4range[], inside pair)";
  return {
      {"IntegerArray",
       "integer[]",
       ColumnType::array,
       {{"'{1,NULL,-3}'", "array [1, null, -3]"},
        {"'{}'", "array []"},
        {"'{{1,2},{3,4}}'", "array [[1, 2], [3, 4]]"},
        {"'{{{1},{2}},{{3},{4}}}'", "array [[[1], [2]], [[3], [4]]]"},
        {"'[5:6]={1,2}'", "array [1, 2]"}}},
      {"TextArray",
       "text[]",
       ColumnType::array,
       {{"ARRAY['a', '', 'NULL', NULL, 'é \"q\"']",
         "array [\"a\", \"\", \"NULL\", null, \"é \\\"q\\\"\"]"}}},
      {"NumericArray",
       "numeric(6,2)[]",
       ColumnType::array,
       {{"'{1.50,-0.01}'",
         "array [{\"$numberDecimal\": \"1.50\"}, {\"$numberDecimal\": \"-0.01\"}]"}}},
      {"TimestampArray",
       "timestamptz[]",
       ColumnType::array,
       {{"'{2024-05-01 12:00:00.1239+00}'", "array [{\"$date\": \"2024-05-01T12:00:00.123Z\"}]"},
        {"'{1969-12-31 23:59:59.9999+00}'", "array [{\"$date\": {\"$numberLong\": \"-1\"}}]"},
        {"'{infinity}'", "unreadable"}}},
      {"UuidArray",
       "uuid[]",
       ColumnType::array,
       {{"'{123e4567-e89b-12d3-a456-426614174000}'",
         "array [{\"$binary\": {\"base64\": \"Ej5FZ+ibEtOkVkJmFBdAAA==\", \"subType\": "
         "\"04\"}}]"}}},
      {"EnumArray",
       "mood[]",
       ColumnType::array,
       {{"'{sad,ok}'", "array [\"sad\", \"ok\"]"}},
       "CREATE TYPE mood AS ENUM ('sad', 'ok')"},
      {"JsonbArray",
       "jsonb[]",
       ColumnType::array,
       {{"ARRAY['{\"a\":[1]}'::jsonb, '2']", "array [{\"a\": [1]}, 2]"}}},
      {"DateArray",
       "date[]",
       ColumnType::array,
       {{"'{2024-05-01}'", "array [{\"$date\": \"2024-05-01T00:00:00Z\"}]"}}},
      {"IntervalArray",
       "interval[]",
       ColumnType::array,
       {{"'{1 day,2 hours}'", "array [\"P1D\", \"PT2H\"]"}}},
      {"PointArray",
       "point[]",
       ColumnType::array,
       {{"ARRAY[point '(1,2)', NULL]", "array [\"(1,2)\", null]"}}},
      {"DomainArray",
       "positive[]",
       ColumnType::array,
       {{"ARRAY[1,2]::positive[]", "array [1, 2]"}},
       "CREATE DOMAIN positive AS int CHECK (value > 0)"},
      {"DomainOverArray",
       "tags",
       ColumnType::array,
       {{"'{a,b}'", "array [\"a\", \"b\"]"}},
       "CREATE DOMAIN tags AS text[]"},
      {"Composite",
       "pair",
       ColumnType::composite,
       {{"ROW(1, 'x')", "document {\"Left\": 1, \"note\": \"x\"}"},
        {"ROW(NULL, NULL)", "document {\"Left\": null, \"note\": null}"}},
       pair},
      {"NestedComposite",
       "outer_pair",
       ColumnType::composite,
       {{"ROW(ROW(1,'x'), ARRAY[ROW(2,'y')::pair, NULL], '2024-05-01')",
         "document "
         "{\"inner_pair\": {\"Left\": 1, \"note\": \"x\"}, \"many\": [{\"Left\": 2, \"note\": "
         "\"y\"}, null], "
         "\"at\": {\"$date\": \"2024-05-01T00:00:00Z\"}}"}},
       pair},
      {"CompositeWithTypesOfNoBson",
       "place",
       ColumnType::composite,
       {{"ROW('a', '(1,2)', '{\"[1,5)\"}', ROW(7,'z'))",
         "document "
         "{\"name\": \"a\", \"at\": \"(1,2)\", \"near\": [\"[1,5)\"], \"inside\": {\"Left\": 7, "
         "\"note\": \"z\"}}"},
        {"ROW(NULL,NULL,NULL,NULL)",
         "document {\"name\": null, \"at\": null, \"near\": null, \"inside\": null}"}},
       pair},
      {"CompositeArray",
       "pair[]",
       ColumnType::array,
       {{"ARRAY[ROW(1,'x')::pair]", "array [{\"Left\": 1, \"note\": \"x\"}]"}},
       pair},
      {"CompositeArrayWithTypesOfNoBson",
       "place[]",
       ColumnType::array,
       {{"ARRAY[ROW('a','(1,2)',NULL,NULL)::place]", "array [\"(a,\\\"(1,2)\\\",,)\"]"}},
       pair},
      {"RowTypeOfATable",
       "thing",
       ColumnType::composite,
       {{"ROW(1, true)", "document {\"id\": 1, \"good\": true}"}},
       "CREATE TABLE thing (id int, gone int, good bool); ALTER TABLE thing DROP COLUMN gone"},
      {"DomainOverComposite",
       "good_pair",
       ColumnType::composite,
       {{"ROW(1, 'x')", "document {\"Left\": 1, \"note\": \"x\"}"}},
       pair + "; CREATE DOMAIN good_pair AS pair"},
  };
}

INSTANTIATE_TEST_SUITE_P(Nested, PostgresqlNested, ::testing::ValuesIn(nested()), name_of);

std::vector<std::string> cells_of(Source& source) {
  const auto session = source.open();
  RowQuery query;
  query.table = "t";
  query.columns = {"v"};
  query.key = {"id"};
  std::vector<std::string> out;
  const auto rows = session->read(query);
  for (auto row = rows->next(); !row.empty(); row = rows->next()) out.push_back(described(row[0]));
  return out;
}

TEST(PostgresqlEncoding, TextOfALatin1DatabaseComesAsUtf8) {
  QUIRE_NEEDS_DATABASE(server, "postgresql");
  test::PgDatabase database(server, "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  database.run("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, chr(233))");
  const auto source = open_source(database.uri());
  EXPECT_EQ(cells_of(*source), std::vector<std::string>{"text é"});
}

TEST(PostgresqlEncoding, BytesOfASqlAsciiDatabaseComeAsTheyAre) {
  QUIRE_NEEDS_DATABASE(server, "postgresql");
  test::PgDatabase database(server, "ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
  database.run(
      "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, E'a\\xe9'), (2, 'é')");
  const auto source = open_source(database.uri());
  EXPECT_EQ(cells_of(*source), (std::vector<std::string>{"text a\\xE9", "text é"}));
}

TEST(PostgresqlEncoding, ArraysWithBytesThatAreNotUtf8AreUnreadable) {
  QUIRE_NEEDS_DATABASE(server, "postgresql");
  test::PgDatabase database(server, "ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
  database.run(
      "CREATE TABLE t (id int PRIMARY KEY, v text[]); INSERT INTO t VALUES (1, ARRAY[E'a\\xe9'])");
  const auto source = open_source(database.uri());
  EXPECT_EQ(cells_of(*source), std::vector<std::string>{"unreadable"});
}

TEST(PostgresqlNumeric, HoldsAsManyDigitsAsTheServer) {
  QUIRE_NEEDS_POSTGRESQL(database);
  database.run(
      "CREATE TABLE t (id int PRIMARY KEY, v numeric); INSERT INTO t VALUES (1, repeat('9', "
      "131072)::numeric), "
      "(2, ('0.' || repeat('0', 16382) || '1')::numeric)");
  const auto source = open_source(database.uri());
  const auto session = source->open();
  RowQuery query;
  query.table = "t";
  query.columns = {"v"};
  query.key = {"id"};
  const auto rows = session->read(query);
  EXPECT_EQ(rows->next()[0].text, std::string(131072, '9'));
  EXPECT_EQ(rows->next()[0].text, "0." + std::string(16382, '0') + "1");
  EXPECT_TRUE(rows->next().empty());
}

}  // namespace
}  // namespace quire::importer

#endif
