// What an import does not do twice: commits and readings are counted, not timed.
#include <atomic>

#include "counting_store.hpp"
#include "fixture.hpp"

namespace quire::importer::test {
namespace {

ImportOptions in_hundreds() {
  ImportOptions options;
  options.workers = 1;
  options.batch_documents = 100;
  options.batch_time = std::chrono::seconds(20);
  options.partition_rows = 1000;
  options.reject_limits = {.most = 1000, .percent = 100};
  return options;
}

/// Transactions that were committed while users came under a unique index on `name`.
int commits(Database& db, Legacy& legacy, const std::string& into, std::int64_t refused) {
  const auto unique = bson::from_json(R"({"key":{"name":1},"name":"name_1","unique":true})");
  const bson::View view = unique;
  db.store().create_indexes(db.ns(into), {&view, 1}, {});
  std::atomic<int> committed{0};
  Database counted(
      std::make_shared<quire::test::CountingStore>(db.shared_store(),
                                                   [&](const char* what) {
                                                     if (std::string_view(what) == "committed")
                                                       ++committed;
                                                   }),
      db.name());
  auto table = users_mapping();
  table.into = into;
  auto options = in_hundreds();
  options.name = into;
  const auto source = legacy.open();
  const auto report = Importer(*source, counted, one(table), options).run();
  EXPECT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.parts.at(0).data.counts.rejected, refused) << report.json();
  EXPECT_EQ(count(db, into), 400 - refused);
  EXPECT_EQ(count(db, "_quire_rejects"), refused);
  return committed;
}

TEST(ImportEffort, ABatchWithRefusedRowsIsOneCommit) {
  if (quire::test::on_server()) GTEST_SKIP() << "a server's transaction is over at its first error";
  Legacy clean, odd("odd");
  clean.put_users(400);
  odd.put_users(400);
  odd.run("UPDATE users SET name = 'name ' || (id - 1) WHERE id % 10 = 0");
  Database db = empty_database();
  const int without = commits(db, clean, "clean", 0);
  const int with = commits(db, odd, "odd", 40);
  EXPECT_EQ(with, without);
}

TEST(ImportEffort, WhatIsCountedIsNotReadAgain) {
  Legacy legacy;
  legacy.put_users(60);
  Database db = empty_database();
  std::atomic<int> mapped{0};
  auto table = users_mapping();
  FieldRule odd;
  odd.to = "odd";
  odd.compute = [&](const RowView& row) {
    ++mapped;
    if (row.text("id") == "5" || row.text("id") == "20" || row.text("id") == "41")
      throw std::runtime_error("no");
    return bson::Value(true);
  };
  table.fields.push_back(odd);
  auto options = small();
  options.reject_limits = {.most = 10, .percent = 100};
  const auto source = legacy.open();
  const auto report = Importer(*source, db, one(table), options).run();
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.parts.at(0).data.counts.rejected, 3);
  EXPECT_EQ(report.parts.at(0).data.verification->source, 57);
  EXPECT_EQ(mapped, 60);
  // A row that was put aside and one whose document is gone are told apart.
  db.store().remove(db.ns("people"), bson::from_json(R"({"_id": 6})"), {});
  const auto proof =
      Importer(*source, db, one(table), options).verify(migrate::VerifyLevel::counts);
  EXPECT_EQ(proof.result, migrate::DataResult::mismatch) << proof.json();
  EXPECT_EQ(proof.parts.at(0).data.verification->missing, 1);
  EXPECT_EQ(mapped, 60);
}

}  // namespace
}  // namespace quire::importer::test
