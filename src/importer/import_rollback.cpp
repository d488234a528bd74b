// Takes an import back, and ends the window in which that can be done.
#include <algorithm>
#include <unordered_map>

#include "importer/import_state.hpp"
#include "migrate/documents.hpp"
#include "quire/bson/writer.hpp"

namespace quire::importer {

using migrate::DataResult;
using migrate::Edited;
using migrate::safe;

namespace {

constexpr std::int64_t page_documents = 500;

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

void Importer::Impl::roll_back_part(Part& part, Edited edited, ImportPart& out,
                                    ImportReport& report) {
  const std::string& job = part.data.name;
  const bool transactions = to.capabilities().transactions;
  const bson::Document filter = of_job(job);
  // What a run, or a way back, that was killed left open would be waited for.
  migrate::data::DeadRuns(to, job, "").end_all_sessions();
  migrate::data::Presence presence(to, job, part.data.lease, transactions ? 1 : 0);
  presence.start([] {});
  migrate::data::KeyRange range(to, part.data.into, filter);
  migrate::KeyBounds rest;
  std::int64_t kept = 0;
  while (true) {
    if (options.stop.stop_requested()) {
      out.data.result = DataResult::stopped;
      return;
    }
    const auto page = range.read(rest, page_documents, 8 * 1024 * 1024);
    if (!page.documents.empty()) {
      const auto images = images_of(to, job, page.documents);
      std::vector<store::BulkOperation> operations;
      std::vector<bson::Document> filters, documents;
      for (const auto& document : page.documents) {
        ++out.data.counts.read;
        const auto stamp = Stamp::of(document);
        if (edited != Edited::overwrite && (!stamp || !is_as_written(document, *stamp))) {
          ++kept;
          continue;
        }
        filters.push_back(migrate::exactly(document));
        const auto image = images.find(migrate::key_text(document["_id"]));
        documents.push_back(image == images.end() ? bson::Document() : image->second);
      }
      for (std::size_t i = 0; i < filters.size(); ++i) {
        store::BulkOperation one;
        one.filter = filters[i];
        one.kind = store::BulkOperation::Kind::remove_one;
        if (!documents[i].empty()) {
          one.kind = store::BulkOperation::Kind::replace_one;
          one.document = documents[i];
        }
        operations.push_back(one);
      }
      if (!operations.empty()) {
        store::BulkResult result;
        presence.of_worker(0).run([&](store::Session* session) {
          auto bulk = safe<store::BulkOptions>(session);
          bulk.ordered = session != nullptr;
          result = to.store().bulk_write(to.ns(part.data.into), operations, bulk);
          if (!result.errors.empty()) migrate::data::raise(result.errors.front().error);
        });
        out.removed += result.removed;
        out.data.counts.replaced += result.matched;
        if (result.removed + result.matched < static_cast<std::int64_t>(operations.size()))
          kept += still_there(to, part.data.into, job, filters);
      }
      rest.after.emplace(page.documents.back()["_id"]);
    }
    if (page.end) break;
  }
  out.data.counts.removed = out.removed;
  if (kept > 0) {
    out.data.counts.existing = kept;
    out.data.warnings.push_back(std::to_string(kept) +
                                " documents were edited since they were imported, and stay");
    if (edited == Edited::reject) {
      out.data.result = DataResult::rejects;
      report.next.push_back(
          part.name + ": rollback with edited=keep leaves them, edited=overwrite takes them back");
      return;
    }
    // They are the program's own from now on.
    bson::Writer update;
    update.begin_document("$unset").append("_q", "").end();
    const bson::Document body = update.finish();
    auto all = safe<store::UpdateOptions>();
    all.multi = true;
    (void)to.store().update(to.ns(part.data.into), filter, {body.view()}, all);
  }
  remove_all(to, replaced_collection, bson::make_document("j", job));
  forget(to, job);
  out.data.result = DataResult::complete;
}

ImportReport Importer::Impl::finish() {
  return each_part("finish", {}, [&](Part& part, ImportPart& out, ImportReport&) {
    bson::Writer update;
    update.begin_document("$unset").append("_q", "").end();
    const bson::Document body = update.finish();
    auto all = safe<store::UpdateOptions>();
    all.multi = true;
    out.data.counts.written =
        to.store()
            .update(to.ns(part.data.into), of_job(part.data.name), {body.view()}, all)
            .modified;
    remove_all(to, replaced_collection, bson::make_document("j", part.data.name));
    out.data.result = DataResult::complete;
  });
}

}  // namespace quire::importer
