#include "cli/migrate/commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace quire::cli {

std::vector<const Command*> all_commands() {
  std::vector<const Command*> all;
  for (const auto& group :
       {run_commands(), settle_commands(), before_commands(), history_commands(), data_commands(),
        model_commands(), program_commands(), backup_commands()})
    for (const Command& one : group) all.push_back(&one);
  return all;
}

std::span<const OptionSpec> common_options() {
  static constexpr OptionSpec options[] = {
      {"--json", "", "lines of JSON instead of text; the last one is the report"},
      {"--quiet", "", "errors only"},
      {"--help", "", "what the command does"}};
  return options;
}

std::vector<OptionSpec> options_of(const Command& command) {
  std::vector<OptionSpec> all(command.options.begin(), command.options.end());
  if (command.destructive) all.push_back(yes_option);
  all.insert(all.end(), common_options().begin(), common_options().end());
  return all;
}

void print_help(Output& out, const Command* command) {
  std::vector<std::vector<Cell>> rows;
  if (command == nullptr) {
    out.hang("usage: ", out.program() + " COMMAND [options]");
    out.print("\nCommands:");
    for (const Command* one : all_commands())
      rows.push_back({{std::string(one->name)}, {std::string(one->summary)}});
    rows.push_back({{"help"}, {"this list, or what a COMMAND does and takes"}});
    out.table({"", ""}, rows);
    rows.clear();
    out.print("\nExit codes:");
    for (const ExitCode& one : exit_codes)
      rows.push_back({{std::to_string(one.code)}, {std::string(one.text)}});
    out.table({"", ""}, rows);
    return;
  }
  std::string usage = fmt::format("{} {}", out.program(), command->name);
  if (!command->arguments.empty()) usage += " " + std::string(command->arguments);
  out.hang("usage: ", usage + " [options]");
  out.print("\n" + std::string(command->summary) + ".");
  if (!command->text.empty()) out.print(command->text);
  out.print("\nOptions:");
  for (const OptionSpec& one : options_of(*command)) {
    rows.push_back(
        {{std::string(one.name) + (one.value.empty() ? "" : " ") + std::string(one.value)},
         {std::string(one.text) + (one.repeats ? "; may be given often" : "")}});
  }
  out.table({"", ""}, rows);
}

Paint paint_of(std::string_view state) {
  if (state == "applied" || state == "baselined" || state == "superseded" || state == "nothing" ||
      state == "reverted" || state == "done")
    return Paint::good;
  if (state == "failed" || state == "partial" || state == "attention" || state == "drifted" ||
      state == "blocked" || state == "future" || state == "lock_lost" || state == "too_new")
    return Paint::bad;
  return Paint::notice;
}

void print_lines(Output& out, std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const auto indent = std::min(line.find_first_not_of(' '), line.size());
    out.hang(std::string(indent, ' '), line.substr(indent));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string time_text(const std::optional<bson::DateTime>& time) {
  if (!time) return "-";
  using namespace std::chrono;
  const auto second = floor<seconds>(*time);
  const auto day = floor<days>(second);
  const year_month_day date{day};
  const hh_mm_ss clock{second - day};
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace quire::cli
