// Dump folders as quire's own backup and mongodump write them, and other stores, as sources.
#include <gtest/gtest.h>

#include <algorithm>

#include "files_fixture.hpp"
#include "quire/backup/backup.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/store/store.hpp"

using namespace quire;
using namespace quire::importer;
using test::Files;
using test::read_rows;
using test::Rows;
using test::rows_of;
using Row = std::vector<std::string>;

namespace {

/// One value of each BSON type; all cells of it, in this order.
const char* const every_type =
    R"({"_id": {"$oid": "0123456789abcdef01234567"}, "d": {"$numberDouble": "1.5"},)"
    R"( "s": "é", "o": {"a.b": 1}, "l": [1], "bin": {"$binary": {"base64": "AQI=", "subType": "00"}},)"
    R"( "odd": {"$binary": {"base64": "AQI=", "subType": "80"}},)"
    R"( "u": {"$uuid": "00112233-4455-6677-8899-aabbccddeeff"}, "t": true,)"
    R"( "at": {"$date": "2024-02-29T12:00:00.123Z"}, "far": {"$date": {"$numberLong": "9223372036854775807"}},)"
    R"( "n": null, "re": {"$regularExpression": {"pattern": "a", "options": "i"}}, "i": 5,)"
    R"( "ts": {"$timestamp": {"t": 1, "i": 2}}, "big": {"$numberLong": "5000000000"},)"
    R"( "dec": {"$numberDecimal": "1.10"}, "min": {"$minKey": 1}, "max": {"$maxKey": 1}})";

const std::vector<std::string> fields{"_id", "d", "s",  "o", "l",  "bin", "odd", "u",   "t",  "at",
                                      "far", "n", "re", "i", "ts", "big", "dec", "min", "max"};

class ADatabase {
 public:
  explicit ADatabase(const std::string& file)
      : store_(store::open("quire:" + file + "?database=shop")) {
    const store::Namespace all{"shop", "all"};
    const bson::Document first = bson::from_json(every_type);
    std::vector<bson::Document> documents{first};
    // Ids of several types, in the order of BSON.
    for (const char* json :
         {R"({"_id": 7, "x": 1})", R"({"_id": "k", "x": 2})", R"({"_id": {"a": 1}, "x": 3})",
          R"({"_id": {"$numberDecimal": "8.50"}})",
          R"({"_id": {"$date": "2024-01-01T00:00:00Z"}, "x": 4})"})
      documents.push_back(bson::from_json(json));
    std::vector<bson::View> views(documents.begin(), documents.end());
    (void)store_->insert(all, views, {});
    const bson::Document index = bson::from_json(R"({"key": {"x": 1}, "name": "x_1"})");
    const bson::View indexes[] = {index};
    store_->create_indexes(all, indexes, {});
    const bson::Document odd = bson::from_json(R"({"_id": 1})");
    const bson::View one[] = {odd};
    (void)store_->insert({"shop", "odd/ name.ü"}, one, {});
    store_->create_collection({"shop", "empty"}, {}, {});
  }
  [[nodiscard]] Database database() const { return Database(store_, "shop"); }

 private:
  std::shared_ptr<store::Store> store_;
};

/// The value of each cell again; what is absent is left out.
std::string kinds_of(std::span<const Cell> cells) {
  std::string out;
  for (const Cell& cell : cells) out += std::string(to_string(cell.kind)) + " ";
  return out;
}

constexpr const char* all_kinds =
    "object_id real text document array binary value uuid boolean instant value null value int32 "
    "value int64 decimal value value ";

}  // namespace

