#include "quire/migrate/squash.hpp"

#include "fixture.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate::test::squashing {
namespace {

using namespace std::chrono;

Migrations originals() {
  Migrations all;
  all.add({.id = "0", .up = create_collection("before")});
  all.add({.id = "a",
           .depends_on = {"0"},
           .up = {add_field("c", "status", "a \"b\""), add_field("c", "at", 1.5),
                  rename_field("c", "x", "y"), split_field("c", "name", {"first", "last"}, "-"),
                  merge_fields("c", {"first", "last"}, "name")}});
  ConvertOptions convert;
  convert.back = bson::Type::string;
  convert.unconvertible = Unconvertible::keep;
  IndexOptions index;
  index.unique = true;
  index.name = "own";
  ValidatorOptions validator;
  validator.moderate = true;
  all.add({.id = "b",
           .depends_on = {"a"},
           .min_app = 3,
           .up = {convert_field("c", "n", bson::Type::int32, convert),
                  create_index("c", bson::make_document("a", 1, "b", -1), index),
                  drop_index("c", "other"), embed("c", "a_id", "as", "a"),
                  extract("c", "a", "as", "a_id")}});
  all.add(
      {.id = "c",
       .kind = MigrationKind::contract,
       .min_app = 2,
       .up = {unset_field("c", "old"), set_validator("c", bson::from_json("{\"n\": 1}"), validator),
              copy_documents("c", "d", bson::from_json(R"({"n": {"$gt": 1}})")),
              move_documents("d", "e"), drop_collection("d"),
              each<Counter>("c", [](Counter& one) { ++one.n; })}});
  all.add({.id = "r", .repeatable = true, .up = create_collection("z")});
  return all;
}

std::string written(std::string_view first = "a", std::string_view last = "c",
                    std::string_view name = "2026_05_01_all") {
  return squash_skeleton(name, originals(), first, last, {.date = year(2026) / May / 1});
}

TEST(Squash, RepeatsDeclaredStepsAndLeavesCodeToSomebody) {
  const std::string text = written();
  for (
      const char* part :
      {".id = \"2026_05_01_all\"",
       ".depends_on = {\"0\"}",
       ".kind = q::MigrationKind::contract",
       ".min_app = 3",
       ".replaces = {\"a\", \"b\", \"c\"}",
       R"(m.add_field("c", "status", "a \"b\"");)",
       R"(m.add_field("c", "at", q::bson::Value()",
       R"(m.rename_field("c", "x", "y");)",
       R"(m.split_field("c", "name", {"first", "last"}, "-");)",
       R"(m.merge_fields("c", {"first", "last"}, "name", " ");)",
       R"(m.convert_field("c", "n", q::bson::Type::int32, {.unconvertible = )",
       R"(.back = q::bson::Type::string});)",
       R"(m.create_index("c", q::bson::make_document("a", 1, "b", -1), {.name = "own", .unique = true});)",
       R"(m.step(q::drop_index("c", "other"));)",
       R"(m.embed("c", "a_id", "as", "a");)",
       R"(m.extract("c", "a", "as", "a_id");)",
       R"(m.unset_field("c", "old");)",
       R"({.moderate = true});)",
       R"(m.copy_documents("c", "d", )",
       R"(m.move_documents("d", "e");)",
       R"(m.drop_collection("d");)",
       "throw std::logic_error(\"decide: each over c of c\");",
       "void add_2026_05_01_all(q::Migrations& all)"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  const std::string one = written("a", "a");
  EXPECT_EQ(one.find("DECIDE"), std::string::npos);
  EXPECT_EQ(one.find("min_app"), std::string::npos);
  EXPECT_NE(one.find("stands for 1 earlier one."), std::string::npos);
}

TEST(Squash, RefusesWhatCannotBeReplaced) {
  EXPECT_THROW((void)written("x", "c"), MigrationError);
  EXPECT_THROW((void)written("a", "x"), MigrationError);
  EXPECT_THROW((void)written("c", "a"), MigrationError);
  EXPECT_THROW((void)written("c", "r"), MigrationError);
  EXPECT_THROW((void)written("a", "c", "no name"), MigrationError);
}

}  // namespace
}  // namespace quire::migrate::test::squashing
