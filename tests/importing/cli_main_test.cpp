// The program that docs/importing-commands.md shows.
#include "fixture.hpp"
#include "quire/importer/cli.hpp"
#include "quire/importer/typed.hpp"

namespace {

namespace q = quire;
namespace qi = quire::importer;

struct User {
  std::int64_t id = 0;
  std::string name;
  static auto model() { return q::model<User>("users"); }
};

qi::Mapping mapping() {
  qi::Mapping all;
  all.tables.push_back(qi::into<User>("users").field<&User::id>("id").field<&User::name>("name"));
  return all;
}

// [main]
int import_main(int argc, const char* const* argv) {
  qi::ImportCliOptions options;
  options.import.name = "bot";              // of the import, in the target's bookkeeping
  options.models = {&q::model_of<User>()};  // for validate-schema and check-duplicates
  return qi::import_cli(
      argc, argv, [] { return qi::open_source("sqlite:bot.db"); },
      [] { return q::open("quire:bot.quire?database=bot"); }, mapping(), options);
}
// [/main]

TEST(ImportCliMain, RunsAsThePageShowsIt) {
  const auto before = std::filesystem::current_path();
  const std::filesystem::path folder =
      testing::TempDir() + "cli-main-" + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  qi::test::Legacy legacy("cli-main");
  legacy.put_users(3);
  legacy.run("VACUUM INTO '" + (folder / "bot.db").string() + "'");
  std::filesystem::current_path(folder);
  for (const auto& words : std::vector<std::vector<const char*>>{
           {"app", "validate-schema"}, {"app", "import", "--all", "--yes"}, {"app", "verify"}})
    EXPECT_EQ(import_main(static_cast<int>(words.size()), words.data()), 0) << words[1];
  std::filesystem::current_path(before);
  std::filesystem::remove_all(folder);
}

}  // namespace
