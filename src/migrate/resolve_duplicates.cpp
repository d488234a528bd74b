#include <algorithm>
#include <limits>
#include <optional>
#include <unordered_map>

#include "migrate/documents.hpp"
#include "migrate/duplicate_scan.hpp"
#include "migrate/reject_row.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/duplicates.hpp"
#include "quire/migrate/migration.hpp"

namespace quire::migrate {
namespace {

using bson::View;

/// Documents at once: in one transaction where there are any, and in memory.
constexpr std::size_t batch_documents = 500;
constexpr std::size_t batch_bytes = std::size_t{8} << 20U;

class Resolver {
 public:
  Resolver(const Database& db, std::string_view collection, View keys, const Keep* keep,
           const MergeDuplicates* merge, const ResolveOptions& options)
      : db_(db),
        collection_(collection),
        keep_(keep),
        merge_(merge),
        options_(options),
        scan_(db, collection, keys, options.sparse, options.partial_filter),
        transactions_(options.session.pointer == nullptr && db.capabilities().transactions) {
    job_ = "duplicates:" + collection_ + ":";
    for (const auto& field : keys) job_ += std::string(field.key) + "_";
    job_ += "1";
  }

  /// What changed while it was read is found by the pass behind, and so is what a merge made.
  ResolveReport run() {
    int idle = 0;
    while (true) {
      const std::int64_t before = report_.removed + report_.merged;
      if (!pass()) return report_;
      idle = before == report_.removed + report_.merged ? idle + 1 : 0;
      if (idle == 10) {
        throw StoreError(ErrorCode::write_conflict,
                         "duplicates of " + collection_ +
                             " change faster than they can be resolved; stop what writes them");
      }
    }
  }

 private:
  struct Group {
    bson::Document key;
    std::vector<bson::Value> ids;  ///< in the order of age
    bool counted = false;
  };
  using Groups = std::vector<Group>;

  /// Reads the collection once and resolves its groups on the way. False when there are none.
  bool pass() {
    bool any = false;
    Groups groups;
    std::size_t waiting = 0;  // documents of `groups`
    Group open;
    const auto close = [&] {
      if (open.ids.size() < 2) return;
      waiting += open.ids.size();
      groups.push_back(std::move(open));
    };
    auto rows = scan_.rows({}, options_.by, options_.session.pointer);
    while (const auto row = rows.next()) {
      if (open.ids.empty() || !row->has(open.key)) {
        close();
        if (waiting >= batch_documents) {
          settle(groups);
          groups.clear();
          waiting = 0;
        }
        open = {bson::Document(row->key), {}, false};
      } else {
        any = true;
        // A merge wants them all at once.
        if (merge_ == nullptr && open.ids.size() >= batch_documents) settle({&open, 1});
      }
      open.ids.emplace_back(row->id);
    }
    close();
    settle(groups);
    return any;
  }

  void settle(std::span<Group> groups) {
    if (merge_ == nullptr) return keep_one(groups);
    for (const Group& group : groups) merge_group(group);
  }

  bson::Document order() const {
    bson::Writer w;
    if (options_.by != "_id") w.append(options_.by, std::int32_t{1});
    w.append("_id", std::int32_t{1});
    return w.finish();
  }
  static bson::Document among(std::span<const bson::Value> ids) {
    bson::Writer w;
    w.begin_document("_id").begin_array("$in");
    for (const auto& id : ids) w.push(id);
    w.end().end();
    return w.finish();
  }

  void in_one(FunctionRef<void(store::Session*)> work) {
    if (options_.session.pointer != nullptr) return work(options_.session.pointer);
    in_transaction(db_, transactions_, work);
  }

  /// Of groups of which some have changed, those documents that are still in them, by age.
  std::vector<std::vector<bson::Value>> still(std::span<const Group> groups,
                                              std::span<const bson::Value> ids,
                                              store::Session* session) {
    std::vector<std::vector<bson::Value>> now(groups.size());
    std::size_t at = 0;  // rows come in the order of the groups
    auto rows = scan_.rows(among(ids), options_.by, session);
    while (const auto row = rows.next()) {
      for (std::size_t n = 0; n < groups.size(); ++n, at = (at + 1) % groups.size()) {
        if (!row->has(groups[at].key)) continue;
        now[at].emplace_back(row->id);
        break;
      }
    }
    return now;
  }

