#include <gtest/gtest.h>

#include "importer/sql/sql_source.hpp"
#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

/// What the standard says, with numbers as placeholders.
class Standard final : public Dialect {
 public:
  explicit Standard(bool by_row) : by_row_(by_row) {}
  std::string quoted(std::string_view name) const override { return std::string(name); }
  std::string quoted_table(const Table& table) const override { return table.name; }
  std::string parameter(int number, const Column&) const override {
    return "$" + std::to_string(number);
  }
  std::string ordered(std::string_view expression, const OrderBy& by) const override {
    return std::string(expression) + (by.descending ? " DESC" : "") +
           (by.nulls_last ? " NULLS LAST" : " NULLS FIRST");
  }
  bool seeks_by_row() const override { return by_row_; }

 private:
  bool by_row_;
};
const Standard by_row(true);
const Standard by_column(false);

Column column(std::string name, ColumnType type, bool nullable = false) {
  Column out;
  out.name = std::move(name);
  out.type = type;
  out.nullable = nullable;
  return out;
}

Table table(std::string name, std::vector<Column> columns, std::vector<std::string> key) {
  Table out;
  out.name = std::move(name);
  out.columns = std::move(columns);
  out.key = std::move(key);
  return out;
}

Schema schema() {
  Schema out;
  out.tables = {
      table("users", {column("id", ColumnType::int64), column("name", ColumnType::text, true)},
            {"id"}),
      table("orders",
            {column("id", ColumnType::int64), column("user_id", ColumnType::int64, true),
             column("user_name", ColumnType::text), column("at", ColumnType::wall_time, true)},
            {"id"}),
      table("lines", {column("id", ColumnType::int64), column("order_id", ColumnType::int64)},
            {"id"}),
      table("tags", {column("code", ColumnType::text), column("label", ColumnType::text)},
            {"code"}),
      table("user_tags",
            {column("user_id", ColumnType::int64), column("code", ColumnType::text),
             column("place", ColumnType::int32)},
            {"user_id", "code"}),
      table("seats",
            {column("a", ColumnType::int64), column("b", ColumnType::text),
             column("c", ColumnType::int64, true)},
            {"a", "b"}),
      table("log", {column("line", ColumnType::text)}, {"rowid"}),
  };
  return out;
}

RowQuery query(std::string table, std::vector<std::string> columns, std::vector<std::string> key) {
  RowQuery out;
  out.table = std::move(table);
  out.columns = std::move(columns);
  out.key = std::move(key);
  return out;
}

bson::Value key(const char* json) { return bson::from_json(json); }

std::string rows(const RowQuery& query, const Dialect& dialect = by_row) {
  const Schema tables = schema();
  return select_rows(dialect, tables, query).text;
}

TEST(Select, ReadsRowsInTheOrderOfTheirKey) {
  EXPECT_EQ(rows(query("users", {"id", "name"}, {"id"})),
            "SELECT users.id, users.name FROM users ORDER BY users.id");
  EXPECT_EQ(rows(query("log", {"line"}, {"rowid"})), "SELECT log.line FROM log ORDER BY log.rowid");
  RowQuery bound = query("users", {"name"}, {"id"});
  bound.after = bson::Value(std::int64_t{7});
  bound.until = bson::Value(std::int64_t{9});
  bound.where = "name <> '' OR id = 8";
  bound.limit = 3;
  EXPECT_EQ(rows(bound),
            "SELECT users.name FROM users WHERE users.id > $1 AND users.id <= $2 AND "
            "(name <> '' OR id = 8) ORDER BY users.id LIMIT 3");
}

TEST(Select, BoundsACompositeKeyAsTheSourceEntersItsIndex) {
  RowQuery bound = query("seats", {"a"}, {"a", "b"});
  bound.after = key(R"({"a": 1, "b": "x"})");
  bound.until = key(R"({"a": 2, "b": "y"})");
  EXPECT_EQ(rows(bound),
            "SELECT seats.a FROM seats WHERE (seats.a, seats.b) > ($1, $2) AND "
            "(seats.a, seats.b) <= ($3, $4) ORDER BY seats.a, seats.b");
  EXPECT_EQ(rows(bound, by_column),
            "SELECT seats.a FROM seats WHERE seats.a >= $1 AND (seats.a > $2 OR (seats.a = $3 AND "
            "seats.b > $4)) AND seats.a <= $5 AND (seats.a < $6 OR (seats.a = $7 AND seats.b <= "
            "$8)) ORDER BY seats.a, seats.b");
  const Schema tables = schema();
  const Select select = select_rows(by_column, tables, bound);
  ASSERT_EQ(select.parameters.size(), 8U);
  EXPECT_EQ(select.parameters[3].value, bson::Value("x"));
  EXPECT_EQ(select.parameters[3].column.name, "b");
  EXPECT_EQ(select.parameters[6].value, select.parameters[4].value);
}

