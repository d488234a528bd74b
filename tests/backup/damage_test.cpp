#include "fixture.hpp"

namespace quire::backup {
namespace {

using namespace test;

class Damage : public BackupTest {
 protected:
  Damage() {
    std::vector<bson::Document> users;
    for (std::int32_t i = 0; i < 50; ++i)
      users.push_back(bson::make_document("_id", i, "name", "user " + std::to_string(i)));
    insert(from.db, "users", users);
    insert(from.db, "zoo", R"({"_id": 1})");
    backup(from.db, folder, {}).or_throw();
    data = folder / from.db.name();
  }

  /// Neither a check nor a restore takes the folder, and nothing is written.
  void expect_refused(ErrorCode code, const std::string& says) {
    RestoreOptions check;
    check.verify_only = true;
    for (const auto& options : {check, RestoreOptions{}}) {
      const auto report = restore(to.db, folder, options);
      EXPECT_EQ(report.result, Result::failed);
      EXPECT_EQ(report.exit_code(), 30);
      ASSERT_TRUE(report.error.has_value());
      EXPECT_EQ(report.error->code(), code) << report.error->what();
      EXPECT_NE(report.error->detail().find(says), std::string::npos) << report.error->what();
      EXPECT_TRUE(names(to.db).empty());
    }
  }
  void without_manifest() { fs::remove(folder / "quire-manifest.json"); }
  void change(const fs::path& path, std::size_t at, char to_byte) {
    auto text = text_of(path);
    ASSERT_NE(text.at(at), to_byte);
    text[at] = to_byte;
    write_text(path, text);
  }

  TestDatabase from, to;
  const fs::path folder = root / "b";
  fs::path data;
};

TEST_F(Damage, NoneIsFoundInAWholeFolder) {
  RestoreOptions check;
  check.verify_only = true;
  const auto report = restore(to.db, folder, check);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_TRUE(report.verified_only);
  EXPECT_EQ(report.documents(), 51);
  EXPECT_TRUE(names(to.db).empty());
  EXPECT_TRUE(restore(to.db, folder.string() + "/", check).ok());
  EXPECT_TRUE(restore(to.db, data, check).manifest);  // the database's own folder
}

TEST_F(Damage, AFileThatIsCutOff) {
  fs::resize_file(data / "users.bson", fs::file_size(data / "users.bson") - 3);
  expect_refused(ErrorCode::corrupt, "users.bson");
  without_manifest();
  expect_refused(ErrorCode::corrupt, "users.bson");
}

TEST_F(Damage, AFileThatIsCutOffBetweenDocuments) {
  const auto first = all(from.db, "users").front();
  fs::resize_file(data / "users.bson", fs::file_size(data / "users.bson") - first.view().size());
  expect_refused(ErrorCode::corrupt, "users.bson");
}

TEST_F(Damage, ACharacterOfAText) {
  change(data / "users.bson", text_of(data / "users.bson").find("user 7"), 'U');
  expect_refused(ErrorCode::corrupt, "users.bson");
}

TEST_F(Damage, ADocumentThatIsNone) {
  without_manifest();
  change(data / "users.bson", 4, '\x60');  // no type has this number
  expect_refused(ErrorCode::corrupt, "offset 0");
}

TEST_F(Damage, ALengthThatIsNone) {
  without_manifest();
  change(data / "users.bson", 3, '\x7F');
  expect_refused(ErrorCode::corrupt, "length");
}

TEST_F(Damage, AByteBehindTheLastDocument) {
  write_text(data / "users.bson", text_of(data / "users.bson") + "x");
  expect_refused(ErrorCode::corrupt, "users.bson");
  without_manifest();
  expect_refused(ErrorCode::corrupt, "users.bson");
}

TEST_F(Damage, MetadataThatIsAltered) {
  auto text = text_of(data / "zoo.metadata.json");
  text.replace(text.find("\"zoo\""), 5, "\"zoO\"");
  write_text(data / "zoo.metadata.json", text);
  expect_refused(ErrorCode::corrupt, "zoo.metadata.json");
  write_text(data / "zoo.metadata.json", "{\"indexes\": [");
  without_manifest();
  expect_refused(ErrorCode::corrupt, "zoo.metadata.json");
}

TEST_F(Damage, AFileThatIsMissing) {
  fs::remove(data / "users.bson");
  expect_refused(ErrorCode::corrupt, "users.bson is missing");
}

TEST_F(Damage, AFileThatDoesNotBelongHere) {
  write_text(data / "more.bson", bytes_of({bson::make_document("_id", 1)}));
  expect_refused(ErrorCode::corrupt, "more.bson");
}

TEST_F(Damage, AManifestThatIsAltered) {
  const auto path = folder / "quire-manifest.json";
  auto text = text_of(path);
  text.replace(text.find("\"zoo\""), 5, "\"zoO\"");
  write_text(path, text);
  expect_refused(ErrorCode::corrupt, "quire-manifest.json");
  write_text(path, "no JSON");
  expect_refused(ErrorCode::corrupt, "quire-manifest.json");
}

TEST_F(Damage, AManifestOfALaterFormat) {
  const auto path = folder / "quire-manifest.json";
  auto text = text_of(path);
  text.replace(text.find("quire.backup/1"), 14, "quire.backup/2");
  write_text(path, text);
  expect_refused(ErrorCode::unsupported, "quire.backup/2");
}

TEST_F(Damage, AGzipStreamThatIsCutOffOrAltered) {
  if (!has_gzip()) GTEST_SKIP() << "built without zlib";
  fs::remove_all(folder);
  BackupOptions options;
  options.gzip = true;
  backup(from.db, folder, options).or_throw();
  const auto path = data / "users.bson.gz";
  const auto whole = text_of(path);
  for (const bool manifest : {true, false}) {
    if (!manifest) without_manifest();
    write_text(path, whole.substr(0, whole.size() - 5));
    expect_refused(ErrorCode::corrupt, "users.bson.gz");
    auto altered = whole;
    altered[whole.size() - 6] = static_cast<char>(altered[whole.size() - 6] ^ 1);  // of the CRC
    write_text(path, altered);
    expect_refused(ErrorCode::corrupt, "users.bson.gz");
    write_text(path, whole + "rest");
    expect_refused(ErrorCode::corrupt, "users.bson.gz");
  }
}

TEST_F(Damage, NoBackupAtAll) {
  fs::remove_all(folder);
  expect_refused(ErrorCode::not_found, "no folder");
  fs::create_directories(folder);
  expect_refused(ErrorCode::not_found, "no backup");
}

}  // namespace
}  // namespace quire::backup