  /// The documents by age. Nothing when they are more than two, of more than `most` bytes.
  std::optional<std::vector<bson::Document>> read(std::span<const bson::Value> ids,
                                                  std::size_t most, store::Session* session) {
    auto options = safe<store::FindOptions>(session);
    const auto sort = order();
    options.sort = sort;
    std::vector<bson::Document> documents;
    std::size_t bytes = 0;
    const auto cursor = db_.store().find(db_.ns(collection_), among(ids), options);
    while (const auto document = cursor->next()) {
      bytes += document->size();
      if (bytes > most && ids.size() > 2) return std::nullopt;
      documents.emplace_back(*document);
    }
    return documents;
  }

  std::int64_t remove(const std::vector<const bson::Document*>& documents,
                      store::Session* session) {
    if (documents.empty()) return 0;
    if (options_.keep_removed) {
      std::vector<RejectRow> rows;
      for (const auto* document : documents) {
        rows.push_back({job_, (*document)["_id"], "duplicate", collection_,
                        ErrorCode::duplicate_key, "", "a duplicate of a document that stayed",
                        *document, true});
      }
      keep_rejects(db_, rows, session);
    }
    std::vector<bson::Document> filters;
    std::vector<store::BulkOperation> operations(documents.size());
    filters.reserve(documents.size());
    for (std::size_t i = 0; i < documents.size(); ++i) {
      filters.push_back(exactly(*documents[i]));
      operations[i].kind = store::BulkOperation::Kind::remove_one;
      operations[i].filter = filters.back();
    }
    const auto result =
        db_.store().bulk_write(db_.ns(collection_), operations, safe<store::BulkOptions>(session));
    if (!result.errors.empty()) throw result.errors.front().error;
    return result.removed;
  }

  /// Leaves one document of each group, and of its ids the one of that.
  void keep_one(std::span<Group> groups) {
    std::vector<bson::Value> ids;
    for (const Group& group : groups) ids.insert(ids.end(), group.ids.begin(), group.ids.end());
    if (ids.size() < 2) return;
    std::int64_t removed = 0;
    bool fits = true;
    std::vector<std::optional<bson::Value>> kept;
    std::vector<bool> changed;
    in_one([&](store::Session* session) {
      kept.assign(groups.size(), std::nullopt);
      changed.assign(groups.size(), false);
      const auto documents = read(ids, batch_bytes, session);
      fits = documents.has_value();
      if (!fits) return;
      // Only as they were read: looked at before it is asked whether they are duplicates.
      std::unordered_map<std::string, const bson::Document*> there;
      for (const auto& document : *documents) there.emplace(key_text(document["_id"]), &document);
      const auto now = still(groups, ids, session);
      std::vector<const bson::Document*> going;
      for (std::size_t g = 0; g < groups.size(); ++g) {
        std::vector<const bson::Document*> members;
        for (const auto& id : now[g]) {
          const auto found = there.find(key_text(id));
          if (found != there.end()) members.push_back(found->second);
        }
        if (members.empty()) continue;
        const auto stays = *keep_ == Keep::newest ? members.end() - 1 : members.begin();
        kept[g].emplace((**stays)["_id"]);
        for (const auto* document : members) {
          if (document == *stays) continue;
          going.push_back(document);
          changed[g] = true;
          there.erase(key_text((*document)["_id"]));  // it may be in several groups
        }
      }
      removed = remove(going, session);
    });
    if (!fits) return keep_one_by_halves(groups);
    for (std::size_t g = 0; g < groups.size(); ++g) {
      groups[g].ids.clear();
      if (kept[g]) groups[g].ids.push_back(std::move(*kept[g]));
      if (removed == 0 || !changed[g] || groups[g].counted) continue;
      groups[g].counted = true;
      ++report_.groups;
    }
    report_.removed += removed;
  }

