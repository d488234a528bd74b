// A server that refuses: the user has no right to write, or the server takes no writes.
#include "faults.hpp"
#include "own_server.hpp"
#include "quire/migrate/data_migrator.hpp"

namespace quire::migrate::test::faults {

/// All commands by which migrations write.
constexpr std::string_view writes =
    R"(["insert", "update", "delete", "findAndModify", "create", "createIndexes", "drop"])";

/// A server of the test's own that refuses the writes of clients which call themselves "refused".
class Refusing {
 public:
  explicit Refusing(const std::string& program)
      : server_(program, ten::on_replica_set() ? std::vector<std::string>{}
                                               : std::vector<std::string>{"--standalone"}),
        control_(quire::open(server_.uri("admin"))) {}
  [[nodiscard]] Database open(const std::string& name) { return quire::open(server_.uri(name)); }
  [[nodiscard]] Database refused(const std::string& name) {
    return quire::open(server_.uri(name, "appName=refused&heartbeatFrequencyMS=500"));
  }
  /// From now on, by an error of that number: all of them, or the next `times`.
  void refuse(int number, int times = 0) {
    arm(times == 0 ? R"("alwaysOn")" : "{\"times\": " + std::to_string(times) + "}",
        R"({"failCommands": )" + std::string(writes) + R"(, "appName": "refused", "errorCode": )" +
            std::to_string(number) + "}");
  }
  void allow() { arm(R"("off")", "{}"); }

