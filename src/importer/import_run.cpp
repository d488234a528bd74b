// Runs, later passes, verification and retries of an import's parts.
#include "importer/import_state.hpp"
#include "migrate/documents.hpp"
#include "quire/bson/writer.hpp"

namespace quire::importer {

using migrate::DataResult;
using migrate::safe;
using migrate::data::DataRun;
using migrate::data::JobBook;

namespace {

std::string state_of(Database& to, const std::string& job, std::int64_t& epoch, bool& merged) {
  const auto found = migrate::find_document(to, migrate::jobs_collection,
                                            bson::make_document("_id", migrate::data::job_id(job)));
  if (!found) return {};
  epoch = migrate::get_int(*found, "epoch");
  merged = migrate::get_int(*found, "merged") == 1;
  return migrate::get_text(*found, "state");
}

/// The source's fingerprints of what the pass `epoch` saw first, `now` where it begins here. They
/// outlive a process that is killed.
std::vector<std::string> at_begin_of(Database& to, const std::string& job, std::int64_t epoch,
                                     const std::vector<std::string>& now) {
  const bson::Document key = bson::make_document("_id", "import-part:" + job);
  const auto found = migrate::find_document(to, migrate::jobs_collection, key);
  std::vector<std::string> before;
  if (found && migrate::get_int(*found, "epoch") == epoch) {
    const auto list = found->find("fingerprints");
    if (list && list->is_array()) {
      for (const auto& one : list->as_array())
        before.emplace_back(one.value.is_string() ? one.value.as_string() : "");
    }
    if (before.size() == now.size()) return before;
  }
  bson::Writer update;
  update.begin_document("$set")
      .append("kind", "import-part")
      .append("job", job)
      .append("epoch", epoch)
      .begin_array("fingerprints");
  for (const std::string& one : now) update.push(one);
  update.end().end();
  const bson::Document body = update.finish();
  auto options = safe<store::UpdateOptions>();
  options.upsert = true;
  (void)to.store().update(to.ns(migrate::jobs_collection), key, {body.view()}, options);
  return now;
}

}  // namespace

ImportReport Importer::Impl::run(std::string_view only) {
  bool begun = false;
  return each_part("import", only, [&](Part& part, ImportPart& out, ImportReport& report) {
    if (!begun) begin(true);
    begun = true;
    compile(part);
    run_part(part, out, report);
  });
}

void Importer::Impl::run_part(Part& part, ImportPart& out, ImportReport& report) {
  MappedSource rows = rows_of(part);
  std::int64_t epoch = 0;
  bool merged = false;
  const std::string state = state_of(to, part.data.name, epoch, merged);
  auto data = part.data;
  WriteRules rules = part.rules;
  data.restart = state == "complete" || options.restart;
  if (data.restart && state.empty()) data.restart = false;
  const std::int64_t pass = std::max<std::int64_t>(epoch + (data.restart ? 1 : 0), 1);
  rules.first_pass = pass == 1;
  rules.looks = pass > 1 || merged ||
                (state.empty() && migrate::find_document(to, data.into, {}).has_value());
  if (pass > 1 && !options.remove_gone) data.verify.extra_allowed = true;
  if (data.restart && !options.restart) {
    try {
      JobBook(rows, to, data).check_header();
    } catch (const migrate::data::HeaderChanged& error) {
      out.data.result = DataResult::changed;
      out.data.error = error;
      out.data.next.emplace_back(
          "run the program or mapping that began the import; or accept_changes to go on with this "
          "one, or restart to look at all rows again");
      return;
    }
  }
  const auto before = at_begin_of(to, data.name, pass, fingerprints_of_snapshot(part));
  DataRun run(rows, std::nullopt, to, data, *part.monitor, writers(data, rules));
  std::int64_t removed = 0;
  if (options.remove_gone && pass > 1) run.after_copy([&] { removed = run.sweep(options.edited); });
  out.data = run.run();
  out.removed += removed;
  if (out.data.result != DataResult::complete && out.data.result != DataResult::mismatch)
    return;  // it comes again, and the source may be gone
  const auto after = fingerprints(part);
  out.changed_meanwhile = before != after;
  if (out.changed_meanwhile) {
    out.data.warnings.emplace_back(
        "rows of the source changed since this pass began; what came behind it is not here");
    report.next.push_back(part.name + ": import it again to catch up; verify then proves it");
  }
}

ImportReport Importer::Impl::verify(migrate::VerifyLevel level, std::string_view only) {
  begin(false);
  return each_part("verify", only, [&](Part& part, ImportPart& out, ImportReport&) {
    compile(part);
    verify_part(part, level, out);
  });
}

void Importer::Impl::verify_part(Part& part, migrate::VerifyLevel level, ImportPart& out) {
  MappedSource rows = rows_of(part);
  DataRun run(rows, std::nullopt, to, part.data, *part.monitor);
  out.data = run.status();
  if (out.data.error && out.data.error->code() == ErrorCode::not_found) return;
  migrate::VerifyOptions how;
  how.level = level;
  const migrate::VerifyReport report = run.compare_now(how);
  out.data.verification = report;
  out.data.result = report.stopped ? DataResult::stopped
                    : report.ok()  ? DataResult::complete
                                   : DataResult::mismatch;
  out.data.error.reset();
  if (!report.ok() && !report.stopped)
    out.data.next.emplace_back("look at the differences; importing again catches up");
}

ImportReport Importer::Impl::status() {
  begin(false);
  return each_part("status", {}, [&](Part& part, ImportPart& out, ImportReport&) {
    compile(part);
    MappedSource rows = rows_of(part);
    out.data = DataRun(rows, std::nullopt, to, part.data, *part.monitor).status();
    if (out.data.error && out.data.error->code() == ErrorCode::not_found) {
      out.data.error.reset();
      out.data.result = DataResult::nothing;
    } else if (!out.data.error) {
      out.data.result = DataResult::complete;  // of the question; the state is in the part
    }
  });
}

ImportReport Importer::Impl::retry_rejects() {
  begin(false);
  return each_part("retry-rejects", {}, [&](Part& part, ImportPart& out, ImportReport&) {
    compile(part);
    MappedSource rows = rows_of(part);
    WriteRules rules = part.rules;
    rules.looks = true;
    rules.first_pass = false;
    const auto data = part.data;
    DataRun run(rows, std::nullopt, to, data, *part.monitor, writers(data, rules));
    out.data = run.retry();
    if (out.data.error && out.data.error->code() == ErrorCode::not_found) {
      out.data.error.reset();
      out.data.result = DataResult::nothing;
    }
  });
}

}  // namespace quire::importer
