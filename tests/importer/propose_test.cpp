#include "quire/importer/propose.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "importer/row_source.hpp"
#include "memory_source.hpp"
#include "quire/bson/decode.hpp"
#include "shop_structs_generated.hpp"

namespace quire::importer {
namespace {

using test::i;
using test::MemorySource;
using test::null;
using test::t;

MemorySource shop() {
  MemorySource source;
  source.add("users", {"id:int64", "name:text", "class:text?", "e-mail:text?"}, {"id"},
             {{i(1), t("Ada"), null, t("a@b")}});
  source.add("profiles", {"user_id:int64", "bio:text?"}, {"user_id"}, {{i(1), t("hello")}});
  source.add("orders",
             {"id:int64", "user_id:int64", "status_id:int64", "total:decimal", "at:wall_time?"},
             {"id"}, {{i(10), i(1), i(2), Cell::of_text(Cell::Kind::decimal, "12.50"), null}});
  source.add("lines", {"order_id:int64", "n:int32", "data:json?"}, {"order_id", "n"},
             {{i(10), i(1), null}, {i(10), i(2), Cell::of_text(Cell::Kind::json, "{\"a\": 1}")}});
  source.add("statuses", {"id:int64", "label:text"}, {"id"}, {{i(2), t("paid")}});
  source.add("tags", {"id:int64", "id 2:text"}, {"id"}, {{i(7), t("vip")}});
  source.add("user_tags", {"user_id:int64", "tag_id:int64"}, {"user_id", "tag_id"}, {{i(1), i(7)}});
  source.add("employees", {"id:int64", "boss_id:int64?"}, {"id"}, {});
  source.add("events", {"id:int64", "user_id:int64"}, {"id"}, {});
  source.add("log", {"text:text"}, {}, {});
  source.add("a.grades", {"x:int64", "y:text", "flag:boolean", "raw:binary?"}, {"x", "y"},
             {{i(1), t("z"), Cell::of_integer(Cell::Kind::boolean, 1), null}});
  source.add("shown", {"id:int64"}, {"id"}, {}).kind = TableKind::view;
  source.refer("profiles", {"user_id"}, "users", {"id"});
  source.refer("orders", {"user_id"}, "users", {"id"}, "CASCADE");
  source.refer("orders", {"status_id"}, "statuses", {"id"});
  source.refer("lines", {"order_id"}, "orders", {"id"}, "cascade");
  source.refer("user_tags", {"user_id"}, "users", {"id"});
  source.refer("user_tags", {"tag_id"}, "tags", {"id"});
  source.refer("employees", {"boss_id"}, "employees", {"id"}, "cascade");
  source.refer("events", {"user_id"}, "users", {"id"}, "cascade");
  for (Table& table : source.schema.tables) {
    if (table.name == "users") table.rows = 10;
    if (table.name == "events") table.rows = 1'000'000;
  }
  return source;
}

const Decision* decision(const Proposal& proposal, const std::string& table) {
  for (const Decision& one : proposal.decisions)
    if (one.table == table) return &one;
  return nullptr;
}

TEST(Propose, EmbedsWhatBelongsToOneParentAlone) {
  const MemorySource source = shop();
  const Proposal proposal = propose(source.schema);
  EXPECT_EQ(validate(proposal.mapping, source.schema), std::vector<std::string>{});
  std::vector<std::string> parts;
  for (const TableMapping& part : proposal.mapping.tables) parts.push_back(part.table);
  EXPECT_EQ(parts, (std::vector<std::string>{"users", "statuses", "tags", "employees", "events",
                                             "a.grades"}));
  const TableMapping& users = proposal.mapping.tables[0];
  ASSERT_EQ(users.children.size(), 3U);
  EXPECT_EQ(users.children[0].table, "profiles");
  EXPECT_FALSE(users.children[0].many);
  EXPECT_EQ(users.children[1].table, "orders");
  EXPECT_TRUE(users.children[1].many);
  ASSERT_EQ(users.children[1].children.size(), 1U);
  EXPECT_EQ(users.children[1].children[0].table, "lines");
  EXPECT_EQ(users.children[2].to, "tags");
  EXPECT_EQ(users.children[2].value, "tag_id");
}

TEST(Propose, GivesAReasonForEachTable) {
  const MemorySource source = shop();
  const Proposal proposal = propose(source.schema);
  for (const Table& table : source.schema.tables) {
    const Decision* one = decision(proposal, table.name);
    ASSERT_NE(one, nullptr) << table.name;
    EXPECT_FALSE(one->reason.empty());
  }
  EXPECT_EQ(decision(proposal, "orders")->what, "inside of users, as orders");
  EXPECT_NE(decision(proposal, "orders")->reason.find("deleted with"), std::string::npos);
  EXPECT_NE(decision(proposal, "profiles")->reason.find("has the key of"), std::string::npos);
  EXPECT_NE(decision(proposal, "user_tags")->reason.find("links"), std::string::npos);
  EXPECT_NE(decision(proposal, "statuses")->reason.find("looks names up"), std::string::npos);
  EXPECT_NE(decision(proposal, "events")->reason.find("too many"), std::string::npos);
  EXPECT_EQ(decision(proposal, "log")->what, "left out");
  EXPECT_EQ(decision(proposal, "shown")->what, "left out");
}

TEST(Propose, KeepsWhatOthersReferToAndCirclesAsCollections) {
  MemorySource source;
  source.add("a", {"id:int64", "b_id:int64?"}, {"id"}, {});
  source.add("b", {"id:int64", "a_id:int64?"}, {"id"}, {});
  source.refer("a", {"b_id"}, "b", {"id"}, "cascade");
  source.refer("b", {"a_id"}, "a", {"id"}, "cascade");
  const Proposal proposal = propose(source.schema);
  EXPECT_EQ(proposal.mapping.tables.size(), 2U);
  EXPECT_EQ(proposal.decisions.back().table, "a, b");
  EXPECT_TRUE(validate(proposal.mapping, source.schema).empty());
}

TEST(Propose, GivesChildrenNamesThatNoColumnHas) {
  MemorySource source;
  source.add("p", {"id:int64", "c:text"}, {"id"}, {});
  source.add("c", {"id:int64", "p_id:int64"}, {"id"}, {});
  source.refer("c", {"p_id"}, "p", {"id"}, "cascade");
  const Proposal proposal = propose(source.schema);
  EXPECT_EQ(proposal.mapping.tables.at(0).children.at(0).to, "c_rows");
  EXPECT_TRUE(validate(proposal.mapping, source.schema).empty());
}

TEST(Propose, MakesKeysThatCountUpInt64) {
  MemorySource source;
  source.add("hosts", {"id:uint64", "sent:uint64"}, {"id"}, {});
  source.add("items", {"id:uint64", "host_id:uint64"}, {"id"}, {});
  source.refer("items", {"host_id"}, "hosts", {"id"});
  const Proposal found = propose(source.schema);
  EXPECT_EQ(found.mapping.types.unsigned64, TypePolicy::Unsigned::int64);
  const auto is_of_numbers = [](const Decision& one) {
    return one.what == "unsigned numbers of 64 bits as int64" &&
           one.reason.starts_with("its key and those of 1 more are of that type");
  };
  EXPECT_EQ(std::count_if(found.decisions.begin(), found.decisions.end(), is_of_numbers), 1);

  MemorySource counts;  // no key: nothing is known of how large they get
  counts.add("counts", {"id:int64", "bytes:uint64"}, {"id"}, {});
  EXPECT_EQ(propose(counts.schema).mapping.types.unsigned64, TypePolicy::Unsigned::decimal128);
}

// shop_structs_generated.hpp is what structs() writes, and is compiled here.
TEST(Structs, AreWrittenForAMapping) {
  const MemorySource source = shop();
  std::ifstream file(QUIRE_SOURCE_DIR "/tests/importer/shop_structs_generated.hpp");
  std::stringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(structs(propose(source.schema).mapping, source.schema), expected.str());
}

TEST(Structs, ReadTheDocumentsOfTheMapping) {
  MemorySource source = shop();
  const Mapping mapping = propose(source.schema).mapping;
  const auto first = [&](std::size_t part) {
    const CompiledTable table(mapping, mapping.tables[part], source.schema, DateTime{});
    const auto session = source.open();
    MappedReader reader(table, *session, {}, {});
    MappedRow row;
    EXPECT_TRUE(reader.next(row));
    EXPECT_TRUE(row.document);
    return row.document.value_or(bson::Document{});
  };
  const Users user = bson::decode<Users>(first(0).view());
  EXPECT_EQ(user.id, 1);
  EXPECT_EQ(user.e_mail, "a@b");
  EXPECT_FALSE(user.class_);
  ASSERT_TRUE(user.profiles);
  EXPECT_EQ(user.profiles->bio, "hello");
  ASSERT_EQ(user.orders.size(), 1U);
  EXPECT_EQ(user.orders[0].total.str(), "12.50");
  ASSERT_EQ(user.orders[0].lines.size(), 2U);
  EXPECT_EQ(user.orders[0].lines[1].n, 2);
  EXPECT_EQ(user.tags, std::vector<std::int64_t>{7});
  const AGrades grade = bson::decode<AGrades>(first(5).view());
  EXPECT_EQ(grade.id.y, "z");
  EXPECT_TRUE(grade.flag);
}

}  // namespace
}  // namespace quire::importer
