#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_table.hpp"
#include "quire/importer/cli.hpp"

/// The commands of import_cli() and of the tool's `quire import`. To add one: a function and an
/// entry in the table at the end of a file of commands.
namespace quire::cli::imports {

/// What the program gives its commands, by their arguments.
struct Program {
  std::function<std::unique_ptr<importer::Source>(const Arguments&)> open;
  std::function<Database(const Arguments&)> database;
  /// Nothing: there is none, and one may be proposed.
  std::function<std::optional<importer::Mapping>(const Arguments&)> mapping;
  const importer::ImportCliOptions& options;
  std::span<const OptionSpec> arguments = {};  ///< options that all commands have besides
  std::string more = {};  ///< what stands behind a command that is shown, as " …"
};

/// What a command works with.
struct Context {
  const Program& program;
  const Arguments& arguments;
  Output& out;
  std::string_view command;
  std::stop_token stop;

  /// Opened when first asked for.
  [[nodiscard]] importer::Source& source() const;
  /// Opened anew: as it is now.
  [[nodiscard]] std::unique_ptr<importer::Source> open_again() const;
  [[nodiscard]] Database database() const;
  /// Throws UsageError where there is none.
  [[nodiscard]] const importer::Mapping& mapping() const;
  [[nodiscard]] const importer::Mapping* mapping_if_any() const;
  /// The import's name.
  [[nodiscard]] std::string name() const {
    return arguments.text("--name", program.options.import.name);
  }
  /// The command that helps: "app verify --full".
  [[nodiscard]] std::string call(std::string_view words) const {
    return out.program() + " " + std::string(words) + program.more;
  }
  void confirm(std::string_view question) const { cli::confirm(arguments, question); }

  // Kept, once they were asked for.
  mutable std::unique_ptr<importer::Source> opened = nullptr;
  mutable std::optional<Database> target = std::nullopt;
  mutable std::optional<importer::Mapping> known = std::nullopt;
  mutable bool asked = false;
};

using Command = CommandOf<Context>;

// One a file.
[[nodiscard]] std::span<const Command> audit_commands();   // audit
[[nodiscard]] std::span<const Command> check_commands();   // check-pk, check-duplicates
[[nodiscard]] std::span<const Command> file_commands();    // inspect, backup, restore …
[[nodiscard]] std::span<const Command> map_commands();     // map, validate-schema
[[nodiscard]] std::span<const Command> run_commands();     // dry-run, import, verify, status …
[[nodiscard]] std::span<const Command> reject_commands();  // rejects, retry-rejects

/// Of reports that do not say theirs.
inline constexpr std::string_view report_schema = "quire.import/1";
/// Does what `words` say.
[[nodiscard]] int run(Output& out, std::span<const std::string> words, const Program& program);
/// As run; what is thrown is told as an error.
[[nodiscard]] int run_or_tell(Output& out, std::span<const std::string> words,
                              const Program& program) noexcept;

/// The program's options with what the command line says.
[[nodiscard]] importer::ImportOptions import_options(const Context& context);
/// Of `import` and `dry-run`.
[[nodiscard]] std::span<const OptionSpec> import_option_specs();
/// The source's table that a word names. Throws ImportError (table_not_found), and UsageError for a
/// URI, which may hold a password.
[[nodiscard]] const std::string& table_named(const Context& context, const std::string& word);
/// The part of the mapping that a word names: its name, or the table of one part alone. Throws
/// UsageError that names what there is.
[[nodiscard]] std::string part_named(const Context& context, const std::string& word);
[[nodiscard]] std::string part_name(const importer::TableMapping& table);

/// Shows progress while it lives: a line on standard error, or events.
[[nodiscard]] std::function<void(const std::string&, const migrate::DataProgress&)> show_progress(
    const Context& context);
/// Writes a report for people and programs, and into --report FILE. The exit code.
int show_report(const Context& context, importer::ImportReport report);

inline constexpr OptionSpec report_option{
    "--report", "FILE", "the report into this file too: Markdown by .md, JSON by .json"};
/// Writes --report FILE, where it is given. `markdown` and `json` are called for its ending.
/// Throws UsageError for another ending, StoreError io_error.
void write_report(const Context& context, const std::function<std::string()>& markdown,
                  const std::function<std::string()>& json);
/// Throws UsageError for an ending that write_report does not know, before anything is done.
void check_report_option(const Arguments& arguments);

}  // namespace quire::cli::imports
