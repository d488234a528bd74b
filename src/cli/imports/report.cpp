// How an import's progress and reports look.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "cli/imports/commands.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/cli/exit_codes.hpp"

namespace quire::cli::imports {
namespace {

using importer::ImportPart;
using importer::ImportReport;
using migrate::DataResult;

constexpr std::size_t most_lines = 20;

std::vector<std::string> next_of_verify(const Context& context, const ImportReport& report) {
  bool rows = false, edits = false, target = false;
  for (const ImportPart& part : report.parts) {
    rows = rows || (part.data.verification && !part.data.verification->ok());
    edits = edits || part.edited > 0;
    for (const auto& one : part.checks) target = target || !one.ok();
  }
  std::vector<std::string> next;
  if (edits && !context.arguments.has("--ignore-edited"))
    next.push_back(context.call("verify --ignore-edited"));
  if (rows) {
    next.push_back(context.call("rejects"));
    next.push_back(context.call("import --all"));
  }
  if (target) next.emplace_back("repair what the target was checked for, then verify again");
  return next;
}

std::vector<std::string> next_of(const Context& context, const ImportReport& report) {
  const std::string again = context.call(context.arguments.has("--last") ? "import --last"
                                         : context.command == "import"   ? "import --all"
                                                                         : context.command);
  switch (report.result) {
    case DataResult::stopped:
      return {again};
    case DataResult::rejects:
      if (report.operation == "rollback")
        return {context.call("rollback --edited keep"),
                context.call("rollback --edited overwrite")};
      return {context.call("rejects"), context.call("retry-rejects")};
    case DataResult::mismatch:
      if (report.operation == "last-pass") return report.next;
      if (report.operation == "verify") return next_of_verify(context, report);
      return {context.call("rejects"), context.call("import --all")};
    case DataResult::changed:
      return {"run the program or mapping that began the import",
              context.call("import --all --accept-changes"),
              context.call("import --all --restart")};
    case DataResult::failed:
    case DataResult::partial:
      return {"correct the cause, then: " + again};
    default:
      return report.next;
  }
}

std::string state_of(const ImportReport& report, const ImportPart& part) {
  if (report.operation != "status") return std::string(to_string(part.data.result));
  return part.data.result == DataResult::nothing ? "not begun"
                                                 : std::string(to_string(part.data.state));
}

Paint paint_of(const std::string& state) {
  if (state == "complete" || state == "nothing") return Paint::good;
  if (state == "failed" || state == "partial" || state == "mismatch" || state == "rejects" ||
      state == "changed")
    return Paint::bad;
  return Paint::notice;
}

void add(std::string& text, std::int64_t n, std::string_view what) {
  if (n == 0) return;
  text += fmt::format("{}{} {}", text.empty() ? "" : ", ", grouped(n), what);
}

/// What has no column of its own.
std::string details_of(const ImportReport& report, const ImportPart& part) {
  const auto& counts = part.data.counts;
  std::string text;
  if (report.operation == "rollback") {
    add(text, part.removed, "removed");
    add(text, counts.replaced, "given back");
    add(text, counts.existing, "edited since");
    return text;
  }
  if (report.operation == "finish") {
    add(text, counts.written, "without stamp");
    return text;
  }
  add(text, counts.unchanged, "unchanged");
  add(text, counts.existing, "left as they are");
  add(text, counts.dropped, "dropped");
  add(text, part.removed, "removed");
  if (report.operation == "status" && part.data.partitions > 0)
    text +=
        fmt::format("{}{} of {} done", text.empty() ? "" : ", ", grouped(part.data.partitions_done),
                    plural(part.data.partitions, "partition", "partitions"));
  if (const auto& found = part.data.verification) {
    text += text.empty() ? "" : ", ";
    text += found->ok() ? fmt::format("alike by {}", to_string(found->level))
                        : fmt::format("{} missing, {} extra, {} different", grouped(found->missing),
                                      grouped(found->extra), grouped(found->different));
  }
  add(text, part.edited, "edited since");
  if (part.by_change) text += text.empty() ? "by change column" : ", by change column";
  if (part.changed_meanwhile) text += text.empty() ? "changed meanwhile" : ", changed meanwhile";
  return text;
}

void print_parts(Output& out, const ImportReport& report) {
  std::vector<std::vector<Cell>> rows;
  const bool counted = report.operation != "rollback" && report.operation != "finish";
  for (const ImportPart& part : report.parts) {
    const std::string state = state_of(report, part);
    const auto& counts = part.data.counts;
    std::vector<Cell> row{{part.name}, {state, paint_of(state)}};
    if (counted) {
      if (report.operation == "verify") {
        const auto& found = part.data.verification;
        row.push_back({found ? grouped(found->source) : "-"});
        row.push_back({found ? grouped(found->target) : "-"});
      } else {
        row.push_back({grouped(counts.read)});
        row.push_back({grouped(counts.written - counts.replaced)});
        row.push_back({grouped(counts.replaced)});
        row.push_back(
            {grouped(counts.rejected), counts.rejected > 0 ? Paint::notice : Paint::none});
      }
    }
    row.push_back({details_of(report, part)});
    rows.push_back(std::move(row));
  }
  if (rows.empty()) return;
  if (!counted)
    out.table({"part", "", ""}, rows);
  else if (report.operation == "verify")
    out.table({"part", "", "source", "target", ""}, rows);
  else
    out.table({"part", "", "rows", "new", "changed", "rejected", ""}, rows);
}

void print_differences(Output& out, const ImportReport& report) {
  for (const ImportPart& part : report.parts) {
    if (!part.data.verification) continue;
    const auto& all = part.data.verification->differences;
    for (std::size_t i = 0; i < all.size() && i < most_lines; ++i) {
      std::string text = part.name + ": " + std::string(to_string(all[i].kind));
      if (all[i].key) text += " _id " + bson::to_json(all[i].key->view());
      if (!all[i].path.empty()) text += ", " + all[i].path;
      if (!all[i].text.empty()) text += ": " + all[i].text;
      out.hang("  ", text);
    }
    if (all.size() > most_lines)
      out.print(fmt::format("  and {} more; --json has them",
                            grouped(static_cast<std::int64_t>(all.size() - most_lines))));
  }
}

void print_checks(Output& out, const ImportReport& report) {
  for (const ImportPart& part : report.parts) {
    for (const auto& one : part.checks) {
      const std::string of = fmt::format("  {}: {} {}: ", part.name, one.kind, one.of);
      if (one.ok()) {
        out.hang(of, one.checked == 0 ? "kept by the store or nothing to look at"
                                      : fmt::format("holds, {} looked at", grouped(one.checked)));
        continue;
      }
      out.hang(of, out.painted(one.problem, Paint::bad));
      for (const std::string& example : one.examples) out.hang("    ", example);
      if (one.wrong > static_cast<std::int64_t>(one.examples.size()) && !one.examples.empty())
        out.print("    …");
    }
  }
}

std::string closing(const ImportReport& report) {
  const std::string& op = report.operation;
  if (op == "dry-run")
    return report.estimated_seconds >= 0
               ? fmt::format("Nothing was written. The import would take about {}.",
                             timed(report.estimated_seconds))
               : "Nothing was written.";
  if (op == "verify") return report.parts.empty() ? "" : "Both sides are alike.";
  if (op == "last-pass")
    return fmt::format("Both sides are alike, and nothing changes any more; {}.",
                       timed(report.seconds));
  if (op == "status") return "";
  if (op == "rollback") return fmt::format("Taken back in {}.", timed(report.seconds));
  if (op == "finish") return "The import is ended.";
  if (op == "retry-rejects" && report.result == DataResult::nothing) return "Nothing to try again.";
  return report.result == DataResult::nothing ? "Nothing to do."
                                              : fmt::format("Done in {}.", timed(report.seconds));
}

std::string what_differs(const ImportReport& report) {
  for (const ImportPart& part : report.parts) {
    if (part.data.result != DataResult::mismatch) continue;
    const auto& found = part.data.verification;
    if (found && !found->ok()) break;
    for (const auto& one : part.checks)
      if (!one.ok()) return fmt::format("{} {}: {}", one.kind, one.of, one.problem);
  }
  return "the two sides differ";
}

std::string what_went_wrong(const ImportReport& report) {
  if (report.error) {
    const std::string at = report.error->path().empty() ? "" : report.error->path().str() + ": ";
    return at + report.error->detail();
  }
  std::string part = report.parts.empty() ? "" : report.parts.back().name + ": ";
  for (const ImportPart& one : report.parts) {
    if (one.data.result != report.result) continue;
    part = one.name + ": ";
    break;
  }
  switch (report.result) {
    case DataResult::stopped:
      return "stopped on request; what was written stays";
    case DataResult::rejects:
      return part + (report.operation == "rollback"
                         ? "documents that were edited since stay as they are"
                         : "more rows were put aside than allowed");
    case DataResult::mismatch:
      return part + what_differs(report);
    default:
      return part + "it ended as " + std::string(to_string(report.result));
  }
}

std::string ending_of(const Arguments& arguments) {
  return std::filesystem::path(arguments.text("--report")).extension().string();
}

}  // namespace

std::function<void(const std::string&, const migrate::DataProgress&)> show_progress(
    const Context& context) {
  return [&out = context.out](const std::string& part, const migrate::DataProgress& progress) {
    if (out.json()) {
      bson::Writer w;
      w.append("event", "progress").append("part", part);
      w.append_all(bson::from_json(progress.json()));
      out.event(w.finish());
      return;
    }
    std::string what = part;
    if (progress.state == migrate::JobState::verifying) what += ", comparing";
    out.progress().show({what, progress.done, progress.total, progress.rate, false});
  };
}

int show_report(const Context& context, ImportReport report) {
  Output& out = context.out;
  out.progress().clear();
  report.next = next_of(context, report);
  const int exit = report.exit_code();
  print_parts(out, report);
  print_differences(out, report);
  print_checks(out, report);
  for (const std::string& warning : report.warnings) out.hang("warning: ", warning);
  if (report.ok()) {
    if (const std::string text = closing(report); !text.empty()) out.print(text);
    for (const std::string& next : report.next) out.hang("next: ", next);
  } else {
    out.complain(what_went_wrong(report), report.next);
  }
  write_report(context, [&] { return report.markdown(); }, [&] { return report.json() + "\n"; });
  out.report(report.json());
  return exit;
}

void check_report_option(const Arguments& arguments) {
  if (!arguments.has("--report")) return;
  const std::string ending = ending_of(arguments);
  if (ending != ".md" && ending != ".json")
    throw UsageError("--report takes a file that ends in .md or .json");
}

void write_report(const Context& context, const std::function<std::string()>& markdown,
                  const std::function<std::string()>& json) {
  if (!context.arguments.has("--report")) return;
  const std::string path = context.arguments.text("--report");
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << (ending_of(context.arguments) == ".md" ? markdown() : json());
  file.flush();
  if (!file)
    throw StoreError(ErrorCode::io_error, fmt::format("the report {} cannot be written", path));
  context.out.print(fmt::format("The report is in {}.", path));
}

}  // namespace quire::cli::imports
