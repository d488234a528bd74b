// What the source holds.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/imports/commands.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/cli/exit_codes.hpp"
#include "quire/importer/audit.hpp"

namespace quire::cli::imports {
namespace {

using importer::Audit;
using importer::AuditFinding;
using importer::AuditTable;

std::string kinds_of(const importer::AuditColumn& column) {
  std::string text;
  for (const auto& [kind, rows] : column.kinds) {
    text += text.empty() ? "" : ", ";
    text += column.kinds.size() == 1 ? kind : fmt::format("{} {}", grouped(rows), kind);
  }
  if (column.longest > 0) text += fmt::format(", up to {}", sized(column.longest));
  return text;
}

void print_table(Output& out, const AuditTable& table, bool columns) {
  std::string head = fmt::format("\n{}: {}{}", table.name, plural(table.rows, "row", "rows"),
                                 table.all_read ? "" : " looked at");
  if (!table.all_read && table.estimate >= 0)
    head += fmt::format(" of about {}", grouped(table.estimate));
  if (table.bytes >= 0) head += ", " + sized(table.bytes);
  head += table.key.empty() ? ", no key" : fmt::format(", key {}", fmt::join(table.key, ", "));
  out.print(head);
  if (!table.failure.empty()) out.hang("  ", out.painted("not read: " + table.failure, Paint::bad));
  if (columns) {
    std::vector<std::vector<Cell>> rows;
    for (const auto& column : table.columns)
      rows.push_back({{column.name},
                      {column.declared},
                      {grouped(column.nulls + column.absent)},
                      {kinds_of(column)}});
    if (!rows.empty()) out.table({"column", "type", "nulls", "values"}, rows);
  }
  for (const auto& relation : table.relations) {
    std::string text = fmt::format("{} refers to {} ({}): ", fmt::join(relation.key.columns, ", "),
                                   relation.key.table, fmt::join(relation.key.referenced, ", "));
    text += !relation.unknown.empty() ? "not looked at, " + relation.unknown
            : relation.orphans == 0   ? "all parents are there"
                                    : plural(relation.orphans, "row", "rows") + " without a parent";
    out.hang("  ", text);
  }
  for (const AuditFinding& finding : table.findings) {
    std::string text = finding.column.empty() ? "" : finding.column + ": ";
    if (finding.rows > 0) text += plural(finding.rows, "row", "rows") + ", ";
    text += finding.text;
    if (!finding.examples.empty())
      text += fmt::format(
          " ({}{})", fmt::join(finding.examples, "; "),
          static_cast<std::int64_t>(finding.examples.size()) < finding.rows ? "; …" : "");
    out.hang("  ! ", text);
  }
}

int audit(const Context& context) {
  Output& out = context.out;
  importer::AuditOptions options;
  for (std::size_t i = 0; i < context.arguments.count(); ++i)
    options.tables.push_back(table_named(context, context.arguments.at(i)));
  options.sample = context.arguments.number("--sample", 1, INT64_MAX).value_or(0);
  options.examples =
      static_cast<std::size_t>(context.arguments.number("--examples", 0, 1000).value_or(3));
  options.stop = context.stop;
  options.progress = [&](const std::string& table, std::int64_t rows, std::int64_t of) {
    if (out.json()) {
      if (rows % 100'000 == 0)
        out.event(bson::make_document("event", "progress", "table", table, "done", rows));
      return;
    }
    out.progress().show({"audit " + table, rows, std::max(of, rows), 0, false});
  };
  const Audit found = importer::audit(context.source(), options);
  out.progress().clear();
  std::int64_t findings = 0, rows = 0;
  bool failed = false;
  for (const AuditTable& table : found.tables) {
    print_table(out, table, !context.arguments.has("--findings"));
    findings += static_cast<std::int64_t>(table.findings.size());
    rows += table.rows;
    failed = failed || !table.failure.empty();
  }
  for (const auto& circle : found.circles)
    out.hang("circle of foreign keys: ", fmt::format("{}", fmt::join(circle, ", ")));
  for (const auto& text : found.left_out) out.hang("left out: ", text);
  const int exit = found.stopped                                        ? exit_code("stopped")
                   : failed                                             ? exit_code("failed")
                   : context.arguments.has("--check") && !found.clean() ? exit_code("danger")
                                                                        : 0;
  out.print(fmt::format("\n{}: {}, {}, {} in {}.", found.location,
                        plural(static_cast<std::int64_t>(found.tables.size()), "table", "tables"),
                        plural(rows, "row", "rows"), plural(findings, "finding", "findings"),
                        timed(found.seconds)));
  if (found.stopped) out.complain("stopped before the end", {context.call("audit")});
  if (failed) out.complain("some tables could not be read", {});
  write_report(context, [&] { return found.markdown(); }, [&] { return found.json() + "\n"; });
  bson::Writer body;
  for (const auto& field : bson::from_json(found.json())) {
    if (field.key != "schema" && field.key != "op") body.append(field.key, field.value);
  }
  body.append("result", found.stopped ? "stopped"
                        : failed      ? "failed"
                        : exit != 0   ? "danger"
                                      : "done");
  out.report("audit", exit, body.finish());
  return exit;
}

constexpr OptionSpec options[] = {{"--sample", "N", "only the first N rows of each table"},
                                  {"--examples", "N", "rows that are named of each finding, 3"},
                                  {"--findings", "", "without the columns, what was found alone"},
                                  {"--check", "", "exit code 12 when something was found"},
                                  report_option};
constexpr Command commands[] = {
    {"audit", "[TABLE...]", "What the source holds, and what is odd about it",
     "Tables, rows, sizes, types, keys, nulls, foreign keys and rows whose parent is missing; text "
     "that is not UTF-8, zero dates, numbers that do not fit, mixed types, empty keys. Reads all "
     "rows, writes nothing.",
     0, 10'000, options, false, audit},
};

}  // namespace

std::span<const Command> audit_commands() { return commands; }

}  // namespace quire::cli::imports
