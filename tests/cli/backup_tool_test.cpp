#ifdef QUIRE_TOOL

#include "quire/backup/backup.hpp"
#include "tool_fixture.hpp"

namespace quire {
namespace {

using namespace quire::test;

class BackupTool : public ToolTest {
 protected:
  BackupTool() {
    const Database db = open_file("a.quire");
    std::vector<bson::Document> users;
    for (std::int32_t i = 0; i < 100; ++i)
      users.push_back(bson::make_document("_id", i, "text", std::string(100, 'x')));
    insert(db, "users", users);
    create_index(db, "users", R"({"key": {"text": 1}, "name": "text_1"})");
    insert_json(db, "zoo", R"({"_id": 1})");
    db.close();
  }
};

TEST_F(BackupTool, SavesAndRestoresAndTellsWhatItDid) {
  const auto saved = run({"backup", file("a.quire"), file("b")});
  ASSERT_EQ(saved.code, 0) << saved.err;
  EXPECT_NE(saved.out.find("Done: 2 collections, 101 documents"), std::string::npos) << saved.out;
  EXPECT_NE(saved.out.find("all of one moment"), std::string::npos) << saved.out;
  const auto checked = run({"restore", file("b"), "--verify-only"});
  EXPECT_EQ(checked.code, 0) << checked.err;
  EXPECT_NE(checked.out.find("checksums are right"), std::string::npos) << checked.out;
  const auto restored = run({"restore", file("b"), file("c.quire"), "--json", "--quiet"});
  ASSERT_EQ(restored.code, 0) << restored.err;
  EXPECT_EQ(restored.err, "");
  const auto report = bson::from_json(restored.out);
  EXPECT_EQ(report["schema"].as_string(), "quire.restore/1");
  EXPECT_EQ(report["result"].as_string(), "done");
  const Database a = open_file("a.quire"), c = open_file("c.quire");
  EXPECT_TRUE(all(a, "users") == all(c, "users"));
  EXPECT_EQ(c.store().list_indexes(c.ns("users")).size(), 2U);
}

TEST_F(BackupTool, CompressesAndChoosesCollections) {
  if (!backup::has_gzip()) GTEST_SKIP() << "built without zlib";
  const auto saved =
      run({"backup", file("a.quire"), file("b"), "--gzip", "--collection", "users", "--json"});
  ASSERT_EQ(saved.code, 0) << saved.err;
  EXPECT_LT(bson::from_json(saved.out)["file_bytes"].as_int32(), 5000);
  const auto none = run({"restore", file("b"), file("c.quire"), "--collection", "zoo"});
  EXPECT_EQ(none.code, 30);
  EXPECT_NE(none.err.find("The database is as it was."), std::string::npos) << none.err;
  EXPECT_EQ(run({"restore", file("b"), file("c.quire"), "--collection", "users"}).code, 0);
  EXPECT_FALSE(has_collection(open_file("c.quire"), "zoo"));
}

TEST_F(BackupTool, DroppingWithoutATerminalNeedsYes) {
  ASSERT_EQ(run({"backup", file("a.quire"), file("b"), "--quiet"}).code, 0);
  EXPECT_EQ(run({"restore", file("b"), file("a.quire")}).code, 30);
  EXPECT_EQ(run({"restore", file("b"), file("a.quire"), "--drop"}).code, 2);
  EXPECT_EQ(run({"restore", file("b"), file("a.quire"), "--drop", "--yes"}).code, 0);
}

TEST_F(BackupTool, DamageAndMistakesHaveTheirCodes) {
  ASSERT_EQ(run({"backup", file("a.quire"), file("b")}).code, 0);
  EXPECT_EQ(run({"backup", file("a.quire"), file("b")}).code, 30);  // it is there
  EXPECT_EQ(run({"backup", file("none.quire"), file("n")}).code, 30);
  EXPECT_FALSE(std::filesystem::exists(file("none.quire")));
  EXPECT_EQ(run({"restore", file("b")}).code, 2);
  EXPECT_EQ(run({"backup", file("a.quire")}).code, 2);
  std::filesystem::resize_file(file("b/main/users.bson"), 100);
  const auto damaged = run({"restore", file("b"), "--verify-only"});
  EXPECT_EQ(damaged.code, 30);
  EXPECT_NE(damaged.err.find("users.bson"), std::string::npos) << damaged.err;
}

}  // namespace
}  // namespace quire

#endif