TEST(Select, PutsNullsOfAKeyLast) {
  RowQuery bound = query("seats", {"a"}, {"c", "a"});
  bound.after = key(R"({"c": 5, "a": 1})");
  EXPECT_EQ(rows(bound),
            "SELECT seats.a FROM seats WHERE (seats.c > $1 OR seats.c IS NULL OR (seats.c = $2 AND "
            "seats.a > $3)) ORDER BY seats.c NULLS LAST, seats.a");
  bound.after = key(R"({"c": null, "a": 1})");
  bound.until = key(R"({"c": null, "a": 4})");
  EXPECT_EQ(
      rows(bound),
      "SELECT seats.a FROM seats WHERE (seats.c IS NULL AND seats.a > $1) AND (seats.c IS "
      "NOT NULL OR (seats.c IS NULL AND seats.a <= $2)) ORDER BY seats.c NULLS LAST, seats.a");
  RowQuery last = query("seats", {"a"}, {"c"});
  last.after = bson::Value();
  last.until = bson::Value();
  EXPECT_EQ(rows(last), "SELECT seats.a FROM seats WHERE 1 = 0 ORDER BY seats.c NULLS LAST");
}

TEST(Select, ReadsCertainKeys) {
  const std::vector<bson::Value> one{std::int64_t{1}, std::int64_t{2}};
  RowQuery some = query("users", {"name"}, {"id"});
  some.keys = one;
  EXPECT_EQ(rows(some),
            "SELECT users.name FROM users WHERE users.id IN ($1, $2) ORDER BY users.id");
  const std::vector<bson::Value> with_null{bson::Value(), bson::Value("x")};
  RowQuery nullable = query("users", {"id"}, {"name"});
  nullable.keys = with_null;
  EXPECT_EQ(rows(nullable),
            "SELECT users.id FROM users WHERE (users.name IN ($1) OR users.name IS NULL) ORDER BY "
            "users.name NULLS LAST");
  const std::vector<bson::Value> several{key(R"({"a": 1, "b": "x"})"), key(R"({"a": 2, "b": "y"})"),
                                         key(R"({"a": 3, "b": "z"})")};
  RowQuery composite = query("seats", {"c"}, {"a", "b"});
  composite.keys = several;
  EXPECT_EQ(rows(composite),
            "SELECT seats.c FROM seats WHERE ((seats.a = $1 AND seats.b = $2) OR ((seats.a = $3 "
            "AND seats.b = $4) OR (seats.a = $5 AND seats.b = $6))) ORDER BY seats.a, seats.b");
}

TEST(Select, TellsRowsOfAnIntegerOwnerByTheNumberAlone) {
  RowQuery children = query("orders", {"at"}, {"id"});
  children.owner =
      Owner{.table = "users", .key = {"id"}, .columns = {"user_id"}, .referenced = {"id"}};
  children.order = {{"at", true, true}};
  children.after = bson::Value(std::int64_t{7});
  EXPECT_EQ(rows(children),
            "SELECT orders.user_id, orders.at FROM orders WHERE orders.user_id IS NOT NULL AND "
            "orders.user_id > $1 ORDER BY orders.user_id, orders.at DESC NULLS LAST, orders.id");
  const Schema tables = schema();
  EXPECT_EQ(select_count(by_row, tables, children).text,
            "SELECT COUNT(*) FROM users AS p0 JOIN orders AS c ON c.user_id = p0.id WHERE p0.id > "
            "$1");
  children.owner->where = "name = 'x'";
  EXPECT_EQ(rows(children),
            "SELECT p0.id, c.at FROM (SELECT id AS id, name AS name FROM users WHERE (name = 'x')) "
            "AS p0 JOIN orders AS c ON c.user_id = p0.id WHERE p0.id > $1 ORDER BY p0.id, c.at "
            "DESC NULLS LAST, c.id");
}

