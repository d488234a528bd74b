// Commands on data jobs: comparing their two sides, and what they put aside.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "cli/migrate/commands.hpp"
#include "migrate/reject_row.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/core/signal_stop.hpp"
#include "quire/migrate/verify.hpp"

namespace quire::cli {
namespace {

migrate::VerifyLevel level_from(const std::string& text) {
  using migrate::VerifyLevel;
  for (const VerifyLevel level :
       {VerifyLevel::counts, VerifyLevel::sample, VerifyLevel::digest, VerifyLevel::full}) {
    if (text == to_string(level)) return level;
  }
  throw UsageError("--level takes counts, sample, digest or full");
}

migrate::DataMigrator job_of(const Context& context, const std::string& name) {
  const auto& jobs = context.options.jobs;
  if (jobs.empty())
    throw UsageError("this program was built without data jobs (MigrateCliOptions::jobs)");
  const auto found = jobs.find(name);
  if (found == jobs.end()) {
    std::string known;
    for (const auto& [one, make] : jobs) known += known.empty() ? one : ", " + one;
    throw UsageError(fmt::format("this program has no data job \"{}\"; it has {}", name, known));
  }
  return found->second();
}

int verify(const Context& context) {
  const Arguments& arguments = context.arguments;
  migrate::VerifyOptions options;
  options.level = level_from(arguments.text("--level", "digest"));
  if (const auto sample = arguments.number("--sample", 1, INT64_MAX)) options.sample = *sample;
  options.indexes = arguments.has("--indexes");
  options.validators = arguments.has("--validators");
  options.extra_allowed = arguments.has("--extra-allowed");
  const SignalStop stop;
  migrate::VerifyReport report;
  const std::string first = arguments.at(0);
  const bool other = arguments.has("--source");
  if (arguments.count() == 1 && !other) {
    auto job = job_of(context, first);
    job.stop_token(stop.token());
    report = job.compare(options);
  } else {
    const Database source = other ? open(arguments.text("--source")) : context.db;
    const std::string into = arguments.count() > 1 ? arguments.at(1) : first;
    if (!other && into == first) throw UsageError("verify takes two different collections");
    migrate::VerifyJob job{.from = source, .collection = first, .to = context.db, .into = into};
    if (arguments.has("--filter")) job.filter = bson::from_json(arguments.text("--filter"));
    job.options = options;
    job.stop = stop.token();
    report = migrate::verify(job);
  }
  Output& out = context.out;
  const int exit = report.exit_code();
  bson::Writer body;
  body.append_all(bson::from_json(report.json()));
  body.begin_array("next");
  if (report.stopped) body.push(context.call("verify"));
  if (exit == exit_code("mismatch") && arguments.count() == 1 && !other)
    body.push(context.call("rejects " + first));
  body.end();
  out.report("verify", exit, body.finish());
  for (const auto& one : report.differences) {
    std::string text(to_string(one.kind));
    if (one.key) text += " _id " + bson::to_json(one.key->view());
    if (!one.path.empty()) text += ", " + one.path;
    if (!one.text.empty()) text += ": " + one.text;
    out.hang("  ", text);
  }
  out.print(fmt::format("{} of the source, {} of the target, compared by {}.",
                        plural(report.source, "document", "documents"), grouped(report.target),
                        to_string(report.level)));
  if (report.stopped) {
    out.complain("stopped before the end", {context.call("verify")});
  } else if (!report.ok()) {
    out.complain(
        fmt::format("the two sides differ: {} missing, {} extra, {} different, {}",
                    grouped(report.missing), grouped(report.extra), grouped(report.different),
                    plural(report.findings, "other finding", "other findings")),
        {});
  } else {
    out.print("Both sides are alike.");
  }
  return exit;
}

std::string text_of(const bson::View& document, std::string_view key) {
  const auto value = document.find(key);
  if (!value || value->is_null()) return {};
  return value->is_string() ? std::string(value->as_string()) : bson::to_json(*value);
}

/// As RFC 4180 has it.
std::string csv(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

constexpr std::string_view csv_fields[] = {"job",      "key",  "stage",   "collection",
                                           "code",     "name", "field",   "text",
                                           "attempts", "at",   "document"};

std::string csv_row(bson::View reject) {
  std::string row;
  for (const std::string_view field : csv_fields) {
    if (!row.empty() || field != csv_fields[0]) row += ',';
    if (field == "stage") {
      const auto id = reject.find("_id");
      if (id && id->is_document()) row += csv(text_of(id->as_document(), "stage"));
    } else if (field == "at") {
      const auto at = reject.find("at");
      if (at && at->type() == bson::Type::date_time)
        row += csv(time_text(bson::DateTime(at->as_date_time())));
    } else {
      row += csv(text_of(reject, field));
    }
  }
  return row + "\r\n";
}

std::unique_ptr<store::Cursor> find_rejects(const Context& context, bson::View filter,
                                            std::int64_t limit) {
  static const bson::Document order = bson::make_document("_id", std::int32_t{1});
  auto options = migrate::safe<store::FindOptions>();
  options.sort = order;
  options.limit = limit;
  return context.db.store().find(context.db.ns(migrate::rejects_collection), filter, options);
}

int export_rejects(const Context& context, bson::View filter, const std::string& format) {
  if (format != "ndjson" && format != "csv") throw UsageError("--export takes ndjson or csv");
  const std::string path = context.arguments.text("--file");
  if (path.empty() && context.out.json())
    throw UsageError("--export with --json needs --file FILE: standard output is for the report");
  std::ofstream file;
  if (!path.empty()) {
    if (std::filesystem::exists(path)) throw UsageError(fmt::format("{} is there already", path));
    file.open(path, std::ios::binary);
  }
  std::ostream& out = path.empty() ? std::cout : file;
  std::int64_t rows = 0;
  if (format == "csv") {
    for (const std::string_view field : csv_fields)
      out << (field == csv_fields[0] ? "" : ",") << field;
    out << "\r\n";
  }
  const auto cursor = find_rejects(context, filter, 0);
  while (const auto reject = cursor->next()) {
    ++rows;
    out << (format == "csv" ? csv_row(*reject) : bson::to_json(*reject) + "\n");
  }
  out.flush();
  if (!out)
    throw StoreError(ErrorCode::io_error, path.empty()
                                              ? "standard output could not be written"
                                              : fmt::format("{} could not be written", path));
  if (!path.empty())
    context.out.print(fmt::format("{} in {}.", plural(rows, "document", "documents"), path));
  context.out.report("rejects", 0, bson::make_document("rejects", rows, "file", path));
  return 0;
}

int rejects(const Context& context) {
  bson::Document filter;
  if (context.arguments.count() > 0) filter = bson::make_document("job", context.arguments.at(0));
  if (context.arguments.has("--export"))
    return export_rejects(context, filter, context.arguments.text("--export"));
  const std::int64_t most = context.arguments.number("--most", 1, 1'000'000).value_or(50);
  const std::int64_t total = context.db.store().count(context.db.ns(migrate::rejects_collection),
                                                      filter, migrate::safe<store::CountOptions>());
  Output& out = context.out;
  std::vector<std::vector<Cell>> rows;
  bson::Writer body;
  body.append("total", total);
  body.begin_array("rejects");
  std::string job;
  const auto cursor = find_rejects(context, filter, most);
  while (const auto reject = cursor->next()) {
    body.push(*reject);
    if (job.empty()) job = text_of(*reject, "job");
    const auto id = reject->find("_id");
    const std::string stage =
        id && id->is_document() ? text_of(id->as_document(), "stage") : std::string();
    std::string text = text_of(*reject, "field");
    text += (text.empty() ? "" : ": ") + text_of(*reject, "text");
    const std::string attempts = text_of(*reject, "attempts");
    if (!attempts.empty() && attempts != "1") text += ", " + attempts + " attempts";
    rows.push_back(
        {{text_of(*reject, "job")}, {text_of(*reject, "key")}, {stage}, {std::move(text)}});
  }
  body.end();
  body.append("result", total == 0 ? "nothing" : "rejects");
  body.begin_array("next");
  if (total > 0)
    body.push(context.call("retry-rejects " + job)).push(context.call("rejects --export ndjson"));
  body.end();
  out.report("rejects", 0, body.finish());
  if (!rows.empty()) out.table({"job", "_id", "stage", ""}, rows);
  out.print(total == 0 ? "No documents were put aside."
                       : plural(total, "document", "documents") + " put aside.");
  return 0;
}

int retry_rejects(const Context& context) {
  const SignalStop stop;
  auto job = job_of(context, context.arguments.at(0));
  job.stop_token(stop.token());
  auto report = job.retry_rejects();
  report.next.clear();
  if (!report.ok())
    report.next = {context.call("rejects " + context.arguments.at(0)),
                   context.call("retry-rejects " + context.arguments.at(0))};
  Output& out = context.out;
  out.progress().clear();
  out.report(report.json());
  out.print(fmt::format("{} tried again: {} written, {} rejected again, {} not needed any more.",
                        plural(report.counts.read, "document", "documents"),
                        grouped(report.counts.written), grouped(report.counts.rejected),
                        grouped(report.counts.dropped + report.counts.existing)));
  if (report.error)
    out.complain(report.error->detail(), report.next);
  else if (!report.ok())
    out.complain("some could not be written", report.next);
  return report.exit_code();
}

constexpr OptionSpec verify_options[] = {
    {"--level", "LEVEL", "counts, sample, digest (the default) or full"},
    {"--sample", "N", "documents of each side for --level sample, 1000"},
    {"--source", "URI", "the database of FROM, unless it is the same one"},
    {"--filter", "JSON", "only documents of FROM that match"},
    {"--indexes", "", "each index of the source has to be there too"},
    {"--validators", "", "validators have to be alike too"},
    {"--extra-allowed", "", "the target may have more documents"}};
constexpr OptionSpec rejects_options[] = {
    {"--most", "N", "documents that are shown, 50"},
    {"--export", "FORMAT", "write all of them: ndjson or csv"},
    {"--file", "FILE", "into this file instead of standard output; it must not be there yet"}};

constexpr Command commands[] = {
    {"verify", "JOB | FROM [INTO]", "Compare the two sides of a data job, or two collections",
     "JOB is one of the program's data jobs: source and target are compared through its functions. "
     "FROM is a collection of --source URI or of the same database, INTO one of this database. "
     "Exit code 41 when they differ. Writes nothing.",
     1, 2, verify_options, false, verify},
    {"rejects", "[JOB]", "Documents that were put aside, and why", "", 0, 1, rejects_options, false,
     rejects},
    {"retry-rejects",
     "JOB",
     "Try documents again that were put aside",
     "Those that work are written and leave the list; exit code 40 when some do not.",
     1,
     1,
     {},
     false,
     retry_rejects},
};

}  // namespace

std::span<const Command> data_commands() { return commands; }

}  // namespace quire::cli
