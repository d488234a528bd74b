// Takes an import back, and ends the window in which that can be done.
#include <algorithm>
#include <unordered_map>

#include "importer/import_state.hpp"
#include "migrate/documents.hpp"
#include "migrate/pages.hpp"
#include "migrate/signature.hpp"
#include "quire/bson/writer.hpp"

namespace quire::importer {

using migrate::DataResult;
using migrate::Edited;
using migrate::safe;

namespace {

void remove_all(Database& to, std::string_view collection, bson::View filter) {
  auto options = safe<store::RemoveOptions>();
  options.multi = true;
  (void)to.store().remove(to.ns(collection), filter, options);
}

/// What the import's bookkeeping has of a part.
void forget(Database& to, const std::string& job) {
  remove_all(to, migrate::data::chunks_collection, bson::make_document("job", job));
  remove_all(to, migrate::rejects_collection, bson::make_document("job", job));
  remove_all(to, migrate::jobs_collection, bson::make_document("_id", migrate::data::job_id(job)));
  remove_all(to, migrate::jobs_collection,
             bson::make_document("_id", migrate::data::control_id(job)));
  remove_all(to, migrate::jobs_collection, bson::make_document("_id", "import-part:" + job));
  remove_all(to, migrate::jobs_collection, bson::make_document("kind", "run", "job", job));
}

/// Documents that an import replaced, by key_text of their _id.
std::unordered_map<std::string, bson::Document> images_of(
    Database& to, const std::string& job, const std::vector<bson::Document>& documents) {
  bson::Writer filter;
  filter.begin_document("_id").begin_array("$in");
  for (const auto& document : documents) {
    filter.push_document_begin().append("j", job).append("id", document["_id"]).end();
  }
  filter.end().end();
  std::unordered_map<std::string, bson::Document> images;
  const bson::Document where = filter.finish();
  const auto cursor =
      to.store().find(to.ns(replaced_collection), where, safe<store::FindOptions>());
  while (const auto image = cursor->next()) {
    const auto before = image->find("before");
    if (!before || !before->is_document()) continue;
    images.emplace(migrate::key_text(before->as_document()["_id"]),
                   bson::Document(before->as_document()));
  }
  return images;
}

/// How many of the documents that were to go back are still the import's. They were changed in this
/// moment; one that is gone was taken back by somebody else: the last command of a process that was
/// killed goes on at the server.
std::int64_t still_there(Database& to, const std::string& into, const std::string& job,
                         const std::vector<bson::Document>& filters) {
  std::vector<bson::Value> ids;
  ids.reserve(filters.size());
  for (const auto& filter : filters) ids.emplace_back(filter["_id"]);
  std::int64_t count = 0;
  for (const auto& document : migrate::find_keys(to, into, ids, nullptr)) {
    const auto stamp = Stamp::of(document);
    if (stamp && stamp->job == job) ++count;
  }
  return count;
}

}  // namespace

ImportReport Importer::Impl::rollback(Edited edited) {
  std::reverse(parts.begin(), parts.end());
  auto report = each_part("rollback", {}, [&](Part& part, ImportPart& out, ImportReport& all) {
    roll_back_part(part, edited, out, all);
  });
  std::reverse(parts.begin(), parts.end());
  if (report.ok()) {
    try {
      remove_all(to, migrate::jobs_collection, bson::make_document("_id", import_id(options.name)));
    } catch (const Error& error) {
      report.error = error;
      report.result = DataResult::partial;
    }
  }
  return report;
}

namespace {

/// Takes documents of one part back, page by page.
class WayBack {
 public:
  WayBack(Database& to, const std::string& job, const std::string& into, Edited edited,
          migrate::Transactions& transactions)
      : to_(to), job_(job), into_(into), edited_(edited), transactions_(transactions) {}

  void take(const std::vector<bson::Document>& page) {
    const auto images = images_of(to_, job_, page);
    std::vector<bson::Document> filters, before;
    for (const auto& document : page) {
      const auto stamp = Stamp::of(document);
      if (edited_ != Edited::overwrite && (!stamp || !is_as_written(document, *stamp))) {
        ++kept;
        continue;
      }
      filters.push_back(migrate::exactly(document));
      const auto image = images.find(migrate::key_text(document["_id"]));
      before.push_back(image == images.end() ? bson::Document() : image->second);
    }
    if (!filters.empty()) write(filters, before);
  }

  std::int64_t removed = 0;
  std::int64_t replaced = 0;
  std::int64_t kept = 0;  ///< edited since

