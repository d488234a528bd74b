// Files as a source of truth: looked through, copied with sums, brought back.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "files_fixture.hpp"
#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"
#include "quire/importer/files.hpp"

using namespace quire;
using namespace quire::importer;
using test::Files;
namespace fs = std::filesystem;

namespace {

void write_chat(const Files& files) {
  files.write("chat/users/1.json", R"({"name": "Ada"})");
  files.write("chat/users/2.json", R"({"name": "Bob")");
  files.write("chat/users/3.json", R"({"nick": "Cid"})");
  files.write("chat/talks/a b.json", "{\"messages\": [\n  {\"text\": \"hi\",}\n]}");
  files.write("chat/talks/b.json", R"({"messages": []})");
  files.write("chat/picture.png", std::string("\x89PNG\0\x01", 6));
  fs::create_directories(files.path() / "chat" / "empty");
  fs::permissions(files.path() / "chat" / "picture.png", fs::perms::owner_read);
}

ErrorCode code_of(auto&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::internal;
}

}  // namespace

TEST(InspectFiles, TellsWhatIsWrongAndWhere) {
  const Files files;
  write_chat(files);
  const auto source = open_source("json:" + files.at("chat"));
  const FilesInspection found = inspect_files(*source);
  EXPECT_EQ(found.files, 5);
  EXPECT_EQ(found.valid, 3);
  EXPECT_EQ(found.invalid, 2);
  EXPECT_EQ(found.records, 5);
  EXPECT_EQ(found.bad_records, 2);
  EXPECT_FALSE(found.ok());
  EXPECT_GT(found.bytes, 80);
  EXPECT_GT(found.estimated_seconds, 0);
  ASSERT_EQ(found.problems.size(), 2U);
  const FileProblem& first = found.problems[0];
  EXPECT_EQ(first.table, "talks");
  EXPECT_EQ(first.file, "talks/a b.json");
  EXPECT_EQ(first.line, 2);
  EXPECT_EQ(first.column, 17U);
  EXPECT_EQ(first.offset, 31U);
  EXPECT_EQ(first.reason, "a field name in quotes is expected");
  EXPECT_EQ(found.problems[1].file, "users/2.json");
  const auto json = bson::from_json(found.json());
  EXPECT_EQ(json["result"].as_string(), "invalid");
  EXPECT_EQ(json["problems"].as_array().count(), 2U);
}

TEST(InspectFiles, AsksTheModel) {
  const Files files;
  write_chat(files);
  const auto source = open_source("json:" + files.at("chat"));
  InspectOptions options;
  options.check = [](std::string_view table, bson::View document) {
    if (table == "users") (void)document["name"];
  };
  options.most_problems = 2;
  options.documents_per_second = 0.5;
  const FilesInspection found = inspect_files(*source, options);
  EXPECT_EQ(found.bad_records, 3);
  EXPECT_EQ(found.problems.size(), 2U);
  EXPECT_GE(found.estimated_seconds, 4);
  std::stop_source stop;
  stop.request_stop();
  options.stop = stop.get_token();
  EXPECT_TRUE(inspect_files(*source, options).stopped);
}

TEST(InspectFiles, CountsLinesOfEachFormat) {
  const Files files;
  files.write("a.csv", "a,b\n1,2\n3\n");
  const auto csv = inspect_files(*open_source("csv:" + files.at("a.csv")));
  EXPECT_EQ(csv.records, 2);
  EXPECT_EQ(csv.problems.at(0).line, 3);
  files.write("a.ndjson", "{}\n{\n{}\n");
  const auto lines = inspect_files(*open_source("ndjson:" + files.at("a.ndjson")));
  EXPECT_EQ(lines.problems.at(0).record, 2);
  EXPECT_EQ(lines.problems.at(0).line, 2);
}

TEST(FolderBackup, BringsBackWhatItCopied) {
  const Files files;
  write_chat(files);
  const FolderCopy copy = backup_folder(files.at("chat"), files.at("saved/"));
  EXPECT_EQ(copy.files, 6);
  EXPECT_GT(copy.bytes, 80);
  EXPECT_TRUE(verify_folder_backup(files.at("saved")).ok());
  EXPECT_TRUE(verify_folder_backup(files.at("saved"), files.at("chat")).ok());
  const FolderCopy back = restore_folder(files.at("saved"), files.at("back"));
  EXPECT_EQ(back.files, 6);
  EXPECT_EQ(files.read("back/users/2.json"), files.read("chat/users/2.json"));
  EXPECT_EQ(files.read("back/picture.png"), files.read("chat/picture.png"));
  EXPECT_TRUE(fs::is_directory(files.path() / "back" / "empty"));
  EXPECT_EQ(fs::last_write_time(files.path() / "back" / "users" / "1.json"),
            fs::last_write_time(files.path() / "chat" / "users" / "1.json"));
  EXPECT_EQ(fs::status(files.path() / "back" / "picture.png").permissions(), fs::perms::owner_read);
  EXPECT_FALSE(fs::exists(files.path() / "saved.part"));
}