TEST(FilesDump, ReadsWhatBackupWrote) {
  for (const bool gzip : {false, true}) {
    const Files files;
    const ADatabase database(files.at("shop.quire"));
    backup::BackupOptions options;
    options.gzip = gzip;
    backup::backup(database.database(), files.at("dump"), options).or_throw();
    for (const char* folder : {"dump", "dump/shop"}) {
      const auto source = open_source("bson:" + files.at(folder));
      EXPECT_EQ(source->kind(), "bson");
      std::vector<std::string> names;
      for (const Table& table : source->schema().tables) names.push_back(table.name);
      EXPECT_EQ(names, (std::vector<std::string>{"all", "empty", "odd/ name.ü"}));
      const Table& all = source->schema().at("all");
      EXPECT_EQ(all.rows, 6);
      EXPECT_EQ(all.primary_key, std::vector<std::string>{"_id"});
      EXPECT_EQ(all.key, (std::vector<std::string>{"_file", "_record"}));
      EXPECT_EQ(all.at("dec").type, ColumnType::decimal);
      EXPECT_EQ(all.at("_id").type, ColumnType::any);
      EXPECT_EQ(all.find("_line"), nullptr) << "dumps have no lines";
      RowQuery query;
      query.table = "all";
      query.columns = fields;
      const auto reader = source->open()->read(query);
      while (true) {
        const auto cells = reader->next();
        ASSERT_FALSE(cells.empty());
        if (cells[0].kind != Cell::Kind::object_id) continue;
        EXPECT_EQ(kinds_of(cells), all_kinds);
        break;
      }
      EXPECT_EQ(read_rows(*source, "odd/ name.ü", {"_id"}), (Rows{{"int32 1"}}));
    }
  }
}

TEST(FilesDump, PutsAsideWhatIsDamaged) {
  const Files files;
  std::string text;
  for (int i = 0; i < 10; ++i) {
    const auto document = bson::make_document("i", i, "s", "text");
    text.append(reinterpret_cast<const char*>(document.view().data()), document.size());
  }
  const std::size_t one = text.size() / 10;
  std::string wrong_type = text;
  wrong_type[3 * one + 4] = 0x55;
  files.write("a/t.bson", wrong_type);
  auto source = open_source("bson:" + files.at("a"));
  Rows rows = read_rows(*source, "t", {"_record", "i"});
  ASSERT_EQ(rows.size(), 10U);
  EXPECT_EQ(rows[3][1].substr(0, 16), "unreadable byte ") << rows[3][1];
  EXPECT_EQ(rows[4][1], "int32 4");
  files.write("b/t.bson", text.substr(0, 5 * one + 9));
  source = open_source("bson:" + files.at("b"));
  rows = read_rows(*source, "t", {"_record", "i"});
  ASSERT_EQ(rows.size(), 6U);
  EXPECT_EQ(rows[5][1],
            "unreadable byte " + std::to_string(5 * one) + ": the file ends within a document");
  files.write("c/t.bson", text.substr(0, one) + "\xFF\xFF\xFF\x7F" + text);
  source = open_source("bson:" + files.at("c"));
  EXPECT_EQ(read_rows(*source, "t", {"i"}).size(), 2U);
}

TEST(FilesDump, AsksForOneOfSeveralDatabases) {
  const Files files;
  files.write("d/a/t.bson", "");
  files.write("d/b/t.bson", "");
  files.write("d/b/system.views.bson", "");
  try {
    (void)open_source("bson:" + files.at("d"));
    FAIL() << "took one of two";
  } catch (const ImportError& error) {
    EXPECT_EQ(error.code(), ErrorCode::source_failed);
  }
  const auto source = open_source("bson:" + files.at("d/b"));
  EXPECT_EQ(source->schema().tables.size(), 1U);
  EXPECT_EQ(source->schema().left_out.size(), 1U);
}

