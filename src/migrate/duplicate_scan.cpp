#include "migrate/duplicate_scan.hpp"

#include "migrate/json_text.hpp"
#include "migrate/same_value.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate {

using bson::View;

namespace {

/// The field of a row that has the key. No document of a user's has it in an index.
constexpr std::string_view key_field = "_quire_key";

}  // namespace

bool DuplicateScan::Row::has(View other) const { return same_document(key, other); }

std::optional<DuplicateScan::Row> DuplicateScan::Rows::next() {
  const auto document = cursor_->next();
  if (!document) return std::nullopt;
  return Row{(*document)[key_field].as_document(), (*document)["_id"]};
}

DuplicateScan::DuplicateScan(const Database& db, std::string_view collection, View keys,
                             bool sparse, View partial)
    : db_(db), collection_(collection), keys_(index_keys(keys, sparse)), partial_(partial) {}

std::unique_ptr<store::Cursor> DuplicateScan::aggregate(const std::string& stages, View first,
                                                        store::Session* session) const {
  const bson::Document body = bson::from_json(R"({"p":[)" + stages + "]}");
  bson::Writer pipeline;
  for (const View match : {first, View(partial_)}) {
    if (!match.empty()) pipeline.push_document_begin().append("$match", match).end();
  }
  for (const auto& stage : View(body)["p"].as_array()) pipeline.push(stage.value.as_document());
  const bson::Document all = pipeline.finish();
  auto options = safe<store::AggregateOptions>(session);
  options.allow_disk_use = true;
  // So that a server's cursor is asked for more long before it counts as forgotten.
  options.batch_size = 10'000;
  return db_.store().aggregate(db_.ns(collection_), all, options);
}

DuplicateScan::Rows DuplicateScan::rows(View among, std::string_view by,
                                        store::Session* session) const {
  const std::string key = json_text(key_field);
  const bool by_id = by == "_id" || by.starts_with("_id.");
  std::string text;
  if (!keys_.parallel.empty()) text += R"({"$match":{"$expr":{"$not":[)" + keys_.parallel + "]}}},";
  text += R"({"$project":{)" + key + ":" + keys_.keys;
  if (!by_id) text += "," + json_text(by) + ":1";
  text += R"(}},{"$unwind":)" + json_text("$" + std::string(key_field)) + R"(},{"$sort":{)" + key +
          ":1,";
  if (by != "_id") text += json_text(by) + ":1,";
  text += R"("_id":1}})";
  if (!by_id) text += R"(,{"$project":{)" + key + ":1}}";
  return Rows(aggregate(text, among, session));
}

std::int64_t DuplicateScan::parallel(std::vector<bson::Value>& ids, std::int64_t most_ids,
                                     store::Session* session) const {
  if (keys_.parallel.empty()) return 0;
  const auto cursor = aggregate(R"({"$match":{"$expr":)" + keys_.parallel +
                                    R"(}},{"$project":{"_id":1}},{"$sort":{"_id":1}})",
                                {}, session);
  std::int64_t count = 0;
  while (const auto document = cursor->next()) {
    ++count;
    if (most_ids == 0 || static_cast<std::int64_t>(ids.size()) < most_ids)
      ids.emplace_back((*document)["_id"]);
  }
  return count;
}

}  // namespace quire::migrate