 private:
  void write(const std::vector<bson::Document>& filters,
             const std::vector<bson::Document>& before) {
    std::vector<store::BulkOperation> operations(filters.size());
    for (std::size_t i = 0; i < operations.size(); ++i) {
      operations[i].filter = filters[i];
      operations[i].kind = store::BulkOperation::Kind::remove_one;
      if (before[i].empty()) continue;
      operations[i].kind = store::BulkOperation::Kind::replace_one;
      operations[i].document = before[i];
    }
    store::BulkResult result;
    transactions_.run([&](store::Session* session) {
      auto bulk = safe<store::BulkOptions>(session);
      bulk.ordered = session != nullptr;
      result = to_.store().bulk_write(to_.ns(into_), operations, bulk);
      if (!result.errors.empty()) migrate::data::raise(result.errors.front().error);
    });
    removed += result.removed;
    replaced += result.matched;
    if (result.removed + result.matched < static_cast<std::int64_t>(operations.size()))
      kept += still_there(to_, into_, job_, filters);
  }

  Database& to_;
  const std::string& job_;
  const std::string& into_;
  Edited edited_;
  migrate::Transactions& transactions_;
};

/// Documents that stay are the program's own from now on.
std::int64_t remove_stamps(Database& to, const std::string& into, bson::View filter) {
  bson::Writer update;
  update.begin_document("$unset").append("_q", "").end();
  const bson::Document body = update.finish();
  auto all = safe<store::UpdateOptions>();
  all.multi = true;
  return to.store().update(to.ns(into), filter, {body.view()}, all).modified;
}

}  // namespace

void Importer::Impl::roll_back_part(Part& part, Edited edited, ImportPart& out,
                                    ImportReport& report) {
  const std::string& job = part.data.name;
  const bson::Document filter = of_job(job);
  // It ends what a run, or a way back, that was killed left open.
  migrate::data::Presence presence(to, job, part.data.lease,
                                   to.capabilities().transactions ? 1 : 0);
  presence.start();
  const auto signature = std::make_shared<migrate::Signature>();
  if (migrate::takes_comments(to.store())) signature->set(presence.run(), job);
  Database signed_to = migrate::sign(to, signature);
  WayBack back(signed_to, job, part.data.into, edited, presence.of_worker(0));
  const auto tell = [&] {
    out.removed = out.data.counts.removed = back.removed;
    out.data.counts.replaced = back.replaced;
    if (auto failed = presence.undrained(); !failed.empty())
      report.warnings.push_back(part.name + ": " + failed);
  };
  migrate::WalkOptions walk;
  walk.wanted = filter;
  walk.from_primary = walk.one_reply = true;
  migrate::Pages pages(to, part.data.into, walk);
  try {
    for (bool end = false; !end;) {
      if (options.stop.stop_requested()) {
        tell();
        out.data.result = DataResult::stopped;
        return;
      }
      const auto page = pages.next();
      out.data.counts.read += static_cast<std::int64_t>(page.documents.size());
      if (!page.documents.empty()) back.take(page.documents);
      end = page.end;
    }
  } catch (const Error&) {
    tell();  // it may be the reason
    throw;
  }
  tell();
  if (back.kept > 0) {
    out.data.counts.existing = back.kept;
    out.data.warnings.push_back(std::to_string(back.kept) +
                                " documents were edited since they were imported, and stay");
    if (edited == Edited::reject) {
      out.data.result = DataResult::rejects;
      report.next.push_back(
          part.name + ": rollback with edited=keep leaves them, edited=overwrite takes them back");
      return;
    }
    (void)remove_stamps(to, part.data.into, filter);
  }
  remove_all(to, replaced_collection, bson::make_document("j", job));
  forget(to, job);
  out.data.result = DataResult::complete;
}

ImportReport Importer::Impl::finish() {
  return each_part("finish", {}, [&](Part& part, ImportPart& out, ImportReport&) {
    migrate::data::DeadRuns dead(to, part.data.name, "");
    dead.end_all_sessions();
    if (!dead.undrained().empty()) out.data.warnings.push_back(dead.undrained());
    out.data.counts.written = remove_stamps(to, part.data.into, of_job(part.data.name));
    remove_all(to, replaced_collection, bson::make_document("j", part.data.name));
    // Without stamps a later pass has to look at all rows.
    remove_all(to, migrate::jobs_collection,
               bson::make_document("_id", "import-part:" + part.data.name));
    out.data.result = DataResult::complete;
  });
}

}  // namespace quire::importer