TEST(StoreSource, ReadsCollectionsByIdOfAnyType) {
  const Files files;
  {
    const ADatabase database(files.at("shop.quire"));
  }
  const auto source = open_source("quire:" + files.at("shop.quire") + "?db=shop");
  EXPECT_EQ(source->kind(), "quire");
  EXPECT_EQ(source->location(), "quire:" + files.at("shop.quire"));
  const Table& all = source->schema().at("all");
  EXPECT_EQ(all.kind, TableKind::collection);
  EXPECT_EQ(all.key, std::vector<std::string>{"_id"});
  EXPECT_EQ(all.rows, 6);
  EXPECT_EQ(all.at("dec").type, ColumnType::any);
  const auto session = source->open();
  RowQuery query;
  query.table = "all";
  query.columns = {"_id", "x"};
  query.key = {"_id"};
  const Rows rows = rows_of(*session->read(query));
  ASSERT_EQ(rows.size(), 6U);
  EXPECT_EQ(session->count(query), 6);
  // Each key goes on behind its own row, whatever its type.
  const auto reader = session->read(query);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto cells = reader->next();
    ASSERT_FALSE(cells.empty());
    RowQuery rest = query;
    rest.after = key_value(cells[0]);
    EXPECT_EQ(session->key_at(query, static_cast<std::int64_t>(i) + 1), rest.after);
    EXPECT_EQ(rows_of(*session->read(rest)),
              Rows(rows.begin() + static_cast<int>(i) + 1, rows.end()))
        << rows[i][0];
    rest.after.reset();
    const std::vector<bson::Value> keys{key_value(cells[0])};
    rest.keys = keys;
    EXPECT_EQ(rows_of(*session->read(rest)), Rows{rows[i]});
    EXPECT_EQ(session->count(rest), 1);
  }
  query.columns = fields;
  query.where = R"({"s": "é"})";
  const auto one = session->read(query);
  EXPECT_EQ(kinds_of(one->next()), all_kinds);
  EXPECT_TRUE(one->next().empty());
}

TEST(StoreSource, IsNeverWritten) {
  const Files files;
  {
    const ADatabase database(files.at("shop.quire"));
  }
  const std::string before = files.read("shop.quire");
  {
    const auto source = open_source("quire:" + files.at("shop.quire") + "?db=shop");
    EXPECT_EQ(read_rows(*source, "all", {"_id"}).size(), 6U);
  }
  EXPECT_EQ(before, files.read("shop.quire"));
  EXPECT_THROW((void)open_source("quire:" + files.at("none.quire")), ImportError);
  EXPECT_FALSE(std::filesystem::exists(files.path() / "none.quire"));
}

TEST(StoreSource, RefusesAFieldThatItsSampleDidNotShow) {
  const Files files;
  {
    const auto store = store::open("quire:" + files.at("a.quire") + "?database=d");
    for (int i = 0; i < 10; ++i) {
      const auto document =
          i == 5 ? bson::make_document("_id", i, "late", 1) : bson::make_document("_id", i, "x", 1);
      const bson::View views[] = {document.view()};
      (void)store->insert({"d", "c"}, views, {});
    }
  }
  const std::string uri = "quire:" + files.at("a.quire") + "?db=d";
  const auto sampled = open_source(uri + "&sample=4");
  const Rows rows = read_rows(*sampled, "c", {"_id", "x"});
  ASSERT_EQ(rows.size(), 10U);
  EXPECT_EQ(rows[5][0], "int32 5");
  EXPECT_NE(rows[5][1].find("unreadable the field \"late\""), std::string::npos);
  EXPECT_EQ(rows[6][1], "int32 1");
  const auto whole = open_source(uri + "&sample=0");
  EXPECT_EQ(read_rows(*whole, "c", {"_id", "late"}).at(5)[1], "int32 1");
}

TEST(StoreSource, RefusesWhatStoresCannotDo) {
  const Files files;
  {
    const ADatabase database(files.at("shop.quire"));
  }
  const auto source = open_source("quire:" + files.at("shop.quire") + "?db=shop");
  const auto refused = [&](auto change) {
    RowQuery query;
    query.table = "all";
    query.columns = {"_id"};
    change(query);
    try {
      (void)source->open()->read(query);
    } catch (const ImportError& error) {
      return error.code();
    }
    return ErrorCode::internal;
  };
  EXPECT_EQ(refused([](RowQuery& q) { q.key = {"x"}; }), ErrorCode::invalid_mapping);
  EXPECT_EQ(refused([](RowQuery& q) { q.owner = Owner{"b", {"id"}, {"b"}, {"id"}}; }),
            ErrorCode::invalid_mapping);
  EXPECT_EQ(refused([](RowQuery& q) { q.where = "x = 1"; }), ErrorCode::invalid_mapping);
  EXPECT_EQ(refused([](RowQuery& q) { q.table = "al"; }), ErrorCode::table_not_found);
  EXPECT_THROW((void)open_source("quire:" + files.at("shop.quire") + "?sample=x"), ImportError);
}
