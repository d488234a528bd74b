#include <algorithm>

#include "migrate/documents.hpp"
#include "migrate/duplicate_scan.hpp"
#include "migrate/reject_row.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/duplicates.hpp"
#include "quire/migrate/migration.hpp"

namespace quire::migrate {
namespace {

using bson::View;

class Resolver {
 public:
  Resolver(const Database& db, std::string_view collection, View keys, const Keep* keep,
           const MergeDuplicates* merge, const ResolveOptions& options)
      : db_(db),
        collection_(collection),
        keep_(keep),
        merge_(merge),
        options_(options),
        scan_(db, collection, keys, options.sparse, options.partial_filter,
              options.session.pointer),
        transactions_(options.session.pointer == nullptr && db.capabilities().transactions) {
    job_ = "duplicates:" + collection_ + ":";
    for (const auto& field : keys) job_ += std::string(field.key) + "_";
    job_ += "1";
  }

  ResolveReport run() {
    ResolveReport report;
    int idle = 0;
    bool more = true;
    while (true) {
      auto groups = scan_.groups(100, more);
      if (groups.empty()) return report;
      scan_.add_ids(groups, 0, {});
      std::int64_t changed = 0;
      for (auto& group : groups) {
        if (group.ids.size() < 2) continue;
        const std::int64_t n = merge_ != nullptr ? merge_group(group, report) : keep_one(group);
        if (n > 0) ++report.groups;
        report.removed += n;
        changed += n;
      }
      idle = changed == 0 ? idle + 1 : 0;
      if (idle == 10) {
        throw StoreError(ErrorCode::write_conflict,
                         "duplicates of " + collection_ +
                             " change faster than they can be resolved; stop what writes them");
      }
    }
  }

 private:
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
    if (options_.session.pointer != nullptr) {
      work(options_.session.pointer);
      return;
    }
    in_transaction(db_, transactions_, [&](store::Session* session) {
      scan_.use(session);
      work(session);
    });
    scan_.use(nullptr);
  }

  std::vector<bson::Document> read(std::span<const bson::Value> ids, store::Session* session) {
    auto options = safe<store::FindOptions>(session);
    const auto sort = order();
    options.sort = sort;
    std::vector<bson::Document> documents;
    const auto cursor = db_.store().find(db_.ns(collection_), among(ids), options);
    while (const auto document = cursor->next()) documents.emplace_back(*document);
    return documents;
  }

  /// Those of the ids that are still in the group.
  std::vector<bson::Value> still(const DuplicateScan::Group& group,
                                 std::span<const bson::Value> ids) {
    DuplicateScan::Group again{group.key, 0, {}};
    scan_.add_ids({&again, 1}, 0, among(ids));
    return again.ids;
  }

  std::int64_t remove(const std::vector<bson::Document>& documents, store::Session* session) {
    if (options_.keep_removed) {
      std::vector<RejectRow> rows;
      for (const auto& document : documents) {
        rows.push_back({job_, View(document)["_id"], "duplicate", collection_,
                        ErrorCode::duplicate_key, "", "a duplicate of a document that stayed",
                        document, true});
      }
      keep_rejects(db_, rows, session);
    }
    std::vector<bson::Document> filters;
    for (const auto& document : documents) filters.push_back(exactly(document));
    std::vector<store::BulkOperation> operations;
    for (const auto& filter : filters) {
      store::BulkOperation one;
      one.kind = store::BulkOperation::Kind::remove_one;
      one.filter = filter;
      operations.push_back(one);
    }
    if (operations.empty()) return 0;
    const auto result =
        db_.store().bulk_write(db_.ns(collection_), operations, safe<store::BulkOptions>(session));
    if (!result.errors.empty()) throw result.errors.front().error;
    return result.removed;
  }

