// Commands on data jobs: comparing their two sides, and what they put aside.
#include <fmt/format.h>

#include <cstdint>

#include "cli/migrate/commands.hpp"
#include "cli/rejects.hpp"
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

int rejects(const Context& context) {
  const std::string job = context.arguments.at(0);
  RejectsView view;
  if (!job.empty()) view.filter = bson::make_document("job", job);
  view.next = [&](const std::string& first) -> std::vector<std::string> {
    return {context.call("retry-rejects " + first), context.call("rejects --export ndjson")};
  };
  return show_rejects(context.out, context.db, context.arguments, view);
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