 private:
  void arm(const std::string& mode, const std::string& data) {
    (void)control_.store().run_command(
        "admin",
        bson::from_json(R"({"configureFailPoint": "failCommand", "mode": )" + mode +
                        R"(, "data": )" + data + "}"),
        nullptr);
  }
  quire::test::OwnServer server_;
  Database control_;
};

constexpr int unauthorized = 13, not_writable_primary = 10107;  // MongoDB's numbers

std::string next_of(const MigrationReport& report) {
  return report.next.empty() ? "" : report.next.front();
}

void expect_refused(const MigrationReport& report, ErrorCode code, std::string_view remedy) {
  EXPECT_EQ(report.exit_code(), 30) << report.json();
  EXPECT_EQ(report.result, MigrationResult::failed);
  ASSERT_TRUE(report.error.has_value());
  EXPECT_EQ(report.error->code(), code) << report.json();
  EXPECT_NE(next_of(report).find(remedy), std::string::npos) << report.json();
  EXPECT_TRUE(report.migrations.empty()) << report.json();
}

TEST_F(Faults, AServerThatTakesNoWritesIsNamedAndNotWaitedFor) {
  const std::string program = ten::server_program();
  if (program.empty()) GTEST_SKIP() << "starts a server of its own";
  Refusing server(program);
  auto direct = server.open("data");
  ten::prepare(direct);
  const testing::DatabaseImage before(direct);
  const auto start = std::chrono::steady_clock::now();
  for (const auto& [number, code, remedy] :
       {std::tuple{not_writable_primary, ErrorCode::not_primary, "takes writes"},
        std::tuple{unauthorized, ErrorCode::unauthorized, "readWrite"}}) {
    SCOPED_TRACE(number);
    server.refuse(number);
    const auto db = server.refused("data");
    expect_refused(run(db), code, remedy);
    server.allow();
    EXPECT_TRUE(before == testing::DatabaseImage(direct));
  }
  expect_done(direct, 1);
  // With a lock that is there and free, and on the way back.
  const testing::DatabaseImage done(direct);
  server.refuse(not_writable_primary);
  const auto db = server.refused("data");
  const auto back = MigrationRunner(db, ten::all()).rollback(10);
  expect_refused(back, ErrorCode::not_primary, "takes writes");
  server.allow();
  EXPECT_TRUE(done == testing::DatabaseImage(direct));
  // Waiting for a lock that nobody has would have taken five minutes each.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::minutes(4));
}

/// What a server answers to a transaction of which it cannot keep as much: the first two attempts
/// at writing documents of `collection`.
Database refusing_twice(Refusing& server, const std::string& name, std::string collection,
                        int number, std::atomic<int>& writes_of_it) {
  const auto store = server.refused(name).shared_store();
  const auto hook = [&server, &writes_of_it, collection = std::move(collection),
                     number](const testing::StoreCall& call) {
    if (call.returned || !call.in_transaction || call.ns.collection != collection) return;
    if (call.operation != "bulk_write" && call.operation != "update") return;
    if (++writes_of_it <= 2) server.refuse(number, 1);
  };
  return {std::make_shared<testing::HookedStore>(store, hook), store->default_database()};
}

TEST_F(Faults, ATransactionThatIsTooLargeForAServerIsTriedWithFewerDocuments) {
  const std::string program = ten::server_program();
  if (program.empty() || !ten::on_replica_set())
    GTEST_SKIP() << "a server of its own that has transactions answers so";
  Refusing server(program);
  for (const int number : {257, 388}) {  // MongoDB's numbers: TransactionTooLarge, … ForCache
    SCOPED_TRACE(number);
    const std::string name = "large_" + std::to_string(number);
    auto direct = server.open(name);
    put_counters(direct, 12);
    std::atomic<int> tries{0};
    auto db = refusing_twice(server, name, "counters", number, tries);
    Migrations one;
    one.add({.id = "m", .up = each<Counter>("counters", [](Counter& c) { c.n += c.id + 1; })});
    // No beat of the lock comes between the fault and the write that it is for.
    const auto report =
        MigrationRunner{db, one}.batch_size(12).lease(std::chrono::minutes(2)).run();
    EXPECT_TRUE(report.ok()) << report.json();
    EXPECT_GE(tries, 3);
    EXPECT_EQ(count(direct, "counters", R"({"$expr":{"$eq":["$n",{"$add":["$_id",1]}]}})"), 12);
    tries = 0;
    db = refusing_twice(server, name, "copies", number, tries);
    const auto copied = DataMigrator(db, "counters").to(db, "copies").workers(1).run();
    EXPECT_TRUE(copied.ok()) << copied.json();
    EXPECT_EQ(copied.counts.rejected, 0);
    EXPECT_EQ(count(direct, "copies"), 12);
    EXPECT_GE(tries, 3);
    server.allow();
  }
}

TEST_F(Faults, WritesThatAreRefusedFromACallOnLoseNothing) {
  const std::string program = ten::server_program();
  if (program.empty()) GTEST_SKIP() << "starts a server of its own";
  Refusing server(program);
  const int every = ten::soak() ? ten::soak_every() : 97;
  const int most = ten::soak() ? 100000 : 1;
  int rounds = 0, told = 0;
  for (const int number : {unauthorized, not_writable_primary}) {
    // In a transaction the loop of transactions waits two minutes for a new primary: there the
    // refusals end before.
    const int times = number == not_writable_primary && ten::on_replica_set() ? 3 : 0;
    int done = 0;
    for (int at = 37; done < most; at += every) {
      SCOPED_TRACE(std::to_string(number) + " from call " + std::to_string(at));
      const std::string name = "at_" + std::to_string(number) + "_" + std::to_string(at);
      auto direct = server.open(name);
      ten::prepare(direct);
      std::atomic<int> calls{0};
      std::atomic<bool> refused{false};
      const auto store = server.refused(name).shared_store();
      const Database db{std::make_shared<testing::HookedStore>(store,
                                                               [&](const testing::StoreCall& call) {
                                                                 if (call.returned || ++calls != at)
                                                                   return;
                                                                 refused = true;
                                                                 server.refuse(number, times);
                                                               }),
                        name};
      const auto report = run(db);
      if (!report.ok()) {
        ++told;
        expect_told(report);
      }
      server.allow();
      if (!refused) break;
      expect_done(direct, 1);
      if (HasFailure()) return;
      (void)direct.store().drop_database(name);
      ++done;
      ++rounds;
    }
  }
  EXPECT_GE(rounds, 2);
  EXPECT_GE(told, 1);
  if (ten::soak()) std::printf("%d refusals from a call on, %d told\n", rounds, told);
}

/// The servers of the tests know rights on databases alone: here the store refuses what a server
/// with rights on collections would.
TEST_F(Faults, WhoMayNotWriteTheHistoryBeginsNothing) {
  auto plain = prepared();
  const testing::DatabaseImage before(plain);
  const Database db{std::make_shared<testing::HookedStore>(
                        plain.shared_store(),
                        [](const testing::StoreCall& call) {
                          if (call.ns.collection != "_quire_history" || call.returned) return;
                          if (call.operation == "update" || call.operation == "find_and_modify" ||
                              call.operation == "insert")
                            throw StoreError(ErrorCode::unauthorized, "not allowed");
                        }),
                    plain.name()};
  expect_refused(run(db), ErrorCode::unauthorized, "readWrite");
  EXPECT_TRUE(before == testing::DatabaseImage(plain));
  EXPECT_EQ(count(plain, "_quire_lock", R"({"holder":null})"), 1);  // released
  EXPECT_EQ(count(plain, "_quire_history"), 0);
  expect_done(plain, 1);
}

/// Users with few rights, on the server that asks for users.
class Rights : public Faults {
 protected:
  void SetUp() override {
    if (!ten::on_replica_set() || ten::other_server("auth").empty())
      GTEST_SKIP() << "needs a server that asks for users";
    Faults::SetUp();
    beds.emplace(ten::other_server("auth") + "?authSource=admin");
    uri = beds->make();
    root.emplace(beds->open(uri));
    ten::prepare(*root);
  }
  void command(const std::string& json) const {
    (void)root->store().run_command(root->name(), bson::from_json(json), nullptr);
  }
  /// A user of the database with these roles.
  [[nodiscard]] Database as(const std::string& user, const std::string& roles) const {
    command(R"({"createUser": ")" + user + R"(", "pwd": "secret", "roles": )" + roles + "}");
    return quire::open("mongodb://" + user + ":secret@" + ten::other_server("auth_host") + "/" +
                       root->name() + "?authSource=" + root->name());
  }
  std::optional<testing::ScratchDatabases> beds;
  std::string uri;
  std::optional<Database> root;
};

TEST_F(Rights, WhoMayOnlyReadIsRefusedAtTheLock) {
  const testing::DatabaseImage before(*root);
  const auto reader = as("reader", R"(["read"])");
  expect_refused(run(reader), ErrorCode::unauthorized, "readWrite");
  EXPECT_TRUE(before == testing::DatabaseImage(*root));
  EXPECT_EQ(count(*root, "_quire_lock"), 0);
  auto writer = as("writer", R"(["readWrite"])");
  expect_done(writer, 1);
  // What is there it may read, and has nothing to do.
  EXPECT_EQ(run(reader).result, MigrationResult::nothing);
  const testing::DatabaseImage done(*root);
  const auto back = MigrationRunner(reader, ten::all()).rollback(10);
  expect_refused(back, ErrorCode::unauthorized, "readWrite");
  EXPECT_TRUE(done == testing::DatabaseImage(*root));
}

}  // namespace quire::migrate::test::faults
