#include "quire/importer/schema.hpp"

#include <gtest/gtest.h>

#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

Table table(std::string name, std::vector<std::string> refers_to = {}) {
  Table made;
  made.name = std::move(name);
  Column id;
  id.name = "id";
  id.declared = "INTEGER";
  id.type = ColumnType::int64;
  id.nullable = false;
  made.columns = {id};
  made.primary_key = made.key = {"id"};
  for (std::string& one : refers_to) {
    ForeignKey key;
    key.name = "fk_" + one;
    key.columns = {one + "_id"};
    key.table = std::move(one);
    key.referenced = {"id"};
    made.foreign_keys.push_back(std::move(key));
  }
  return made;
}

std::vector<std::string> names(const Schema& schema) {
  std::vector<std::string> all;
  for (const Table& one : schema.tables) all.push_back(one.name);
  return all;
}

TEST(Schema, NamesWhatIsNear) {
  Schema schema;
  schema.tables = {table("customers"), table("customer_notes"), table("orders")};
  EXPECT_EQ(&schema.at("orders"), &schema.tables[2]);
  EXPECT_EQ(schema.find("nothing"), nullptr);
  try {
    (void)schema.at("Costumers");
    FAIL();
  } catch (const ImportError& error) {
    EXPECT_EQ(error.code(), ErrorCode::table_not_found);
    EXPECT_EQ(error.detail(), "the source has no table \"Costumers\"; did you mean \"customers\"?");
  }
  try {
    (void)schema.tables[0].at("ix");
    FAIL();
  } catch (const ImportError& error) {
    EXPECT_EQ(error.code(), ErrorCode::table_not_found);
    EXPECT_EQ(error.detail(), "the table \"customers\" has no column \"ix\"; did you mean \"id\"?");
  }
}

TEST(DependencyOrder, PutsTablesBehindThoseTheyReferTo) {
  Schema schema;
  schema.tables = {table("lines", {"orders", "products"}), table("orders", {"users"}),
                   table("products"), table("users", {"users"})};
  const TableOrder order = dependency_order(schema, names(schema));
  const std::vector<std::string> expected = {"users", "orders", "products", "lines"};
  EXPECT_EQ(order.tables, expected);
  EXPECT_TRUE(order.circles.empty());
}

TEST(DependencyOrder, TellsCircles) {
  Schema schema;
  schema.tables = {table("a", {"c"}), table("b", {"a"}), table("c", {"b", "d"}), table("d"),
                   table("e", {"a"})};
  const TableOrder order = dependency_order(schema, names(schema));
  const std::vector<std::string> expected = {"d", "a", "b", "c", "e"};
  EXPECT_EQ(order.tables, expected);
  const std::vector<std::vector<std::string>> circles = {{"a", "b", "c"}};
  EXPECT_EQ(order.circles, circles);
}

TEST(DependencyOrder, KnowsOnlyTheTablesAskedFor) {
  Schema schema;
  schema.tables = {table("lines", {"orders"}), table("orders")};
  const TableOrder order = dependency_order(schema, {"lines", "elsewhere"});
  const std::vector<std::string> expected = {"lines", "elsewhere"};
  EXPECT_EQ(order.tables, expected);
}

TEST(SchemaIdentity, ChangesWithTypesAndKeysAndNotWithEstimates) {
  Table one = table("users");
  const bson::Document before = identity_of(one, {"id"});
  one.rows = 12345;
  one.bytes = 99;
  one.comment = "people";
  EXPECT_EQ(identity_of(one, {"id"}), before);
  one.columns[0].declared = "BIGINT";
  EXPECT_NE(identity_of(one, {"id"}), before);
  one.columns[0].declared = "INTEGER";
  one.key = {"rowid"};
  EXPECT_NE(identity_of(one, {"id"}), before);
  EXPECT_TRUE(identity_of(one, {"rowid"}).contains("columns"));
}

TEST(Schema, IdentityOfFilesLeavesOutWhatTheirRowsWereSeenToHave) {
  Table one;
  one.kind = TableKind::files;
  Column seen;
  seen.name = "role";
  seen.declared = "string, null";
  seen.type = ColumnType::any;
  one.columns = {seen};
  const bson::Document before = identity_of(one, {"role"});
  one.columns[0].declared = "string";
  one.columns[0].type = ColumnType::text;
  one.columns[0].nullable = false;
  EXPECT_EQ(identity_of(one, {"role"}), before);  // a file was repaired
  one.columns[0].declared = "text";               // of CSV: by its type texts are converted
  const bson::Document text = identity_of(one, {"role"});
  one.columns[0].nullable = true;
  EXPECT_EQ(identity_of(one, {"role"}), text);
  one.columns[0].declared = "int64";
  one.columns[0].type = ColumnType::int64;
  EXPECT_NE(identity_of(one, {"role"}), text);
}

}  // namespace
}  // namespace quire::importer
