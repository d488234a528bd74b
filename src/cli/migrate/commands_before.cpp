// Commands that look at what a run would do and meet, before it.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdint>

#include "bson/report_fields.hpp"
#include "cli/migrate/commands.hpp"
#include "migrate/finding_fields.hpp"
#include "quire/bson/json.hpp"
#include "quire/migrate/lint.hpp"
#include "quire/migrate/preflight.hpp"

namespace quire::cli {
namespace {

using migrate::Finding;
using migrate::Severity;

/// As the command `duplicates` takes an index' keys: "tenant,-email", or JSON where that cannot say
/// it.
std::string fields_of(const bson::Document& keys) {
  std::string list;
  for (const auto& key : keys) {
    const bool up = bson::to_json(key.value) == "1";
    const bool plain = (up || bson::to_json(key.value) == "-1") &&
                       std::ranges::all_of(key.key, [](unsigned char c) {
                         return std::isalnum(c) != 0 || c == '_' || c == '.';
                       });
    if (!plain) return "'" + bson::to_json(keys) + "'";
    list += (list.empty() ? "" : ",") + std::string(up ? "" : "-") + std::string(key.key);
  }
  return list.empty() ? "FIELDS" : list;
}

/// Text where the library names functions, as commands.
std::string next_of(const Context& context, const Finding& found) {
  const std::string& code = found.code;
  if (found.severity == Severity::ok) return found.next;
  if (code == "Q201" || code == "P107") {
    const std::string fields = fields_of(found.keys);
    return context.call("duplicates " +
                        (found.collection.empty() ? "COLLECTION" : found.collection) + " " +
                        fields);
  }
  if (code == "Q501")
    return context.call("backup FOLDER") + ", then " + context.call("lint --backup FOLDER");
  if (code == "P105")
    return context.call("backup FOLDER") + ", then " + context.call("preflight --backup FOLDER");
  if (code == "P102" && found.severity == Severity::warning) return context.call("plan");
  if (code == "P108") return context.call("types " + found.collection);
  if (code == "P106" && found.text.find("outcome is unknown") != std::string::npos)
    return context.call("mark " + found.migration + " applied|failed --reason TEXT");
  if (code == "P106" && found.text.find("not finished") != std::string::npos)
    return context.call("resume");
  if (code == "P106" && found.text.find("was changed") != std::string::npos)
    return context.call("accept " + found.migration + " --reason TEXT") +
           " if the change does not matter";
  return found.next;
}

void use_commands(const Context& context, std::vector<Finding>& findings) {
  for (Finding& one : findings) one.next = next_of(context, one);
}

Paint paint_of(Severity severity) {
  return severity == Severity::ok       ? Paint::good
         : severity == Severity::danger ? Paint::bad
                                        : Paint::notice;
}

void show(Output& out, const std::vector<Finding>& findings) {
  std::vector<std::vector<Cell>> rows;
  for (const Finding& one : findings) {
    std::string text;
    if (!one.migration.empty()) text = one.migration;
    if (one.step > 0) text += fmt::format(" step {}", one.step);
    if (!one.where.empty()) text += (text.empty() ? "" : ", ") + one.where;
    text += (text.empty() ? "" : ": ") + one.text;
    if (!one.assured.empty()) text += "; assured: " + one.assured;
    if (!one.next.empty()) text += ". Next: " + one.next;
    const std::string word(one.assured.empty() ? to_string(one.severity) : "assured");
    rows.push_back({{one.code}, {word, paint_of(one.severity)}, {std::move(text)}});
  }
  if (!rows.empty()) out.table({"code", "", ""}, rows);
}

std::string counted(const std::vector<Finding>& findings) {
  const auto of = [&](Severity severity) {
    return std::ranges::count_if(findings,
                                 [&](const Finding& one) { return one.severity == severity; });
  };
  const auto dangers = of(Severity::danger), warnings = of(Severity::warning);
  return fmt::format("{}, {}.", plural(dangers, "danger", "dangers"),
                     plural(warnings, "warning", "warnings"));
}

int lint(const Context& context) {
  migrate::LintOptions options;
  options.models = context.options.models;
  options.applied = context.arguments.has("--all");
  options.backup = context.arguments.text("--backup");
  options.data = !context.arguments.has("--no-data");
  if (const auto large = context.arguments.number("--large", 0, INT64_MAX)) options.large = *large;
  auto report = context.arguments.has("--offline")
                    ? migrate::lint(context.migrations, options)
                    : migrate::lint(context.db, context.migrations, options);
  use_commands(context, report.findings);
  context.out.report(report.json());
  show(context.out, report.findings);
  show(context.out, report.assured);
  for (const std::string& note : report.notes) context.out.hang("not looked at: ", note);
  context.out.print(plural(report.migrations, "migration", "migrations") +
                    " looked at: " + counted(report.findings));
  return report.exit_code();
}

int preflight(const Context& context) {
  migrate::PreflightOptions options;
  options.models = context.options.models;
  options.backup = context.arguments.text("--backup");
  options.data = !context.arguments.has("--no-data");
  if (const auto sample = context.arguments.number("--sample", 0, INT64_MAX))
    options.sample = *sample;
  auto report = migrate::preflight(context.db, context.migrations, options);
  use_commands(context, report.findings);
  context.out.report(report.json());
  show(context.out, report.findings);
  context.out.print(counted(report.findings) + " Nothing was written.");
  return report.exit_code();
}

/// An estimate has no more digits than it is worth.
std::string about(double seconds) { return seconds < 1 ? "under 1 s" : "about " + timed(seconds); }

void show_step(Output& out, const migrate::PlannedStep& part) {
  std::string text;
  if (part.matched) text = plural(*part.matched, "document", "documents") + ", ";
  text += part.how;
  if (!part.locks.empty()) text += "; " + part.locks;
  if (part.seconds && !part.measured.empty()) {
    text += "; " + about(*part.seconds) + " by " + plural(part.sampled, "document", "documents");
    text += part.measured == "functions"     ? ", without writing"
            : part.measured == "transaction" ? ", done and rolled back"
                                             : ", only read";
  }
  out.hang("        ", text);
}

int plan(const Context& context) {
  Output& out = context.out;
  migrate::PlanOptions options;
  options.models = context.options.models;
  options.in_transactions = context.arguments.has("--measure");
  options.lint = !context.arguments.has("--no-lint");
  if (const auto sample = context.arguments.number("--sample", 0, 1'000'000))
    options.sample = *sample;
  auto runner = context.runner();
  if (context.arguments.count() > 0) runner.target(context.arguments.at(0));
  auto plan = runner.plan(options);
  use_commands(context, plan.findings);
  bson::Writer body;
  body.append_all(bson::from_json(plan.json()));
  body.append("result", plan.migrations.empty() ? "nothing" : "pending");
  migrate::append_next(body, plan.findings);
  out.report("plan", 0, body.finish());
  for (const auto& one : plan.migrations) {
    out.hang("", one.id + (one.title.empty() ? "" : "  " + one.title));
    std::string how =
        fmt::format("{}, {}, {}, guarantee {}", to_string(one.state), to_string(one.atomicity),
                    plural(one.documents, "document", "documents"), one.guarantee);
    if (one.out_of_order) how += ", out of order";
    out.hang("    ", how);
    for (std::size_t i = 0; i < one.steps.size(); ++i) {
      out.hang("    step ", one.steps[i]);
      if (i < one.parts.size()) show_step(out, one.parts[i]);
    }
    if (!one.reversible.empty()) out.hang("    no way back: ", one.reversible);
    if (one.min_app > 0)
      out.hang("    afterwards: ",
               fmt::format("programs below app level {} do not start", one.min_app));
    if (!one.blocked_by.empty()) out.hang("    blocked: ", one.blocked_by);
  }
  for (const std::string& warning : plan.warnings) out.hang("warning: ", warning);
  show(out, plan.findings);
  if (plan.migrations.empty()) {
    out.print("Nothing to do.");
    return 0;
  }
  std::string last =
      plural(static_cast<std::int64_t>(plan.migrations.size()), "migration", "migrations") +
      " to run, in this order";
  if (plan.seconds) {
    last += ", " + about(*plan.seconds);
    const bool all =
        std::ranges::all_of(plan.migrations, [](const auto& one) { return one.unmeasured == 0; });
    if (!all) last += " and what was not measured";
  }
  out.print(last + ". Nothing was written.");
  return 0;
}

constexpr OptionSpec plan_options[] = {
    {"--sample", "N", "documents of each step that are measured, 100; 0 = no estimate"},
    {"--measure", "",
     "do the sample in a transaction that is rolled back: writing is measured too"},
    {"--no-lint", "", "without the findings of lint"}};
constexpr OptionSpec lint_options[] = {
    {"--all", "", "also migrations that are applied"},
    {"--offline", "", "the steps alone, as in a build: the database is not asked"},
    {"--no-data", "", "do not look at documents"},
    {"--large", "N", "documents from which a collection is large, 10000"},
    {"--backup", "FOLDER",
     "a backup, which is read whole: then what cannot be undone is no danger"}};
constexpr OptionSpec preflight_options[] = {
    {"--backup", "FOLDER", "a backup, which is read whole"},
    {"--sample", "N", "documents of a collection that are read for types and names, 1000; 0 = all"},
    {"--no-data", "", "do not look at documents"}};

constexpr Command commands[] = {
    {"plan", "[ID]", "What up would do, or to ID",
     "How each step runs, on how many documents, about how long, and what is dangerous about it. "
     "Functions of the steps are called with some documents; nothing is written and no lock taken.",
     0, 1, plan_options, false, plan},
    {"preflight", "", "Whether a run can go well",
     "Store, transactions, rights, disk, backup, history, data and lock. Writes nothing; exit code "
     "12 when something is dangerous.",
     0, 0, preflight_options, false, preflight},
    {"lint", "", "What is dangerous about pending migrations",
     "Exit code 12 when something is. A migration that says assured(\"why\") is passed over. "
     "Writes nothing.",
     0, 0, lint_options, false, lint},
};

}  // namespace

std::span<const Command> before_commands() { return commands; }

}  // namespace quire::cli
