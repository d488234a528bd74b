// Commands that compare documents with models and indexes.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>

#include "cli/migrate/commands.hpp"
#include "migrate/skeleton_text.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/migrate/drift.hpp"
#include "quire/migrate/duplicates.hpp"
#include "quire/migrate/skeleton.hpp"
#include "quire/migrate/type_report.hpp"

namespace quire::cli {
namespace {

const std::vector<const ModelInfo*>& models_of(const Context& context) {
  if (context.options.models.empty())
    throw UsageError("this program was built without models (MigrateCliOptions::models)");
  return context.options.models;
}

migrate::ModelDrift drift_of(const Context& context) {
  migrate::DriftOptions options;
  if (const auto sample = context.arguments.number("--sample", 0, INT64_MAX))
    options.sample = *sample;
  options.full = context.arguments.has("--full");
  return migrate::find_drift(context.db, models_of(context), options);
}

int diff(const Context& context) {
  const auto drift = drift_of(context);
  const int exit = context.arguments.has("--check") && !drift.empty() ? exit_code("drift") : 0;
  bson::Writer body;
  body.append("result", drift.empty() ? "nothing" : "drifted")
      .append("drift", bson::from_json(drift.json()));
  body.begin_array("next");
  if (!drift.empty()) body.push(context.call("new NAME"));
  body.end();
  context.out.report("diff", exit, body.finish());
  print_lines(context.out, drift.str());
  if (drift.empty()) context.out.print("Models and database do not differ.");
  return exit;
}

int make_new(const Context& context) {
  using namespace std::chrono;
  migrate::SkeletonOptions options;
  options.date = year_month_day(floor<days>(system_clock::now()));
  const std::string name = context.arguments.at(0);
  const auto names = migrate::names_of(name, options);
  const std::filesystem::path path =
      context.arguments.count() > 1 ? context.arguments.at(1) : names.id + ".cpp";
  if (std::filesystem::exists(path))
    throw UsageError(fmt::format("{} is there already", path.string()));
  const auto drift = drift_of(context);
  if (drift.empty()) {
    context.out.print("Models and database do not differ; nothing was written.");
    context.out.report("new", 0, bson::make_document("id", names.id, "result", "nothing"));
    return 0;
  }
  const std::string text = migrate::migration_skeleton(name, drift, options);
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file)
    throw StoreError(ErrorCode::io_error, fmt::format("{} could not be written", path.string()));
  context.out.print(fmt::format("{} is in {}; add it to the program's migrations with add_{}(…).",
                                names.id, path.string(), names.id));
  context.out.report("new", 0, bson::make_document("id", names.id, "file", path.string()));
  return 0;
}

int types(const Context& context) {
  const auto sample = context.arguments.number("--sample", 0, INT64_MAX).value_or(0);
  const std::string only = context.arguments.at(0);
  bool known = only.empty(), found = false;
  bson::Writer body;
  body.begin_array("reports");
  for (const ModelInfo* model : models_of(context)) {
    if (!only.empty() && model->collection != only) continue;
    known = true;
    const auto report = migrate::type_report(context.db, *model, {.sample = sample});
    found = found || !report.empty();
    body.push(bson::from_json(report.json()));
    print_lines(context.out, report.str());
  }
  body.end();
  if (!known) throw UsageError("no model of this program has the collection \"" + only + "\"");
  const int exit = context.arguments.has("--check") && found ? exit_code("drift") : 0;
  body.append("result", found ? "drifted" : "nothing");
  context.out.report("types", exit, body.finish());
  if (!found) context.out.print("All stored types are read.");
  return exit;
}

/// {"email": 1}, or "email,-created".
bson::Document keys_from(const std::string& text) {
  if (text.starts_with('{')) return bson::from_json(text);
  bson::Writer w;
  std::string_view rest = text;
  while (true) {
    const auto comma = rest.find(',');
    std::string_view one = rest.substr(0, comma);
    const bool down = one.starts_with('-');
    if (down) one.remove_prefix(1);
    if (one.empty()) throw UsageError("FIELDS is \"email\", \"tenant,email\" or {\"email\": 1}");
    w.append(one, std::int32_t{down ? -1 : 1});
    if (comma == rest.npos) return w.finish();
    rest.remove_prefix(comma + 1);
  }
}

int duplicates(const Context& context) {
  const Arguments& arguments = context.arguments;
  const std::string collection = arguments.at(0);
  const bson::Document keys = keys_from(arguments.at(1));
  const bson::Document partial =
      arguments.has("--partial") ? bson::from_json(arguments.text("--partial")) : bson::Document();
  const bool sparse = arguments.has("--sparse");
  const std::string keep = arguments.text("--keep");
  if (!keep.empty() && keep != "oldest" && keep != "newest")
    throw UsageError("--keep takes oldest or newest");
  if (!keep.empty()) {
    context.confirm(
        fmt::format("Of each group of duplicates in {} of \"{}\" of {} only the {} "
                    "document will stay; the others go to _quire_rejects.",
                    collection, context.db.name(), context.db.store().redacted_uri(), keep));
    migrate::ResolveOptions options;
    options.sparse = sparse;
    options.partial_filter = partial;
    if (arguments.has("--by")) options.by = arguments.text("--by");
    const auto done = migrate::resolve_duplicates(
        context.db, collection, keys,
        keep == "oldest" ? migrate::Keep::oldest : migrate::Keep::newest, options);
    context.out.print(fmt::format("{}: {} removed, kept in _quire_rejects.",
                                  plural(done.groups, "group", "groups"),
                                  plural(done.removed, "document", "documents")));
    context.out.report("duplicates", 0,
                       bson::make_document("groups", done.groups, "removed", done.removed));
    return 0;
  }
  migrate::DuplicateOptions options;
  options.most = arguments.number("--most", 1, 100'000).value_or(20);
  options.sparse = sparse;
  options.partial_filter = partial;
  const auto found = migrate::find_duplicates(context.db, collection, keys, options);
  const int exit = arguments.has("--check") && !found.empty() ? exit_code("drift") : 0;
  bson::Writer body;
  body.append("result", found.empty() ? "nothing" : "duplicates");
  body.append("duplicates", bson::from_json(found.json()));
  context.out.report("duplicates", exit, body.finish());
  print_lines(context.out, found.str());
  return exit;
}

constexpr OptionSpec diff_options[] = {
    {"--sample", "N", "documents of a collection that are read, 1000; 0 = none"},
    {"--full", "", "read all documents"},
    {"--check", "", "exit code 11 when something differs"}};
constexpr OptionSpec new_options[] = {
    {"--sample", "N", "documents of a collection that are read, 1000; 0 = none"},
    {"--full", "", "read all documents"}};
constexpr OptionSpec types_options[] = {
    {"--sample", "N", "documents of a collection that are read; 0 = all, the default"},
    {"--check", "", "exit code 11 when there is such a value"}};
constexpr OptionSpec duplicates_options[] = {
    {"--sparse", "", "as for a sparse index"},
    {"--partial", "FILTER", "as for a partial index with this filter, JSON"},
    {"--most", "N", "groups that are shown, 20"},
    {"--check", "", "exit code 11 when there are any"},
    {"--keep", "WHICH", "oldest or newest: remove the others of each group"},
    {"--by", "FIELD", "what says which is older, _id unless given"}};

constexpr Command commands[] = {
    {"diff", "", "Compare the models with the database",
     "Indexes, validators, options, stored types, unknown and absent fields. Writes nothing.", 0, 0,
     diff_options, false, diff},
    {"new", "NAME [FILE]", "Write a migration from what diff finds",
     "C++ text to compile into the program. FILE is NAME with today's date and .cpp unless given, "
     "and must not be there yet.",
     1, 2, new_options, false, make_new},
    {"types", "[COLLECTION]", "Count stored types that the models do not read", "Writes nothing.",
     0, 1, types_options, false, types},
    {"duplicates", "COLLECTION FIELDS", "Show what a unique index would refuse",
     "FIELDS is \"email\", \"tenant,email\" or JSON, {\"email\": 1}. With --keep it removes "
     "documents, after a copy of each went to _quire_rejects.",
     2, 2, duplicates_options, true, duplicates},
};

}  // namespace

std::span<const Command> model_commands() { return commands; }

}  // namespace quire::cli
