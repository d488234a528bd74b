#include "quire/cli/copy.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "cli/console.hpp"
#include "commands.hpp"
#include "quire/bson/json.hpp"
#include "quire/core/signal_stop.hpp"

namespace quire::tool {
namespace {

void confirm_replace(const CopyArguments& arguments, const Database& to) {
  if (arguments.existing != "replace" || arguments.yes) return;
  confirm(fmt::format("Documents of {}, database \"{}\", may be replaced.",
                      to.store().redacted_uri(), to.name()),
          "--existing replace overwrites documents of the target; add --yes");
}

void print_collection(const cli::CopiedCollection& one, std::size_t width, bool verified) {
  std::string line = fmt::format("  {:<{}}  {:>11}  {:>8}  {}", one.name, width,
                                 cli::grouped(one.copied + one.replaced), cli::sized(one.bytes),
                                 cli::plural(one.indexes, "index", "indexes"));
  if (one.replaced > 0) line += fmt::format(", {} replaced", cli::grouped(one.replaced));
  if (one.skipped > 0) line += fmt::format(", {} skipped", cli::grouped(one.skipped));
  if (verified) line += one.matches ? "  same" : "  " + cli::marked("DIFFERS", false);
  fmt::print("{}\n", line);
}

void print_differences(const cli::CopiedCollection& one) {
  fmt::print("{}: {} in the source, {} in the target\n", one.name,
             cli::plural(one.source->documents, "document", "documents"),
             cli::grouped(one.target->documents));
  for (const auto& difference : one.differences) {
    const std::string id = bson::to_json(difference.id.view(), bson::JsonMode::shell);
    switch (difference.kind) {
      case cli::CopyDifference::Kind::missing:
        fmt::print("  _id {} is missing in the target\n", id);
        break;
      case cli::CopyDifference::Kind::extra:
        fmt::print("  _id {} is in the target only\n", id);
        break;
      case cli::CopyDifference::Kind::changed:
        fmt::print("  _id {} is not the same\n", id);
        break;
    }
  }
}

void print_report(const cli::CopyReport& report) {
  std::size_t width = 10;
  for (const auto& one : report.collections)
    width = std::max(width, std::min<std::size_t>(one.name.size(), 28));
  const bool copied =
      report.result == cli::CopyResult::done || report.result == cli::CopyResult::mismatch;
  if (copied) {
    fmt::print("  {:<{}}  {:>11}  {:>8}\n", "collection", width, "documents", "bytes");
    for (const auto& one : report.collections) print_collection(one, width, report.verified);
    for (const auto& view : report.views) fmt::print("  {:<{}}  {:>11}\n", view, width, "view");
  }
  for (const auto& text : report.left_out) fmt::print("left out: {}\n", text);
  if (report.result == cli::CopyResult::mismatch) {
    for (const auto& one : report.collections) {
      if (!one.matches) print_differences(one);
    }
    fmt::print(
        "{}: the two sides differ. Was the source written to meanwhile? Copy again with "
        "--existing replace\nonce nobody writes.\n",
        cli::marked("MISMATCH", false));
  } else if (copied) {
    fmt::print("{}: {}, {}, {} in {}{}\n", cli::marked("Done", true),
               cli::plural(static_cast<std::int64_t>(report.collections.size()), "collection",
                           "collections"),
               cli::plural(report.documents(), "document", "documents"), cli::sized(report.bytes()),
               cli::timed(report.seconds),
               report.verified ? "; both sides compared" : "; not verified");
  }
}

void print_failure(const cli::CopyReport& report) {
  const Error& error = *report.error;
  const bool stopped = report.result == cli::CopyResult::stopped;
  if (!stopped) {
    fmt::print(stderr, "quire copy: {}\n", error.what());
  }
  switch (report.result) {
    case cli::CopyResult::stopped:
    case cli::CopyResult::partial:
      fmt::print(stderr,
                 "{} after {}. What was copied stays in the target.\n"
                 "To go on, give the same command with --resume.\n",
                 stopped ? "Stopped" : "It ended",
                 cli::plural(report.documents(), "document", "documents"));
      break;
    default:
      fmt::print(stderr, "The target is as it was.\n");
      break;
  }
}

void print_compared(const cli::CopyReport& report) {
  std::size_t width = 10;
  for (const auto& one : report.collections)
    width = std::max(width, std::min<std::size_t>(one.name.size(), 28));
  fmt::print("  {:<{}}  {:>11}  {:>11}\n", "collection", width, "source", "target");
  for (const auto& one : report.collections) {
    fmt::print("  {:<{}}  {:>11}  {:>11}  {}\n", one.name, width,
               cli::grouped(one.source->documents), cli::grouped(one.target->documents),
               one.matches ? "same" : cli::marked("DIFFERS", false));
  }
  for (const auto& one : report.collections) {
    if (!one.matches) print_differences(one);
  }
  const bool same = report.result == cli::CopyResult::done;
  fmt::print("{}: {} compared in {}\n", cli::marked(same ? "Same" : "MISMATCH", same),
             cli::plural(static_cast<std::int64_t>(report.collections.size()), "collection",
                         "collections"),
             cli::timed(report.seconds));
}

/// What copy and verify take both.
void add_sides(CLI::App& command, CopyArguments& a, const std::string& target) {
  command.add_option("SOURCE", a.source, uri_help)->required();
  command.add_option("TARGET", a.target, target)->required();
  command.add_option("--from-db", a.from_db, "database of the source, where its URI names none");
  command.add_option("--to-db", a.to_db, "database of the target, where its URI names none");
  command.add_option("--collection", a.options.collections, "only this one; may be given often")
      ->allow_extra_args(false);
  command.add_option("--exclude", a.options.exclude, "not this one; may be given often")
      ->allow_extra_args(false);
}

void show_progress(cli::CopyOptions& options, cli::ProgressLine& line) {
  options.progress = [&](const cli::CopyProgress& progress) {
    line.show({std::string(progress.phase) + " " + std::string(progress.collection), progress.done,
               progress.total, progress.rate, progress.phase != "index"});
  };
}

}  // namespace

void add_verify(CLI::App& app, CopyArguments& a) {
  auto* verify = app.add_subcommand("verify", "Compare the documents of two databases");
  add_sides(*verify, a, "as SOURCE");
  verify->add_option("--differences", a.options.most_differences,
                     "differing _ids shown of one collection, default 5");
  verify->add_flag("--json", a.json, "the report as one line of JSON");
  verify->add_flag("--quiet", a.quiet, "print differences and errors only");
  verify->footer(
      "Indexes, options and views are not looked at.\n"
      "Exit codes: 0 alike, 2 usage, 30 failed, 32 stopped by a signal, 41 the two sides differ.");
}

int run_verify(CopyArguments& arguments) {
  const SignalStop stop;
  const Database from = open_database(resolve_uri(arguments.source), arguments.from_db,
                                      OpenFor::reading, "--from-db");
  const Database to =
      open_database(resolve_uri(arguments.target), arguments.to_db, OpenFor::reading, "--to-db");
  auto& options = arguments.options;
  options.stop = stop.token();
  cli::ProgressLine line(arguments.quiet);
  show_progress(options, line);
  const auto report = cli::compare_databases(from, to, options);
  line.clear();
  if (arguments.json) {
    fmt::print("{}\n", report.json());
  } else if (report.verified && (!arguments.quiet || !report.ok())) {
    print_compared(report);
  }
  std::fflush(stdout);
  if (report.error) fmt::print(stderr, "quire verify: {}\n", report.error->what());
  return report.exit_code();
}

void add_copy(CLI::App& app, CopyArguments& a) {
  auto* copy = app.add_subcommand("copy", "Copy a database to another, between any two stores");
  add_sides(*copy, a, "as SOURCE; must be empty, see --existing");
  copy->add_option("--batch", a.options.batch_documents, "documents of a batch, default 1000")
      ->check(CLI::Range(1, 100'000));
  copy->add_option("--existing", a.existing,
                   "documents that the target has: skip, replace, or fail (default)")
      ->check(CLI::IsMember({"skip", "replace", "fail"}));
  copy->add_flag("--resume", a.options.resume, "go on with a copy that was stopped or killed");
  copy->add_flag("--no-verify", a.no_verify, "do not read both sides again to compare them");
  copy->add_flag("--skip-indexes", a.options.skip_indexes,
                 "leave out indexes that the target refuses");
  copy->add_flag("--skip-options", a.options.skip_options,
                 "leave out collection options and views where the target has none");
  copy->add_flag("--json", a.json, "the report as one line of JSON");
  copy->add_flag("--quiet", a.quiet, "print errors only");
  copy->add_flag("--yes", a.yes, "do not ask before --existing replace");
  copy->footer(
      "Exit codes: 0 done, 2 usage, 30 failed with nothing left behind, 31 failed in the middle\n"
      "(--resume goes on), 32 stopped by a signal, 41 copied, but the two sides differ.");
}

int run_copy(CopyArguments& arguments) {
  const SignalStop stop;
  const std::string source = resolve_uri(arguments.source);
  const std::string target = resolve_uri(arguments.target);
  const Database from = open_database(source, arguments.from_db, OpenFor::reading, "--from-db");
  const Database to = open_database(target, arguments.to_db, OpenFor::writing, "--to-db");
  confirm_replace(arguments, to);

  auto& options = arguments.options;
  options.verify = !arguments.no_verify;
  options.existing = arguments.existing == "skip"      ? cli::Existing::skip
                     : arguments.existing == "replace" ? cli::Existing::replace
                                                       : cli::Existing::fail;
  options.stop = stop.token();
  cli::ProgressLine line(arguments.quiet);
  show_progress(options, line);
  const bool talks = !arguments.quiet && !arguments.json;
  if (talks) {
    fmt::print("from {}, database \"{}\"\nto   {}, database \"{}\"\n", from.store().redacted_uri(),
               from.name(), to.store().redacted_uri(), to.name());
    std::fflush(stdout);
  }
  const auto report = cli::copy_database(from, to, options);
  line.clear();
  if (arguments.json) {
    fmt::print("{}\n", report.json());
  } else if (talks || report.result == cli::CopyResult::mismatch) {
    print_report(report);
  }
  std::fflush(stdout);
  if (report.error) print_failure(report);
  return report.exit_code();
}

}  // namespace quire::tool
