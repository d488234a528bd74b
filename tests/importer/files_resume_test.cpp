// Parts of files: bounds, single keys, distances, and going on in the middle of a file.
#include <gtest/gtest.h>

#include "files_fixture.hpp"
#include "importer/files/record_reader.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

using namespace quire;
using namespace quire::importer;
using test::Files;
using test::Rows;
using test::rows_of;
namespace fs = std::filesystem;

namespace {

constexpr int many = 4321;

struct Kind {
  const char* name;
  const char* scheme;
  const char* ending;
};
void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

std::string text_of(const Kind& kind, int count, int first) {
  std::string out;
  const std::string format = kind.scheme;
  if (format == "csv") out = "v,t\n";
  if (format == "json") out = "[";
  for (int i = first; i < first + count; ++i) {
    const std::string v = std::to_string(i);
    if (format == "csv") out += v + ",\"a\n\"\"b" + v + "\"\n";
    if (format == "ndjson") out += "{\"v\": " + v + "}\n";
    if (format == "json") out += (i > first ? ",\n" : "") + std::string("{\"v\": ") + v + "}";
    if (format == "bson") {
      const auto document = bson::make_document("v", i);
      out.append(reinterpret_cast<const char*>(document.view().data()), document.size());
    }
  }
  if (format == "json") out += "]";
  return out;
}

bson::Value key(const std::string& file, std::int64_t record) {
  return bson::Value(bson::make_document("_file", file, "_record", record));
}

class FilesParts : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    const std::string ending = GetParam().ending;
    a_ = "a" + ending;
    b_ = "b" + ending;
    c_ = "c" + ending;
    const std::string folder = std::string(GetParam().scheme) == "json" ? "" : "t/";
    files_.write("d/" + folder + a_, text_of(GetParam(), many, 0));
    files_.write("d/" + folder + b_, text_of(GetParam(), 0, 0));
    files_.write("d/" + folder + c_, text_of(GetParam(), 10, many));
    query_.columns = {"v"};
  }
  /// A source of one file (arrays, dumps), or of all three as one table.
  std::unique_ptr<Source> open() {
    const std::string scheme = GetParam().scheme;
    if (scheme == "json" || scheme == "bson") {
      single_file_ = true;
      auto source =
          open_source(scheme + ":" + (scheme == "json" ? files_.at("d/" + a_) : files_.at("d/t")));
      query_.table = "a";
      return source;
    }
    query_.table = "t";
    prefix_ = "t/";
    return open_source(scheme + ":" + files_.at("d"));
  }
  std::string value(std::int64_t i) const {
    return (std::string(GetParam().scheme) == "csv" ? "text " : "int32 ") + std::to_string(i);
  }
  std::string name(const std::string& file) const { return prefix_ + file; }
  std::int64_t total() const { return many + (single_file_ ? 0 : 10); }

  Files files_;
  std::string a_, b_, c_, prefix_;
  bool single_file_ = false;
  RowQuery query_;
};

}  // namespace

TEST_P(FilesParts, AreReadFromAnyPlaceToAnyPlace) {
  const auto source = open();
  const auto session = source->open();
  EXPECT_EQ(session->count(query_), total());
  for (const std::int64_t after : {0, 1, 999, 1000, 1001, 2500, 4000, 4320, 4321, 9999}) {
    for (const std::int64_t until : {1, 1000, 2600, 4321}) {
      query_.after = key(name(a_), after);
      query_.until = key(name(a_), until);
      const Rows rows = rows_of(*session->read(query_));
      ASSERT_EQ(static_cast<std::int64_t>(rows.size()), std::max<std::int64_t>(0, until - after));
      EXPECT_EQ(session->count(query_), static_cast<std::int64_t>(rows.size()));
      for (std::size_t i = 0; i < rows.size(); ++i)
        ASSERT_EQ(rows[i][0], value(after + static_cast<std::int64_t>(i)));
    }
  }
  query_.until.reset();
  query_.after = key(name(a_), 4000);
  EXPECT_EQ(static_cast<std::int64_t>(rows_of(*session->read(query_)).size()), total() - 4000);
  query_.limit = 7;
  EXPECT_EQ(rows_of(*session->read(query_)).size(), 7U);
  query_.after = key("zzz", 1);
  EXPECT_EQ(rows_of(*session->read(query_)).size(), 0U);
}

TEST_P(FilesParts, AreFoundByDistanceAndByKey) {
  const auto source = open();
  const auto session = source->open();
  EXPECT_EQ(session->key_at(query_, 1), key(name(a_), 1));
  EXPECT_EQ(session->key_at(query_, many), key(name(a_), many));
  query_.after = key(name(a_), 4000);
  EXPECT_EQ(session->key_at(query_, 321), key(name(a_), 4321));
  if (single_file_) {
    EXPECT_EQ(session->key_at(query_, 322), std::nullopt);
  } else {
    EXPECT_EQ(session->key_at(query_, 322), key(name(c_), 1));
    EXPECT_EQ(session->key_at(query_, 332), std::nullopt);
  }
  query_.after.reset();
  const std::vector<bson::Value> keys{key(name(a_), 4001), key(name(a_), 3),    key(name(a_), 3),
                                      key(name(a_), 4),    key("gone", 1),      key(name(a_), 0),
                                      key(name(a_), 2500), key(name(a_), 99999)};
  query_.keys = keys;
  EXPECT_EQ(rows_of(*session->read(query_)),
            (Rows{{value(2)}, {value(3)}, {value(2499)}, {value(4000)}}));
  EXPECT_EQ(session->count(query_), 4);
}

