#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/output.hpp"
#include "quire/bson/types.hpp"

/// Commands as tables: the parser, the help and the tests go by them.
namespace quire::cli {

/// One command of an application's own tool. `Context` is what its function works with.
template <class Context>
struct CommandOf {
  std::string_view name;
  std::string_view arguments;  ///< "ID | -n N"
  std::string_view summary;    ///< for the list of commands: one line
  std::string_view text;       ///< further lines of its help
  std::size_t least = 0;       ///< arguments that are no options
  std::size_t most = 0;
  std::span<const OptionSpec> options = {};
  /// Takes something away: has --yes and calls confirm().
  bool destructive = false;
  int (*run)(const Context&) = nullptr;
};

/// What a command's help says, with all options that it takes.
struct CommandText {
  std::string_view name, arguments, summary, text;
  std::vector<OptionSpec> options;
};

inline constexpr OptionSpec yes_option{"--yes", "", "do not ask before something is taken away"};
/// Options of every command.
[[nodiscard]] std::span<const OptionSpec> common_options();

/// `more`: options that the program has for all of its commands.
template <class Context>
[[nodiscard]] CommandText text_of(const CommandOf<Context>& command,
                                  std::span<const OptionSpec> more = {}) {
  CommandText text{command.name, command.arguments, command.summary, command.text, {}};
  text.options.assign(command.options.begin(), command.options.end());
  if (command.destructive) text.options.push_back(yes_option);
  text.options.insert(text.options.end(), more.begin(), more.end());
  text.options.insert(text.options.end(), common_options().begin(), common_options().end());
  return text;
}

/// The number of the command that the first word names; nothing: it was a question for help, which
/// is answered. Throws UsageError for no word and for one that is no command.
[[nodiscard]] std::optional<std::size_t> choose(Output& out, std::span<const std::string> words,
                                                std::span<const CommandText> all);
/// Of all commands, or of one.
void print_help(Output& out, std::span<const CommandText> all, const CommandText* one);

/// Asks before something is taken away, unless --yes is given. Throws UsageError for a "no", and
/// without --yes where there is no terminal.
void confirm(const Arguments& arguments, std::string_view question);

/// The name by which a program was called; `otherwise` where it has none.
[[nodiscard]] std::string base_name(std::string_view path, std::string_view otherwise);
/// Lets the log of MongoDB's driver go to standard error, where that store is linked.
void quiet_driver_log();

/// Text that the library made, a line each, with its indentation.
void print_lines(Output& out, std::string_view text);
/// "2026-02-10 12:30:00" in UTC.
[[nodiscard]] std::string time_text(const std::optional<bson::DateTime>& time);

/// The exit code of an exception, its word for reports, and what helps.
struct Failure {
  int exit;
  std::string_view result;
  std::vector<std::string> next;
};
/// Of mistakes in the arguments; nothing for other errors.
[[nodiscard]] std::optional<Failure> usage_failure(const Error& error, const std::string& program,
                                                   std::string_view command);

}  // namespace quire::cli
