#include <sqlite3.h>

#include "file_fixture.hpp"

namespace quire::store::embedded {
namespace {

class BadFile : public FileTest {
 protected:
  void write_bytes(const std::string& bytes) { std::ofstream(path_, std::ios::binary) << bytes; }
  void sql(const char* text) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, text, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
  ErrorCode open_code(const std::string& options = "") {
    return code_of([&] { (void)open(path_ + options); });
  }
};

TEST_F(BadFile, GarbageIsNoDatabaseAndStaysAsItIs) {
  const std::string garbage(5000, 'x');
  write_bytes(garbage);
  EXPECT_EQ(open_code(), ErrorCode::not_a_database);
  std::ifstream in(path_, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), garbage);
}

TEST_F(BadFile, GarbageIsRefusedByTheNameOfTheFile) {
  write_bytes("text");
  try {
    (void)open(path_);
    FAIL() << "opened";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_a_database);
    EXPECT_NE(error.detail().find(path_), std::string_view::npos) << error.what();
  }
}

TEST_F(BadFile, AnotherSqliteDatabaseIsNotOurs) {
  sql("CREATE TABLE t(a)");
  EXPECT_EQ(open_code(), ErrorCode::not_a_database);
}

TEST_F(BadFile, ANewerFormatIsRefused) {
  open(path_)->close();
  sql("PRAGMA user_version=99");
  EXPECT_EQ(open_code(), ErrorCode::newer_format);
}

TEST_F(BadFile, ATruncatedFileIsATypedError) {
  {
    auto store = open(path_ + "?durability=normal");
    for (int i = 0; i < 2000; ++i) insert(*store, "{\"_id\":" + std::to_string(i) + "}");
    store->close();
  }
  const auto size = std::filesystem::file_size(path_);
  for (const auto part : {size / 2, size / 4, std::uintmax_t{100}, std::uintmax_t{10}}) {
    std::filesystem::resize_file(path_, part);
    try {
      auto store = open(path_ + "?durability=normal");
      const auto report = check(*store);
      EXPECT_FALSE(report.ok()) << part;
      (void)count(*store, R"({"a":1})");
    } catch (const StoreError& error) {
      EXPECT_TRUE(error.code() == ErrorCode::corrupt || error.code() == ErrorCode::not_a_database)
          << error.what();
    }
  }
}

TEST_F(BadFile, AFolderAndAnAbsentFolderAreErrors) {
  EXPECT_EQ(code_of([&] { (void)open(folder_.string()); }), ErrorCode::io_error);
  EXPECT_EQ(code_of([&] { (void)open((folder_ / "no" / "a.quire").string()); }),
            ErrorCode::io_error);
  EXPECT_EQ(open_code("?read_only=true"), ErrorCode::io_error);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(BadFile, ReadOnlyReadsAndRefusesToWrite) {
  {
    auto store = open(path_);
    insert(*store, R"({"_id":1})");
    store->close();
  }
  auto store = open(path_ + "?read_only=true");
  EXPECT_EQ(count(*store), 1);
  EXPECT_EQ(code_of([&] { insert(*store, R"({"_id":2})"); }), ErrorCode::read_only);
  EXPECT_EQ(code_of([&] { compact(*store); }), ErrorCode::read_only);
}

TEST_F(BadFile, ALockedFileIsBusyAfterTheTimeOut) {
  auto store = open(path_ + "?busy_timeout_ms=50");
  insert(*store, R"({"_id":1})");
  auto other = open(path_ + "?busy_timeout_ms=50");
  auto session = other->start_session();
  session->start_transaction();
  insert(*other, R"({"_id":2})", session.get());
  EXPECT_EQ(code_of([&] { insert(*store, R"({"_id":3})"); }), ErrorCode::busy);
  EXPECT_EQ(count(*store), 1);  // reading goes on
  session->commit_transaction();
  EXPECT_EQ(insert(*store, R"({"_id":3})").inserted, 1);
}

TEST_F(BadFile, BadUrisAreRefused) {
  for (const char* uri :
       {"", "quire:", "?durability=full", "a.quire?speed=9", "a.quire?durability=some",
        "a.quire?busy_timeout_ms=-1", "a.quire?busy_timeout_ms=soon", "a.quire?read_only=maybe",
        "a.quire?verify", ":memory:?read_only=true", "http://a"})
    EXPECT_EQ(code_of([&] { (void)open(uri); }), ErrorCode::invalid_uri) << uri;
}

TEST_F(BadFile, AFlippedBitIsFoundByCheckAndByVerifyingReads) {
  {
    auto store = open(path_);
    create_index(*store, R"({"key":{"a":1},"name":"a_1"})");
    insert(*store, R"({"_id":1,"a":"needle in a haystack"})");
    expect_clean(*store);
    store->close();
  }
  sql("UPDATE c1 SET body=CAST(replace(CAST(hex(body) AS TEXT),'','') AS BLOB) WHERE 0;"
      "UPDATE c1 SET sum=sum+1");
  auto store = open(path_);
  EXPECT_EQ(count(*store), 1);
  const auto report = check(*store);
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(report.problems.at(0).where, "main.c");
  auto strict = open(path_ + "?verify=checksum");
  const auto filter = json(R"({"_id":1})");
  EXPECT_EQ(code_of([&] { (void)strict->find_one({"main", "c"}, filter, {}, [](bson::View) {}); }),
            ErrorCode::corrupt);
  EXPECT_EQ(code_of([&] { (void)count(*strict, R"({"a":{"$gt":""}})"); }), ErrorCode::corrupt);
}

TEST_F(BadFile, LostAndInventedIndexEntriesAreFoundByCheck) {
  const auto damage = [&](const char* text) {
    std::filesystem::remove(path_);
    {
      auto store = open(path_);
      create_index(*store, R"({"key":{"a":1},"name":"a_1"})");
      insert(*store, R"({"_id":1,"a":"x"})");
      store->close();
    }
    sql(text);
    auto store = open(path_);
    const auto report = check(*store);
    EXPECT_FALSE(report.ok()) << text;
  };
  damage("DELETE FROM i1");
  damage("INSERT INTO i1 VALUES(x'01',7,7)");
  damage("UPDATE i1 SET sum=sum+1");
  damage("UPDATE c1 SET id=x'0102'");
  damage("CREATE TABLE c77(rid INTEGER PRIMARY KEY)");
}

}  // namespace
}  // namespace quire::store::embedded
