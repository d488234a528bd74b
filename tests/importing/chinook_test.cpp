// Chinook out of SQLite, PostgreSQL and MariaDB: the sums of the documents are those of the rows.
#include <cctype>
#include <functional>

#include "fixture.hpp"
#include "migrate/documents.hpp"
#include "quire/importer/typed.hpp"
#include "shared_data.hpp"
#ifdef QUIRE_WITH_MYSQL
#include "mysql.hpp"
#endif
#ifdef QUIRE_WITH_POSTGRESQL
#include "postgresql.hpp"
#endif

namespace quire::importer::test {
namespace {

using migrate::VerifyLevel;

struct Track {
  std::int32_t id = 0;
  std::string name;
  std::optional<std::string> composer;
  std::int32_t milliseconds = 0;
  Decimal128 price;
};
struct Album {
  std::int32_t id = 0;
  std::string title;
  std::vector<Track> tracks;
};
struct Artist {
  std::int32_t id = 0;
  std::optional<std::string> name;
  std::vector<Album> albums;
  static auto model() { return quire::model<Artist>("artists"); }
};
struct Line {
  std::int32_t id = 0;
  std::int32_t track = 0;
  Decimal128 price;
  std::int32_t quantity = 0;
};
struct Invoice {
  std::int32_t id = 0;
  DateTime at;
  Decimal128 total;
  std::vector<Line> lines;
};
struct Customer {
  std::int32_t id = 0;
  std::string email;
  std::vector<Invoice> invoices;
  static auto model() { return quire::model<Customer>("customers"); }
};
struct Playlist {
  std::int32_t id = 0;
  std::string name;
  std::vector<Track> tracks;
  static auto model() { return quire::model<Playlist>("playlists"); }
};

/// One of the three databases that hold the same rows.
class Chinook {
 public:
  virtual ~Chinook() = default;
  [[nodiscard]] virtual std::string uri() const = 0;
  /// The first value of a statement, asked by the database's own client.
  virtual std::string value(const std::string& sql) = 0;
  /// Rows of (k, v) as "k:v,k:v", by k.
  virtual std::string pairs(const std::string& rows) = 0;
  /// A sum of prices with two digits.
  [[nodiscard]] virtual std::string money(const std::string& what) const {
    return "SUM(" + what + ")";
  }
  /// "InvoiceLine" as this database writes it.
  [[nodiscard]] virtual std::string name(const std::string& camel) const { return camel; }
};

class SqliteChinook final : public Chinook {
 public:
  explicit SqliteChinook(std::string path) : path_(std::move(path)) {
    sqlite3_open_v2(path_.c_str(), &db_, SQLITE_OPEN_READONLY, nullptr);
  }
  ~SqliteChinook() override { sqlite3_close(db_); }
  [[nodiscard]] std::string uri() const override { return "sqlite:" + path_; }
  std::string value(const std::string& sql) override {
    std::string out;
    const auto take = [](void* to, int, char** values, char**) {
      *static_cast<std::string*>(to) = values[0] == nullptr ? "" : values[0];
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(db_, sql.c_str(), take, &out, nullptr), SQLITE_OK) << sql;
    return out;
  }
  std::string pairs(const std::string& rows) override {
    return value("SELECT group_concat(k || ':' || v) FROM (" + rows + " ORDER BY k) q");
  }
  [[nodiscard]] std::string money(const std::string& what) const override {
    return "printf('%.2f', SUM(" + what + "))";
  }

 private:
  std::string path_;
  sqlite3* db_ = nullptr;
};

#ifdef QUIRE_WITH_POSTGRESQL
class PostgresqlChinook final : public Chinook {
 public:
  explicit PostgresqlChinook(std::string uri) : uri_(std::move(uri)), client_(uri_) {}
  [[nodiscard]] std::string uri() const override { return uri_; }
  std::string value(const std::string& sql) override { return client_.value(sql); }
  std::string pairs(const std::string& rows) override {
    return value("SELECT string_agg(k || ':' || v, ',' ORDER BY k) FROM (" + rows + ") q");
  }
  [[nodiscard]] std::string name(const std::string& camel) const override {
    std::string out;
    for (const char c : camel) {
      const auto byte = static_cast<unsigned char>(c);
      if (std::isupper(byte) != 0 && !out.empty()) out += '_';
      out += static_cast<char>(std::tolower(byte));
    }
    return out;
  }

