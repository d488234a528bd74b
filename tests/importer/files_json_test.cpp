// JSON files as a source: rows, cells, places, and what is no JSON.
#include <gtest/gtest.h>

#include <algorithm>

#include "files_fixture.hpp"
#include "quire/core/error.hpp"

using namespace quire;
using namespace quire::importer;
using test::column_of;
using test::Files;
using test::read_rows;
using test::Rows;
using Row = std::vector<std::string>;

namespace {

std::string nested(int levels) {
  return R"({"a":)" + std::string(static_cast<std::size_t>(levels - 1), '[') +
         std::string(static_cast<std::size_t>(levels - 1), ']') + "}";
}

}  // namespace

TEST(FilesJson, GivesEachValueAsItsCell) {
  const Files files;
  files.write("a.json",
              R"([{"n": 5, "big": 3000000000, "huge": 12345678901234567890, "d": 1.10, "s": "é",)"
              R"( "b": true, "z": null, "o": {"x": [1, "2"]}, "l": [1, 2.5]}, {"n": -1}])");
  const auto source = open_source("json:" + files.at("a.json"));
  EXPECT_EQ(source->kind(), "json");
  EXPECT_EQ(source->snapshot(), "multi");
  const Table& table = source->schema().at("a");
  EXPECT_EQ(table.rows, 2);
  EXPECT_EQ(table.kind, TableKind::files);
  EXPECT_EQ(table.key, (std::vector<std::string>{"_file", "_record"}));
  EXPECT_EQ(table.at("n").type, ColumnType::int32);
  EXPECT_FALSE(table.at("n").nullable);
  EXPECT_EQ(table.at("big").type, ColumnType::int64);
  EXPECT_EQ(table.at("huge").type, ColumnType::decimal);
  EXPECT_EQ(table.at("d").type, ColumnType::real);
  EXPECT_EQ(table.at("o").type, ColumnType::composite);
  EXPECT_EQ(table.at("l").type, ColumnType::array);
  EXPECT_TRUE(table.at("_record").position);
  const Rows rows = read_rows(
      *source, "a",
      {"_file", "_name", "_line", "_record", "n", "big", "huge", "d", "s", "b", "z", "o", "l"});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0],
            (Row{"text a.json", "text a", "int64 1", "int64 1", "int32 5", "int64 3000000000",
                 "decimal 12345678901234567890", "real 1.1", "text é", "boolean true", "null",
                 R"(document {"x": [1, "2"]})", "array [1, 2.5]"}));
  EXPECT_EQ(rows[1][4], "int32 -1");
  EXPECT_EQ(rows[1][5], "absent");
}

TEST(FilesJson, KeepsNumbersExactly) {
  const Files files;
  files.write(
      "n.ndjson",
      "{\"v\":2147483647}\n{\"v\":2147483648}\n{\"v\":-9223372036854775808}\n"
      "{\"v\":9223372036854775807}\n{\"v\":9223372036854775808}\n{\"v\":-0}\n{\"v\":1e400}\n"
      "{\"v\":1234567890123456789012345678901234}\n"
      "{\"v\":12345678901234567890123456789012345678}\n{\"v\":0.1}\n{\"v\":1E2}\n");
  EXPECT_EQ(column_of("ndjson:" + files.at("n.ndjson"), "v"),
            (Row{"int32 2147483647", "int64 2147483648", "int64 -9223372036854775808",
                 "int64 9223372036854775807", "decimal 9223372036854775808", "int32 0",
                 "decimal 1E+400", "decimal 1234567890123456789012345678901234",
                 "real 1.2345678901234568e+37", "real 0.1", "real 100"}));
  files.write("d.ndjson", "{\"v\":1.10}\n{\"v\":1e2}\n{\"v\":7}\n");
  EXPECT_EQ(column_of("ndjson:" + files.at("d.ndjson") + "?numbers=decimal", "v"),
            (Row{"decimal 1.10", "decimal 1E+2", "int32 7"}));
}

TEST(FilesJson, TakesNamesWithWhateverTheyHold) {
  const Files files;
  files.write("n.json", R"([{"a.b": 1, "$c": 2, "🙂": 3, "q\"'`": 4, "": 5, "select": 6}])");
  const auto source = open_source("json:" + files.at("n.json"));
  EXPECT_EQ(read_rows(*source, "n", {"a.b", "$c", "🙂", "q\"'`", "", "select"}),
            (Rows{{"int32 1", "int32 2", "int32 3", "int32 4", "int32 5", "int32 6"}}));
}

