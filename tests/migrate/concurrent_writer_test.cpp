// The application goes on writing while documents are migrated: what it was told is written stays.
#include <atomic>
#include <thread>
#include <utility>

#include "quire/core/error.hpp"
#include "ten.hpp"

namespace quire::migrate::test::concurrent_writer {

constexpr std::int64_t documents = 60;

/// A writer of fields that the migrations' structs do not know and of one that they do; it keeps
/// what was acknowledged.
class Application {
 public:
  Application(Database db, std::string collection, std::string field)
      : db_(std::move(db)), collection_(std::move(collection)), field_(std::move(field)) {
    thread_ = std::thread([this] { work(); });
  }
  ~Application() { stop(); }
  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] std::int64_t writes() const { return writes_; }
  /// How much was added to a document, and is known to be.
  [[nodiscard]] std::int64_t added(std::int64_t id) const {
    return added_[static_cast<std::size_t>(id)];
  }

 private:
  void work() {
    for (std::int64_t i = 0; !stop_; ++i) {
      const std::int64_t id = i % documents;
      const auto update = bson::make_document(
          "$inc", bson::make_document(field_, std::int64_t{1000}, "seen", std::int64_t{1}));
      for (;;) {
        try {
          const auto result = db_.store().update(
              db_.ns(collection_), bson::make_document("_id", id), {update.view()}, {});
          if (result.matched == 1) {
            ++added_[static_cast<std::size_t>(id)];
            ++writes_;
          }
          break;
        } catch (const StoreError& error) {  // then nothing was written
          if (error.code() != ErrorCode::busy && error.code() != ErrorCode::write_conflict) throw;
        }
      }
      std::this_thread::sleep_for(std::chrono::microseconds(300));
    }
  }

  Database db_;
  std::string collection_, field_;
  std::vector<std::int64_t> added_ = std::vector<std::int64_t>(documents);
  std::atomic<std::int64_t> writes_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

struct Old {
  std::int64_t id = 0;
  std::string name;
  std::int64_t n = 0;
  static auto model() { return quire::model<Old>("documents").version(1); }
};
struct New {
  std::int64_t id = 0;
  std::string first;
  std::string last;
  std::int64_t n = 0;
  static auto model() { return quire::model<New>("documents").version(2); }
};

class Writer : public ::testing::Test {
 protected:
  void SetUp() override {
    QUIRE_NEEDS_BED();
    std::vector<bson::Document> list;
    for (std::int64_t id = 0; id < documents; ++id) {
      // Some without a version, some in the new shape already.
      if (id % 10 == 7) {
        list.push_back(bson::make_document("_id", id, "first", "A", "last", "B", "n",
                                           std::int64_t{1}, "_v", std::int32_t{2}));
      } else if (id % 10 == 3) {
        list.push_back(bson::make_document("_id", id, "name", "A B", "n", std::int64_t{0}));
      } else {
        list.push_back(bson::make_document("_id", id, "name", "A B", "n", std::int64_t{0}, "_v",
                                           std::int32_t{1}));
      }
    }
    const std::vector<bson::View> views(list.begin(), list.end());
    (void)db.store().insert(db.ns("documents"), views, {});
  }

