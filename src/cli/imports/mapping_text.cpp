#include "cli/imports/mapping_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "importer/mapping_json.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::cli::imports {
namespace {

using importer::ChildRule;
using importer::Convert;
using importer::FieldRule;
using importer::IdKind;
using importer::NullPolicy;
using importer::TableMapping;

std::string value_text(const bson::Value& value) { return bson::to_json(value.view()); }

std::string_view text_of(importer::ExistingDocument existing) {
  using enum importer::ExistingDocument;
  switch (existing) {
    case skip:
      return "skip";
    case replace:
      return "replace";
    case update:
      return "update";
    default:
      return "fail";
  }
}

std::string origin_of(const FieldRule& rule) {
  if (!rule.from.empty()) return rule.from;
  if (rule.constant) return "always " + value_text(*rule.constant);
  if (!rule.format.empty()) return "\"" + rule.format + "\"";
  if (rule.hash_of) {
    std::string text = fmt::format("the _id of {} by {}", rule.hash_of->part,
                                   fmt::join(rule.hash_of->columns, ", "));
    if (!rule.hash_of->unpivoted.empty()) text += ", as made of " + rule.hash_of->unpivoted;
    return text;
  }
  if (rule.time_of_import) return "the time of the import";
  return "computed by the program";
}

std::string text_of(const FieldRule& rule) {
  std::string text = origin_of(rule);
  if (rule.as != Convert::as_is) text += fmt::format(" as {}", to_string(rule.as));
  if (rule.trim) text += ", trimmed";
  if (rule.lower) text += ", lower case";
  if (rule.upper) text += ", upper case";
  if (!rule.values.empty())
    text += fmt::format(
        ", {}",
        plural(static_cast<std::int64_t>(rule.values.size()), "value", "values") + " replaced");
  if (rule.null == NullPolicy::omit) text += ", left out where null";
  if (rule.null == NullPolicy::reject) text += ", null is refused";
  if (rule.null == NullPolicy::fallback && rule.fallback)
    text += ", " + value_text(*rule.fallback) + " where null";
  if (rule.on_insert) text += ", of new documents only";
  return text;
}

std::string id_text(const TableMapping& table) {
  std::string text;
  switch (table.id.kind) {
    case IdKind::columns:
      text = fmt::format("{}", fmt::join(table.id.columns, ", "));
      break;
    case IdKind::hash:
      text = "a hash of the key";
      break;
    case IdKind::format:
      text = "\"" + table.id.format + "\"";
      break;
    default:
      text = table.key.empty() ? "the table's key" : fmt::format("{}", fmt::join(table.key, ", "));
  }
  if (table.id.as != Convert::as_is) text += fmt::format(" as {}", to_string(table.id.as));
  return text;
}

void add_fields(std::vector<FieldLine>& lines, const std::string& prefix,
                const std::vector<FieldRule>& fields, const std::vector<ChildRule>& children,
                bool others, const std::vector<std::string>& skip) {
  for (const FieldRule& rule : fields) lines.push_back({prefix + rule.to, text_of(rule)});
  for (const ChildRule& child : children) {
    const std::string name = prefix + child.to + (child.many ? "[]" : "");
    std::string from = fmt::format("rows of {} by {}", child.table, fmt::join(child.columns, ", "));
    if (!child.link.empty())
      from = fmt::format("rows of {} through {} by {}", child.table, child.link,
                         fmt::join(child.columns, ", "));
    if (!child.where.empty()) from += ", where " + child.where;
    if (!child.value.empty()) from += ": " + child.value + " alone";
    lines.push_back({name, from});
    if (!child.value.empty()) continue;
    add_fields(lines, name + ".", child.fields, child.children, child.others, child.skip);
  }
  if (others) lines.push_back({prefix + "*", "all other columns, under their own names"});
  if (!skip.empty()) lines.push_back({"", fmt::format("not: {}", fmt::join(skip, ", "))});
}

}  // namespace

std::vector<FieldLine> lines_of(const TableMapping& table) {
  std::vector<FieldLine> lines;
  lines.push_back({"_id", id_text(table)});
  add_fields(lines, "", table.fields, table.children, table.others && !table.pivot, table.skip);
  if (table.unpivot)
    lines.push_back({"", fmt::format("a row for each of {} columns that is not null",
                                     table.unpivot->parts.size())});
  if (table.pivot)
    lines.push_back(
        {table.pivot->to.empty() ? "*" : table.pivot->to + ".*",
         fmt::format("a field for each {} with its {}", table.pivot->name, table.pivot->value)});
  if (!table.where.empty()) lines.push_back({"", "where " + table.where});
  if (!table.after.empty())
    lines.push_back({"", fmt::format("after {}", fmt::join(table.after, ", "))});
  if (table.existing != importer::ExistingDocument::fail)
    lines.push_back({"", fmt::format("documents that are there: {}", text_of(table.existing))});
  return lines;
}

void print_part(Output& out, const TableMapping& table) {
  const std::string name = table.name.empty() || table.name == table.into
                               ? table.into
                               : fmt::format("{} (collection {})", table.name, table.into);
  out.print(fmt::format("\n{}: from {}", name, table.table));
  std::vector<std::vector<Cell>> rows;
  for (const FieldLine& line : lines_of(table)) rows.push_back({{line.field}, {line.from}});
  out.table({"field", "from"}, rows);
}

bson::Document mapping_document(const importer::Mapping& mapping) {
  bson::Writer out;
  bool first = true;
  for (const TableMapping& table : mapping.tables) {
    const auto one = bson::from_json(importer::canonical_json(mapping.types, table));
    if (first) {
      if (const auto types = one.find("types")) out.append("types", *types);
      out.begin_array("tables");
      first = false;
    }
    for (const auto& part : one["tables"].as_array()) out.push(part.value);
  }
  if (first) out.begin_array("tables");
  out.end();
  return out.finish();
}

}  // namespace quire::cli::imports