  /// The ids in the order of age, without holding the documents.
  std::vector<bson::Value> by_age(std::vector<bson::Value> ids) {
    if (options_.by == "_id") return ids;  // in that order already
    std::vector<bson::Value> sorted;
    auto options = safe<store::FindOptions>(options_.session.pointer);
    const auto sort = order();
    const auto only_id = bson::make_document("_id", std::int32_t{1});
    options.sort = sort;
    options.projection = only_id;
    const auto cursor = db_.store().find(db_.ns(collection_), among(ids), options);
    while (const auto document = cursor->next()) sorted.emplace_back((*document)["_id"]);
    return sorted;
  }

  std::int64_t keep_one(DuplicateScan::Group& group) {
    constexpr std::size_t at_once = 500;
    auto ids = by_age(std::move(group.ids));
    if (ids.size() < 2) return 0;
    if (*keep_ == Keep::newest) std::reverse(ids.begin(), ids.end());
    const bson::Value kept = ids.front();
    const std::span<const bson::Value> others(ids.data() + 1, ids.size() - 1);
    std::int64_t removed = 0;
    for (std::size_t from = 0; from < others.size(); from += at_once) {
      const auto part = others.subspan(from, std::min(at_once, others.size() - from));
      std::int64_t here = 0;
      bool gone = false;
      in_one([&](store::Session* session) {
        std::vector<bson::Value> asked(part.begin(), part.end());
        asked.push_back(kept);
        auto documents = read(asked, session);
        const auto now = still(group, asked);
        const auto in_group = [&](const bson::Value& id) {
          return std::find(now.begin(), now.end(), id) != now.end();
        };
        here = 0;
        gone = !in_group(kept);
        if (gone) return;
        std::erase_if(documents, [&](const bson::Document& document) {
          const auto id = bson::Value(View(document)["_id"]);
          return id == kept || !in_group(id);
        });
        here = remove(documents, session);
      });
      removed += here;
      if (gone) break;
    }
    return removed;
  }

  std::int64_t merge_group(const DuplicateScan::Group& group, ResolveReport& report) {
    std::int64_t removed = 0;
    bool changed = false;
    in_one([&](store::Session* session) {
      removed = 0;
      changed = false;
      auto documents = read(group.ids, session);
      const auto now = still(group, group.ids);
      std::erase_if(documents, [&](const bson::Document& document) {
        return std::find(now.begin(), now.end(), bson::Value(View(document)["_id"])) == now.end();
      });
      if (documents.size() < 2) return;
      const bson::Document result = (*merge_)(documents);
      const auto id = View(result).find("_id");
      const auto base =
          std::find_if(documents.begin(), documents.end(), [&](const bson::Document& document) {
            return id && bson::Value(View(document)["_id"]) == bson::Value(*id);
          });
      if (base == documents.end()) {
        throw StoreError(ErrorCode::invalid_argument, FieldPath("_id"),
                         "the merge function gave a document whose _id is none of the group's");
      }
      const bson::Document before = *base;
      documents.erase(base);
      if (!(View(result) == View(before))) {
        if (options_.keep_removed) {
          const RejectRow row{job_,
                              *id,
                              "duplicate",
                              collection_,
                              ErrorCode::duplicate_key,
                              "",
                              "as it was before duplicates were merged into it",
                              before,
                              true};
          keep_rejects(db_, {&row, 1}, session);
        }
        store::BulkOperation replace;
        replace.kind = store::BulkOperation::Kind::replace_one;
        const bson::Document filter = exactly(before);
        replace.filter = filter;
        replace.document = result;
        const auto written = db_.store().bulk_write(db_.ns(collection_), {&replace, 1},
                                                    safe<store::BulkOptions>(session));
        if (!written.errors.empty()) throw written.errors.front().error;
        if (written.matched == 0) return;  // changed since it was read: the next round sees it
        changed = true;
      }
      removed = remove(documents, session);
    });
    if (changed) ++report.merged;
    return removed;
  }

  Database db_;
  std::string collection_;
  std::string job_;
  const Keep* keep_;
  const MergeDuplicates* merge_;
  const ResolveOptions& options_;
  DuplicateScan scan_;
  bool transactions_;
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
