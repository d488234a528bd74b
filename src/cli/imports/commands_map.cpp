// The mapping: what it says, whether it fits, and one to begin with.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "cli/imports/commands.hpp"
#include "cli/imports/mapping_text.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/cli/exit_codes.hpp"
#include "quire/importer/checks.hpp"
#include "quire/importer/propose.hpp"

namespace quire::cli::imports {
namespace {

void write_new(const std::string& path, const std::string& text) {
  if (std::filesystem::exists(path)) throw UsageError(fmt::format("{} is there already", path));
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.flush();
  if (!file) throw StoreError(ErrorCode::io_error, fmt::format("{} cannot be written", path));
}

void print_decisions(Output& out, const std::vector<importer::Decision>& decisions) {
  std::vector<std::vector<Cell>> rows;
  for (const auto& one : decisions) rows.push_back({{one.table}, {one.what + ": " + one.reason}});
  if (!rows.empty()) out.table({"table", "proposed"}, rows);
}

std::string markdown_of(const importer::Mapping& mapping,
                        const std::vector<importer::Decision>& decisions) {
  std::string text = "# Mapping\n";
  if (!decisions.empty()) {
    text += "\n| table | proposed | reason |\n|---|---|---|\n";
    for (const auto& one : decisions)
      text += fmt::format("| {} | {} | {} |\n", one.table, one.what, one.reason);
  }
  for (const auto& table : mapping.tables) {
    text += fmt::format("\n## {}\n\n```\n", part_name(table));
    for (const auto& line : lines_of(table)) text += line.field + "  " + line.from + "\n";
    text += "```\n";
  }
  return text;
}

int map(const Context& context) {
  Output& out = context.out;
  const importer::Mapping* given = context.mapping_if_any();
  importer::Proposal proposal;
  if (given == nullptr) {
    proposal = importer::propose(context.source().schema());
    if (proposal.mapping.tables.empty())
      throw ImportError(
          ErrorCode::table_not_found,
          fmt::format("{} has no table that can become a collection", context.source().location()));
    given = &proposal.mapping;
  }
  std::string structs;
  if (context.arguments.has("--structs"))
    structs = importer::structs(*given, context.source().schema());
  const std::string file = context.arguments.text("--file");
  if (!file.empty()) write_new(file, structs.empty() ? given->json() : structs);

  bson::Writer body;
  body.append("proposed", given == &proposal.mapping);
  body.append("mapping", mapping_document(*given));
  body.begin_array("decisions");
  for (const auto& one : proposal.decisions) {
    body.push_document_begin()
        .append("table", one.table)
        .append("what", one.what)
        .append("reason", one.reason)
        .end();
  }
  body.end();
  if (!structs.empty()) body.append("structs", structs);
  const bson::Document report = body.finish();
  if (!structs.empty() && file.empty() && !out.quiet()) {
    std::fwrite(structs.data(), 1, structs.size(), stdout);
  } else if (structs.empty()) {
    print_decisions(out, proposal.decisions);
    for (const auto& table : given->tables) print_part(out, table);
    for (const std::string& text : proposal.decisions.empty() ? std::vector<std::string>()
                                                              : context.source().schema().left_out)
      out.hang("left out: ", text);
  }
  if (!file.empty()) {
    out.print(fmt::format("\nWritten to {}.", file));
  } else if (structs.empty() && given == &proposal.mapping) {
    out.print(
        "\nA proposal by keys and foreign keys alone: look it through. --file FILE.json keeps it.");
  }
  write_report(
      context, [&] { return markdown_of(*given, proposal.decisions); },
      [&] { return given->json(); });
  out.report("map", 0, report);
  return 0;
}

int validate_schema(const Context& context) {
  const auto& mapping = context.mapping();
  const importer::Schema& schema = context.source().schema();
  std::vector<std::string> wrong = importer::validate(mapping, schema);
  if (wrong.empty())
    wrong = importer::validate(mapping, schema, context.program.options.models,
                               context.program.options.set_later);
  const int exit = wrong.empty() ? 0 : exit_code("danger");
  Output& out = context.out;
  for (const std::string& one : wrong) out.hang("  ", one);
  bson::Writer body;
  body.append("result", wrong.empty() ? "done" : "danger");
  body.begin_array("problems");
  for (const std::string& one : wrong) body.push(one);
  body.end();
  const bson::Document report = body.finish();
  const auto parts = static_cast<std::int64_t>(mapping.tables.size());
  if (wrong.empty())
    out.print(fmt::format("The mapping fits {}: {}.", context.source().location(),
                          plural(parts, "part", "parts")));
  else
    out.complain(
        fmt::format("the mapping does not fit {}: {}", context.source().location(),
                    plural(static_cast<std::int64_t>(wrong.size()), "mistake", "mistakes")),
        {});
  write_report(
      context,
      [&] {
        std::string text = "# Mapping against " + context.source().location() + "\n\n";
        for (const std::string& one : wrong) text += "- " + one + "\n";
        return wrong.empty() ? text + "It fits.\n" : text;
      },
      [&] { return bson::to_json(report) + "\n"; });
  out.report("validate-schema", exit, report);
  return exit;
}

constexpr OptionSpec map_options[] = {
    {"--structs", "", "the C++ structs of its documents instead"},
    {"--file", "FILE", "what is shown into this new file: the mapping as JSON, or the structs"},
    report_option};
constexpr OptionSpec schema_options[] = {report_option};

constexpr Command commands[] = {
    {"map", "", "Show the mapping; propose one where there is none",
     "A proposal is made from the keys and foreign keys of the source, with a reason for each "
     "table. Reads no rows.",
     0, 0, map_options, false, map},
    {"validate-schema", "", "Compare the mapping with the source and the models",
     "Names all that does not fit; exit code 12. Reads no rows.", 0, 0, schema_options, false,
     validate_schema},
};

}  // namespace

std::span<const Command> map_commands() { return commands; }

}  // namespace quire::cli::imports