TEST_P(FilesParts, AreReadWithoutWhatStandsBeforeThem) {
  const auto source = open();
  (void)source->schema();
  // The bytes of the first records are spoilt, and the file looks as it did.
  const fs::path path =
      files_.path() / "d" / (std::string(GetParam().scheme) == "json" ? a_ : "t/" + a_);
  const auto changed = fs::last_write_time(path);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(10);
  file << std::string(2000, '"');
  file.close();
  fs::last_write_time(path, changed);
  query_.after = key(name(a_), 3000);
  query_.until = key(name(a_), 3002);
  EXPECT_EQ(rows_of(*source->open()->read(query_)), (Rows{{value(3000)}, {value(3001)}}));
}

TEST_P(FilesParts, AreThoseOfTheFileAsItIsNow) {
  const auto source = open();
  const auto session = source->open();
  const Table& table = source->schema().at(query_.table);
  const std::string before = session->fingerprint(table);
  EXPECT_EQ(before, session->fingerprint(table));
  const fs::path path =
      files_.path() / "d" / (std::string(GetParam().scheme) == "json" ? a_ : "t/" + a_);
  std::ofstream(path, std::ios::binary) << text_of(GetParam(), 5000, 100);
  EXPECT_NE(before, session->fingerprint(table));
  EXPECT_EQ(session->count(query_), 5000 + total() - many);
  query_.after = key(name(a_), 4998);
  query_.until = key(name(a_), 6000);
  EXPECT_EQ(rows_of(*session->read(query_)), (Rows{{value(5098)}, {value(5099)}}));
  fs::remove(path);
  query_.after = query_.until = std::nullopt;
  const Rows rows = rows_of(*session->read(query_));
  ASSERT_FALSE(rows.empty());
  EXPECT_NE(rows[0][0].find("cannot be opened: No such file"), std::string::npos) << rows[0][0];
}

INSTANTIATE_TEST_SUITE_P(Formats, FilesParts,
                         ::testing::Values(Kind{"Array", "json", ".json"},
                                           Kind{"Lines", "ndjson", ".ndjson"},
                                           Kind{"Csv", "csv", ".csv"},
                                           Kind{"Dump", "bson", ".bson"}),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(FilesParts, OfCompressedFilesAreReadFromTheirStart) {
  const Files files;
  files.write_gzip("a.ndjson.gz", text_of({"", "ndjson", ""}, many, 0));
  const auto source = open_source("ndjson:" + files.at("a.ndjson.gz"));
  RowQuery query;
  query.table = "a";
  query.columns = {"v"};
  query.after = key("a.ndjson.gz", 4000);
  query.limit = 2;
  EXPECT_EQ(rows_of(*source->open()->read(query)), (Rows{{"int32 4000"}, {"int32 4001"}}));
}

TEST(FilesParts, OfConvertedFilesAreReadFromTheirStart) {
  const Files files;
  std::string text;
  for (int i = 0; i < many; ++i) text += "{\"v\": \"\xFC" + std::to_string(i) + "\"}\n";
  files.write("a.ndjson", text);
  const auto source = open_source("ndjson:" + files.at("a.ndjson") + "?encoding=latin1");
  RowQuery query;
  query.table = "a";
  query.columns = {"v"};
  query.after = key("a.ndjson", 4000);
  query.limit = 1;
  EXPECT_EQ(rows_of(*source->open()->read(query)), (Rows{{"text ü4000"}}));
}

TEST(FilesParts, OfOneDocumentAFileAreToldByTheFile) {
  const Files files;
  for (int i = 10; i < 30; ++i)
    files.write("d/" + std::to_string(i) + ".json", "{\"v\": " + std::to_string(i) + "}");
  const auto source = open_source("json:" + files.at("d"));
  const auto session = source->open();
  RowQuery query;
  query.table = "d";
  query.columns = {"v"};
  EXPECT_EQ(session->key_at(query, 3), bson::Value("12.json"));
  query.after = bson::Value("26.json");
  query.until = bson::Value("28.json");
  EXPECT_EQ(rows_of(*session->read(query)), (Rows{{"int32 27"}, {"int32 28"}}));
  EXPECT_EQ(session->count(query), 2);
  const std::string before = session->fingerprint(source->schema().at("d"));
  files.write("d/30.json", "{}");
  EXPECT_NE(before, session->fingerprint(source->schema().at("d")));
}