  /// Documents that are too large to be held all at once.
  void keep_one_by_halves(std::span<Group> groups) {
    if (groups.size() > 1) {
      keep_one(groups.first(groups.size() / 2));
      keep_one(groups.subspan(groups.size() / 2));
      return;
    }
    Group& group = groups.front();
    std::vector<bson::Value> ids = std::move(group.ids);
    const auto half = ids.begin() + static_cast<std::ptrdiff_t>((ids.size() + 1) / 2);
    group.ids.assign(ids.begin(), half);
    keep_one(groups);
    group.ids.insert(group.ids.end(), half, ids.end());
    keep_one(groups);
  }

  void merge_group(const Group& group) {
    std::int64_t removed = 0;
    bool changed = false;
    in_one([&](store::Session* session) {
      removed = 0;
      changed = false;
      auto documents = *read(group.ids, std::numeric_limits<std::size_t>::max(), session);
      const auto now = still({&group, 1}, group.ids, session).front();
      std::erase_if(documents, [&](const bson::Document& document) {
        return std::find(now.begin(), now.end(), bson::Value(document["_id"])) == now.end();
      });
      if (documents.size() < 2) return;
      const bson::Document result = (*merge_)(documents);
      const auto base = base_of(result, documents);
      const bool writes = !(View(result) == View(*base));
      if (writes && !replace(*base, result, session))
        return;  // changed since it was read: the next pass sees it
      changed = writes;
      std::vector<const bson::Document*> others;
      for (const auto& document : documents)
        if (&document != base) others.push_back(&document);
      removed = remove(others, session);
    });
    if (changed) ++report_.merged;
    if (removed > 0) ++report_.groups;
    report_.removed += removed;
  }

  /// The document whose _id the result has.
  static const bson::Document* base_of(const bson::Document& result,
                                       const std::vector<bson::Document>& documents) {
    const auto id = View(result).find("_id");
    for (const auto& document : documents)
      if (id && bson::Value(document["_id"]) == bson::Value(*id)) return &document;
    throw StoreError(ErrorCode::invalid_argument, FieldPath("_id"),
                     "the merge function gave a document whose _id is none of the group's");
  }

  bool replace(const bson::Document& before, const bson::Document& after, store::Session* session) {
    if (options_.keep_removed) {
      const RejectRow row{job_,
                          before["_id"],
                          "duplicate",
                          collection_,
                          ErrorCode::duplicate_key,
                          "",
                          "as it was before duplicates were merged into it",
                          before,
                          true};
      keep_rejects(db_, {&row, 1}, session);
    }
    store::BulkOperation operation;
    operation.kind = store::BulkOperation::Kind::replace_one;
    const bson::Document filter = exactly(before);
    operation.filter = filter;
    operation.document = after;
    const auto written = db_.store().bulk_write(db_.ns(collection_), {&operation, 1},
                                                safe<store::BulkOptions>(session));
    if (!written.errors.empty()) throw written.errors.front().error;
    return written.matched > 0;
  }

  Database db_;
  std::string collection_;
  std::string job_;
  const Keep* keep_;
  const MergeDuplicates* merge_;
  const ResolveOptions& options_;
  DuplicateScan scan_;
  bool transactions_;
  ResolveReport report_;
};

}  // namespace

ResolveReport resolve_duplicates(const Database& db, std::string_view collection, View keys,
                                 Keep keep, const ResolveOptions& options) {
  return Resolver(db, collection, keys, &keep, nullptr, options).run();
}

ResolveReport resolve_duplicates(const Database& db, std::string_view collection, View keys,
                                 const MergeDuplicates& merge, const ResolveOptions& options) {
  if (!merge) {
    throw StoreError(ErrorCode::invalid_argument, "resolve_duplicates needs a merge function");
  }
  return Resolver(db, collection, keys, nullptr, &merge, options).run();
}

Step resolve_duplicates(std::string_view collection, View keys, Keep keep,
                        const ResolveOptions& options) {
  (void)index_keys(keys, options.sparse);  // says now what is wrong with them
  ResolveOptions own = options;
  own.session = {};
  return run(Atomicity::idempotent, [name = std::string(collection), keys = bson::Document(keys),
                                     keep, own = std::move(own)](Database& db, Session&) {
    (void)resolve_duplicates(db, name, keys, keep, own);
  });
}

}  // namespace quire::migrate
