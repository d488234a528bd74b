// What the command line says about an import.
#include <fmt/format.h>

#include <algorithm>

#include "cli/imports/commands.hpp"

namespace quire::cli::imports {
namespace {

constexpr OptionSpec specs[] = {
    {"--existing", "WHAT", "documents that are there already: fail, skip, replace or update"},
    {"--edited", "WHAT",
     "documents that were edited since the last pass and whose rows changed too: reject, keep or "
     "overwrite"},
    {"--remove-gone", "", "a later pass removes documents whose rows are gone"},
    {"--all-rows", "", "a later pass reads all rows, also where a change column is named"},
    {"--limit", "N", "only the first N rows of each table, for a trial"},
    {"--skip-validation", "", "do not check documents against the models before they are written"},
    {"--parallel", "N", "threads, 1 to 64"},
    {"--batch-size", "N", "documents of a batch at most, 1 to 1000"},
    {"--throttle", "N", "at most N rows a second"},
    {"--rejects", "WHAT",
     "a row that cannot become a document: reject puts it aside, stop_partition and stop end "
     "there"},
    {"--most-rejects", "N", "exit code 40 when more rows of a table than this are put aside"},
    {"--inline-verify", "", "read what each batch wrote again, and compare it with its rows"},
    {"--restart", "", "begin again: what is there is looked at row by row"},
    {"--accept-changes", "", "go on although the mapping or the source's tables changed"}};

template <class E>
E chosen(const Arguments& arguments, std::string_view option,
         std::initializer_list<std::pair<std::string_view, E>> values, E otherwise) {
  if (!arguments.has(option)) return otherwise;
  const std::string word = arguments.text(option);
  std::string all;
  for (const auto& [name, value] : values) {
    if (word == name) return value;
    all += fmt::format("{}{}", all.empty() ? "" : ", ", name);
  }
  throw UsageError(
      fmt::format("{} takes one of {}, not \"{}\"", option, all, without_secrets(word)));
}

}  // namespace

std::span<const OptionSpec> import_option_specs() { return specs; }

importer::ImportOptions import_options(const Context& context) {
  using importer::ExistingDocument;
  using migrate::Edited;
  using migrate::RejectPolicy;
  const Arguments& given = context.arguments;
  importer::ImportOptions options = context.program.options.import;
  options.name = context.name();
  if (given.has("--existing")) {
    options.existing = chosen<ExistingDocument>(given, "--existing",
                                                {{"fail", ExistingDocument::fail},
                                                 {"skip", ExistingDocument::skip},
                                                 {"replace", ExistingDocument::replace},
                                                 {"update", ExistingDocument::update}},
                                                ExistingDocument::fail);
  }
  options.edited = chosen<Edited>(
      given, "--edited",
      {{"reject", Edited::reject}, {"keep", Edited::keep}, {"overwrite", Edited::overwrite}},
      options.edited);
  options.rejects = chosen<RejectPolicy>(given, "--rejects",
                                         {{"reject", RejectPolicy::reject},
                                          {"stop_partition", RejectPolicy::stop_partition},
                                          {"stop", RejectPolicy::stop}},
                                         options.rejects);
  options.limit = given.number("--limit", 1, INT64_MAX).value_or(options.limit);
  if (const auto threads = given.number("--parallel", 1, 64))
    options.workers = static_cast<int>(*threads);
  options.batch_documents = given.number("--batch-size", 1, 1000).value_or(options.batch_documents);
  options.throttle.rate =
      given.number("--throttle", 1, 1'000'000'000).value_or(options.throttle.rate);
  options.reject_limits.most =
      given.number("--most-rejects", 0, INT64_MAX).value_or(options.reject_limits.most);
  options.all_rows = options.all_rows || given.has("--all-rows");
  options.ignore_edited = options.ignore_edited || given.has("--ignore-edited");
  if (options.models.empty()) options.models = context.program.options.models;
  options.remove_gone = options.remove_gone || given.has("--remove-gone");
  options.skip_checks = options.skip_checks || given.has("--skip-validation");
  options.inline_verify = options.inline_verify || given.has("--inline-verify");
  options.restart = options.restart || given.has("--restart");
  options.accept_changes = options.accept_changes || given.has("--accept-changes");
  options.stop = context.stop;
  options.progress = show_progress(context);
  return options;
}

std::string part_name(const importer::TableMapping& table) {
  return table.name.empty() ? table.into : table.name;
}

/// A URI where a name stands: nothing of it is shown that may be a secret.
void refuse_uri(const std::string& word) {
  if (word.find("://") != word.npos)
    throw UsageError(fmt::format("a name stands here, not \"{}\"", without_secrets(word)));
}

const std::string& table_named(const Context& context, const std::string& word) {
  refuse_uri(word);
  return context.source().schema().at(word).name;
}

std::string part_named(const Context& context, const std::string& word) {
  refuse_uri(word);
  std::vector<std::string> names, of_table;
  for (const auto& table : context.mapping().tables) {
    names.push_back(part_name(table));
    if (table.table == word) of_table.push_back(names.back());
  }
  if (std::find(names.begin(), names.end(), word) != names.end()) return word;
  if (of_table.size() == 1) return of_table.front();
  std::string text = fmt::format("the mapping has no part \"{}\"", word);
  if (of_table.size() > 1) text = fmt::format("several parts read the table \"{}\"", word);
  const std::vector<std::string_view> views(names.begin(), names.end());
  const auto meant = of_table.empty() ? nearest(word, views) : std::string_view();
  if (!meant.empty()) throw UsageError(fmt::format("{}; did you mean {}?", text, meant));
  std::string all;
  for (const std::string& name : of_table.empty() ? names : of_table)
    all += (all.empty() ? "" : ", ") + name;
  throw UsageError(fmt::format("{}; {}", text, all.empty() ? "it is empty" : "it has " + all));
}

}  // namespace quire::cli::imports
