#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/console.hpp"
#include "quire/bson/document.hpp"
#include "quire/core/error.hpp"

namespace quire::cli {

enum class Paint { none, good, bad, notice };

/// One cell of a table.
struct Cell {
  std::string text;
  Paint paint = Paint::none;
};

/// Where a command writes: text for people, or lines of JSON for programs. Text from documents goes
/// through printable(). Lines for people fit the terminal, or 80 columns.
class Output {
 public:
  /// `program`: in front of error messages. `schema`: of reports that do not say theirs.
  Output(std::string program, bool json, bool quiet, std::string_view schema = "quire.migrate/1");

  [[nodiscard]] bool json() const noexcept { return json_; }
  [[nodiscard]] bool quiet() const noexcept { return quiet_ || json_; }
  [[nodiscard]] std::size_t width() const noexcept { return width_; }
  [[nodiscard]] const std::string& program() const noexcept { return program_; }

  // For people; nothing with --json or --quiet.
  void print(std::string_view text) { hang("", text); }
  void hang(std::string_view first, std::string_view text);
  /// The last column takes what is left and is broken into lines; a first cell that is too wide
  /// has a line of its own.
  void table(const std::vector<std::string>& heads, const std::vector<std::vector<Cell>>& rows);
  [[nodiscard]] std::string painted(std::string_view text, Paint paint) const;

  // For programs; nothing without --json.
  void event(bson::View line);
  /// The last line: `body` with "exit" and "next" where it has none.
  void report(std::string_view op, int exit, bson::View body);
  void report(std::string_view json_line);

  /// The failure of a command: on standard error, and with --json as the report.
  void failure(std::string_view op, int exit, std::string_view result, const Error& error,
               const std::vector<std::string>& next);
  /// On standard error, for people.
  void complain(std::string_view text, const std::vector<std::string>& next);
  ProgressLine& progress() { return progress_; }

 private:
  std::string program_;
  std::string_view schema_;
  bool json_;
  bool quiet_;
  bool colours_;
  std::size_t width_;
  ProgressLine progress_;
};

}  // namespace quire::cli
