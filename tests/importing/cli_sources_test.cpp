// import_cli on folders of files and on database servers.
#include <fstream>

#include "cli_fixture.hpp"
#include "importer/hash_spill.hpp"
#include "migrate/documents.hpp"
#include "quire/importer/files.hpp"
#ifdef QUIRE_WITH_MYSQL
#include "mysql.hpp"
#endif
#ifdef QUIRE_WITH_POSTGRESQL
#include "postgresql.hpp"
#endif

namespace quire::importer::test {
namespace {

TEST(ImportCli, KeepsFoldersOfFiles) {
  const std::filesystem::path base = testing::TempDir() + "folder-" + std::to_string(::getpid());
  std::filesystem::remove_all(base);
  const std::string folder = base / "chats", copy = base / "copy", back = base / "back";
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/1.json") << R"({"id": 1, "title": "hello"})";
  std::ofstream(folder + "/2.json") << "{\"id\": 2,\n \"title\": ";
  App app([&] { return open_source("json:" + folder); });
  for (const Words& words : std::vector<Words>{{"inspect"}, {"inspect", folder}}) {
    const Ran ran = app.run(words);
    if (ran.complains("built without")) GTEST_SKIP() << "built without file sources";
    EXPECT_EQ(ran.code, 12) << ran;
    EXPECT_TRUE(ran.says("2.json:2:") && ran.says("2 files, 1 valid, 1 invalid")) << ran;
  }
  EXPECT_EQ(app.run({"backup", folder, copy, "--json"}).code, 0);
  EXPECT_EQ(app.run({"backup", folder, copy}).code, 2);  // it is there
  EXPECT_EQ(app.run({"verify-backup", copy, folder}).code, 0);
  std::ofstream(folder + "/1.json") << "{}";
  const Ran ran = app.run({"verify-backup", copy, folder, "--json"});
  EXPECT_EQ(ran.code, 41) << ran;
  EXPECT_EQ(length_of(report_of(ran)["problems"]), 1);
  EXPECT_EQ(app.run({"restore", copy, back}).code, 0);
  EXPECT_EQ(std::filesystem::file_size(back + "/1.json"), 27U);
  std::filesystem::remove_all(base);
}

TEST(ImportCli, TellsHowFarItIsWithAFolderAndWhatACheckHasAgainstIt) {
  QUIRE_ON_ONE_STORE();
  const std::filesystem::path base = testing::TempDir() + "many-" + std::to_string(::getpid());
  std::filesystem::remove_all(base);
  const std::string folder = base / "chats", copy = base / "copy";
  std::filesystem::create_directories(folder);
  for (int i = 1; i <= 1001; ++i)
    std::ofstream(folder + "/" + std::to_string(i) + ".json") << R"({"id": )" << i << "}";
  App app([&] { return open_source("json:" + folder); });
  app.options.inspect = [](std::string_view table, bson::View document) {
    EXPECT_EQ(table, "chats");
    if (migrate::get_int(document, "id") == 7)
      throw MappingError(ErrorCode::check_failed, FieldPath("id"), "seven is taken");
  };
  const auto times_told = [](const Ran& ran) {
    int times = 0;
    for (const std::string& line : lines_of(ran.out)) {
      const bson::Document event = bson::from_json(line);
      if (migrate::get_text(event, "event") != "progress") continue;
      EXPECT_EQ(migrate::get_int(event, "done"), 1000) << line;
      EXPECT_EQ(migrate::get_int(event, "total"), 1001) << line;
      ++times;
    }
    return times;
  };
  const Ran ran = app.run({"inspect", "--json"});
  if (ran.complains("built without")) GTEST_SKIP() << "built without file sources";
  EXPECT_EQ(ran.code, 12) << ran;
  EXPECT_EQ(times_told(ran), 1) << ran;
  const bson::Document report = report_of(ran);
  EXPECT_EQ(migrate::get_int(report, "bad_records"), 1) << ran;
  EXPECT_EQ(length_of(report["problems"]), 1);
  EXPECT_TRUE(ran.says("seven is taken") && ran.says("\"7.json\"")) << ran;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  for (const char* name : {"a", "b", "c"}) std::ofstream(folder + "/" + name) << name;
  std::string steps;
  const auto step = [&](std::int64_t files, std::int64_t of) {
    steps += std::to_string(files) + "/" + std::to_string(of) + " ";
  };
  (void)backup_folder(folder, copy, step);
  EXPECT_EQ(steps, "1/3 2/3 3/3 ");
  steps.clear();
  EXPECT_TRUE(verify_folder_backup(copy, folder, step).ok());
  EXPECT_EQ(steps, "1/3 2/3 3/3 1/3 2/3 3/3 ");  // the copy, and what it is of
  std::filesystem::remove_all(base);
}

/// The way of a table out of a database server and back.
void moves_and_goes_back(const std::string& uri) {
  TableMapping people = users_mapping();
  App app([&] { return open_source(uri); }, one(people));
  Ran ran = app.run({"audit", "--json"});
  EXPECT_EQ(ran.code, 0) << ran;
  std::int64_t orphans = -1;
  const auto report = report_of(ran);
  for (const auto& table : report["tables"].as_array()) {
    for (const auto& one : table.value.as_document()["relations"].as_array())
      orphans = migrate::get_int(one.value.as_document(), "orphans");
  }
  EXPECT_EQ(orphans, 0) << ran;
  EXPECT_EQ(app.run({"check-pk", "users"}).code, 0);
  ran = app.run({"check-duplicates", "users", "name", "age"});
  EXPECT_EQ(ran.code, 12) << ran;
  EXPECT_TRUE(ran.says("name: ada, age: 7")) << ran;
  EXPECT_EQ(app.run({"dry-run"}).code, 0);
  EXPECT_EQ(app.run({"import", "--all", "--yes"}).code, 0);
  EXPECT_EQ(count(app.db, "people"), 3);
  EXPECT_EQ(app.run({"verify", "--full"}).code, 0);
  ran = app.run({"rollback", "--yes"});
  EXPECT_EQ(ran.code, 0) << ran;
  EXPECT_EQ(count(app.db, "people"), 0);
  EXPECT_EQ((ran.out + ran.err).find("secret"), std::string::npos) << ran;
}

const std::vector<std::string> tables{
    "CREATE TABLE users(id BIGINT PRIMARY KEY, name VARCHAR(40) NOT NULL, age INT)",
    std::string("CREATE TABLE orders(id INT PRIMARY KEY, user_id BIGINT, FOREIGN KEY(user_id) ") +
        "REFERENCES users(id))",
    "INSERT INTO users VALUES (1, 'ada', 7), (2, 'ada', 7), (3, 'bob', NULL)",
    "INSERT INTO orders VALUES (1, 1), (2, 3), (3, NULL)"};

#ifdef QUIRE_WITH_POSTGRESQL
TEST(ImportCli, MovesAndGoesBackOnPostgresql) {
  QUIRE_NEEDS_POSTGRESQL(database);
  for (const std::string& sql : tables) database.run(sql);
  moves_and_goes_back(database.uri());
}
#endif
#ifdef QUIRE_WITH_MYSQL
TEST(ImportCli, MovesAndGoesBackOnMariadb) {
  QUIRE_NEEDS_DATABASE(server, "mysql");
  quire::test::MysqlDatabase database(server);
  for (const std::string& sql : tables) database.run(sql);
  moves_and_goes_back(database.uri());
}
#endif

TEST(HashSpill, CountsTheSameInFilesAsInMemory) {
  for (const std::size_t most : {std::size_t{3}, std::size_t{7}, std::size_t{1000}}) {
    HashSpill spill(most);
    for (std::uint64_t i = 0; i < 100; ++i) spill.add({i % 60, i % 60 / 7});
    std::int64_t groups = 0, rows = 0;
    spill.each_repeated([&](migrate::Hash128, std::int64_t n) {
      ++groups;
      rows += n;
    });
    EXPECT_EQ(groups, 40) << most;
    EXPECT_EQ(rows, 80) << most;
  }
}

}  // namespace
}  // namespace quire::importer::test