TEST(FilesJson, RenamesFieldsThatAreCalledAsPlaces) {
  const Files files;
  files.write("n.json", R"([{"_file": "x", "_file_": "y", "_line": 7}])");
  const auto source = open_source("json:" + files.at("n.json"));
  EXPECT_EQ(read_rows(*source, "n", {"_file", "_file__", "_file_", "_line", "_line_"}),
            (Rows{{"text n.json", "text x", "text y", "int64 1", "int32 7"}}));
}

TEST(FilesJson, MakesTablesOfFolders) {
  const Files files;
  files.write("chat/users/1.json", R"({"name": "Ada"})");
  files.write("chat/users/old/2.json", R"({"name": "Bob"})");
  files.write("chat/talks/a.json", "{\"messages\": []}\n");
  files.write("chat/index.json", R"({"v": 1})");
  files.write("chat/notes.txt", "no JSON");
  files.write("chat/users/.hidden.json", "{}");
  const auto source = open_source("json:" + files.at("chat"));
  const Schema& schema = source->schema();
  std::vector<std::string> names;
  for (const Table& table : schema.tables) names.push_back(table.name);
  EXPECT_EQ(names, (std::vector<std::string>{"chat", "talks", "users"}));
  EXPECT_EQ(schema.at("users").key, std::vector<std::string>{"_file"});
  EXPECT_EQ(read_rows(*source, "users", {"_file", "_name", "name"}),
            (Rows{{"text users/1.json", "text 1", "text Ada"},
                  {"text users/old/2.json", "text 2", "text Bob"}}));
  ASSERT_EQ(schema.left_out.size(), 1U);
  EXPECT_NE(schema.left_out[0].find(".hidden.json"), std::string::npos);
  const auto one = open_source("json:" + files.at("chat") + "?table=all");
  EXPECT_EQ(one->schema().at("all").rows, 4);
}

TEST(FilesJson, ReadsAFileOfOneObject) {
  const Files files;
  files.write("one.json", "\xEF\xBB\xBF \n{\"a\": {\"b\": 1}}\n\n");
  const auto source = open_source("json:" + files.at("one.json"));
  EXPECT_EQ(read_rows(*source, "one", {"_line", "a"}), (Rows{{"int64 2", R"(document {"b": 1})"}}));
}

TEST(FilesJson, ReadsCompressedAndConvertedFiles) {
  const Files files;
  const std::string text = R"([{"s": "grün"}, {"s": "x"}])";
  const Row expected{"text grün", "text x"};
  files.write_gzip("a.json.gz", text);
  EXPECT_EQ(column_of("json:" + files.at("a.json.gz"), "s"), expected);
#ifdef QUIRE_WITH_ZSTD
  files.write_zstd("a.json.zst", text);
  EXPECT_EQ(column_of("json:" + files.at("a.json.zst"), "s"), expected);
#endif
  files.write("latin.json", "[{\"s\": \"gr\xFCn\"}, {\"s\": \"x\"}]");
  EXPECT_EQ(column_of("json:" + files.at("latin.json") + "?encoding=latin1", "s"), expected);
  EXPECT_EQ(column_of("json:" + files.at("latin.json") + "?encoding=windows-1252", "s"), expected);
  std::u16string wide = u"\uFEFF[{\"s\": \"grün\"}, {\"s\": \"x\"}]";
  std::string little;
  std::string big;
  for (const char16_t unit : wide) {
    little += {static_cast<char>(unit & 0xFF), static_cast<char>(unit >> 8)};
    big += {static_cast<char>(unit >> 8), static_cast<char>(unit & 0xFF)};
  }
  files.write("little.json", little);
  files.write("big.json", big);
  EXPECT_EQ(column_of("json:" + files.at("little.json"), "s"), expected);
  EXPECT_EQ(column_of("json:" + files.at("big.json"), "s"), expected);
  files.write("half.ndjson", little.substr(0, 2) + std::string("{\0}\0\n\0\0\xD8", 8));
  EXPECT_EQ(open_source("ndjson:" + files.at("half.ndjson"))->schema().at("half").rows, 2);
}

