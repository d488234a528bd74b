// `quire import COMMAND` and `quire map SOURCE`: the commands of applications' own imports, on any
// source, store and mapping. Their arguments are those commands' own.
#ifdef QUIRE_TOOL_IMPORTER

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "cli/imports/commands.hpp"
#include "commands.hpp"
#include "quire/bson/json.hpp"
#include "quire/store/store.hpp"

namespace quire::tool {
namespace {

using cli::Arguments;
using cli::OptionSpec;

constexpr const char* from_variable = "QUIRE_IMPORT_FROM";
constexpr const char* to_variable = "QUIRE_IMPORT_TO";

constexpr OptionSpec from_option{"--from", "SOURCE",
                                 "sqlite:FILE, postgresql://…, mysql://…, json:, ndjson:, csv: or "
                                 "bson:PATH, quire:FILE?db=NAME, mongodb://…, or env:NAME, an "
                                 "environment variable; else QUIRE_IMPORT_FROM"};
constexpr OptionSpec tool_options[] = {
    from_option,
    {"--to", "STORE", "a file, mongodb://…, or env:NAME; else QUIRE_IMPORT_TO"},
    {"--db", "NAME", "the database of STORE, where its URI names none"},
    {"--mapping", "FILE", "the mapping as JSON, as map --file writes it"},
    {"--name", "NAME",
     "of the import, \"import\" unless it is given; several can be in one store"}};

std::string uri_of(const Arguments& arguments, const char* option, const char* variable,
                   std::string_view what) {
  if (arguments.has(option)) return resolve_uri(arguments.text(option));
  const char* value = std::getenv(variable);
  if (value != nullptr && *value != '\0') return value;
  throw UsageError(fmt::format("{} is missing: give {} URI, or set {}", what, option, variable));
}

importer::Mapping read_mapping(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file)
    throw UsageError(fmt::format(
        "the mapping {} cannot be read; quire map SOURCE --file {} makes one", path, path));
  try {
    return importer::Mapping::from_json(text);
  } catch (const ImportError& error) {
    throw ImportError(error.code(), error.path(), fmt::format("{} ({})", error.detail(), path));
  }
}

/// What a path without a scheme is, by its ending.
std::string_view scheme_of(std::string_view path) {
  for (const std::string_view packed : {".gz", ".zst"}) {
    if (path.ends_with(packed)) path.remove_suffix(packed.size());
  }
  if (path.ends_with(".ndjson") || path.ends_with(".jsonl")) return "ndjson";
  if (path.ends_with(".json") || path.ends_with("/")) return "json";
  return path.ends_with(".csv") ? "csv" : "sqlite";
}

/// A file that is there is meant, where a URI lacks its scheme.
[[noreturn]] void explain(const Error& error, const std::string& uri) {
  if (error.code() == ErrorCode::invalid_source && uri.find(':') == std::string::npos)
    throw ImportError(error.code(),
                      fmt::format("{}; is it {}:{}?", error.detail(), scheme_of(uri), uri));
  throw;
}

std::unique_ptr<importer::Source> open_from(const Arguments& arguments) {
  const std::string uri = uri_of(arguments, "--from", from_variable, "the source");
  try {
    return importer::open_source(uri);
  } catch (const Error& error) {
    explain(error, uri);
  }
}

Database open_to(const Arguments& arguments) {
  return open_database(uri_of(arguments, "--to", to_variable, "the target"), arguments.text("--db"),
                       OpenFor::writing, "--db");
}

int run_words(const std::vector<std::string>& words, const char* program_name) {
  const auto given = [&](std::string_view name) {
    return std::find(words.begin(), words.end(), name) != words.end();
  };
  cli::quiet_driver_log();
  cli::Output out(program_name, given("--json"), given("--quiet"), cli::imports::report_schema);
  const importer::ImportCliOptions options;
  const cli::imports::Program program{
      .open = open_from,
      .database = open_to,
      .mapping = [](const Arguments& arguments) -> std::optional<importer::Mapping> {
        if (!arguments.has("--mapping")) return std::nullopt;
        return read_mapping(arguments.text("--mapping"));
      },
      .options = options,
      .arguments = tool_options,
      .more = " …"};
  return cli::imports::run_or_tell(out, words, program);
}

}  // namespace

void add_importing(CLI::App& app) {
  for (const auto& [name, text] :
       {std::pair{"import", "Bring a database or files into documents: quire import help"},
        std::pair{"map", "Propose a mapping for a source: quire map SOURCE [--structs]"}}) {
    app.add_subcommand(name, text)->prefix_command()->set_help_flag();
  }
}

std::optional<int> run_importing(const CLI::App& command) {
  const std::string name = command.get_name();
  if (name != "import" && name != "map") return std::nullopt;
  std::vector<std::string> words = command.remaining();
  if (name == "import") return run_words(words, "quire import");
  // `map SOURCE` is `import map --from SOURCE`.
  if (!words.empty() && !words[0].starts_with("-")) words.insert(words.begin(), "--from");
  words.insert(words.begin(), "map");
  return run_words(words, "quire");
}

}  // namespace quire::tool

#endif
