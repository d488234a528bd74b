#include "fixture.hpp"

namespace quire::migrate::test::graph {

Step some_step() { return add_field("t", "a", 1); }

ErrorCode code_of(const Migrations& all) {
  try {
    MigrationRunner runner{empty_database(), all};
  } catch (const MigrationError& error) {
    return error.code();
  }
  return ErrorCode{};
}

TEST(Graph, DependenciesComeFirstElseTheOrderOfAdd) {
  Migrations all;
  all.add({.id = "c", .depends_on = {"b"}, .up = some_step()});
  all.add({.id = "x", .up = some_step()});
  all.add({.id = "b", .depends_on = {"a"}, .up = some_step()});
  all.add({.id = "a", .up = some_step()});
  EXPECT_EQ(all.order(), (std::vector<std::size_t>{1, 3, 2, 0}));
}

TEST(Graph, CirclesAreFoundAndNamed) {
  Migrations all;
  all.add({.id = "a", .depends_on = {"c"}, .up = some_step()});
  all.add({.id = "b", .depends_on = {"a"}, .up = some_step()});
  all.add({.id = "c", .depends_on = {"b"}, .up = some_step()});
  EXPECT_EQ(code_of(all), ErrorCode::dependency_cycle);
  try {
    all.validate();
    FAIL();
  } catch (const MigrationError& error) {
    EXPECT_NE(error.detail().find("a → c → b → a"), std::string::npos) << error.detail();
  }
  Migrations self;
  self.add({.id = "a", .depends_on = {"a"}, .up = some_step()});
  EXPECT_EQ(code_of(self), ErrorCode::dependency_cycle);
}

TEST(Graph, UnknownDependenciesAreRefused) {
  Migrations all;
  all.add({.id = "a", .depends_on = {"b"}, .up = some_step()});
  EXPECT_EQ(code_of(all), ErrorCode::invalid_migration);
}

class BadId : public ::testing::TestWithParam<std::string> {};
TEST_P(BadId, IsRefused) {
  Migrations all;
  all.add({.id = "there", .up = some_step()});
  try {
    all.add({.id = GetParam(), .up = some_step()});
    FAIL() << "accepted";
  } catch (const MigrationError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_migration);
  }
  EXPECT_EQ(all.items.size(), 1U);
}
INSTANTIATE_TEST_SUITE_P(Ids, BadId,
                         ::testing::Values("", std::string(129, 'x'), "there", "\xff\xfe",
                                           std::string("a\0b", 3)));

TEST(Graph, BadStepsAreRefused) {
  EXPECT_THROW((void)add_field("", "a", 1), MigrationError);
  EXPECT_THROW((void)add_field("t", "", 1), MigrationError);
  EXPECT_THROW((void)rename_field("t", "a", "a"), MigrationError);
  EXPECT_THROW((void)create_index("t", {}), MigrationError);
  EXPECT_THROW((void)copy_documents("t", "t"), MigrationError);
  EXPECT_THROW((void)run(Atomicity::manual, {}), MigrationError);
  Migrations all;
  EXPECT_THROW(all.add({.id = "empty"}), MigrationError);
  EXPECT_THROW(all.add_one(nullptr), MigrationError);
}

TEST(Graph, AsksForAClassThatItsStepsCannotGive) {
  Migrations all;
  all.add({.id = "a",
           .atomicity = Atomicity::transactional,
           .up = run(Atomicity::manual, [](Database&, Session&) {})});
  EXPECT_THROW((void)(MigrationRunner{empty_database(), all}.plan()), MigrationError);
}

TEST(Graph, ANeededLevelAboveTheProgramsOwnIsRefused) {
  Migrations all;
  all.add({.id = "a", .min_app = 2, .up = some_step()});
  EXPECT_EQ(code_of(all), ErrorCode::invalid_migration);
}

TEST(Graph, CorruptHistoryIsNamed) {
  auto db = empty_database();
  put(db, "_quire_history", R"({"_id":"x","state":"nonsense"})");
  Migrations all;
  all.add({.id = "a", .up = some_step()});
  try {
    (void)MigrationRunner{db, all}.run();
    FAIL();
  } catch (const MigrationError& error) {
    EXPECT_EQ(error.code(), ErrorCode::history_corrupt);
    EXPECT_EQ(error.path().str(), "x");
  }
}

}  // namespace quire::migrate::test::graph