 private:
  std::string uri_;
  quire::test::PgClient client_;
};

#endif

#ifdef QUIRE_WITH_MYSQL
class MariadbChinook final : public Chinook {
 public:
  explicit MariadbChinook(std::string uri)
      : uri_(std::move(uri)), connection_(mysql::parse_uri(uri_, std::chrono::seconds(30))) {
    connection_.execute("SET SESSION group_concat_max_len = 1000000", "a longer text");
  }
  [[nodiscard]] std::string uri() const override { return uri_; }
  std::string value(const std::string& sql) override {
    return connection_.value(sql, sql).value_or("");
  }
  std::string pairs(const std::string& rows) override {
    return value("SELECT GROUP_CONCAT(k, ':', v ORDER BY k SEPARATOR ',') FROM (" + rows + ") q");
  }

 private:
  std::string uri_;
  mysql::Connection connection_;
};

#endif

class ChinookImport : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string kind = GetParam();
    if (quire::test::on_server() && kind != "sqlite")
      GTEST_SKIP() << "what is written is that of SQLite";
    if (kind == "sqlite") {
      const auto path = quire::test::shared_data("data/chinook/Chinook_Sqlite.sqlite");
      if (path.empty()) GTEST_SKIP() << "data/chinook/Chinook_Sqlite.sqlite is absent";
      old = std::make_unique<SqliteChinook>(path.string());
      return;
    }
    const std::string uri = quire::test::database(kind + "_chinook");
    if (uri.empty()) GTEST_SKIP() << quire::test::no_database(kind + "_chinook");
#ifdef QUIRE_WITH_POSTGRESQL
    if (kind == "postgresql") old = std::make_unique<PostgresqlChinook>(uri);
#endif
#ifdef QUIRE_WITH_MYSQL
    if (kind == "mysql") old = std::make_unique<MariadbChinook>(uri);
#endif
    if (!old) GTEST_SKIP() << "this build has no client of " << kind;
  }
  [[nodiscard]] std::string n(const std::string& camel) const { return old->name(camel); }

  template <class Rows>
  void describe_track(Rows& track) const {
    track.template field<&Track::id>(n("TrackId"))
        .template field<&Track::name>(n("Name"))
        .template field<&Track::composer>(n("Composer"))
        .template field<&Track::milliseconds>(n("Milliseconds"))
        .template field<&Track::price>(n("UnitPrice"));
  }
  [[nodiscard]] TableMapping artists() const {
    return into<Artist>(n("Artist"))
        .field<&Artist::id>(n("ArtistId"))
        .field<&Artist::name>(n("Name"))
        .children<&Artist::albums>(n("Album"), {n("ArtistId")},
                                   [&](auto& album) {
                                     album.template field<&Album::id>(n("AlbumId"))
                                         .template field<&Album::title>(n("Title"))
                                         .template children<&Album::tracks>(
                                             n("Track"), {n("AlbumId")},
                                             [&](auto& track) { describe_track(track); },
                                             {.order = {{n("TrackId")}}});
                                   },
                                   {.order = {{n("Title")}}});
  }
  [[nodiscard]] TableMapping customers() const {
    return into<Customer>(n("Customer"))
        .field<&Customer::id>(n("CustomerId"))
        .field<&Customer::email>(n("Email"))
        .children<&Customer::invoices>(
            n("Invoice"), {n("CustomerId")},
            [&](auto& invoice) {
              invoice.template field<&Invoice::id>(n("InvoiceId"))
                  .template field<&Invoice::at>(n("InvoiceDate"))
                  .template field<&Invoice::total>(n("Total"))
                  .template children<&Invoice::lines>(
                      n("InvoiceLine"), {n("InvoiceId")},
                      [&](auto& line) {
                        line.template field<&Line::id>(n("InvoiceLineId"))
                            .template field<&Line::track>(n("TrackId"))
                            .template field<&Line::price>(n("UnitPrice"))
                            .template field<&Line::quantity>(n("Quantity"));
                      },
                      {.order = {{n("InvoiceLineId")}}});
            },
            {.order = {{n("InvoiceDate")}, {n("InvoiceId")}}});
  }
  [[nodiscard]] TableMapping playlists() const {
    return into<Playlist>(n("Playlist"))
        .field<&Playlist::id>(n("PlaylistId"))
        .field<&Playlist::name>(n("Name"))
        .children<&Playlist::tracks>(n("Track"), {n("PlaylistId")},
                                     [&](auto& track) { describe_track(track); },
                                     {.order = {{n("TrackId")}},
                                      .link = n("PlaylistTrack"),
                                      .link_columns = {n("TrackId")}});
  }
  [[nodiscard]] Mapping mapping() const {
    return {.tables = {artists(), customers(), playlists()}};
  }

