#include "quire/migrate/duplicates.hpp"

#include <algorithm>

#include "migrate/duplicate_scan.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using bson::View;

/// {k0: {v: 1}} as {email: 1}.
bson::Document shown(const IndexKeys& keys, View key) {
  bson::Writer w;
  std::size_t i = 0;
  for (const auto& field : key) {
    if (i >= keys.fields.size() || !field.value.is_document()) break;
    const View part = field.value.as_document();
    if (const auto value = part.find("v")) {
      w.append(keys.fields[i], *value);
    } else {
      w.append(keys.fields[i], bson::Value(bson::Undefined{}));
    }
    ++i;
  }
  return w.finish();
}

}  // namespace

DuplicateScan::DuplicateScan(const Database& db, std::string_view collection, View keys,
                             bool sparse, View partial, store::Session* session)
    : db_(db),
      collection_(collection),
      keys_(index_keys(keys, sparse)),
      partial_(partial),
      session_(session) {}

std::unique_ptr<store::Cursor> DuplicateScan::aggregate(const std::string& stages,
                                                        View first) const {
  std::string text = R"({"p":[)";
  if (!keys_.parallel.empty()) text += R"({"$match":{"$expr":{"$not":[)" + keys_.parallel + "]}}},";
  text += R"({"$project":{"t":)" + keys_.keys + R"(}},{"$unwind":"$t"},)" + stages + "]}";
  const bson::Document body = bson::from_json(text);
  bson::Writer pipeline;
  for (const View match : {first, View(partial_)}) {
    if (!match.empty()) pipeline.push_document_begin().append("$match", match).end();
  }
  for (const auto& stage : View(body)["p"].as_array()) pipeline.push(stage.value.as_document());
  const bson::Document all = pipeline.finish();
  auto options = safe<store::AggregateOptions>(session_);
  options.allow_disk_use = true;
  return db_.store().aggregate(db_.ns(collection_), all, options);
}

std::vector<DuplicateScan::Group> DuplicateScan::groups(std::int64_t most, bool& more) const {
  const auto cursor =
      aggregate(R"({"$group":{"_id":"$t","n":{"$sum":1}}},{"$match":{"n":{"$gt":1}}},)"
                R"({"$sort":{"n":-1,"_id":1}},{"$limit":)" +
                    std::to_string(most + 1) + "}",
                {});
  std::vector<Group> out;
  more = false;
  while (const auto document = cursor->next()) {
    if (static_cast<std::int64_t>(out.size()) == most) {
      more = true;
      break;
    }
    out.push_back({bson::Document((*document)["_id"].as_document()), get_int(*document, "n"), {}});
  }
  return out;
}

void DuplicateScan::add_ids(std::span<Group> groups, std::int64_t most_ids, View among) const {
  constexpr std::size_t at_once = 100;
  for (std::size_t from = 0; from < groups.size(); from += at_once) {
    const auto part = groups.subspan(from, std::min(at_once, groups.size() - from));
    std::string list;
    for (const Group& group : part)
      list += (list.empty() ? "" : ",") + bson::to_json(group.key, bson::JsonMode::canonical);
    const auto cursor =
        aggregate(R"({"$project":{"g":{"$indexOfArray":[{"$literal":[)" + list +
                      R"(]},"$t"]}}},{"$match":{"g":{"$gte":0}}},{"$sort":{"_id":1}})",
                  among);
    for (Group& group : part) group.documents = 0;
    while (const auto document = cursor->next()) {
      const auto at = get_int(*document, "g", -1);
      if (at < 0 || at >= static_cast<std::int64_t>(part.size())) continue;
      Group& group = part[static_cast<std::size_t>(at)];
      ++group.documents;
      if (most_ids == 0 || static_cast<std::int64_t>(group.ids.size()) < most_ids)
        group.ids.emplace_back((*document)["_id"]);
    }
  }
}

std::int64_t DuplicateScan::parallel(std::vector<bson::Value>& ids, std::int64_t most_ids) const {
  if (keys_.parallel.empty()) return 0;
  const bson::Document body = bson::from_json(R"({"p":[{"$match":{"$expr":)" + keys_.parallel +
                                              R"(}},{"$project":{"_id":1}},{"$sort":{"_id":1}}]})");
  bson::Writer pipeline;
  if (!partial_.empty()) pipeline.push_document_begin().append("$match", partial_.view()).end();
  for (const auto& stage : View(body)["p"].as_array()) pipeline.push(stage.value.as_document());
  const bson::Document all = pipeline.finish();
  auto options = safe<store::AggregateOptions>(session_);
  options.allow_disk_use = true;
  const auto cursor = db_.store().aggregate(db_.ns(collection_), all, options);
  std::int64_t count = 0;
  while (const auto document = cursor->next()) {
    ++count;
    if (most_ids == 0 || static_cast<std::int64_t>(ids.size()) < most_ids)
      ids.emplace_back((*document)["_id"]);
  }
  return count;
}

DuplicateGroups find_duplicates(const Database& db, std::string_view collection, View keys,
                                const DuplicateOptions& options) {
  if (options.most < 1 || options.most > 100'000 || options.most_ids < 0) {
    throw StoreError(ErrorCode::invalid_argument, FieldPath("most"),
                     "find_duplicates lists 1 to 100,000 groups, and 0 or more ids of each");
  }
  const DuplicateScan scan(db, collection, keys, options.sparse, options.partial_filter,
                           options.session.pointer);
  DuplicateGroups out;
  out.collection = collection;
  out.keys = bson::Document(keys);
  auto groups = scan.groups(options.most, out.more);
  if (!groups.empty()) scan.add_ids(groups, options.most_ids, {});
  for (auto& group : groups) {
    if (group.documents < 2) continue;  // gone since it was counted
    out.groups.push_back({shown(scan.keys(), group.key), group.documents, std::move(group.ids)});
  }
  out.parallel_lists = scan.parallel(out.parallel_ids, options.most_ids);
  return out;
}

std::string DuplicateGroups::str() const {
  const auto listed = [](const std::vector<bson::Value>& ids, std::int64_t all) {
    std::string text;
    for (const auto& id : ids) text += (text.empty() ? "" : ", ") + bson::to_json(id.view());
    if (static_cast<std::int64_t>(ids.size()) < all) text += ", …";
    return text;
  };
  std::string out;
  for (const DuplicateGroup& group : groups) {
    out += bson::to_json(group.key) + ": " + std::to_string(group.documents) + " documents, _id " +
           listed(group.ids, group.documents) + "\n";
  }
  if (more) out += "… and more groups\n";
  if (parallel_lists > 0) {
    out += "lists in two of the fields: " + std::to_string(parallel_lists) +
           (parallel_lists == 1 ? " document, _id " : " documents, _id ") +
           listed(parallel_ids, parallel_lists) + "\n";
  }
  return out.empty() ? "no duplicates\n" : out;
}

std::string DuplicateGroups::json() const {
  bson::Writer w;
  w.append("schema", "quire.duplicates/1").append("collection", collection).append("keys", keys);
  w.begin_array("groups");
  for (const DuplicateGroup& group : groups) {
    w.push_document_begin().append("key", group.key).append("documents", group.documents);
    w.begin_array("ids");
    for (const auto& id : group.ids) w.push(id);
    w.end().end();
  }
  w.end();
  w.append("more", more).append("parallel_lists", parallel_lists);
  w.begin_array("parallel_ids");
  for (const auto& id : parallel_ids) w.push(id);
  w.end();
  return bson::to_json(w.finish());
}

}  // namespace quire::migrate
