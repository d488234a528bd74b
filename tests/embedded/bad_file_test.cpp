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

TEST_F(BadFile, ADamagedTableDefinitionIsCorrupt) {
  const auto damage = [&](const char* text) {
    std::filesystem::remove(path_);
    {
      auto store = open(path_);
      insert(*store, R"({"_id":1})");
      store->close();
    }
    sql(text);
    auto store = open(path_);
    EXPECT_EQ(code_of([&] { (void)count(*store, R"({"a":1})"); }), ErrorCode::corrupt) << text;
    EXPECT_EQ(code_of([&] { insert(*store, R"({"_id":2})"); }), ErrorCode::corrupt) << text;
  };
  damage("ALTER TABLE quire_collections RENAME COLUMN cid TO did");
  damage("ALTER TABLE c1 RENAME COLUMN body TO bodx; ALTER TABLE c1 RENAME COLUMN id TO ie");
  damage("ALTER TABLE c1 RENAME TO c8");
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
  damage("PRAGMA writable_schema=ON; UPDATE sqlite_schema SET type='taBle' WHERE name='i1'");
}

// A divider that is too high in the root of a tree sends a search to the left of where it belongs:
// from there the next row is one that was read already.
class BadTree : public BadFile {
 protected:
  static constexpr std::size_t page_bytes = 8192;

  /// Of the root of the table's tree: the divider that a search meets first.
  void raise_divider(const std::string& table) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    std::size_t root = 0;
    const auto keep = [](void* out, int, char** values, char**) {
      *static_cast<std::size_t*>(out) = std::stoul(values[0]);
      return 0;
    };
    const auto query = "SELECT rootpage FROM sqlite_schema WHERE name='" + table + "'";
    EXPECT_EQ(sqlite3_exec(db, query.c_str(), keep, &root, nullptr), SQLITE_OK);
    sqlite3_close(db);
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    std::string page(page_bytes, '\0');
    file.seekg(static_cast<std::streamoff>((root - 1) * page_bytes));
    file.read(page.data(), page_bytes);
    const auto number = [&](std::size_t at) {
      return static_cast<std::size_t>(static_cast<unsigned char>(page[at])) * 256 +
             static_cast<unsigned char>(page[at + 1]);
    };
    ASSERT_EQ(page[0], 5);  // an inner page
    const auto cells = number(3);
    ASSERT_GT(cells, 4U);
    const auto cell = number(12 + 2 * ((cells - 1) / 2));
    // Behind the number of the child: two bytes, the upper half first.
    page[cell + 4] = static_cast<char>(0xFF);
    page[cell + 5] = 0x7F;
    file.seekp(static_cast<std::streamoff>((root - 1) * page_bytes));
    file.write(page.data(), page_bytes);
  }
  static void fill(Store& store, std::string_view collection) {
    for (int i = 0; i < 200; ++i) {
      const auto document = bson::make_document("_id", i, "text", std::string(600, 'x'));
      const bson::View view = document;
      (void)store.insert({"main", collection}, {&view, 1}, {});
    }
  }
};

TEST_F(BadTree, OfTheChangeLogEndsTheStream) {
  bson::Document start;
  {
    auto store = open(path_ + "?changes=on&durability=normal");
    WatchOptions options;
    options.max_await = std::chrono::milliseconds(0);
    start = store->watch({"main", {}}, {}, options)->resume_token();
    fill(*store, "c");
    store->close();
  }
  raise_divider("quire_changes");
  auto store = open(path_);
  WatchOptions options;
  options.max_await = std::chrono::milliseconds(0);
  options.resume_after = start;
  const auto stream = store->watch({"main", {}}, {}, options);
  EXPECT_EQ(code_of([&] {
              for (int i = 0; i < 1000; ++i) (void)stream->next();
            }),
            ErrorCode::corrupt);
  EXPECT_FALSE(check(*store).ok());
}

TEST_F(BadTree, OfACappedCollectionEndsTheTailableCursor) {
  {
    auto store = open(path_ + "?durability=normal");
    (void)store->run_command("main", json(R"({"create":"c","capped":true,"size":1000000})"),
                             nullptr);
    fill(*store, "c");
    store->close();
  }
  raise_divider("c1");
  auto store = open(path_);
  EXPECT_EQ(code_of([&] {
              (void)store->run_command(
                  "main", json(R"({"find":"c","tailable":true,"batchSize":1000})"), nullptr);
            }),
            ErrorCode::corrupt);
  EXPECT_FALSE(check(*store).ok());
}

}  // namespace
}  // namespace quire::store::embedded
