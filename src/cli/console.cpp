#include "cli/console.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace quire::cli {
namespace {

constexpr std::size_t columns = 79;

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

std::string cut(std::string_view text, std::size_t n) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (continues(text[i])) continue;
    if (seen == n) return std::string(text.substr(0, i));
    ++seen;
  }
  return std::string(text);
}

std::string pad(std::string_view text, std::size_t n) {
  const std::size_t width = width_of(text);
  if (width > n) return n == 0 ? std::string() : cut(text, n - 1) + "~";
  return std::string(text) + std::string(n - width, ' ');
}

std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7F) c = '?';
  }
  return out;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  width = std::max<std::size_t>(width, 1);
  std::vector<std::string> lines;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  do {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view rest = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    std::string line;
    while (!rest.empty()) {
      const auto stop = std::min(rest.find(' '), rest.size());
      std::string word(rest.substr(0, stop));
      rest.remove_prefix(std::min(stop + 1, rest.size()));
      const std::size_t used = width_of(line);
      if (!line.empty() && used + 1 + width_of(word) > width) {
        lines.push_back(std::move(line));
        line.clear();
      }
      if (!line.empty()) line += ' ';
      while (line.empty() && width_of(word) > width) {
        lines.push_back(cut(word, width));
        word.erase(0, lines.back().size());
      }
      line += word;
    }
    lines.push_back(std::move(line));
  } while (!text.empty());
  return lines;
}

std::string hanging(std::string_view first, std::string_view text, std::size_t width) {
  const std::size_t indent = width_of(first);
  std::string out;
  for (const std::string& line : wrapped(text, width > indent ? width - indent : 1)) {
    out += out.empty() ? std::string(first) : std::string(indent, ' ');
    out += line + '\n';
  }
  return out;
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string plural(std::int64_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", grouped(n), n == 1 ? one : many);
}

std::string sized(std::int64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  const char* const units[] = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  while (value >= 999.95 && unit < 4) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string timed(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  return fmt::format("{:.0f} min", seconds / 60);
}

std::size_t columns_of(int descriptor) {
  winsize size{};
  if (::isatty(descriptor) != 1 || ::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return 80;
  return std::max<std::size_t>(size.ws_col, 40);
}

bool can_ask() { return ::isatty(STDIN_FILENO) == 1; }

bool ask(std::string_view question) {
  fmt::print(stderr, "{} Go on? [y/N] ", question);
  std::fflush(stderr);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

bool colours(int descriptor) {
  const char* none = std::getenv("NO_COLOR");
  return (none == nullptr || *none == '\0') && ::isatty(descriptor) == 1;
}

std::string marked(std::string_view text, bool good) {
  if (!colours(STDOUT_FILENO)) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", good ? 32 : 31, text);
}

ProgressLine::ProgressLine(bool quiet) : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1) {}

void ProgressLine::show(const ProgressState& progress) {
  if (quiet_) return;
  if (terminal_) {
    show_bar(progress);
  } else {
    show_line(progress);
  }
}

void ProgressLine::show_bar(const ProgressState& progress) {
  const auto now = std::chrono::steady_clock::now();
  if (progress.what == of_ && now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  of_ = progress.what;
  constexpr std::int64_t cells = 16;
  // The total is an estimate: never full before the end, never more than full.
  const std::int64_t total = std::max<std::int64_t>(progress.total, 1);
  const std::int64_t done = std::clamp<std::int64_t>(progress.done, 0, total);
  const auto full = static_cast<std::size_t>(done * cells / total);
  std::string rest;
  if (progress.rate >= 1 && progress.total > progress.done)
    rest =
        ", " + timed(static_cast<double>(progress.total - progress.done) / progress.rate) + " left";
  std::string line =
      fmt::format("{} [{}{}] {:3} %  {} of {}", pad(of_, 22), std::string(full, '#'),
                  std::string(static_cast<std::size_t>(cells) - full, '.'), done * 100 / total,
                  grouped(progress.done), grouped(progress.total));
  if (line.size() + rest.size() <= columns) line += rest;
  fmt::print(stderr, "\r\x1b[K{}", cut(line, columns));
  std::fflush(stderr);
  shown_ = true;
}

void ProgressLine::show_line(const ProgressState& progress) {
  const auto now = std::chrono::steady_clock::now();
  if (progress.what == of_ && now - last_ < std::chrono::seconds(10)) return;
  const bool begins = progress.what != of_;
  of_ = progress.what;
  last_ = now;
  if (begins) {
    if (progress.counted) fmt::print(stderr, "{}\n", of_);
    return;
  }
  fmt::print(stderr, "{}: {} of {}, {}/s\n", of_, grouped(progress.done), grouped(progress.total),
             grouped(static_cast<std::int64_t>(progress.rate)));
}

void ProgressLine::clear() {
  if (!shown_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace quire::cli
