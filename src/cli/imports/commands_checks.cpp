// Keys and values that come more than once.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "bson/report_fields.hpp"
#include "cli/imports/commands.hpp"
#include "importer/markdown.hpp"
#include "quire/bson/json.hpp"
#include "quire/cli/exit_codes.hpp"
#include "quire/importer/checks.hpp"

namespace quire::cli::imports {
namespace {

using importer::DuplicateReport;
using importer::TableMapping;
using Names = std::vector<std::string>;

/// What the checks of one command found.
class Checks {
 public:
  Checks(const Context& context, std::string name) : context_(context), table_(std::move(name)) {
    options_.most_groups =
        static_cast<std::size_t>(context.arguments.number("--most", 1, 10'000).value_or(20));
    options_.stop = context.stop;
    options_.progress = [&out = context.out, this](std::int64_t rows) {
      const auto* table = context_.source().schema().find(table_);
      const std::int64_t of = table == nullptr ? -1 : table->rows;
      if (!out.json())
        out.progress().show({"rows of " + table_, rows, std::max(of, rows), 0, false});
    };
  }

  [[nodiscard]] const importer::DuplicateOptions& options() const { return options_; }
  /// Rows with a null are wrong in a key.
  void add(DuplicateReport report, bool nulls_are_wrong) {
    wrong_ = wrong_ || report.groups > 0 || (nulls_are_wrong && report.nulls > 0);
    stopped_ = stopped_ || report.stopped;
    reports_.push_back(std::move(report));
  }
  void problem(std::string text) {
    wrong_ = true;
    problems_.push_back(std::move(text));
  }
  void note(std::string text) { notes_.push_back(std::move(text)); }

  int show() const {
    Output& out = context_.out;
    out.progress().clear();
    for (const DuplicateReport& report : reports_) print(report);
    for (const std::string& text : problems_) out.hang("  ! ", text);
    for (const std::string& text : notes_) out.hang("note: ", text);
    const int exit = stopped_ ? exit_code("stopped") : wrong_ ? exit_code("danger") : 0;
    if (stopped_)
      out.complain("stopped before the end", {});
    else if (wrong_)
      out.complain(table_ + ": keys or values that cannot stay as they are",
                   {"repair the rows, or choose another `id` or `key` in the mapping"});
    else
      out.print("Nothing comes twice.");
    const bson::Document body = document();
    write_report(context_, [&] { return markdown(); }, [&] { return bson::to_json(body) + "\n"; });
    out.report(context_.command, exit, body);
    return exit;
  }

 private:
  static std::string summary(const DuplicateReport& report) {
    std::string text = fmt::format("{}: {}", report.of, plural(report.rows, "row", "rows"));
    if (report.nulls > 0) text += fmt::format(", {} with null", grouped(report.nulls));
    if (report.unusable > 0) text += fmt::format(", {} not looked at", grouped(report.unusable));
    if (report.groups == 0) return text + ", none twice";
    return text + fmt::format(", {} more than once, {} too many",
                              plural(report.groups, "value", "values"),
                              plural(report.surplus, "row", "rows"));
  }
  void print(const DuplicateReport& report) const {
    Output& out = context_.out;
    out.print(summary(report));
    std::vector<std::vector<Cell>> rows;
    for (const auto& group : report.shown)
      rows.push_back(
          {{group.values},
           {grouped(group.rows)},
           {fmt::format("{}{}", fmt::join(group.keys, "; "),
                        static_cast<std::int64_t>(group.keys.size()) < group.rows ? "; …" : "")}});
    if (!rows.empty()) out.table({"value", "rows", "keys"}, rows);
    const auto shown = static_cast<std::int64_t>(report.shown.size());
    if (report.groups > shown)
      out.print(fmt::format("  and {} more; --most shows them", grouped(report.groups - shown)));
  }

  bson::Document document() const {
    bson::Writer w;
    w.append("table", table_)
        .append("result", stopped_ ? "stopped"
                          : wrong_ ? "danger"
                                   : "done")
        .begin_array("checks");
    for (const DuplicateReport& report : reports_) {
      w.push_document_begin()
          .append("of", report.of)
          .append("rows", report.rows)
          .append("nulls", report.nulls)
          .append("unusable", report.unusable)
          .append("groups", report.groups)
          .append("surplus", report.surplus)
          .begin_array("shown");
      for (const auto& group : report.shown) {
        w.push_document_begin().append("values", group.values).append("rows", group.rows);
        bson::append_texts(w, "keys", group.keys);
        w.end();
      }
      w.end().end();
    }
    w.end();
    bson::append_texts(w, "problems", problems_);
    bson::append_texts(w, "notes", notes_);
    return w.finish();
  }

  std::string markdown() const {
    std::string text = fmt::format("# {} of {}\n", context_.command, importer::heading(table_));
    for (const DuplicateReport& report : reports_) {
      text += fmt::format("\n## {}\n", importer::heading(summary(report)));
      if (report.shown.empty()) continue;
      text += "\n| value | rows | keys |\n|---|--:|---|\n";
      for (const auto& group : report.shown)
        text += fmt::format("| {} | {} | {} |\n", importer::table_cell(group.values), group.rows,
                            importer::table_cell(fmt::format("{}", fmt::join(group.keys, "; "))));
    }
    for (const std::string& one : problems_) text += fmt::format("\n- {}\n", one);
    for (const std::string& one : notes_) text += fmt::format("\n- {}\n", one);
    return text;
  }

  const Context& context_;
  std::string table_;
  importer::DuplicateOptions options_;
  std::vector<DuplicateReport> reports_;
  Names problems_, notes_;
  bool wrong_ = false;
  bool stopped_ = false;
};

std::vector<const TableMapping*> parts_of(const Context& context, const std::string& table) {
  std::vector<const TableMapping*> parts;
  if (const auto* mapping = context.mapping_if_any()) {
    for (const TableMapping& part : mapping->tables)
      if (part.table == table) parts.push_back(&part);
  }
  return parts;
}

int check_pk(const Context& context) {
  const std::string& name = table_named(context, context.arguments.at(0));
  const importer::Table& table = context.source().schema().at(name);
  const auto parts = parts_of(context, name);
  Checks checks(context, name);
  std::vector<Names> keys;
  const auto add = [&](const Names& key) {
    if (!key.empty() && std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  };
  add(table.primary_key);
  add(table.key);
  for (const TableMapping* part : parts) add(part->key);
  if (keys.empty()) checks.problem("no column tells its rows apart: give a `key` in the mapping");
  for (const Names& key : keys)
    checks.add(importer::find_duplicates(context.source(), name, key, checks.options()), true);
  for (const TableMapping* part : parts)
    checks.add(
        importer::find_same_ids(context.source(), context.mapping(), *part, checks.options()),
        false);
  return checks.show();
}

/// What the unique indexes of the models would refuse.
void ask_indexes(const Context& context, const std::string& table, Checks& checks) {
  for (const TableMapping* part : parts_of(context, table)) {
    for (const ModelInfo* model : context.program.options.models) {
      if (model->collection != part->into) continue;
      for (const IndexInfo& index : model->indexes) {
        if (!index.unique) continue;
        try {
          checks.add(importer::find_refused(context.source(), context.mapping(), *part, index,
                                            checks.options()),
                     false);
        } catch (const ImportError& error) {
          if (error.code() != ErrorCode::unsupported) throw;
          checks.note(fmt::format("the index {} was not asked: {}", index.name, error.detail()));
        }
      }
    }
  }
}

int check_duplicates(const Context& context) {
  const std::string& table = table_named(context, context.arguments.at(0));
  Names columns;
  for (std::size_t i = 1; i < context.arguments.count(); ++i)
    columns.push_back(context.arguments.at(i));
  Checks checks(context, table);
  if (!columns.empty()) {
    auto report = importer::find_duplicates(context.source(), table, columns, checks.options());
    if (report.nulls > 0)
      checks.note(
          "rows with null are no duplicates here; a unique index takes one of them unless it is "
          "sparse or partial");
    checks.add(std::move(report), false);
  } else if (context.program.options.models.empty()) {
    throw UsageError("check-duplicates takes the columns that should be unique");
  }
  ask_indexes(context, table, checks);
  return checks.show();
}

constexpr OptionSpec options[] = {{"--most", "N", "values that are shown, 20"}, report_option};
constexpr Command commands[] = {
    {"check-pk", "TABLE", "Rows without a key, and keys that come twice",
     "By the table's key, that of the mapping, and the _id that the mapping gives its rows: two "
     "rows with the same would become one document. Exit code 12 when there are some.",
     1, 1, options, false, check_pk},
    {"check-duplicates", "TABLE COLUMN...", "Values that come more than once",
     "In these columns together; and what unique indexes of the program's models would refuse. "
     "Exit code 12 when there are some.",
     1, 100, options, false, check_duplicates},
};

}  // namespace

std::span<const Command> check_commands() { return commands; }

}  // namespace quire::cli::imports
