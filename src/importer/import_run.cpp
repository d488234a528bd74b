// Runs, later passes and retries of an import's parts.
#include "importer/changed_rows.hpp"
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

/// Begins a pass over a part, or joins it. `pass` > 1: a later one; `is_begun`: its job has it.
PassStart Importer::Impl::begin_pass(const Part& part, std::int64_t pass, bool is_begun) {
  PassStart now{.fingerprints = fingerprints_of_snapshot(part)};
  const auto& changed = part.mapping.changed;
  const bool counts = changed && options.limit == 0;  // of a trial it would be that of all rows
  if (counts) {
    now.column = changed->column;
    now.bound = lowered_highest(*source.open(), part.mapping.table, *changed);
  }
  const bool by_change = counts && !options.all_rows && !options.restart && !options.accept_changes;
  return importer::begin_pass(to, part.data.name, pass, is_begun, now, by_change);
}

void Importer::Impl::run_part(Part& part, ImportPart& out, ImportReport& report) {
  MappedSource all = rows_of(part);
  std::int64_t epoch = 0;
  bool merged = false;
  const std::string state = state_of(to, part.data.name, epoch, merged);
  auto data = part.data;
  WriteRules rules = part.rules;
  data.restart = state == "complete" || options.restart;
  if (data.restart && state.empty()) data.restart = false;
  const std::int64_t pass = std::max<std::int64_t>(epoch + (data.restart ? 1 : 0), 1);
  data.pass = pass;
  rules.first_pass = pass == 1;
  rules.looks = pass > 1 || merged ||
                (state.empty() && migrate::find_document(to, data.into, {}).has_value());
  if (pass > 1 && !options.remove_gone) data.verify.extra_allowed = true;
  if (data.restart && !options.restart) {
    try {
      JobBook(all, to, data).check_header();
    } catch (const migrate::data::HeaderChanged& error) {
      out.data.result = DataResult::changed;
      out.data.error = error;
      out.data.next.emplace_back(
          "run the program or mapping that began the import; or accept_changes to go on with this "
          "one, or restart to look at all rows again");
      return;
    }
  }
  const PassStart start = begin_pass(part, pass, epoch == pass);
  out.by_change = start.since.has_value();
  std::optional<MappedSource> some;
  if (out.by_change) {
    part.later = std::make_unique<CompiledTable>(
        mapping, part.mapping, source.schema(), began,
        RowQuery::Since{part.mapping.changed->column, *start.since});
    some.emplace(source, *part.later, 0, check_of(part));
    data.keep_rejects = true;
    data.rows_of_limits = rows_of_limits(all, data.into);
    data.verify.extra_allowed = true;
  }
  MappedSource& rows = some ? *some : all;
  DataRun run(rows, std::nullopt, to, data, *part.monitor, writers(data, rules));
  std::int64_t removed = 0;
  if (options.remove_gone && pass > 1)
    run.after_copy([&] { removed = run.sweep(options.edited, all); });
  out.data = run.run();
  out.removed += removed;
  if (out.data.result != DataResult::complete && out.data.result != DataResult::mismatch)
    return;  // it comes again, and the source may be gone
  if (out.by_change) after_changed_rows(part, all, out);
  const auto after = fingerprints(part);
  out.changed_meanwhile = start.fingerprints != after;
  if (out.changed_meanwhile) {
    out.data.warnings.emplace_back(
        "rows of the source changed since this pass began; what came behind it is not here");
    report.next.push_back(part.name + ": import it again to catch up; verify then proves it");
  }
}

/// A table has at least as many rows as documents came of it, whatever its database tells.
std::int64_t Importer::Impl::rows_of_limits(MappedSource& rows, const std::string& into) {
  return std::max({rows.size().rows, to.store().estimated_count(to.ns(into)), std::int64_t{1}});
}

/// Tries what was put aside once more, against the limits of the whole table.
migrate::DataReport Importer::Impl::retry_part(Part& part, MappedSource& rows) {
  WriteRules rules = part.rules;
  rules.looks = true;
  rules.first_pass = false;
  auto data = part.data;
  data.rows_of_limits = rows_of_limits(rows, data.into);
  return DataRun(rows, std::nullopt, to, data, *part.monitor, writers(data, rules)).retry();
}

/// Rows that were put aside before and did not change are tried again, and it is told what such a
/// pass does not see.
void Importer::Impl::after_changed_rows(Part& part, MappedSource& all, ImportPart& out) {
  const migrate::DataReport tried = retry_part(part, all);
  out.data.counts.written += tried.counts.written;
  out.data.counts.rejected = tried.counts.rejected;
  if (tried.error) out.data.error = tried.error;
  if (!tried.ok()) out.data.result = tried.result;
  if (!options.remove_gone)
    out.data.warnings.emplace_back("rows of which " + part.mapping.changed->column +
                                   " grew were read; rows that are gone were not looked for: "
                                   "remove_gone does");
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
    out.data = retry_part(part, rows);
    if (out.data.error && out.data.error->code() == ErrorCode::not_found) {
      out.data.error.reset();
      out.data.result = DataResult::nothing;
    }
  });
}

}  // namespace quire::importer
