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

/// The largest of the groups that pass by; of equal ones the first.
class Largest {
 public:
  struct Group {
    bson::Document key;
    std::int64_t documents = 0;
    std::vector<bson::Value> ids;
    std::int64_t place = 0;  ///< in which it came
  };
  explicit Largest(std::int64_t most) : most_(static_cast<std::size_t>(most)) {}

  void add(Group group) {
    if (group.documents < 2) return;
    group.place = seen_++;
    if (groups_.size() == most_) {
      if (!is_before(group, groups_.front())) return;
      std::pop_heap(groups_.begin(), groups_.end(), is_before);
      groups_.pop_back();
    }
    groups_.push_back(std::move(group));
    std::push_heap(groups_.begin(), groups_.end(), is_before);
  }
  [[nodiscard]] bool left_out() const { return static_cast<std::size_t>(seen_) > groups_.size(); }
  std::vector<Group> take() {
    std::sort_heap(groups_.begin(), groups_.end(), is_before);
    return std::move(groups_);
  }

 private:
  static bool is_before(const Group& a, const Group& b) {
    return a.documents != b.documents ? a.documents > b.documents : a.place < b.place;
  }
  std::size_t most_;
  std::int64_t seen_ = 0;
  std::vector<Group> groups_;  // a heap: the smallest in front
};

}  // namespace

DuplicateGroups find_duplicates(const Database& db, std::string_view collection, View keys,
                                const DuplicateOptions& options) {
  if (options.most < 1 || options.most > 100'000 || options.most_ids < 0) {
    throw StoreError(ErrorCode::invalid_argument, FieldPath("most"),
                     "find_duplicates lists 1 to 100,000 groups, and 0 or more ids of each");
  }
  const DuplicateScan scan(db, collection, keys, options.sparse, options.partial_filter);
  store::Session* session = options.session.pointer;
  DuplicateGroups out;
  out.collection = collection;
  out.keys = bson::Document(keys);
  Largest largest(options.most);
  Largest::Group open;
  auto rows = scan.rows({}, "_id", session);
  while (const auto row = rows.next()) {
    if (open.documents == 0 || !row->has(open.key)) {
      largest.add(std::move(open));
      open = {bson::Document(row->key), 0, {}, 0};
    }
    ++open.documents;
    if (options.most_ids == 0 || open.documents <= options.most_ids) open.ids.emplace_back(row->id);
  }
  largest.add(std::move(open));
  out.more = largest.left_out();
  for (auto& group : largest.take())
    out.groups.push_back({shown(scan.keys(), group.key), group.documents, std::move(group.ids)});
  out.parallel_lists = scan.parallel(out.parallel_ids, options.most_ids, session);
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