TEST(FilesJson, ReadsExtendedJsonWhereItIsAsked) {
  const Files files;
  const std::string line =
      R"({"_id": {"$oid": "0123456789abcdef01234567"}, "n": {"$numberLong": "5"}})";
  files.write("e.ndjson", line + "\n{\"a\": 1, \"a\": 2}\n");
  const auto plain = open_source("ndjson:" + files.at("e.ndjson"));
  EXPECT_EQ(plain->schema().at("e").at("n").type, ColumnType::composite);
  const auto source = open_source("ndjson:" + files.at("e.ndjson") + "?extended=1");
  const Rows rows = read_rows(*source, "e", {"_id", "n"});
  EXPECT_EQ(rows[0], (Row{"object_id 0123456789abcdef01234567", "int64 5"}));
  EXPECT_EQ(rows[1][0].substr(0, 10), "unreadable");
}

struct BadText {
  const char* name;
  std::string text;
  std::vector<std::string> expected;  ///< of the column v; of what is unreadable the beginning
};
void PrintTo(const BadText& bad, std::ostream* out) { *out << bad.name; }
class FilesJsonBad : public ::testing::TestWithParam<BadText> {};

TEST_P(FilesJsonBad, BecomesARowThatSaysWhere) {
  const Files files;
  const std::string name =
      std::string(GetParam().name) + (GetParam().name[0] == 'L' ? ".ndjson" : ".json");
  files.write(name, GetParam().text);
  const auto source =
      open_source((name.ends_with(".ndjson") ? "ndjson:" : "json:") + files.at(name));
  const Table& table = source->schema().tables.at(0);
  const std::string column = table.find("v") != nullptr ? "v" : "_file";
  Rows rows = read_rows(*source, table.name, {column, "_record"});
  ASSERT_EQ(rows.size(), GetParam().expected.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i][0].substr(0, GetParam().expected[i].size()), GetParam().expected[i]);
    EXPECT_EQ(rows[i][1], "int64 " + std::to_string(i + 1));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Texts, FilesJsonBad,
    ::testing::Values(
        BadText{"Word",
                "[{\"v\": 1},\n {\"v\": tru}, {\"v\": 3}]",
                {"int32 1", "unreadable line 2, column 8 (byte 18): no JSON value", "int32 3"}},
        BadText{"Scalar",
                "[{\"v\": 1}, 5, \"x\", null]",
                {"int32 1", "unreadable line 1, column 12 (byte 11): no JSON object",
                 "unreadable line 1, column 15 (byte 14): no JSON object",
                 "unreadable line 1, column 20 (byte 19): no JSON object"}},
        BadText{"Comma",
                "[{\"v\": 1} {\"v\": 2}]",
                {"int32 1", "unreadable line 1, column 11 (byte 10): a comma or ] is expected"}},
        BadText{"TrailingComma",
                "[{\"v\": 1},]",
                {"int32 1", "unreadable line 1, column 11 (byte 10): a value is expected"}},
        BadText{"NotClosed",
                "[{\"v\": 1}",
                {"int32 1", "unreadable line 1, column 10 (byte 9): the file ends, and the array"}},
        BadText{
            "CutOff",
            "[{\"v\": 1}, {\"v\": \"ab",
            {"int32 1", "unreadable line 1, column 21 (byte 20): the file ends within a value"}},
        BadText{"Behind",
                "[{\"v\": 1}] x",
                {"int32 1", "unreadable line 1, column 12 (byte 11): text behind the array"}},
        BadText{"TwoObjects",
                "{\"v\": 1}\n{\"v\": 2}",
                {"int32 1", "unreadable line 2, column 1 (byte 9): text behind the document"}},
        BadText{"LineKey",
                "{\"v\": 1}\n\n{v: 2}\n{\"v\": 3}",
                {"int32 1", "unreadable line 3, column 2 (byte 11): a field name in quotes",
                 "int32 3"}},
        BadText{"LineTwice",
                "{\"v\": 1}\r\n{\"v\": 2, \"v\": 3}\r\n{\"v\": 4}",
                {"int32 1", "unreadable line 2, column 1 (byte 10): the field \"v\" comes twice",
                 "int32 4"}},
        BadText{"LineUtf8",
                "{\"v\": 1}\n{\"v\": \"a\xC3(\"}\n",
                {"int32 1", "unreadable line 2, column 9 (byte 17): a byte that is not UTF-8"}},
        BadText{"LineSurrogate",
                "{\"v\": \"\\ud83d\"}\n{\"v\": \"\\ud83d\\ude42\"}\n",
                {"unreadable line 1, column 8 (byte 7): half of a surrogate pair", "text 🙂"}},
        BadText{"LineEscape",
                "{\"v\": \"\\q\"}\n{\"v\": 1}",
                {"unreadable line 1, column 8 (byte 7): an unknown escape", "int32 1"}},
        BadText{"LineControl",
                "{\"v\": \"a\tb\"}\n{\"v\": 1}",
                {"unreadable line 1, column 9 (byte 8): a control character", "int32 1"}},
        BadText{"LineNumber",
                "{\"v\": 01}\n{\"v\": 1.}\n{\"v\": 1}",
                {"unreadable line 1, column 8 (byte 7): a number that does not end",
                 "unreadable line 2, column 7 (byte 16): no JSON value", "int32 1"}},
        BadText{"LineZeroInName",
                "{\"v\": 1, \"a\\u0000b\": 2}\n{\"v\": 1}",
                {"unreadable line 1, column 1 (byte 0): a zero byte in a field name", "int32 1"}},
        BadText{"LineCutOff",
                "{\"v\": 1}\n{\"v\": ",
                {"int32 1", "unreadable line 2, column 7 (byte 15): the text ends"}},
        BadText{"LineTail",
                "{\"v\": 1}\n{\"v\": 2} x\n{\"v\": 3}",
                {"int32 1", "unreadable line 2, column 10 (byte 18): text behind the value",
                 "int32 3"}},
        BadText{"LineDeep",
                "{\"v\": 1}\n" + nested(100) + "\n" + nested(101) +
                    "\n{\"v\": " + std::string(100'000, '[') + "\n{\"v\": 2}",
                {"int32 1", "absent", "unreadable line 3, column 105 (byte 318): more than 100",
                 "unreadable line 4, column 106", "int32 2"}},
        BadText{"Neither", "5", {"text Neither.json"}}, BadText{"Empty", "", {"text Empty.json"}},
        BadText{"LineEmpty", "\n \r\n", {}}, BadText{"EmptyArray", " [ ] \n", {}}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(FilesJson, ReadsOnBehindAFileOfAFolderThatIsNone) {
  const Files files;
  files.write("f/1.json", R"({"v": 1})");
  files.write("f/2.json", "[1]");
  files.write("f/3.json", "");
  files.write("f/4.json", R"({"v": 4} {"v": 5})");
  files.write("f/5.json", R"({"v": 5})");
  std::filesystem::create_symlink("nowhere", files.path() / "f" / "6.json");
  const auto source = open_source("json:" + files.at("f"));
  const Rows rows = read_rows(*source, "f", {"_file", "v"});
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(rows[1], (Row{"text 2.json", "unreadable line 1, column 1 (byte 0): no JSON object"}));
  EXPECT_EQ(rows[2][1],
            "unreadable line 1, column 1 (byte 0): the text ends where a value is expected");
  EXPECT_EQ(rows[3][1], "unreadable line 1, column 10 (byte 9): text behind the value");
  EXPECT_EQ(rows[4][1], "int32 5");
  EXPECT_EQ(source->schema().left_out.size(), 1U);
}

TEST(FilesJson, KeepsWhatStandsBeforeDamageInACompressedFile) {
  const Files files;
  std::string text;
  for (int i = 0; i < 20'000; ++i)
    text += R"({"v": )" + std::to_string(i) + R"(, "t": ")" + std::to_string(i * 7919 % 10007) +
            "\"}\n";
  for (const bool gzip : {true, false}) {
    const std::string name = gzip ? "a.ndjson.gz" : "a.ndjson.zst";
    if (gzip) {
      files.write_gzip("f/" + name, text);
    } else {
#ifdef QUIRE_WITH_ZSTD
      files.write_zstd("f/" + name, text);
#else
      continue;
#endif
    }
    const std::string whole = files.read("f/" + name);
    std::string damaged = whole;
    for (std::size_t i = 0; i < 64; ++i) damaged[whole.size() / 2 + i] ^= 0x55;
    for (const std::string& bytes : {damaged, whole.substr(0, whole.size() / 2)}) {
      files.write("f/" + name, bytes);
      files.write("f/z.ndjson", R"({"v": -1})");
      const auto source = open_source("ndjson:" + files.at("f") + "?table=t");
      const Rows rows = read_rows(*source, "t", {"_file", "_record", "v"});
      EXPECT_EQ(rows.back()[2], "int32 -1");
      const Row& last = rows.at(rows.size() - 2);
      EXPECT_EQ(last[0], "text " + name);
      EXPECT_NE(last[2].find(gzip ? "gzip data is" : "zstd data is"), std::string::npos) << last[2];
      // Behind the damage gzip may give wrong bytes until its sum at the end tells of them.
      for (std::size_t i = 0; i < 1000; ++i) ASSERT_EQ(rows[i][2], "int32 " + std::to_string(i));
    }
    std::filesystem::remove(files.path() / "f" / name);
  }
}

TEST(FilesJson, RefusesDocumentsOver16MiB) {
  const Files files;
  const std::string large(16 * 1024 * 1024, 'x');
  files.write("l.ndjson", "{\"v\": \"" + large + "\"}\n{\"v\": \"" + large.substr(100) +
                              "\"}\n{\"v\": [" + std::string(33 * 1024 * 1024, ' ') +
                              "]}\n{\"v\": 1}\n");
  const auto source = open_source("ndjson:" + files.at("l.ndjson"));
  const Rows rows = read_rows(*source, "l", {"v"});
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_NE(rows[0][0].find("a document over 16 MiB as BSON"), std::string::npos);
  EXPECT_EQ(rows[1][0].substr(0, 6), "text x");
  EXPECT_NE(rows[2][0].find("a line longer than 32 MiB"), std::string::npos);
  EXPECT_EQ(rows[3][0], "int32 1");
}

TEST(FilesJson, RefusesWhatFilesCannotDo) {
  const Files files;
  files.write("a.json", R"([{"v": 1}])");
  const auto source = open_source("json:" + files.at("a.json"));
  const auto refused = [&](auto change) {
    RowQuery query;
    query.table = "a";
    query.columns = {"v"};
    change(query);
    try {
      (void)source->open()->read(query);
    } catch (const ImportError& error) {
      return error.code();
    }
    return ErrorCode::internal;
  };
  EXPECT_EQ(refused([](RowQuery& q) { q.key = {"v"}; }), ErrorCode::invalid_mapping);
  EXPECT_EQ(refused([](RowQuery& q) { q.owner = Owner{"b", {"id"}, {"b"}, {"id"}}; }),
            ErrorCode::invalid_mapping);
  EXPECT_EQ(refused([](RowQuery& q) { q.where = "v > 1"; }), ErrorCode::invalid_mapping);
  EXPECT_EQ(refused([](RowQuery& q) { q.order = {{"v"}}; }), ErrorCode::invalid_mapping);
  EXPECT_EQ(refused([](RowQuery& q) { q.table = "aa"; }), ErrorCode::table_not_found);
  EXPECT_EQ(refused([](RowQuery& q) { q.columns = {"w"}; }), ErrorCode::table_not_found);
  EXPECT_EQ(refused([](RowQuery& q) { q.after = bson::Value(5); }), ErrorCode::invalid_mapping);
}

TEST(FilesJson, RefusesUrisThatMeanNothing) {
  const Files files;
  files.write("a.json", "[]");
  for (const char* rest :
       {"?header=1", "?extended=2", "?numbers=x", "?encoding=klingon", "?table="}) {
    try {
      (void)open_source("json:" + files.at("a.json") + rest);
      ADD_FAILURE() << rest;
    } catch (const ImportError& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_source) << rest;
    }
  }
  for (const std::string& uri : {"json:" + files.at("b.json"), "bson:" + files.at("a.json"),
                                 "bson:" + files.path().string()}) {
    try {
      (void)open_source(uri);
      ADD_FAILURE() << uri;
    } catch (const ImportError& error) {
      EXPECT_EQ(error.code(), ErrorCode::source_failed) << uri;
    }
  }
  files.write("odd ? %.json", R"([{"v": 1}])");
  EXPECT_EQ(column_of("json:" + files.at("odd %3F %25.json"), "v"), Row{"int32 1"});
}
