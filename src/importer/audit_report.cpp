#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bson/report_fields.hpp"
#include "importer/markdown.hpp"
#include "quire/bson/json.hpp"
#include "quire/importer/audit.hpp"

namespace quire::importer {
namespace {

using bson::append_texts;

/// A count, or null where it is not known.
void append_known(bson::Writer& w, std::string_view key, std::int64_t value) {
  if (value < 0)
    w.append_null(key);
  else
    w.append(key, value);
}

void append_lists(bson::Writer& w, std::string_view key,
                  const std::vector<std::vector<std::string>>& lists) {
  w.begin_array(key);
  for (const auto& list : lists) {
    w.push_array_begin();
    for (const std::string& one : list) w.push(one);
    w.end();
  }
  w.end();
}

void append_column(bson::Writer& w, const AuditColumn& column) {
  w.push_document_begin()
      .append("name", column.name)
      .append("declared", column.declared)
      .append("type", to_string(column.type))
      .append("nullable", column.nullable)
      .append("nulls", column.nulls)
      .append("absent", column.absent)
      .append("longest", column.longest)
      .begin_document("kinds");
  for (const auto& [kind, rows] : column.kinds) w.append(kind, rows);
  w.end().end();
}

void append_relation(bson::Writer& w, const AuditRelation& relation) {
  w.push_document_begin().append("name", relation.key.name);
  append_texts(w, "columns", relation.key.columns);
  w.append("table", relation.key.table);
  append_texts(w, "referenced", relation.key.referenced);
  w.append("on_delete", relation.key.on_delete).append("orphans", relation.orphans);
  append_texts(w, "examples", relation.examples);
  if (!relation.unknown.empty()) w.append("unknown", relation.unknown);
  w.end();
}

void append_table(bson::Writer& w, const AuditTable& table) {
  w.push_document_begin()
      .append("name", table.name)
      .append("kind", to_string(table.kind))
      .append("rows", table.rows)
      .append("all_read", table.all_read);
  append_known(w, "estimate", table.estimate);
  append_known(w, "bytes", table.bytes);
  append_texts(w, "primary_key", table.primary_key);
  append_texts(w, "key", table.key);
  append_lists(w, "unique", table.unique);
  w.begin_array("columns");
  for (const auto& column : table.columns) append_column(w, column);
  w.end().begin_array("relations");
  for (const auto& relation : table.relations) append_relation(w, relation);
  w.end().begin_array("findings");
  for (const auto& finding : table.findings) {
    w.push_document_begin()
        .append("kind", finding.kind)
        .append("column", finding.column)
        .append("rows", finding.rows)
        .append("text", finding.text);
    append_texts(w, "examples", finding.examples);
    w.end();
  }
  w.end();
  if (!table.failure.empty()) w.append("failure", table.failure);
  w.end();
}

void add_table(std::string& out, const AuditTable& table) {
  out += fmt::format("\n## {}\n\n{} rows{}", heading(table.name), table.rows,
                     table.all_read ? "" : " looked at");
  if (table.bytes >= 0) out += fmt::format(", {} bytes", table.bytes);
  out += table.key.empty() ? ". No key." : fmt::format(". Key: {}.", fmt::join(table.key, ", "));
  out += "\n";
  if (!table.failure.empty()) out += fmt::format("\n**Not read: {}**\n", table.failure);
  out += "\n| column | type | nulls | values |\n|---|---|--:|---|\n";
  for (const auto& column : table.columns) {
    std::string kinds;
    for (const auto& [kind, rows] : column.kinds)
      kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", rows, kind);
    out += fmt::format("| {} | {} | {} | {} |\n", table_cell(column.name),
                       table_cell(column.declared), column.nulls + column.absent, kinds);
  }
  for (const auto& relation : table.relations) {
    out += fmt::format("\n- {} refers to {} ({})", fmt::join(relation.key.columns, ", "),
                       relation.key.table, fmt::join(relation.key.referenced, ", "));
    if (!relation.unknown.empty())
      out += ": not looked at, " + relation.unknown;
    else
      out += fmt::format(": {} without a parent", relation.orphans);
  }
  if (!table.relations.empty()) out += "\n";
  if (table.findings.empty()) return;
  out += "\n| finding | column | rows | for example |\n|---|---|--:|---|\n";
  for (const auto& finding : table.findings) {
    out += fmt::format("| {}: {} | {} | {} | {} |\n", finding.kind, table_cell(finding.text),
                       table_cell(finding.column), finding.rows,
                       table_cell(fmt::format("{}", fmt::join(finding.examples, "; "))));
  }
}

}  // namespace

std::string Audit::json() const {
  bson::Writer w;
  w.append("schema", "quire.audit/1")
      .append("op", "audit")
      .append("kind", kind)
      .append("source", location)
      .append("snapshot", snapshot)
      .append("clean", clean())
      .append("stopped", stopped)
      .append("seconds", seconds)
      .begin_array("tables");
  for (const auto& table : tables) append_table(w, table);
  w.end();
  append_lists(w, "circles", circles);
  append_texts(w, "left_out", left_out);
  return bson::to_json(w.finish());
}

std::string Audit::markdown() const {
  std::string out = fmt::format("# Audit of {}\n\n", location);
  out += fmt::format("{} tables, {:.1f} s{}.\n", tables.size(), seconds,
                     stopped ? ", stopped before the end" : "");
  for (const auto& table : tables) add_table(out, table);
  if (!circles.empty()) out += "\n## Foreign keys in a circle\n\n";
  for (const auto& circle : circles) out += fmt::format("- {}\n", fmt::join(circle, ", "));
  if (!left_out.empty()) out += "\n## Left out\n\n";
  for (const auto& one : left_out) out += fmt::format("- {}\n", one);
  return out;
}

}  // namespace quire::importer
