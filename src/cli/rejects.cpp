#include "cli/rejects.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "cli/command_table.hpp"
#include "migrate/reject_row.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::cli {
namespace {

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

std::unique_ptr<store::Cursor> find_rejects(const Database& db, bson::View filter,
                                            std::int64_t limit) {
  static const bson::Document order = bson::make_document("_id", std::int32_t{1});
  auto options = migrate::safe<store::FindOptions>();
  options.sort = order;
  options.limit = limit;
  return db.store().find(db.ns(migrate::rejects_collection), filter, options);
}

int export_rejects(Output& to, const Database& db, const Arguments& arguments, bson::View filter) {
  const std::string format = arguments.text("--export");
  if (format != "ndjson" && format != "csv") throw UsageError("--export takes ndjson or csv");
  const std::string path = arguments.text("--file");
  if (path.empty() && to.json())
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
  const auto cursor = find_rejects(db, filter, 0);
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
    to.print(fmt::format("{} in {}.", plural(rows, "document", "documents"), path));
  to.report("rejects", 0, bson::make_document("rejects", rows, "file", path));
  return 0;
}

void print_rejects(Output& out, std::string_view key, const std::vector<std::vector<Cell>>& rows,
                   const std::vector<std::string>& raw) {
  if (raw.empty()) {
    if (!rows.empty()) out.table({"job", std::string(key), "stage", ""}, rows);
    return;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out.hang(rows[i][0].text + " ",
             fmt::format("{} {}: {}", rows[i][1].text, rows[i][2].text, rows[i][3].text));
    out.hang("    ", raw[i]);
  }
}

}  // namespace

int show_rejects(Output& out, const Database& db, const Arguments& arguments,
                 const RejectsView& view) {
  if (arguments.has("--export")) return export_rejects(out, db, arguments, view.filter);
  const std::int64_t most = arguments.number("--most", 1, 1'000'000).value_or(50);
  const std::int64_t total = db.store().count(db.ns(migrate::rejects_collection), view.filter,
                                              migrate::safe<store::CountOptions>());
  std::vector<std::vector<Cell>> rows;
  std::vector<std::string> raw;
  bson::Writer body;
  body.append("total", total);
  body.begin_array("rejects");
  std::string job;
  const auto cursor = find_rejects(db, view.filter, most);
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
    if (arguments.has("--raw")) {
      const auto document = reject->find("document");
      raw.push_back(document ? bson::to_json(*document) : "too large to be kept");
    }
  }
  body.end();
  body.append("result", total == 0 ? "nothing" : "rejects");
  body.begin_array("next");
  if (total > 0)
    for (const std::string& one : view.next(job)) body.push(one);
  body.end();
  out.report("rejects", 0, body.finish());
  print_rejects(out, view.key, rows, raw);
  out.print(total == 0 ? fmt::format("No {} were put aside.", view.many)
                       : plural(total, view.one, view.many) + " put aside.");
  return 0;
}

}  // namespace quire::cli
