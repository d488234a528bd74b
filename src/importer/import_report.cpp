#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bson/report_fields.hpp"
#include "importer/markdown.hpp"
#include "quire/bson/json.hpp"
#include "quire/importer/importer.hpp"

namespace quire::importer {
namespace {

void append_part(bson::Writer& w, const ImportPart& part) {
  w.push_document_begin()
      .append("name", part.name)
      .append("table", part.table)
      .append("into", part.into)
      .append("removed", part.removed)
      .append("changed_meanwhile", part.changed_meanwhile)
      .append("by_change", part.by_change)
      .append("edited", part.edited)
      .begin_array("checks");
  for (const TargetCheck& one : part.checks) {
    w.push_document_begin()
        .append("kind", one.kind)
        .append("of", one.of)
        .append("ok", one.ok())
        .append("checked", one.checked)
        .append("wrong", one.wrong)
        .append("problem", one.problem);
    bson::append_texts(w, "examples", one.examples);
    w.end();
  }
  w.end().append("data", bson::from_json(part.data.json())).end();
}

void differences(std::string& out, const ImportPart& part) {
  const auto& found = part.data.verification;
  if (!found || found->differences.empty()) return;
  out += fmt::format("\n### {}: differences\n\n| kind | _id | field | text |\n|---|---|---|---|\n",
                     part.name);
  for (const auto& one : found->differences) {
    std::string key;
    if (one.key) key = bson::to_json(bson::make_document("_id", *one.key));
    out += fmt::format("| {} | {} | {} | {} |\n", to_string(one.kind), table_cell(key),
                       table_cell(one.path), table_cell(one.text));
  }
}

void checks_of(std::string& out, const ImportReport& report) {
  bool first = true;
  for (const ImportPart& part : report.parts) {
    for (const TargetCheck& one : part.checks) {
      if (first)
        out +=
            "\n## What the target was checked for\n\n"
            "| part | kind | of | looked at | wrong | result | examples |\n"
            "|---|---|---|--:|--:|---|---|\n";
      first = false;
      out += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", table_cell(part.name), one.kind,
                         table_cell(one.of), one.checked, one.wrong,
                         one.ok() ? "holds" : table_cell(one.problem),
                         table_cell(fmt::format("{}", fmt::join(one.examples, "; "))));
    }
  }
}

}  // namespace

int ImportReport::exit_code() const noexcept {
  migrate::DataReport same;
  same.result = result;
  return same.exit_code();
}

std::string ImportReport::json() const {
  bson::Writer w;
  w.append("schema", "quire.import/1")
      .append("op", operation)
      .append("result", to_string(result))
      .append("exit", std::int32_t{exit_code()})
      .append("name", name)
      .append("source", source)
      .begin_array("parts");
  for (const ImportPart& part : parts) append_part(w, part);
  w.end();
  w.append("seconds", seconds);
  if (estimated_seconds >= 0) {
    w.append("estimated_s", estimated_seconds);
  } else {
    w.append_null("estimated_s");
  }
  bson::append_texts(w, "warnings", warnings);
  bson::append_error(w, error);
  bson::append_texts(w, "next", next);
  return bson::to_json(w.finish());
}

std::string ImportReport::markdown() const {
  std::string out = fmt::format("# {} of {}\n\n", operation, name);
  out += fmt::format("From `{}`. Result: **{}** (exit {}), {:.1f} s.\n", source, to_string(result),
                     exit_code(), seconds);
  if (estimated_seconds >= 0)
    out += fmt::format("The import would take about {:.0f} s.\n", estimated_seconds);
  out +=
      "\n| part | table | collection | rows | written | replaced | unchanged | left | dropped | "
      "rejected | removed | compared |\n|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|---|\n";
  for (const ImportPart& part : parts) {
    const auto& c = part.data.counts;
    std::string compared = "no";
    if (part.data.verification) {
      const auto& found = *part.data.verification;
      compared = fmt::format("{}: {}", to_string(found.level),
                             found.ok() ? std::string("alike")
                                        : fmt::format("{} missing, {} extra, {} different",
                                                      found.missing, found.extra, found.different));
    }
    out += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
                       table_cell(part.name), table_cell(part.table), table_cell(part.into), c.read,
                       c.written, c.replaced, c.unchanged, c.existing, c.dropped, c.rejected,
                       part.removed, compared);
  }
  for (const ImportPart& part : parts) differences(out, part);
  checks_of(out, *this);
  const auto list = [&](std::string_view title, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    out += fmt::format("\n## {}\n\n", title);
    for (const std::string& line : lines) out += fmt::format("- {}\n", line);
  };
  if (error) list("Error", {error->what()});
  list("Warnings", warnings);
  list("Next", next);
  return out;
}

const ImportReport& ImportReport::or_throw() const {
  if (ok()) return *this;
  if (error)
    throw ImportError(error->code(), error->path(), error->detail(), error->backend_code());
  throw ImportError(ErrorCode::migration_partial, FieldPath(name),
                    "the import ended as " + std::string(to_string(result)));
}

}  // namespace quire::importer
