#ifdef QUIRE_WITH_POSTGRESQL

#include <random>

#include "postgresql.hpp"
#include "quire/importer/source.hpp"

namespace quire::importer {
namespace {

using Names = std::vector<std::string>;

RowQuery query_of(const std::string& table, const Names& columns, const Names& key) {
  RowQuery out;
  out.table = table;
  out.columns = columns;
  out.key = key;
  return out;
}

Names rest_of(RowReader& rows) {
  Names out;
  for (auto row = rows.next(); !row.empty(); row = rows.next()) out.push_back(display(row[0]));
  return out;
}

/// Pages of any size by a key of several columns give each row once, in the source's order.
TEST(PostgresqlKeys, CompositeKeysArePagedWhole) {
  QUIRE_NEEDS_POSTGRESQL(database);
  database.run(R"(
    CREATE TYPE rank AS ENUM ('zero', 'one', 'two');
    CREATE TABLE t (r rank, name text COLLATE "und-x-icu", price numeric(8,2), at timestamptz, b bytea, u uuid, d date, f float8, n int,
                    PRIMARY KEY (r, name, price, at, b, u, d, f));
    INSERT INTO t SELECT (ARRAY['zero','one','two']::rank[])[1 + i % 3], (ARRAY['a','B','ä','''q"','😀',''])[1 + i % 6], (i % 7) - 3.25,
      (ARRAY['infinity','-infinity','2024-05-01 12:00:00.123456+02','0044-03-15 BC','20000-01-01']::timestamptz[])[1 + i % 5],
      decode(lpad(to_hex(i % 4), 4, '0'), 'hex'), md5((i % 5)::text)::uuid, (ARRAY['infinity','2024-02-29','0044-03-15 BC','12000-01-01']::date[])[1 + i % 4],
      (ARRAY['NaN','-Infinity','0.1','1e300']::float8[])[1 + i % 4], i FROM generate_series(0, 999) i ON CONFLICT DO NOTHING)");
  const auto source = open_source(database.uri());
  const auto session = source->open();
  const Names key{"r", "name", "price", "at", "b", "u", "d", "f"};
  ASSERT_EQ(source->schema().at("t").key, key);
  const auto all = query_of("t", {"n"}, key);
  const Names expected = rest_of(*session->read(all));
  ASSERT_GT(expected.size(), 400U);
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Names got;
    auto page = all;
    for (;;) {
      const auto until =
          session->key_at(page, std::uniform_int_distribution<std::int64_t>(1, 200)(random));
      page.until = until;
      const std::int64_t count = session->count(page);
      const Names rows = rest_of(*session->read(page));
      ASSERT_EQ(static_cast<std::size_t>(count), rows.size());
      got.insert(got.end(), rows.begin(), rows.end());
      if (!until) break;
      page.after = until;
      page.until.reset();
    }
    EXPECT_EQ(got, expected);
  }
}

TEST(PostgresqlKeys, RowsAreFoundByKeysOfAllTypes) {
  QUIRE_NEEDS_POSTGRESQL(database);
  int number = 0;
  for (const char* type_and_value :
       {"bool/true", "smallint/-5", "bigint/9223372036854775807", "numeric/1.50", "real/0.1",
        "float8/'NaN'", "varchar(5)/'a''b'", "char(4)/'ab'", "date/'2024-02-29'",
        "time/'13:45:00.5'", "timetz/'13:45+02'", "timestamp/'0044-03-15 12:00 BC'",
        "timestamptz/'20240-05-01 12:00:00.000001+00'", "interval/'-1 mon 3 days'",
        "uuid/'123e4567-e89b-12d3-a456-426614174000'", "bytea/'\\x00ff'", "inet/'10.0.0.1/8'",
        "oid/4294967295", "macaddr/'08:00:2b:01:02:03'"}) {
    SCOPED_TRACE(type_and_value);
    const std::string both = type_and_value;
    const std::string table = "t" + std::to_string(number++);
    database.run("CREATE TABLE " + table + " (id " + both.substr(0, both.find('/')) +
                 " PRIMARY KEY); INSERT INTO " + table + " VALUES (" +
                 both.substr(both.find('/') + 1) + ")");
    const auto source = open_source(database.uri());
    const auto session = source->open();
    auto query = query_of(table, {"id"}, {"id"});
    const auto key = session->key_at(query, 1);
    ASSERT_TRUE(key.has_value());
    const std::vector<bson::Value> keys{*key};
    query.keys = keys;
    EXPECT_EQ(session->count(query), 1);
    query.keys = {};
    query.after = key;
    EXPECT_EQ(session->count(query), 0);
  }
}

TEST(PostgresqlKeys, TextThatIsNotUtf8IsFoundAgain) {
  QUIRE_NEEDS_DATABASE(server, "postgresql");
  test::PgDatabase database(server, "ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
  database.run(
      "CREATE TABLE t (id text PRIMARY KEY); INSERT INTO t VALUES (E'a\\xe9'), (E'a\\xea')");
  const auto session_of = open_source(database.uri());
  const auto session = session_of->open();
  auto query = query_of("t", {"id"}, {"id"});
  query.after = session->key_at(query, 1);
  EXPECT_EQ(rest_of(*session->read(query)), Names{"a\\xEA"});
}

TEST(PostgresqlKeys, PagesComeFromTheIndex) {
  QUIRE_NEEDS_POSTGRESQL(database);
  database.run(
      "CREATE TABLE t (a text, b int, PRIMARY KEY (a, b)); "
      "INSERT INTO t SELECT 'a' || i % 100, i FROM generate_series(1, 100000) i; ANALYZE t");
  const auto source = open_source(database.uri());
  const auto session = source->open();
  auto query = query_of("t", {"b"}, {"a", "b"});
  query.after = session->key_at(query, 99000);
  query.limit = 10;
  EXPECT_EQ(rest_of(*session->read(query)).size(), 10U);
  // What the source asked, explained.
  std::string asked = database.value(
      "SELECT query FROM pg_stat_activity WHERE application_name = 'quire' AND query LIKE 'COPY "
      "(%' "
      "AND datname = current_database()");
  ASSERT_GT(asked.size(), 40U);
  asked = asked.substr(6, asked.rfind(") TO STDOUT") - 6);
  const std::string plan = database.value("EXPLAIN (FORMAT JSON) " + asked);
  EXPECT_NE(plan.find("Index"), std::string::npos) << asked << plan;
  EXPECT_EQ(plan.find("\"Sort\""), std::string::npos) << asked << plan;
  EXPECT_EQ(plan.find("Seq Scan"), std::string::npos) << asked << plan;
}

}  // namespace
}  // namespace quire::importer

#endif
