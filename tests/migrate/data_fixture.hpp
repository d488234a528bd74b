#pragma once

#include "fixture.hpp"
#include "quire/migrate/data_migrator.hpp"

namespace quire::migrate::test {

struct OldPerson {
  std::int64_t id = 0;
  std::string name;
};
struct NewPerson {
  std::int64_t id = 0;
  std::string first;
  std::string last;
};

inline NewPerson split(const OldPerson& old) {
  const auto space = old.name.find(' ');
  return {old.id, old.name.substr(0, space), old.name.substr(space + 1)};
}

inline void put_people(Database& db, int count, std::string_view collection = "people") {
  std::vector<bson::Document> documents;
  std::vector<bson::View> views;
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    documents.push_back(bson::make_document("_id", std::int64_t{i}, "name", "F" + n + " L" + n));
  }
  views.assign(documents.begin(), documents.end());
  ASSERT_EQ(db.store().insert(db.ns(collection), views, {}).inserted, count);
}

/// What people become in the target, without stamps.
inline std::vector<std::string> without_stamps(Database& db, std::string_view collection) {
  std::vector<std::string> lines;
  const bson::Document order = bson::make_document("_id", 1);
  const bson::Document fields = bson::make_document("_q", 0);
  store::FindOptions options;
  options.sort = order;
  options.projection = fields;
  const auto cursor = db.store().find(db.ns(collection), {}, options);
  while (const auto document = cursor->next()) lines.push_back(bson::to_json(*document));
  return lines;
}

inline void set(Database& db, std::string_view collection, std::string_view filter,
                std::string_view update) {
  const auto body = bson::from_json(update);
  ASSERT_EQ(
      db.store().update(db.ns(collection), bson::from_json(filter), {body.view()}, {}).matched, 1);
}

/// A small job with partitions of ten documents and batches of three.
inline DataMigrator small_job(Database from, Database to, std::string into = "users") {
  DataMigrator job(std::move(from), "people");
  job.to(std::move(to), std::move(into)).partition(10).batch(3);
  return job;
}

}  // namespace quire::migrate::test
