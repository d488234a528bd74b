#include "migrate/documents.hpp"

#include "quire/bson/writer.hpp"

namespace quire::migrate {

std::vector<bson::Document> find_keys(const Database& db, std::string_view collection,
                                      const std::vector<bson::Value>& keys, store::Session* session,
                                      bson::View projection, bson::View filter) {
  std::vector<bson::Document> out;
  if (keys.empty()) return out;
  bson::Writer w;
  w.begin_document("_id").begin_array("$in");
  for (const auto& key : keys) w.push(key);
  w.end().end();
  bson::Document wanted = w.finish();
  if (!filter.empty()) {
    bson::Writer both;
    both.begin_array("$and").push(wanted).push(filter).end();
    wanted = both.finish();
  }
  auto options = safe<store::FindOptions>(session);
  options.projection = projection;
  const bson::Document order = bson::make_document("_id", std::int32_t{1});
  options.sort = order;
  const auto cursor = db.store().find(db.ns(collection), wanted, options);
  while (const auto document = cursor->next()) out.emplace_back(*document);
  return out;
}

std::vector<bson::Value> keys_of(const std::vector<bson::Document>& documents) {
  std::vector<bson::Value> keys;
  keys.reserve(documents.size());
  for (const auto& document : documents) keys.emplace_back(document["_id"]);
  return keys;
}

bson::Document exactly(bson::View document) {
  bson::Writer w;
  w.append("_id", document["_id"]);
  w.begin_document("$expr").begin_array("$eq").push("$$ROOT");
  w.push_document_begin().append("$literal", document).end();
  w.end().end();
  return w.finish();
}

std::string key_text(bson::ValueView key) {
  std::string out(1, static_cast<char>(key.type()));
  out.append(reinterpret_cast<const char*>(key.data()), key.size());
  return out;
}

}  // namespace quire::migrate