TEST(Select, JoinsRowsToAnOwnerOfAnotherOrder) {
  RowQuery children = query("orders", {"id", "at"}, {"id"});
  children.owner =
      Owner{.table = "users", .key = {"id"}, .columns = {"user_name"}, .referenced = {"name"}};
  children.where = "id > 3";
  EXPECT_EQ(rows(children),
            "SELECT p0.id, c.id, c.at FROM users AS p0 JOIN (SELECT id AS id, user_id AS user_id, "
            "user_name AS user_name, at AS at FROM orders WHERE (id > 3)) AS c ON c.user_name = "
            "p0.name ORDER BY p0.id, c.id");
}

TEST(Select, JoinsThroughALink) {
  RowQuery tags = query("tags", {"label"}, {"code"});
  tags.owner = Owner{.table = "users",
                     .key = {"id"},
                     .columns = {"user_id"},
                     .referenced = {"id"},
                     .link = "user_tags",
                     .link_columns = {"code"},
                     .link_referenced = {"code"},
                     .link_taken = {"place"}};
  tags.order = {{"place", false, true}};
  EXPECT_EQ(rows(tags),
            "SELECT p0.id, c.label, l1.place FROM users AS p0 JOIN user_tags AS l1 ON l1.user_id = "
            "p0.id JOIN tags AS c ON c.code = l1.code ORDER BY p0.id, l1.place, c.code");
}

TEST(Select, JoinsChildrenOfChildrenUpToTheOutermostOwner) {
  RowQuery lines = query("lines", {"id"}, {"id"});
  Owner orders{.table = "orders", .key = {"id"}, .columns = {"order_id"}, .referenced = {"id"}};
  orders.owner = std::make_shared<Owner>(
      Owner{.table = "users", .key = {"id"}, .columns = {"user_id"}, .referenced = {"id"}});
  orders.order = {{"at", false, false}};
  lines.owner = orders;
  lines.until = bson::Value(std::int64_t{9});
  EXPECT_EQ(
      rows(lines),
      "SELECT p1.user_id, p1.id, c.id FROM orders AS p1 JOIN lines AS c ON c.order_id = p1.id "
      "WHERE p1.user_id IS NOT NULL AND p1.user_id <= $1 ORDER BY p1.user_id, p1.at NULLS "
      "FIRST, p1.id, c.id");
}

TEST(Select, CountsAndFindsKeysAtADistance) {
  const Schema tables = schema();
  RowQuery bound = query("seats", {}, {"a", "b"});
  EXPECT_EQ(select_count(by_row, tables, bound).text, "SELECT COUNT(*) FROM seats");
  EXPECT_EQ(select_key_at(by_row, tables, bound, 100).text,
            "SELECT seats.a, seats.b FROM seats ORDER BY seats.a, seats.b LIMIT 1 OFFSET 99");
  bound.limit = 5;
  EXPECT_EQ(select_count(by_row, tables, bound).text,
            "SELECT COUNT(*) FROM (SELECT 1 AS one FROM seats LIMIT 5) AS counted");
}

TEST(Select, RefusesKeysThatAreNotTheTables) {
  const auto code_of = [](const RowQuery& query) {
    try {
      (void)rows(query);
    } catch (const ImportError& error) {
      return error.code();
    }
    return ErrorCode{};
  };
  RowQuery bound = query("users", {"name"}, {"id"});
  bound.after = key(R"({"a": 1, "b": 2})");
  EXPECT_EQ(code_of(bound), ErrorCode::source_changed);
  bound.key = {};
  EXPECT_EQ(code_of(bound), ErrorCode::no_key);
  EXPECT_EQ(code_of(query("users", {"nam"}, {"id"})), ErrorCode::table_not_found);
  RowQuery unjoined = query("orders", {"id"}, {"id"});
  unjoined.owner = Owner{.table = "users", .key = {"id"}, .columns = {}, .referenced = {}};
  EXPECT_EQ(code_of(unjoined), ErrorCode::invalid_mapping);
}

TEST(Select, MakesKeysOfCells) {
  const Cell cells[] = {Cell::of_integer(Cell::Kind::int64, 4), Cell{}};
  EXPECT_EQ(key_of(std::span(cells, 1), {"id"}), bson::Value(std::int64_t{4}));
  EXPECT_EQ(key_of(cells, {"a", "b"}), key(R"({"a": {"$numberLong": "4"}, "b": null})"));
}

}  // namespace
}  // namespace quire::importer
