// Arrays inside of JSON files as tables of their own.
#include <gtest/gtest.h>

#include "files_fixture.hpp"
#include "quire/core/error.hpp"
#include "quire/importer/files.hpp"

using namespace quire;
using namespace quire::importer;
using test::Files;
using test::read_rows;
using test::Rows;

namespace {

constexpr const char* first = R"({"id": "a", "user": 9007199254740993, "tags": ["x"],
  "messages": [{"role": "user", "text": "hi", "id": 1}, {"role": "bot", "text": "ho", "extra": true}]})";

std::string with_elements(const Files& files, const std::string& fields = "messages") {
  return "json:" + files.path().string() + "?elements=" + fields;
}

void put_chats(const Files& files) {
  files.write("chats/a.json", first);
  files.write("chats/b.json", R"({"id": "b", "messages": []})");
  files.write("chats/c.json", R"({"id": "c", "messages": null})");
  files.write("chats/d.json", R"({"id": "d", "messages": [{"role": "user"}]})");
}

}  // namespace

TEST(FilesElements, AreRowsWithTheirPlaceAndTheirDocumentsPlainFields) {
  const Files files;
  put_chats(files);
  files.write("users/u.json", R"({"id": 5})");
  const auto source = open_source(with_elements(files));
  ASSERT_EQ(source->schema().tables.size(), 3U);
  const Table& table = source->schema().at("chats.messages");
  EXPECT_EQ(table.rows, 3);
  EXPECT_EQ(table.key, (std::vector<std::string>{"_file", "_record"}));
  EXPECT_TRUE(table.at("_parent.id").position);
  EXPECT_FALSE(table.at("role").position);
  EXPECT_EQ(table.find("_parent.tags"), nullptr);
  EXPECT_EQ(table.find("_line"), nullptr);
  const Rows rows =
      read_rows(*source, "chats.messages",
                {"_file", "_record", "_parent.id", "_parent.user", "id", "role", "extra"});
  EXPECT_EQ(rows, (Rows{{"text chats/a.json", "int64 1", "text a", "int64 9007199254740993",
                         "int32 1", "text user", "absent"},
                        {"text chats/a.json", "int64 2", "text a", "int64 9007199254740993",
                         "absent", "text bot", "boolean true"},
                        {"text chats/d.json", "int64 1", "text d", "absent", "absent", "text user",
                         "absent"}}));
  EXPECT_EQ(read_rows(*source, "chats", {"id"}).size(), 4U);
}

TEST(FilesElements, AreReadBehindAnyOfThem) {
  const Files files;
  std::string many = R"({"id": "m", "messages": [)";
  for (int i = 1; i <= 2500; ++i)
    many += std::string(i == 1 ? "" : ",") + R"({"n": )" + std::to_string(i) + "}";
  files.write("chats/m.json", many + "]}");
  put_chats(files);
  const auto source = open_source(with_elements(files));
  const auto session = source->open();
  RowQuery query;
  query.table = "chats.messages";
  query.columns = {"n"};
  query.key = {"_file", "_record"};
  EXPECT_EQ(session->count(query), 2503);
  const auto after = session->key_at(query, 2001);
  ASSERT_TRUE(after);
  query.after = after;
  EXPECT_EQ(session->count(query), 502);
  query.limit = 1;
  EXPECT_EQ(read_rows(*source, query), (Rows{{"int32 1999"}}));
  query.after.reset();
  query.limit = 0;
  const std::vector<bson::Value> keys{*after};
  query.keys = keys;
  EXPECT_EQ(read_rows(*source, query), (Rows{{"int32 1998"}}));
}

TEST(FilesElements, OfBadFilesAreOneRowEach) {
  const Files files;
  files.write("chats/a.json", first);
  files.write("chats/b.json", "{\"id\": \"b\",\n \"messages\": [{\"role\"");
  files.write("chats/c.json", R"({"id": "c", "messages": "none"})");
  files.write("chats/d.json", R"({"id": "d", "messages": [{"role": "user"}, 7, {"role": "bot"}]})");
  files.write("chats/e.json", R"({"id": "e", "messages": [{"_parent.id": 1}]})");
  const auto source = open_source(with_elements(files));
  const Rows rows = read_rows(*source, "chats.messages", {"_file", "role"});
  ASSERT_EQ(rows.size(), 8U);
  const auto is_unreadable = [&](std::size_t row, const std::string& file, const std::string& why) {
    EXPECT_EQ(rows[row][0], "text chats/" + file);
    EXPECT_TRUE(rows[row][1].starts_with("unreadable ")) << rows[row][1];
    EXPECT_NE(rows[row][1].find(why), std::string::npos) << rows[row][1];
  };
  is_unreadable(2, "b.json", "line 2");
  is_unreadable(3, "c.json", "messages: an array is expected, found string");
  EXPECT_EQ(rows[4][1], "text user");
  is_unreadable(5, "d.json", "element 2 of messages: an object is expected, found int");
  EXPECT_EQ(rows[6][1], "text bot");
  is_unreadable(7, "e.json", "_parent.id");
}

TEST(FilesElements, AreInspectedWithTheirDocuments) {
  const Files files;
  put_chats(files);
  files.write("chats/x.json", "{");
  files.write("chats/y.json", R"({"messages": [1, {"role": 5}]})");
  const auto source = open_source(with_elements(files));
  InspectOptions options;
  options.check = [](std::string_view table, bson::View document) {
    if (table == "chats.messages" && document.contains("role") && !document["role"].is_string())
      throw ImportError(ErrorCode::unreadable_value, "role is no text");
  };
  const FilesInspection found = inspect_files(*source, options);
  EXPECT_EQ(found.files, 6);
  EXPECT_EQ(found.valid, 4);
  EXPECT_EQ(found.invalid, 2);
  ASSERT_EQ(found.problems.size(), 3U);
  EXPECT_EQ(found.problems[0].table, "chats");
  EXPECT_EQ(found.problems[1].table, "chats.messages");
  EXPECT_EQ(found.problems[2].record, 2);
}

TEST(FilesElements, OfAFieldThatNobodyHasAreLeftOut) {
  const Files files;
  put_chats(files);
  const auto source = open_source(with_elements(files, "messages,notes"));
  EXPECT_EQ(source->schema().find("chats.notes"), nullptr);
  EXPECT_EQ(source->schema().left_out,
            std::vector<std::string>{"elements of notes: no document has such a field"});
}

TEST(FilesElements, OfSeveralFieldsAreTablesWhereEachIs) {
  const Files files;
  put_chats(files);
  files.write("memories/u.json", R"({"user": "u", "memories": [{"text": "t"}]})");
  const auto source = open_source(with_elements(files, "messages,memories"));
  std::vector<std::string> names;
  for (const Table& table : source->schema().tables) names.push_back(table.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"chats", "chats.messages", "memories", "memories.memories"}));
  EXPECT_TRUE(source->schema().left_out.empty());
  EXPECT_EQ(read_rows(*source, "memories.memories", {"_parent.user", "text"}),
            (Rows{{"text u", "text t"}}));
}

TEST(FilesElements, AreOfFoldersOfJsonAlone) {
  const Files files;
  const std::string file = files.write("a.json", first);
  const auto code_of = [](const std::string& uri) {
    try {
      (void)open_source(uri);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode{};
  };
  EXPECT_EQ(code_of("json:" + file + "?elements=messages"), ErrorCode::source_failed);
  EXPECT_EQ(code_of("json:" + files.path().string() + "?elements="), ErrorCode::invalid_source);
  EXPECT_EQ(code_of("ndjson:" + files.path().string() + "?elements=a"), ErrorCode::invalid_source);
}