TEST(FolderBackup, FindsEachChange) {
  const Files files;
  write_chat(files);
  (void)backup_folder(files.at("chat"), files.at("saved"));
  files.write("chat/users/1.json", R"({"name": "Eve"})");
  files.write("chat/users/9.json", "{}");
  fs::remove(files.path() / "chat" / "users" / "3.json");
  EXPECT_EQ(verify_folder_backup(files.at("saved"), files.at("chat")).problems.size(), 3U);
  EXPECT_TRUE(verify_folder_backup(files.at("saved")).ok());
  files.write("saved/files/users/1.json", R"({"name": "Eve"})");
  const FolderVerification found = verify_folder_backup(files.at("saved"));
  ASSERT_EQ(found.problems.size(), 1U);
  EXPECT_EQ(found.problems[0], "users/1.json: other bytes than when it was copied");
  EXPECT_EQ(code_of([&] { (void)restore_folder(files.at("saved"), files.at("back")); }),
            ErrorCode::corrupt);
  EXPECT_FALSE(fs::exists(files.path() / "back"));
}

TEST(FolderBackup, RefusesAManifestThatIsNotWhole) {
  const Files files;
  write_chat(files);
  (void)backup_folder(files.at("chat"), files.at("saved"));
  const std::string whole = files.read("saved/quire-files.ndjson");
  const std::string name = "saved/quire-files.ndjson";
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    files.write(name, whole.substr(0, size));
    ASSERT_EQ(code_of([&] { (void)verify_folder_backup(files.at("saved")); }), ErrorCode::corrupt)
        << size;
  }
  for (std::size_t at = 0; at < whole.size(); at += 11) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    files.write(name, changed);
    ASSERT_EQ(code_of([&] { (void)verify_folder_backup(files.at("saved")); }), ErrorCode::corrupt)
        << at;
  }
}

TEST(FolderBackup, KeepsNamesThatAreNotUtf8) {
  const Files files;
  files.write("in/a\xFF.json", "{}");
  (void)backup_folder(files.at("in"), files.at("saved"));
  (void)restore_folder(files.at("saved"), files.at("back"));
  EXPECT_EQ(files.read("back/a\xFF.json"), "{}");
}

TEST(FolderBackup, RefusesPlacesThatAreTaken) {
  const Files files;
  write_chat(files);
  EXPECT_EQ(code_of([&] { (void)backup_folder(files.at("none"), files.at("saved")); }),
            ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { (void)backup_folder(files.at("chat"), files.at("chat/saved")); }),
            ErrorCode::invalid_argument);
  (void)backup_folder(files.at("chat"), files.at("saved"));
  EXPECT_EQ(code_of([&] { (void)backup_folder(files.at("chat"), files.at("saved")); }),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { (void)restore_folder(files.at("saved"), files.at("chat")); }),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { (void)restore_folder(files.at("chat"), files.at("new")); }),
            ErrorCode::not_found);
}

namespace {

// [truth]
/// Copies the folder, proves the copy, and tells what an import would put aside.
FilesInspection prepare(const std::string& folder, const std::string& copy) {
  (void)backup_folder(folder, copy);
  const FolderVerification verified = verify_folder_backup(copy, folder);
  for (const std::string& problem : verified.problems) std::printf("%s\n", problem.c_str());
  const auto source = open_source("json:" + folder);
  const FilesInspection found = inspect_files(*source);
  std::printf("files %lld, valid %lld, invalid %lld, about %.0f s\n",
              static_cast<long long>(found.files), static_cast<long long>(found.valid),
              static_cast<long long>(found.invalid), found.estimated_seconds);
  for (const FileProblem& problem : found.problems)
    std::printf("%s:%lld:%llu: %s\n", problem.file.c_str(), static_cast<long long>(problem.line),
                static_cast<unsigned long long>(problem.column), problem.reason.c_str());
  return found;
}
// [/truth]

}  // namespace

TEST(FolderBackup, ComesBeforeAnImport) {
  const Files files;
  write_chat(files);
  testing::internal::CaptureStdout();
  const FilesInspection found = prepare(files.at("chat"), files.at("saved"));
  EXPECT_EQ(testing::internal::GetCapturedStdout(),
            "files 5, valid 3, invalid 2, about 0 s\n"
            "talks/a b.json:2:17: a field name in quotes is expected\n"
            "users/2.json:1:15: the text ends where a comma or } is expected\n");
  EXPECT_FALSE(found.ok());
  fs::rename(files.path() / "chat", files.path() / "chat.imported");
  (void)restore_folder(files.at("saved"), files.at("chat"));
  EXPECT_TRUE(verify_folder_backup(files.at("saved"), files.at("chat")).ok());
}
