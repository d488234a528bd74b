// What goes wrong around a run: it says so by its exit code, says what to do, and loses nothing.
#include "faults.hpp"

#include "../robustness/fault_vfs.hpp"
#include "own_server.hpp"
#include "tcp_proxy.hpp"

namespace quire::migrate::test::faults {

TEST_F(Faults, AFullDiskStopsTheRunAndLosesNothing) {
  if (quire::test::on_server()) GTEST_SKIP() << "fills a disk below the embedded store";
  const int every = ten::soak() ? ten::soak_every() : 53;
  int failures = 0, told = 0;
  for (int at = 2;; at += every) {
    SCOPED_TRACE(at);
    robustness::FaultVfs vfs;
    vfs.record(false);
    bool failed = false;
    {
      auto db = prepared();
      vfs.fail_at(at, robustness::FaultVfs::Fault::full);
      try {
        const auto report = run(db);
        if (!report.ok()) {
          ++told;
          expect_told(report);
          EXPECT_NE(report.json().find("disk_full"), std::string::npos) << report.json();
        }
      } catch (const StoreError& error) {
        EXPECT_EQ(error.code(), ErrorCode::disk_full) << error.what();
      }
      failed = vfs.has_failed();
      vfs.heal();
      if (failed) expect_done(db, 1);
    }
    if (!failed || HasFailure()) break;
    ++failures;
  }
  EXPECT_GE(failures, 5);
  EXPECT_GE(told, 1);
  if (ten::soak()) std::printf("%d failures of the disk\n", failures);
}

TEST_F(Faults, ALostConnectionAtACallLosesNothing) {
  if (!quire::test::on_server()) GTEST_SKIP() << "breaks connections to a server";
  quire::test::TcpProxy proxy(quire::test::port_of(ten::bed()));
  const int every = ten::soak() ? ten::soak_every() : 120;
  const int most = ten::soak() ? 100000 : 1;
  int rounds = 0;
  for (int at = 67; rounds < most; at += every) {
    SCOPED_TRACE(at);
    const std::string uri = databases.make();
    auto direct = databases.open(uri);
    ten::prepare(direct);
    std::atomic<int> calls{0};
    std::atomic<bool> cut{false};
    const auto store = store::open(proxy.uri(direct.name()));
    const Database db{std::make_shared<testing::HookedStore>(store,
                                                             [&](const testing::StoreCall& call) {
                                                               if (call.returned || ++calls != at)
                                                                 return;
                                                               cut = true;
                                                               proxy.cut_all();
                                                             }),
                      direct.name()};
    const auto report = run(db);
    if (!report.ok()) expect_told(report);
    if (!cut) break;
    expect_done(direct, 1);
    if (HasFailure()) break;
    databases.remove(uri);
    ++rounds;
  }
  EXPECT_GE(rounds, 1);
  if (ten::soak()) std::printf("%d connections lost before a call\n", rounds);
}

TEST_F(Faults, AnAnswerThatIsLostLosesNothing) {
  if (!quire::test::on_server()) GTEST_SKIP() << "breaks connections to a server";
  using Cut = quire::test::TcpProxy::Cut;
  quire::test::TcpProxy proxy(quire::test::port_of(ten::bed()));
  std::vector<std::string> commands{"update"};
  if (ten::soak()) {
    commands = {
        "insert",       "update", "delete", "findAndModify", "find", "count", "commitTransaction",
        "createIndexes"};
  }
  for (const std::string& command : commands) {
    for (int skip = 0; skip < (ten::soak() ? 40 : 1); skip += 3) {
      SCOPED_TRACE(command + " " + std::to_string(skip));
      const std::string uri = databases.make();
      auto direct = databases.open(uri);
      ten::prepare(direct);
      const auto store = store::open(proxy.uri(direct.name()));
      std::atomic<int> calls{0};
      const Database db{
          std::make_shared<testing::HookedStore>(store,
                                                 [&](const testing::StoreCall& call) {
                                                   if (!call.returned && ++calls == 60 + 5 * skip)
                                                     proxy.cut(Cut::after, command, 1);
                                                 }),
          direct.name()};
      const auto report = run(db);
      if (!report.ok()) expect_told(report);
      proxy.cut(Cut::after, command, 0);
      expect_done(direct, 1);
      if (HasFailure()) return;
      databases.remove(uri);
    }
  }
}

TEST_F(Faults, ADocumentThatFailsIsNamedAndTheRestGoesOnFromThere) {
  auto db = prepared();
  const auto break_it = bson::from_json(R"({"$set":{"grams":"much"}})");
  const auto key = bson::make_document("_id", std::int64_t{5});
  (void)db.store().update(db.ns("items"), key, {break_it.view()}, {});
  const auto report = run(db);
  EXPECT_EQ(report.exit_code(), 31);
  EXPECT_EQ(report.result, MigrationResult::partial);
  ASSERT_TRUE(report.error.has_value());
  EXPECT_NE(report.error->detail().find("collection items, _id 5"), std::string::npos);
  EXPECT_EQ(report.next.size(), 1U);
  // Those of the batches before are in the new shape, its own batch is untouched.
  EXPECT_EQ(count(db, "items", R"({"kilos":{"$exists":true},"touched":1})"), 3);
  EXPECT_EQ(count(db, "items", R"({"grams":{"$exists":true},"touched":0})"), 5);
  const auto mend = bson::make_document("$set", bson::make_document("grams", std::int64_t{5000}));
  (void)db.store().update(db.ns("items"), key, {mend.view()}, {});
  expect_done(db, 1);
}

TEST_F(Faults, ADuplicateInACopiedBatchStopsItAndKeepsWhatWasThere) {
  auto db = prepared();
  put(db, "copies", R"({"_id":{"$numberLong":"6"},"of":"somebody else"})");
  const auto report = run(db);
  EXPECT_EQ(report.exit_code(), 31) << report.json();
  ASSERT_TRUE(report.error.has_value());
  EXPECT_NE(report.error->detail().find("collection copies, _id 6"), std::string::npos)
      << report.error->detail();
  EXPECT_FALSE(report.next.empty());
  EXPECT_EQ(count(db, "copies", R"({"of":"somebody else"})"), 1);
  // One batch of three and the other's; without transactions also the rest of its batch.
  EXPECT_EQ(count(db, "copies"), db.capabilities().transactions ? 4 : 6);
  EXPECT_EQ(count(db, "counters"), ten::counters);
  (void)db.store().remove(db.ns("copies"), bson::make_document("_id", std::int64_t{6}), {});
  expect_done(db, 1);
}

TEST_F(Faults, AHistoryThatWasEditedIsNotGuessedAt) {
  auto db = prepared();
  auto some = ten::all();
  some.items.resize(4);
  ASSERT_TRUE(run(db, some).ok());
  const auto edit = [&](std::string_view json) {
    const auto update = bson::from_json(json);
    (void)db.store().update(db.ns("_quire_history"), bson::make_document("_id", "c_each"),
                            {update.view()}, {});
  };
  const testing::DatabaseImage before(db);
  edit(R"({"$set":{"state":"aplied"}})");
  try {
    (void)run(db);
    ADD_FAILURE() << "a state that does not exist was taken";
  } catch (const MigrationError& error) {
    EXPECT_EQ(error.code(), ErrorCode::history_corrupt);
    EXPECT_EQ(error.path().str(), "c_each");
    EXPECT_NE(error.detail().find("aplied"), std::string::npos);
    EXPECT_NE(error.detail().find("correct it by hand"), std::string::npos);  // what to do
  }
  EXPECT_TRUE(before == testing::DatabaseImage(db));
  // A checksum by another's hand is drift, and numbers that are none do no harm.
  edit(R"({"$set":{"state":"applied","checksum":"q1:sha256:00"}})");
  const auto drifted = run(db);
  EXPECT_EQ(drifted.exit_code(), 11);
  EXPECT_FALSE(drifted.next.empty());
  EXPECT_TRUE(before == testing::DatabaseImage(db));
  edit(R"({"$unset":{"checksum":1},"$set":{"fence":"many","ms":null,"touches":1}})");
  expect_done(db, 1);
}

TEST_F(Faults, AnUnknownMigrationThatIsHalfDoneIsLeftToItsProgram) {
  auto db = prepared();
  put(db, "_quire_history", R"({"_id":"zz_of_another","state":"partial","direction":"up"})");
  const testing::DatabaseImage before(db);
  const auto report = run(db);
  EXPECT_EQ(report.exit_code(), 31);
  EXPECT_EQ(report.error->code(), ErrorCode::unknown_migration);
  EXPECT_EQ(report.next, std::vector<std::string>{"run the program that began it"});
  EXPECT_TRUE(before == testing::DatabaseImage(db));
  // One that is applied is no matter.
  const auto applied = bson::from_json(R"({"$set":{"state":"applied"}})");
  (void)db.store().update(db.ns("_quire_history"), {}, {applied.view()}, {});
  EXPECT_TRUE(run(db).ok());
}

TEST_F(Faults, ADatabaseThatIsNewerThanTheProgramIsLeftAlone) {
  auto db = prepared();
  put(db, "_quire_history", R"({"_id":"zz_newer","state":"applied","min_app":7})");
  const testing::DatabaseImage before(db);
  const auto report = run(db);
  EXPECT_EQ(report.exit_code(), 13);
  EXPECT_EQ(report.next, std::vector<std::string>{"start a newer program"});
  EXPECT_TRUE(before == testing::DatabaseImage(db));
  EXPECT_EQ(count(db, "_quire_lock"), 0);
}

}  // namespace quire::migrate::test::faults