  MigrationReport run_beside_writers(const Step& step) {
    Migrations all;
    all.add({.id = "m", .up = step});
    const auto wait_for = [&](std::int64_t more) {
      const auto until = application.writes() + more;
      const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
      while (application.writes() < until && std::chrono::steady_clock::now() < end)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
    wait_for(20);
    auto report = MigrationRunner{db, all}
                      .batch_size(4)
                      .on_event([&](const MigrationEvent& event) {
                        if (event.kind == MigrationEvent::Kind::batch) wait_for(5);
                      })
                      .run();
    wait_for(20);
    application.stop();
    return report;
  }

  testing::ScratchDatabases databases{ten::bed()};
  Database db = databases.open(databases.make());
  Application application{db, "documents", "n"};
};

TEST_F(Writer, OfDocumentsThatEachGoesOverLosesNothing) {
  const auto report = run_beside_writers(each<Counter>("documents", [](Counter& c) { c.n += 1; }));
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_GT(application.writes(), 60);
  for (std::int64_t id = 0; id < documents; ++id) {
    const auto document = bson::from_json(all(db, "documents")[static_cast<std::size_t>(id)]);
    const std::int64_t before = id % 10 == 7 ? 1 : 0;
    EXPECT_EQ(bson::to_json(document["n"]),
              std::to_string(before + 1 + 1000 * application.added(id)))
        << id;
    if (application.added(id) > 0) {
      EXPECT_EQ(bson::to_json(document["seen"]), std::to_string(application.added(id)));
    }
  }
}

TEST_F(Writer, OfDocumentsThatTransformGoesOverLosesNothing) {
  const auto report = run_beside_writers(transform<Old, New>("documents", [](const Old& old) {
    const auto space = old.name.find(' ');
    return New{old.id, old.name.substr(0, space), old.name.substr(space + 1), old.n + 1};
  }));
  ASSERT_TRUE(report.ok()) << report.json();
  const auto lines = all(db, "documents");
  ASSERT_EQ(lines.size(), static_cast<std::size_t>(documents));
  for (std::int64_t id = 0; id < documents; ++id) {
    const auto document = bson::from_json(lines[static_cast<std::size_t>(id)]);
    // Once for each, whether it had no version, the old or the new one.
    EXPECT_EQ(bson::to_json(document["n"]), std::to_string(1 + 1000 * application.added(id))) << id;
    EXPECT_EQ(bson::to_json(document["_v"]), "2");
    EXPECT_EQ(document["first"].as_string(), "A");
    EXPECT_EQ(document["last"].as_string(), "B");
    EXPECT_FALSE(document.find("name").has_value());
  }
}

struct Name {
  std::int64_t id = 0;
  std::string name;
};
struct Parts {
  std::int64_t id = 0;
  std::string first, last;
};

/// The moment that matters: a batch was read, and is not written yet.
class Between : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!quire::test::on_server()) GTEST_SKIP() << "nobody else writes to a file meanwhile";
    for (int id = 1; id <= 3; ++id)
      put(db, "c", R"({"_id":)" + std::to_string(id) + R"(,"name":"A B","other":1})");
  }
  /// Once, with a connection of its own.
  void writes(const bson::Document& filter, const char* update) {
    if (std::exchange(written, true)) return;
    Database other = open(uri);
    const bson::Document body = bson::from_json(update);
    const auto result = other.store().update(other.ns("c"), filter, {body.view()}, {});
    ASSERT_EQ(result.modified, 1);
  }
  MigrationReport run(Step step) {
    Migrations list;
    list.add({.id = "1", .up = std::move(step)});
    return MigrationRunner{db, list}.run();
  }
  static Parts part(const Name& one) {
    const auto space = one.name.find(' ');
    return {one.id, one.name.substr(0, space), one.name.substr(space + 1)};
  }

  std::string uri = quire::test::store_uri();
  Database db = open(uri);
  bool written = false;
};

TEST_F(Between, AChangeOfWhatTheStepChangesIsTakenUp) {
  const auto report = run(transform<Name, Parts>("c", [&](const Name& one) {
    if (one.id == 3) writes(bson::make_document("_id", 2), R"({"$set":{"name":"C D"}})");
    return part(one);
  }));
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(all(db, "c")[0], same(R"({"_id":1,"other":1,"first":"A","last":"B"})"));
  EXPECT_EQ(all(db, "c")[1], same(R"({"_id":2,"other":1,"first":"C","last":"D"})"));
}

TEST_F(Between, AChangeOfFieldsThatTheStepDoesNotReadStays) {
  const auto report = run(transform<Name, Parts>("c", [&](const Name& one) {
    if (one.id == 3) writes(bson::make_document("_id", 2), R"({"$set":{"other":2,"new":{"x":1}}})");
    return part(one);
  }));
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(all(db, "c")[1], same(R"({"_id":2,"other":2,"new":{"x":1},"first":"A","last":"B"})"));
}

TEST_F(Between, AChangedDocumentIsNotRemovedAsItWasRead) {
  const auto report = run(transform<Name, Parts>("c", [&](const Name& one) -> std::optional<Parts> {
    if (one.id == 3) writes(bson::make_document("_id", 2), R"({"$set":{"name":"C D"}})");
    if (one.name == "A B") return std::nullopt;
    return part(one);
  }));
  ASSERT_TRUE(report.ok()) << report.json();
  const auto left = all(db, "c");
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0], same(R"({"_id":2,"other":1,"first":"C","last":"D"})"));
}

}  // namespace quire::migrate::test::concurrent_writer
