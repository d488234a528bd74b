#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "quire/cli/copy.hpp"

namespace quire::tool {

/// 1234567 as "1,234,567".
[[nodiscard]] std::string grouped(std::int64_t number);
/// "1 document", "1,234 documents".
[[nodiscard]] std::string plural(std::int64_t n, std::string_view one, std::string_view many);
/// "0 B", "999 B", "1.2 MB": powers of 1000.
[[nodiscard]] std::string sized(std::int64_t bytes);
/// "0.4 s", "75 s", "12 min".
[[nodiscard]] std::string timed(double seconds);

/// Whether colours are wanted on a stream: a terminal, and no NO_COLOR in the environment.
[[nodiscard]] bool colours(int descriptor);
/// `text` in green (good) or red on standard output.
[[nodiscard]] std::string marked(std::string_view text, bool good);

/// Where a copy stands, on standard error: one line that is written over on a terminal, at most 79
/// columns; else a line a collection and phase, and one each ten seconds.
class ProgressLine {
 public:
  explicit ProgressLine(bool quiet);
  ~ProgressLine() { clear(); }
  void show(const cli::CopyProgress& progress);
  /// Takes the line away, so that something else can be printed.
  void clear();

 private:
  void show_bar(const cli::CopyProgress& progress);
  void show_line(const cli::CopyProgress& progress);
  bool quiet_;
  bool terminal_;
  bool shown_ = false;
  std::string of_;  // collection and phase of the last line
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace quire::tool
