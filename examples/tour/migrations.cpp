#include "migrations.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data.hpp"

namespace tour {

namespace q = quire;
using q::bson::make_document;

/// The data as it was at first. A migration has structs of its own, so that it still compiles and
/// does the same when the models have moved on.
namespace v1 {

struct CountryRecord {  // as in iso_3166-1.json
  std::string alpha_2;
  std::string alpha_3;
  std::string numeric;
  std::string name;
  std::optional<std::string> official_name;
};
struct Country {
  std::string id;
  std::string alpha_3;
  std::string numeric;
  std::string name;
  std::optional<std::string> official_name;
};
struct SubdivisionRecord {  // as in iso_3166-2.json
  std::string code;
  std::string name;
  std::string type;
  std::optional<std::string> parent;
};
struct Subdivision {
  std::string id;
  std::string code;  // "AZ-BAB": the country and the part in one
  std::string name;
  std::string type;
  std::optional<std::string> parent;  // "NX": meaningless without the country
};
struct LanguageRecord {  // as in iso_639-3.json
  std::string alpha_3;
  std::string name;
  std::string scope;
  std::string type;
  std::optional<std::string> alpha_2;
};
struct Language {
  std::string id;
  std::string name;
  std::string scope;
  std::string type;
  std::optional<std::string> alpha_2;
};

}  // namespace v1

namespace v2 {

struct Subdivision {
  std::string id;
  std::string country;
  std::string part;
  std::optional<std::string> parent;
  std::string name;
  std::string type;

  static auto model() { return q::model<Subdivision>("subdivisions").version(2); }
};

}  // namespace v2

namespace {

template <class Document, class Record, class Make>
void load(q::Database& db, q::Session& session, const char* collection,
          const std::filesystem::path& data, const char* list, Make make) {
  std::vector<Document> documents;
  for (Record& record : read_records<Record>(data, list)) documents.push_back(make(record));
  db.collection<Document>(collection).insert_many(documents, {.session = session}).or_throw();
}

struct LoadFiles : q::Migration {
  explicit LoadFiles(std::filesystem::path data)
      : Migration{{.id = "0001_load_iso_codes",
                   .title = "Load countries, subdivisions and languages",
                   .touches = {"countries", "subdivisions", "languages"}}},
        data_(std::move(data)) {}

  void up(q::MigrationContext& m) override {
    m.run(q::Atomicity::transactional, [this](q::Database& db, q::Session& session) {
      load<v1::Country, v1::CountryRecord>(
          db, session, "countries", data_, "3166-1", [](v1::CountryRecord& r) {
            return v1::Country{r.alpha_2, r.alpha_3, r.numeric, r.name, r.official_name};
          });
      load<v1::Subdivision, v1::SubdivisionRecord>(
          db, session, "subdivisions", data_, "3166-2", [](v1::SubdivisionRecord& r) {
            return v1::Subdivision{r.code, r.code, r.name, r.type, r.parent};
          });
      load<v1::Language, v1::LanguageRecord>(
          db, session, "languages", data_, "639-3", [](v1::LanguageRecord& r) {
            return v1::Language{r.alpha_3, r.name, r.scope, r.type, r.alpha_2};
          });
    });
  }
  q::Undo undo() override {
    return {q::drop_collection("languages"), q::drop_collection("subdivisions"),
            q::drop_collection("countries")};
  }

 private:
  std::filesystem::path data_;
};

/// "AZ-BAB" → {"AZ", "BAB"}
std::pair<std::string, std::string> split(const std::string& code) {
  const auto dash = code.find('-');
  if (dash == std::string::npos) throw std::runtime_error("no dash in \"" + code + "\"");
  return {code.substr(0, dash), code.substr(dash + 1)};
}

v2::Subdivision split_code(const v1::Subdivision& old) {
  auto [country, part] = split(old.code);
  std::optional<std::string> parent = old.parent;
  // Some releases of the list name the parent with its country, some without.
  if (parent && parent->find('-') == std::string::npos) parent = country + "-" + *parent;
  return {old.id, std::move(country), std::move(part), std::move(parent), old.name, old.type};
}

v1::Subdivision join_code(const v2::Subdivision& now) {
  std::optional<std::string> parent = now.parent;
  if (parent) parent = split(*parent).second;
  return {now.id, now.country + "-" + now.part, now.name, now.type, std::move(parent)};
}

}  // namespace

q::Migrations migrations(const std::filesystem::path& data) {
  q::Migrations all;
  all.add<LoadFiles>(data);
  all.add({.id = "0002_indexes",
           .title = "Indexes for the lookups of the program",
           .depends_on = {"0001_load_iso_codes"},
           .kind = q::MigrationKind::schema,
           .up = {q::create_index("countries", make_document("alpha_3", 1), {.unique = true}),
                  q::create_index("countries", make_document("name", 1)),
                  q::create_index("languages", make_document("name", 1)),
                  q::create_index("languages", make_document("alpha_2", 1),
                                  {.unique = true, .sparse = true}),
                  q::create_index("subdivisions", make_document("country", 1, "name", 1)),
                  q::create_index("subdivisions", make_document("parent", 1), {.sparse = true})}});
  all.add({.id = "0003_split_subdivision_code",
           .title = "code → country and part; parents become references",
           .depends_on = {"0002_indexes"},
           .up = q::transform<v1::Subdivision, v2::Subdivision>("subdivisions", split_code),
           .down = q::transform<v2::Subdivision, v1::Subdivision>("subdivisions", join_code)});
  return all;
}

}  // namespace tour
