// What an import put aside, and trying it again.
#include "cli/imports/commands.hpp"
#include "cli/rejects.hpp"
#include "quire/bson/writer.hpp"

namespace quire::cli::imports {
namespace {

/// Jobs of this import are called NAME/PART; "0" comes behind "/".
bson::Document rejects_of(const Context& context) {
  const std::string name = context.name();
  if (const std::string word = context.arguments.at(0); !word.empty())
    return bson::make_document("job", name + "/" + part_named(context, word));
  return bson::make_document("job", bson::make_document("$gte", name + "/", "$lt", name + "0"));
}

int rejects(const Context& context) {
  const RejectsView view{.filter = rejects_of(context),
                         .next =
                             [&](const std::string&) {
                               return std::vector<std::string>{context.call("rejects --raw"),
                                                               context.call("retry-rejects")};
                             },
                         .one = "row",
                         .many = "rows",
                         .key = "key"};
  return show_rejects(context.out, context.database(), context.arguments, view);
}

int retry_rejects(const Context& context) {
  importer::Importer importer(context.source(), context.database(), context.mapping(),
                              import_options(context));
  return show_report(context, importer.retry_rejects());
}

constexpr OptionSpec retry_options[] = {
    {"--most-rejects", "N", "exit code 40 when more rows of a table than this stay aside"},
    report_option};
constexpr Command commands[] = {
    {"rejects", "[PART]", "Rows that were put aside, and why", "Reads the target only.", 0, 1,
     rejects_options, false, rejects},
    {"retry-rejects", "", "Try rows again that were put aside",
     "Once the rows, or the mapping, are repaired. Those that work are written and leave the list; "
     "exit code 40 when more stay aside than the import allows.",
     0, 0, retry_options, false, retry_rejects},
};

}  // namespace

std::span<const Command> reject_commands() { return commands; }

}  // namespace quire::cli::imports
