#ifdef QUIRE_TOOL

#include "tool_fixture.hpp"

namespace quire {
namespace {

using namespace quire::test;

/// `quire import` and `quire map`: what is the tool's own. The commands are tested with imports.
class ImportTool : public ToolTest {
 protected:
  ImportTool() {
    std::ofstream(file("users.ndjson")) << R"({"id": 1, "name": "a"})" << "\n"
                                        << R"({"id": 2, "name": "b"})" << "\n";
    ::unsetenv("QUIRE_IMPORT_FROM");
    ::unsetenv("QUIRE_IMPORT_TO");
    ::setenv("QUIRE_TEST_SOURCE", from.c_str(), 1);
  }
  void SetUp() override {
    const auto made = run({"map", from, "--file", file("map.json")});
    if (made.err.find("this build") != std::string::npos)
      GTEST_SKIP() << "built without file sources";
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_NE(made.out.find("users: from users"), std::string::npos) << made.out;
  }
  ~ImportTool() override {
    for (const char* name : {"QUIRE_IMPORT_FROM", "QUIRE_IMPORT_TO", "QUIRE_TEST_SOURCE"})
      ::unsetenv(name);
  }
  Result import(std::vector<std::string> words, const std::string& source = "") {
    std::vector<std::string> all{"import"};
    all.insert(all.end(), words.begin(), words.end());
    for (const std::string& word : {std::string("--to"), file("t.quire"), std::string("--db"),
                                    std::string("app"), std::string("--mapping"), file("map.json")})
      all.push_back(word);
    if (!source.empty()) all.insert(all.end(), {"--from", source});
    return run(all);
  }
  std::string from = "ndjson:" + file("users.ndjson");
};

TEST_F(ImportTool, BringsASourceByTheMappingThatItProposed) {
  const auto refused = import({"--all"}, from);  // nobody can be asked
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find("--yes"), std::string::npos) << refused.err;
  const auto done = import({"--all", "--yes", "--json"}, from);
  ASSERT_EQ(done.code, 0) << done.err;
  const auto end = done.out.find_last_of('\n', done.out.size() - 2);
  const auto report = bson::from_json(done.out.substr(end == std::string::npos ? 0 : end + 1));
  EXPECT_EQ(report["schema"].as_string(), "quire.import/1");
  EXPECT_EQ(report["result"].as_string(), "complete");
  const auto proof = import({"verify", "--full"}, from);
  EXPECT_EQ(proof.code, 0) << proof.err;
  const auto back = import({"rollback", "--yes"}, from);
  EXPECT_EQ(back.code, 0) << back.err;
}

TEST_F(ImportTool, TakesUrisFromTheEnvironment) {
  EXPECT_EQ(import({"dry-run"}, "env:QUIRE_TEST_SOURCE").code, 0);
  ::setenv("QUIRE_IMPORT_FROM", from.c_str(), 1);
  ::setenv("QUIRE_IMPORT_TO", file("t.quire").c_str(), 1);
  const auto done = run({"import", "--all", "--yes", "--db", "app", "--mapping", file("map.json")});
  EXPECT_EQ(done.code, 0) << done.err;
}

TEST_F(ImportTool, SaysWhatIsMissingOrWrong) {
  auto result = import({"dry-run"});
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.err.find("QUIRE_IMPORT_FROM"), std::string::npos) << result.err;
  result = import({"audit", "mysql://u:s3cret@h/db"});  // without --from
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.err.find("a name stands here, not"), std::string::npos) << result.err;
  result = import({"dry-run"}, "env:QUIRE_TEST_NOTHING");
  EXPECT_NE(result.code, 0);
  EXPECT_NE(result.err.find("QUIRE_TEST_NOTHING"), std::string::npos) << result.err;
  result = import({"audit"}, file("users.ndjson"));  // without its scheme
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.err.find("ndjson:" + file("users.ndjson")), std::string::npos) << result.err;
  std::ofstream(file("map.json")) << R"({"tables": [{"tabel": "users"}]})";
  result = import({"dry-run"}, from);
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.err.find("tabel"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("map.json"), std::string::npos) << result.err;
  std::filesystem::remove(file("map.json"));
  result = import({"dry-run"}, from);
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.err.find("cannot be read"), std::string::npos) << result.err;
}

TEST_F(ImportTool, MapPrintsStructs) {
  const auto result = run({"map", from, "--structs"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("struct"), std::string::npos) << result.out;
}

}  // namespace
}  // namespace quire

#endif
