// Data jobs as their documents tell them, for tools.
#include <algorithm>
#include <map>

#include "migrate/data/chunks.hpp"
#include "migrate/process.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/migrate/inspect.hpp"

namespace quire::migrate {
namespace {

JobState stored_state(bson::View document) {
  const std::string text = get_text(document, "state");
  for (const JobState state : {JobState::running, JobState::copied, JobState::verifying,
                               JobState::verified, JobState::complete})
    if (text == to_string(state)) return state;
  return JobState::planning;
}

DataJobProcess process_of(bson::View document) {
  DataJobProcess process;
  const std::string id = get_text(document, "_id");
  process.run = id.substr(std::min(id.rfind(':') + 1, id.size()));
  process.host = get_text(document, "host");
  process.pid = get_int(document, "pid");
  process.beat = get_int(document, "beat");
  process.lease = std::chrono::milliseconds(get_int(document, "lease_ms"));
  process.gone = process_is_gone(get_text(document, "process"));
  return process;
}

DataJobEntry entry_of(Database& db, bson::View document) {
  DataJobEntry entry;
  entry.document = bson::Document(document);
  entry.job = entry.progress.job = get_text(document, "job");
  const data::ChunkSums sums = data::sum_chunks(db, entry.job, get_int(document, "epoch"));
  entry.counts = sums.counts;
  entry.partitions = get_int(document, "chunks");
  DataProgress& progress = entry.progress;
  progress.state = stored_state(document);
  const bool compares = progress.state == JobState::verifying;
  entry.partitions_done = (compares ? 0 : sums.copied) + sums.verified + sums.mismatch;
  progress.done = compares ? sums.compared : sums.counts.read;
  const std::int64_t total = compares ? sums.counts.read : get_int(document, "estimate");
  progress.total = std::max(total, progress.done);
  progress.exact =
      compares || (get_text(document, "total_kind") == "exact" && total >= progress.done);
  progress.rejected = sums.counts.rejected;
  const Control control = read_control(db, data::control_id(entry.job));
  entry.desired = control.desired;
  entry.rate_limit = control.rate;
  progress.reason = control.stop_reason();
  if (progress.reason.empty()) progress.reason = control.wait_reason({});
  return entry;
}

}  // namespace

bool DataJobEntry::runs() const noexcept {
  return progress.state != JobState::complete &&
         std::ranges::any_of(processes, [](const DataJobProcess& one) { return !one.gone; });
}

std::string DataJobEntry::json() const {
  bson::Writer w;
  w.append_all(bson::from_json(progress.json()));
  w.begin_document("counts");
  data::append_counts(w, counts);
  w.end();
  w.begin_document("partitions").append("done", partitions_done).append("all", partitions).end();
  w.append("desired", to_string(desired)).append("rate_limit", rate_limit);
  w.begin_array("processes");
  for (const DataJobProcess& one : processes) {
    w.push_document_begin()
        .append("run", one.run)
        .append("host", one.host)
        .append("pid", one.pid)
        .append("gone", one.gone)
        .end();
  }
  w.end();
  return bson::to_json(w.finish());
}

std::vector<DataJobEntry> data_jobs(const Database& given) {
  Database db = given;
  std::vector<DataJobEntry> entries;
  std::map<std::string, std::vector<DataJobProcess>> processes;
  const bson::Document order = bson::make_document("_id", std::int32_t{1});
  auto options = safe<store::FindOptions>();
  options.sort = order;
  const auto of_kind = [&](std::string_view kind, FunctionRef<void(bson::View)> take) {
    std::vector<bson::Document> found;  // the next question may need the connection
    {
      const bson::Document filter = bson::make_document("kind", kind);
      const auto cursor = db.store().find(db.ns(jobs_collection), filter, options);
      while (const auto document = cursor->next()) found.emplace_back(*document);
    }
    for (const bson::Document& document : found) take(document);
  };
  of_kind("run", [&](bson::View document) {
    processes[get_text(document, "job")].push_back(process_of(document));
  });
  of_kind("data", [&](bson::View document) {
    entries.push_back(entry_of(db, document));
    entries.back().processes = processes[entries.back().job];
  });
  return entries;
}

}  // namespace quire::migrate
