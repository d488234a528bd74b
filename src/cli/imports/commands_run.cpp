// Commands that run an import, tell how far it is, prove it and take it back.
#include <fmt/format.h>

#include <algorithm>

#include "cli/imports/commands.hpp"
#include "quire/importer/last_pass.hpp"

namespace quire::cli::imports {
namespace {

using importer::Importer;

Importer importer_of(const Context& context) {
  return {context.source(), context.database(), context.mapping(), import_options(context)};
}

/// What is imported into where, for questions.
std::string target_of(const Context& context) {
  const Database to = context.database();
  return fmt::format("\"{}\" of {}", to.name(), to.store().redacted_uri());
}

int run_last(const Context& context) {
  context.confirm(
      fmt::format("{} will be put into maintenance, and the last pass of {} runs: documents whose "
                  "rows are gone "
                  "will be removed.",
                  target_of(context), context.source().location()));
  context.opened.reset();  // each pass opens its own
  importer::LastPassOptions options{.import = import_options(context)};
  options.passes = static_cast<int>(context.arguments.number("--passes", 1, 100).value_or(5));
  options.reason = fmt::format("the last pass of the import \"{}\"", options.import.name);
  return show_report(context, importer::last_pass([&] { return context.open_again(); },
                                                  context.database(), context.mapping(), options));
}

int run_import(const Context& context) {
  const bool all = context.arguments.has("--all");
  const bool last = context.arguments.has("--last");
  if (static_cast<int>(all) + static_cast<int>(last) + (context.arguments.count() > 0 ? 1 : 0) != 1)
    throw UsageError("import takes the name of a part, --all, or --last");
  if (context.arguments.has("--passes") && !last) throw UsageError("--passes is of import --last");
  if (last) return run_last(context);
  const std::string part = all ? "" : part_named(context, context.arguments.at(0));
  const bool removes = context.arguments.has("--remove-gone");
  if (all || removes) {
    const auto parts = static_cast<std::int64_t>(context.mapping().tables.size());
    context.confirm(fmt::format("{} of {} will be imported into {}.{}",
                                all ? plural(parts, "part", "parts") : "The part " + part,
                                context.source().location(), target_of(context),
                                removes ? " Documents whose rows are gone will be removed." : ""));
  }
  Importer importer = importer_of(context);
  return show_report(context, all ? importer.run() : importer.run(part));
}

int dry_run(const Context& context) {
  const std::string word = context.arguments.at(0);
  const std::string part = word.empty() ? word : part_named(context, word);
  return show_report(context, importer_of(context).dry_run(part));
}

int verify(const Context& context) {
  using migrate::VerifyLevel;
  const std::string word = context.arguments.at(0);
  const std::string part = word.empty() ? word : part_named(context, word);
  const bool full = context.arguments.has("--full");
  if (full && context.arguments.has("--level"))
    throw UsageError("verify takes --full or --level, not both");
  const std::string level = full ? "full" : context.arguments.text("--level", "digest");
  for (const auto one :
       {VerifyLevel::counts, VerifyLevel::sample, VerifyLevel::digest, VerifyLevel::full}) {
    if (level == to_string(one))
      return show_report(context, importer_of(context).verify(one, part));
  }
  throw UsageError(fmt::format("--level takes counts, sample, digest or full, not \"{}\"",
                               without_secrets(level)));
}

int status(const Context& context) { return show_report(context, importer_of(context).status()); }

int rollback(const Context& context) {
  const auto options = import_options(context);
  context.confirm(fmt::format("What the import \"{}\" wrote will be taken out of {}.", options.name,
                              target_of(context)));
  return show_report(context, importer_of(context).rollback(options.edited));
}

int finish(const Context& context) {
  context.confirm(
      fmt::format("The import \"{}\" into {} will be ended: it cannot be taken back afterwards.",
                  context.name(), target_of(context)));
  return show_report(context, importer_of(context).finish());
}

constexpr OptionSpec all_option{"--all", "", "all parts, in their order"};
constexpr OptionSpec last_option{
    "--last", "",
    "the last pass: the target in maintenance, all parts until nothing changes, verified in full"};
constexpr OptionSpec edits_option{
    "--ignore-edited", "",
    "where both sides are compared: documents that were edited since they "
    "were imported may differ"};
constexpr OptionSpec passes_option{"--passes", "N", "of --last: passes at most, 5"};
/// Those of an import, with some in front.
template <std::size_t N>
std::vector<OptionSpec> with_import(const OptionSpec (&first)[N]) {
  std::vector<OptionSpec> all(std::begin(first), std::end(first));
  all.insert(all.end(), import_option_specs().begin(), import_option_specs().end());
  return all;
}

constexpr OptionSpec verify_options[] = {
    {"--level", "LEVEL", "counts, sample, digest (the default) or full"},
    {"--full", "", "each row against its document; as --level full"},
    edits_option,
    {"--limit", "N", "of an import that had it"},
    report_option};
constexpr OptionSpec rollback_options[] = {
    {"--edited", "WHAT",
     "documents that were edited since: reject (they stay, exit code 40), keep or overwrite"},
    report_option};
constexpr OptionSpec report_options[] = {report_option};

}  // namespace

std::span<const Command> run_commands() {
  static const std::vector<OptionSpec> dry_options = with_import({report_option});
  static const std::vector<OptionSpec> import_specs =
      with_import({all_option, last_option, passes_option, edits_option, report_option});
  static const Command commands[] = {
      {"dry-run", "[PART]", "Read and map all rows, and write nothing",
       "Tells what would be inserted, changed, left and put aside, and how long the import would "
       "take.",
       0, 1, dry_options, false, dry_run},
      {"import", "PART | --all | --last", "Import one part of the mapping, or all",
       "Goes on where it was stopped or killed. Again on one that is complete, it catches up with "
       "the source. Ctrl-C or SIGTERM stops at the next batch.",
       0, 1, import_specs, true, run_import},
      {"verify", "[PART]", "Compare the source with what was imported",
       "Then that references of the mapping lead to documents, and that unique indexes of the "
       "models "
       "are there. Exit code 41 when something differs. Writes nothing.",
       0, 1, verify_options, false, verify},
      {"status", "", "How far the import is", "Of all processes that work on it. Writes nothing.",
       0, 0, report_options, false, status},
      {"rollback", "", "Take the import back",
       "Removes the documents that it inserted, and gives back those that it replaced. May be "
       "repeated after it was stopped.",
       0, 0, rollback_options, true, rollback},
      {"finish", "", "End the import: documents lose their stamps",
       "After that it cannot be taken back, and a later pass reads all anew.", 0, 0, report_options,
       true, finish},
  };
  return commands;
}

}  // namespace quire::cli::imports
