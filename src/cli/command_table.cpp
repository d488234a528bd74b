#include "cli/command_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "quire/cli/exit_codes.hpp"

extern "C" {
// In quire_mongodb; null when it is not linked.
[[gnu::weak]] void quire_mongodb_log_to_stderr();
}

namespace quire::cli {
namespace {

std::size_t named(const std::string& name, std::span<const CommandText> all) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].name == name) return i;
    names.push_back(all[i].name);
  }
  std::string text = "there is no command \"" + without_secrets(name) + "\"";
  if (const auto meant = nearest(name, names); !meant.empty())
    text += "; did you mean " + std::string(meant) + "?";
  throw UsageError(text);
}

bool wants_help(std::span<const std::string> words) {
  for (const std::string& word : words) {
    if (word == "--") return false;
    if (word == "--help" || word == "-h") return true;
  }
  return false;
}

void print_all(Output& out, std::span<const CommandText> all) {
  out.hang("usage: ", out.program() + " COMMAND [options]");
  out.print("\nCommands:");
  std::vector<std::vector<Cell>> rows;
  for (const CommandText& one : all)
    rows.push_back({{std::string(one.name)}, {std::string(one.summary)}});
  rows.push_back({{"help"}, {"this list, or what a COMMAND does and takes"}});
  out.table({"", ""}, rows);
  rows.clear();
  out.print("\nExit codes:");
  for (const ExitCode& one : exit_codes)
    rows.push_back({{std::to_string(one.code)}, {std::string(one.text)}});
  out.table({"", ""}, rows);
}

}  // namespace

std::span<const OptionSpec> common_options() {
  static constexpr OptionSpec options[] = {
      {"--json", "", "lines of JSON instead of text; the last one is the report"},
      {"--quiet", "", "errors only"},
      {"--help", "", "what the command does"}};
  return options;
}

std::optional<std::size_t> choose(Output& out, std::span<const std::string> words,
                                  std::span<const CommandText> all) {
  if (words.empty()) throw UsageError("a command is missing");
  const std::string& name = words.front();
  const auto help = [&](const CommandText* of) {
    print_help(out, all, of);
    out.report("help", 0, {});
    return std::nullopt;
  };
  if (name == "help" || name == "--help" || name == "-h") {
    const bool of_one = words.size() > 1 && !words[1].starts_with('-');
    return help(of_one ? &all[named(words[1], all)] : nullptr);
  }
  const std::size_t chosen = named(name, all);
  if (wants_help(words.subspan(1))) return help(&all[chosen]);
  return chosen;
}

void print_help(Output& out, std::span<const CommandText> all, const CommandText* one) {
  if (one == nullptr) return print_all(out, all);
  std::string usage = fmt::format("{} {}", out.program(), one->name);
  if (!one->arguments.empty()) usage += " " + std::string(one->arguments);
  out.hang("usage: ", usage + " [options]");
  out.print("\n" + std::string(one->summary) + ".");
  if (!one->text.empty()) out.print(one->text);
  out.print("\nOptions:");
  std::vector<std::vector<Cell>> rows;
  for (const OptionSpec& option : one->options) {
    rows.push_back(
        {{std::string(option.name) + (option.value.empty() ? "" : " ") + std::string(option.value)},
         {std::string(option.text) + (option.repeats ? "; may be given often" : "")}});
  }
  out.table({"", ""}, rows);
}

void confirm(const Arguments& arguments, std::string_view question) {
  if (arguments.has("--yes")) return;
  if (!can_ask())
    throw UsageError(fmt::format("{} Not done without --yes where nobody can be asked.", question));
  if (!ask(hanging("", question, 79))) throw UsageError("not confirmed; nothing was done");
}

std::string base_name(std::string_view path, std::string_view otherwise) {
  const auto slash = path.rfind('/');
  const std::string_view name = slash == path.npos ? path : path.substr(slash + 1);
  return std::string(name.empty() ? otherwise : name);
}

void quiet_driver_log() {
  if (&quire_mongodb_log_to_stderr != nullptr) quire_mongodb_log_to_stderr();
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

std::optional<Failure> usage_failure(const Error& error, const std::string& program,
                                     std::string_view command) {
  if (dynamic_cast<const UsageError*>(&error) == nullptr) return std::nullopt;
  const std::string again = program + " " + std::string(command);
  if (error.detail().find("--yes") != std::string::npos)
    return Failure{exit_code("usage"), "not_confirmed", {again + " … --yes"}};
  return Failure{exit_code("usage"),
                 "usage",
                 {command.empty() ? program + " help" : program + " help " + std::string(command)}};
}

}  // namespace quire::cli
