// CSV files as a source: RFC 4180 and what people write besides.
#include <gtest/gtest.h>

#include "files_fixture.hpp"
#include "quire/core/error.hpp"

using namespace quire;
using namespace quire::importer;
using test::Files;
using test::read_rows;
using test::Rows;
using Row = std::vector<std::string>;

namespace {

/// All columns of a table but those of the place.
std::vector<std::string> own_columns(const Table& table) {
  std::vector<std::string> out;
  for (const Column& column : table.columns) {
    if (!column.position) out.push_back(column.name);
  }
  return out;
}

Rows read_csv(const Files& files, const std::string& text, const std::string& options = "") {
  files.write("t.csv", text);
  const auto source = open_source("csv:" + files.at("t.csv") + options);
  return read_rows(*source, "t", own_columns(source->schema().at("t")));
}

}  // namespace

TEST(FilesCsv, ReadsQuotesBreaksAndDoubledQuotes) {
  const Files files;
  EXPECT_EQ(read_csv(files,
                     "a,b,c\r\n1,\"x,y\",\"say "
                     "\"\"hi\"\"\"\r\n,\"\",\"line\r\nbreak\"\r\n\"\"\"\",\"a\"\"\",\"\"\"b\""),
            (Rows{{"text 1", "text x,y", "text say \"hi\""},
                  {"null", "text ", "text line\r\nbreak"},
                  {"text \"", "text a\"", "text \"b"}}))
      << "the last line has no break";
}

TEST(FilesCsv, TellsLinesAndRecords) {
  const Files files;
  files.write("t.csv",
              "\xEF\xBB\xBF"
              "a,b\n1,\"x\n\ny\"\n\n2,z\n");
  const auto source = open_source("csv:" + files.at("t.csv"));
  EXPECT_EQ(read_rows(*source, "t", {"a", "_line", "_record", "_name"}),
            (Rows{{"text 1", "int64 2", "int64 1", "text t"},
                  {"text 2", "int64 6", "int64 2", "text t"}}));
}

TEST(FilesCsv, TakesOtherDelimitersQuotesAndNulls) {
  const Files files;
  EXPECT_EQ(read_csv(files, "a;b\n'x;y';NULL\n'NULL';", "?delimiter=;&quote='&null=NULL"),
            (Rows{{"text x;y", "null"}, {"text NULL", "text "}}));
  EXPECT_EQ(read_csv(files, "a\tb\n\"\t2\"\n", "?delimiter=tab&quote="),
            (Rows{{"text \"", "text 2\""}}));
  EXPECT_EQ(read_csv(files, "1,2\n3,4\n", "?header=0"),
            (Rows{{"text 1", "text 2"}, {"text 3", "text 4"}}));
  files.write("t.csv", "1,2\n");
  EXPECT_EQ(own_columns(open_source("csv:" + files.at("t.csv") + "?header=0")->schema().at("t")),
            (std::vector<std::string>{"column_1", "column_2"}));
}

TEST(FilesCsv, NamesColumnsThatHaveNoNameOrAnothersName) {
  const Files files;
  files.write("t.csv", "id,,id,\"a.b \"\"$🙂\",_file\n1,2,3,4,5\n");
  const auto source = open_source("csv:" + files.at("t.csv"));
  EXPECT_EQ(own_columns(source->schema().at("t")),
            (std::vector<std::string>{"id", "column_2", "id_2", "a.b \"$🙂", "_file_"}));
  EXPECT_EQ(read_rows(*source, "t", {"_file_", "_file", "id_2"}),
            (Rows{{"text 5", "text t.csv", "text 3"}}));
}

TEST(FilesCsv, PutsAsideLinesThatDoNotFit) {
  const Files files;
  const Rows rows = read_csv(files, "a,b\n1,2\n3\n4,5,6\n7,8\"9\n\"x\"y,1\n10,11\n");
  ASSERT_EQ(rows.size(), 6U);
  EXPECT_EQ(rows[0], (Row{"text 1", "text 2"}));
  EXPECT_EQ(rows[1][0], "unreadable line 3, column 1 (byte 8): 1 fields where the header has 2");
  EXPECT_EQ(rows[2][1], "unreadable line 4, column 1 (byte 10): 3 fields where the header has 2");
  EXPECT_EQ(
      rows[3][0],
      "unreadable line 5, column 4 (byte 19): a quote within a field that has none around it");
  EXPECT_EQ(rows[4][0],
            "unreadable line 6, column 4 (byte 25): text behind the closing quote of a field");
  EXPECT_EQ(rows[5], (Row{"text 10", "text 11"}));
}

TEST(FilesCsv, ReadsOnBehindAQuoteThatIsNeverClosed) {
  const Files files;
  const Rows rows = read_csv(files, "a,b\n1,\"2\n3,4\n5,6\n");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0][1], "unreadable line 2, column 3 (byte 6): a quoted field that does not end");
  EXPECT_EQ(rows[1], (Row{"text 3", "text 4"}));
  EXPECT_EQ(rows[2], (Row{"text 5", "text 6"}));
  files.write("t.csv", "a,\"b\n1,2\n");
  const auto source = open_source("csv:" + files.at("t.csv"));
  EXPECT_EQ(read_rows(*source, "t", {"_record"}), (Rows{{"int64 1"}}))
      << "without a header no line has a meaning";
}