  /// The one field `v` of what a pipeline gives; of several documents "id:v,id:v". Decimals without
  /// the zeros behind the point, of which SQLite keeps none.
  std::string sums(const char* collection, const std::string& stages) {
    bson::Writer body;
    body.append("stages", bson::from_json("{\"x\":" + stages + "}")["x"]);
    const bson::Document holder = body.finish();
    std::string out;
    const auto cursor = db.store().aggregate(db.ns(collection), holder["stages"].as_array(),
                                             store::AggregateOptions{});
    while (const auto document = cursor->next()) {
      const auto v = (*document)["v"];
      const std::string value = v.type() == bson::Type::decimal128
                                    ? v.as_decimal128().str()
                                    : std::to_string(migrate::get_int(*document, "v"));
      const auto id = document->find("_id");
      const bool keyed = id && id->is_number();
      out += (out.empty() ? "" : ",") +
             (keyed ? std::to_string(migrate::get_int(*document, "_id")) + ":" : "") + value;
    }
    return out;
  }

  void compare_sums();

  std::unique_ptr<Chinook> old;
  Database db = empty_database();
  ImportOptions options{.batch_documents = 100, .partition_rows = 100};
};

/// "1:2.50,2:3.00" as "1:2.5,2:3".
std::string plain(const std::string& list) {
  std::string out;
  std::size_t point = std::string::npos;
  const auto end = [&] {
    if (point == std::string::npos) return;
    while (out.back() == '0') out.pop_back();
    if (out.back() == '.') out.pop_back();
    point = std::string::npos;
  };
  for (const char c : list) {
    if (c == ',') end();
    if (c == '.') point = out.size();
    out += c;
  }
  end();
  return out;
}

