#include <chrono>
#include <thread>

#include "command_fixture.hpp"

namespace quire::store::embedded {
namespace {

class Tailable : public CommandFileTest {
 protected:
  Tailable() { (void)run(R"({"create": "c", "capped": true, "size": 4096, "max": 3})"); }
  bson::Document insert_id(int id) {
    return run(R"({"insert": "c", "documents": [{"_id": )" + std::to_string(id) + "}]}");
  }
  std::int64_t open_cursor(std::string_view options = "") {
    const auto reply = run(R"({"find": "c", "tailable": true)" + std::string(options) + "}");
    return reply["cursor"].as_document()["id"].as_int64();
  }
  bson::Document more(std::int64_t id, std::string_view options = "") {
    return run(R"({"getMore": {"$numberLong": ")" + std::to_string(id) +
               R"("}, "collection": "c")" + std::string(options) + "}");
  }
  static std::string batch(const bson::Document& reply) {
    return ids_of(reply["cursor"].as_document()["nextBatch"].as_array());
  }
};

TEST_F(Tailable, GoesOnWhereItWas) {
  (void)insert_id(1);
  const auto id = open_cursor();
  ASSERT_NE(id, 0);
  EXPECT_EQ(batch(more(id)), "");
  (void)insert_id(2);
  (void)insert_id(3);
  const auto reply = more(id);
  EXPECT_EQ(batch(reply), "2 3 ");
  EXPECT_EQ(reply["cursor"].as_document()["id"].as_int64(), id);
}

TEST_F(Tailable, IsClosedAtOnceOnAnEmptyCollection) { EXPECT_EQ(open_cursor(), 0); }

TEST_F(Tailable, IsLostWhenItsPositionIsOverwritten) {
  (void)insert_id(1);
  const auto id = open_cursor();
  for (int i = 2; i <= 5; ++i) (void)insert_id(i);
  try {
    (void)more(id);
    FAIL() << "went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.backend_code(), 136);
  }
}

TEST_F(Tailable, NewDocumentsAreSeenThoughTheNewestWasRemoved) {
  (void)insert_id(1);
  (void)insert_id(2);
  const auto id = open_cursor(R"(, "batchSize": 1)");
  (void)run(R"({"delete": "c", "deletes": [{"q": {"_id": 2}, "limit": 1}]})");
  (void)insert_id(3);
  EXPECT_EQ(batch(more(id)), "3 ");
}

TEST_F(Tailable, WaitsForADocumentAsLongAsItIsTold) {
  (void)insert_id(1);
  const auto id = open_cursor(R"(, "awaitData": true)");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(batch(more(id, R"(, "maxTimeMS": 50)")), "");
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(45));
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    const auto other = open(path_ + "?durability=normal");
    (void)other->run_command("main", json(R"({"insert": "c", "documents": [{"_id": 2}]})"),
                             nullptr);
    other->close();
  });
  EXPECT_EQ(batch(more(id, R"(, "maxTimeMS": 20000)")), "2 ");
  writer.join();
}

TEST_F(Tailable, RefusesWhatIsNotForIt) {
  (void)insert_id(1);
  (void)run(R"({"create": "plain"})");
  EXPECT_EQ(code(R"({"find": "plain", "tailable": true})"), 2);
  EXPECT_EQ(code(R"({"find": "c", "tailable": true, "sort": {"a": 1}})"), 2);
  EXPECT_EQ(code(R"({"find": "c", "awaitData": true})"), 9);
  const auto id = open_cursor();
  EXPECT_EQ(code(R"({"getMore": {"$numberLong": ")" + std::to_string(id) +
                 R"("}, "collection": "c", "maxTimeMS": 5})"),
            2);
}

TEST_F(Tailable, CursorOfADroppedCollectionIsClosed) {
  (void)insert_id(1);
  const auto id = open_cursor();
  (void)run(R"({"drop": "c"})");
  EXPECT_EQ(
      code(R"({"getMore": {"$numberLong": ")" + std::to_string(id) + R"("}, "collection": "c"})"),
      175);
}

}  // namespace
}  // namespace quire::store::embedded
