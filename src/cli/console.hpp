#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Text for a terminal, of the tool and of applications' own tools.
namespace quire::cli {

/// 1234567 as "1,234,567".
[[nodiscard]] std::string grouped(std::int64_t number);
/// "1 document", "1,234 documents".
[[nodiscard]] std::string plural(std::int64_t n, std::string_view one, std::string_view many);
/// "0 B", "999 B", "1.2 MB": powers of 1000.
[[nodiscard]] std::string sized(std::int64_t bytes);
/// "0.4 s", "75 s", "12 min".
[[nodiscard]] std::string timed(double seconds);

/// Columns that text takes: one a code point.
[[nodiscard]] std::size_t width_of(std::string_view text);
/// The first bytes of `text` that make up at most `n` columns.
[[nodiscard]] std::string cut(std::string_view text, std::size_t n);
/// `text` in exactly `n` columns: filled up, or cut with "~" at its end.
[[nodiscard]] std::string pad(std::string_view text, std::size_t n);
/// Without what would move the cursor or change colours: control characters become "?".
[[nodiscard]] std::string printable(std::string_view text);
/// Lines of at most `columns`, broken at spaces, within words that are longer.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t columns);
/// As wrapped, one text: `first` in front of the first line, as many spaces in front of the others.
[[nodiscard]] std::string hanging(std::string_view first, std::string_view text,
                                  std::size_t columns);

/// Columns of a terminal, from 40; 80 where the stream is none.
[[nodiscard]] std::size_t columns_of(int descriptor);
/// Whether colours are wanted on a stream: a terminal, and no NO_COLOR in the environment.
[[nodiscard]] bool colours(int descriptor);
/// `text` in green (good) or red on standard output.
[[nodiscard]] std::string marked(std::string_view text, bool good);

/// Whether a person can be asked: standard input is a terminal.
[[nodiscard]] bool can_ask();
/// Asks on standard error. Anything but y or yes is no.
[[nodiscard]] bool ask(std::string_view question);

/// How far something is.
struct ProgressState {
  std::string what;        ///< "copy users"
  std::int64_t done = 0;   ///< documents
  std::int64_t total = 0;  ///< an estimate; 0 = unknown
  double rate = 0;         ///< a second; 0 = unknown
  bool counted = true;     ///< without: its beginning is worth no line of its own
};

/// Where something long stands, on standard error: one line that is written over on a terminal, at
/// most 79 columns; else a line a `what`, and one each ten seconds.
class ProgressLine {
 public:
  explicit ProgressLine(bool quiet);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  void show(const ProgressState& progress);
  /// Takes the line away, so that something else can be printed.
  void clear();

 private:
  void show_bar(const ProgressState& progress);
  void show_line(const ProgressState& progress);
  bool quiet_;
  bool terminal_;
  bool shown_ = false;
  std::string of_;  // `what` of the last line
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace quire::cli