TEST(FilesCsv, KnowsEmptyFiles) {
  const Files files;
  EXPECT_EQ(read_csv(files, ""), Rows{});
  EXPECT_EQ(read_csv(files, "\n\n"), Rows{});
  EXPECT_EQ(read_csv(files, "a,b\n"), Rows{});
  EXPECT_EQ(own_columns(open_source("csv:" + files.at("t.csv"))->schema().at("t")).size(), 2U);
  EXPECT_EQ(read_csv(files, "a\n1\n\n2\n"), (Rows{{"text 1"}, {"null"}, {"text 2"}}))
      << "of one column an empty line is a record";
}

TEST(FilesCsv, GuessesTypesByAFullLook) {
  const Files files;
  files.write("t.csv",
              "i,d,b,day,at,zone,u,zip,mixed,e\n"
              "1,1.50,true,2024-02-29,2024-02-29 12:00:00.5,2024-02-29T12:00:00+02:00,"
              "00112233-4455-6677-8899-aabbccddeeff,01234,1,\n"
              "-9223372036854775808,12,FALSE,1969-12-31,1970-01-01T00:00:00,1970-01-01T00:00:00Z,"
              "00112233-4455-6677-8899-aabbccddeeff,5,x,\n");
  const auto text = open_source("csv:" + files.at("t.csv"));
  EXPECT_EQ(text->schema().at("t").at("i").type, ColumnType::text);
  const auto source = open_source("csv:" + files.at("t.csv") + "?types=guess");
  const Table& table = source->schema().at("t");
  const std::vector<ColumnType> types{ColumnType::int64, ColumnType::decimal,   ColumnType::boolean,
                                      ColumnType::date,  ColumnType::wall_time, ColumnType::instant,
                                      ColumnType::uuid,  ColumnType::text,      ColumnType::text,
                                      ColumnType::text};
  const auto names = own_columns(table);
  ASSERT_EQ(names.size(), types.size());
  for (std::size_t i = 0; i < names.size(); ++i)
    EXPECT_EQ(table.at(names[i]).type, types[i]) << names[i];
  EXPECT_TRUE(table.at("e").nullable);
  EXPECT_FALSE(table.at("i").nullable);
  RowQuery query;
  query.table = "t";
  query.columns = {"i", "d", "b", "day", "at", "zone"};
  const auto reader = source->open()->read(query);
  const auto first = reader->next();
  ASSERT_EQ(first.size(), 6U);
  EXPECT_EQ(first[0].integer, 1);
  EXPECT_EQ(first[1].kind, Cell::Kind::decimal);
  EXPECT_EQ(first[1].text, "1.50");
  EXPECT_EQ(first[2].integer, 1);
  EXPECT_EQ(first[3].integer, 19'782);
  EXPECT_EQ(first[4].integer, 1'709'208'000'500'000);
  EXPECT_EQ(first[5].integer, 1'709'200'800'000'000);
  const auto second = reader->next();
  EXPECT_EQ(second[0].integer, INT64_MIN);
  EXPECT_EQ(second[3].integer, -1);
  EXPECT_EQ(second[5].integer, 0);
}

TEST(FilesCsv, MakesATableOfEachFileAndOfEachFolder) {
  const Files files;
  files.write("d/users.csv", "id,name\n1,Ada\n");
  files.write("d/orders/2023.csv", "id,total\n1,5\n");
  files.write("d/orders/2024.csv", "total,id,note\n6,2,x\n");
  files.write("d/orders/2025.tsv", "id\n");
  const auto source = open_source("csv:" + files.at("d"));
  EXPECT_EQ(source->schema().tables.size(), 2U);
  EXPECT_EQ(read_rows(*source, "users", {"id", "name"}), (Rows{{"text 1", "text Ada"}}));
  EXPECT_EQ(read_rows(*source, "orders", {"_file", "id", "total", "note"}),
            (Rows{{"text orders/2023.csv", "text 1", "text 5", "absent"},
                  {"text orders/2024.csv", "text 2", "text 6", "text x"}}));
  files.write("d/users.csv.gz", "x");
  EXPECT_NE(open_source("csv:" + files.at("d"))->schema().find("users.csv.gz"), nullptr);
}

TEST(FilesCsv, LeavesTextThatIsNotUtf8ToThePolicy) {
  const Files files;
  files.write("t.csv", "a\ngr\xFCn\n");
  RowQuery query;
  query.table = "t";
  query.columns = {"a"};
  const auto source = open_source("csv:" + files.at("t.csv"));
  const auto reader = source->open()->read(query);
  EXPECT_EQ(reader->next()[0].text, "gr\xFCn");
  EXPECT_EQ(test::column_of("csv:" + files.at("t.csv") + "?encoding=latin1", "a"),
            Row{"text grün"});
}

TEST(FilesCsv, RefusesOptionsThatMeanNothing) {
  const Files files;
  files.write("t.csv", "a\n");
  for (const char* rest : {"?delimiter=ab", "?quote=ab", "?types=int", "?header=x", "?extended=1",
                           "?delimiter=\"", "?delimiter=%0A"}) {
    try {
      (void)open_source("csv:" + files.at("t.csv") + rest);
      ADD_FAILURE() << rest;
    } catch (const ImportError& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_source) << rest;
    }
  }
}