void ChinookImport::compare_sums() {
  const auto q = [&](const char* camel) { return n(camel); };
  const auto one = [&](const std::string& sql) { return plain(old->value(sql)); };
  const std::string per_customer = "SELECT " + q("CustomerId") + " AS k, " +
                                   old->money(q("Total")) + " AS v FROM " + q("Invoice") +
                                   " GROUP BY " + q("CustomerId");
  const std::string lines = q("InvoiceLine") + " l JOIN " + q("Invoice") + " i ON i." +
                            q("InvoiceId") + " = l." + q("InvoiceId");
  const std::string cost = "l." + q("UnitPrice") + " * l." + q("Quantity");

  EXPECT_EQ(std::to_string(count(db, "artists")), one("SELECT count(*) FROM " + q("Artist")));
  const std::string unwound = R"([{"$unwind": "$albums"}, {"$unwind": "$albums.tracks"}, )";
  EXPECT_EQ(sums("artists", unwound + R"({"$group": {"_id": null, "v": {"$sum": 1}}}])"),
            one("SELECT count(*) FROM " + q("Track")));
  EXPECT_EQ(sums("artists", R"([{"$project": {"v": {"$size": "$albums"}}}, {"$group": {"_id": null,
                "v": {"$sum": "$v"}}}])"),
            one("SELECT count(*) FROM " + q("Album")));
  EXPECT_EQ(sums("artists", unwound + R"({"$group": {"_id": null,
                "v": {"$sum": {"$toDecimal": "$albums.tracks.milliseconds"}}}}])"),
            one("SELECT SUM(" + q("Milliseconds") + ") FROM " + q("Track")));
  EXPECT_EQ(plain(sums("artists", unwound + R"({"$group": {"_id": null,
                "v": {"$sum": "$albums.tracks.price"}}}])")),
            one("SELECT " + old->money(q("UnitPrice")) + " FROM " + q("Track")));
  // Money of each customer, twice: by the invoices' totals and by their lines.
  EXPECT_EQ(plain(sums("customers", R"([{"$unwind": "$invoices"}, {"$group": {"_id": "$_id",
                "v": {"$sum": "$invoices.total"}}}, {"$sort": {"_id": 1}}])")),
            plain(old->pairs(per_customer)));
  const std::string of_lines = R"([{"$unwind": "$invoices"}, {"$unwind": "$invoices.lines"},
      {"$group": {"_id": ID, "v": {"$sum": {"$multiply": ["$invoices.lines.price",
      "$invoices.lines.quantity"]}}}}, {"$sort": {"_id": 1}}])";
  const auto by = [&](const std::string& id) {
    return std::string(of_lines).replace(of_lines.find("ID"), 2, id);
  };
  EXPECT_EQ(plain(sums("customers", by("\"$_id\""))),
            plain(old->pairs("SELECT i." + q("CustomerId") + " AS k, " + old->money(cost) +
                             " AS v FROM " + lines + " GROUP BY i." + q("CustomerId"))));
  EXPECT_EQ(plain(sums("customers", by("null"))),
            one("SELECT " + old->money(cost) + " FROM " + lines));
  EXPECT_EQ(plain(sums("customers", by("null"))), "2328.6");
  EXPECT_EQ(plain(sums("customers", by("null"))),
            one("SELECT " + old->money(q("Total")) + " FROM " + q("Invoice")));
  // Durations of each list that has tracks.
  EXPECT_EQ(sums("playlists", R"([{"$unwind": "$tracks"}, {"$group": {"_id": "$_id",
                "v": {"$sum": {"$toDecimal": "$tracks.milliseconds"}}}}, {"$sort": {"_id": 1}}])"),
            old->pairs("SELECT p." + q("PlaylistId") + " AS k, SUM(t." + q("Milliseconds") +
                       ") AS v FROM " + q("PlaylistTrack") + " p JOIN " + q("Track") + " t ON t." +
                       q("TrackId") + " = p." + q("TrackId") + " GROUP BY p." + q("PlaylistId")));
}

TEST_P(ChinookImport, HasTheSumsOfTheRowsIsProvenComesAgainAndGoesBack) {
  put(db, "customers", R"({"_id": 9000, "email": "own@example.org", "invoices": []})");
  const auto source = open_source(old->uri());
  const auto report = Importer(*source, db, mapping(), options).run();
  ASSERT_TRUE(report.ok()) << report.json();
  compare_sums();
  const auto proof = Importer(*source, db, mapping(), options).verify(VerifyLevel::full);
  EXPECT_TRUE(proof.ok()) << proof.json();
  const auto before = all(db, "customers", true);
  const auto later = open_source(old->uri());
  const auto again = Importer(*later, db, mapping(), options).run();
  ASSERT_TRUE(again.ok()) << again.json();
  for (const ImportPart& part : again.parts) {
    EXPECT_EQ(part.data.counts.written, 0) << part.name;
    EXPECT_GT(part.data.counts.unchanged, 0) << part.name;
    EXPECT_FALSE(part.changed_meanwhile) << part.name;
  }
  EXPECT_EQ(all(db, "customers", true), before);
  set(db, "customers", R"({"_id": 7})", R"({"$set": {"invoices.0.lines.0.quantity": 99}})");
  const auto wrong = Importer(*later, db, mapping(), options).verify(VerifyLevel::full);
  EXPECT_EQ(wrong.exit_code(), 41) << wrong.json();
  EXPECT_NE(wrong.json().find("invoices[0].lines[0].quantity"), std::string::npos) << wrong.json();
  const auto back = Importer(*later, db, mapping(), options).rollback(migrate::Edited::overwrite);
  ASSERT_TRUE(back.ok()) << back.json();
  EXPECT_EQ(all(db, "customers"),
            std::vector<std::string>{
                same(R"({"_id": 9000, "email": "own@example.org", "invoices": []})")});
  EXPECT_EQ(count(db, "artists") + count(db, "playlists"), 0);
}

INSTANTIATE_TEST_SUITE_P(Of, ChinookImport, testing::Values("sqlite", "postgresql", "mysql"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace quire::importer::test
