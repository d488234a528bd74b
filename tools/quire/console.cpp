#include "console.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace quire::tool {
namespace {

constexpr std::size_t columns = 79;

/// The first bytes of `text` that make up at most `n` columns, one a code point.
std::string cut(const std::string& text, std::size_t n) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U) continue;
    if (seen == n) return text.substr(0, i);
    ++seen;
  }
  return text;
}

std::string pad(std::string text, std::size_t n) {
  const auto width = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
  if (width > n) return cut(text, n - 1) + "~";
  text.append(n - width, ' ');
  return text;
}

}  // namespace

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

bool colours(int descriptor) {
  const char* none = std::getenv("NO_COLOR");
  return (none == nullptr || *none == '\0') && ::isatty(descriptor) == 1;
}

std::string marked(std::string_view text, bool good) {
  if (!colours(STDOUT_FILENO)) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", good ? 32 : 31, text);
}

ProgressLine::ProgressLine(bool quiet) : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1) {}

void ProgressLine::show(const cli::CopyProgress& progress) {
  if (quiet_) return;
  if (terminal_) {
    show_bar(progress);
  } else {
    show_line(progress);
  }
}

void ProgressLine::show_bar(const cli::CopyProgress& progress) {
  const auto now = std::chrono::steady_clock::now();
  std::string of = std::string(progress.phase) + " " + std::string(progress.collection);
  if (of == of_ && now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  of_ = std::move(of);
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

void ProgressLine::show_line(const cli::CopyProgress& progress) {
  const auto now = std::chrono::steady_clock::now();
  std::string of = std::string(progress.phase) + " " + std::string(progress.collection);
  if (of == of_ && now - last_ < std::chrono::seconds(10)) return;
  const bool begins = of != of_;
  of_ = std::move(of);
  last_ = now;
  if (begins) {
    if (progress.phase != "index") fmt::print(stderr, "{}\n", of_);
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

}  // namespace quire::tool
