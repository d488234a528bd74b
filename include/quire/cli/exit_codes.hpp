#pragma once

#include <array>
#include <string_view>

/// What programs of migrations say by their exit code: MigrationReport::exit_code(), migrate_cli()
/// and the tool quire.
namespace quire::cli {

struct ExitCode {
  int code;
  std::string_view name;
  std::string_view text;
};

inline constexpr std::array<ExitCode, 15> exit_codes{{
    {0, "done", "done, or nothing to do"},
    {1, "internal", "a defect, or a store that does not answer (health)"},
    {2, "usage", "wrong arguments, or not confirmed; nothing was done"},
    {10, "pending", "migrations are pending (status --check)"},
    {11, "drift", "history, models or documents are not as the program says"},
    {12, "danger", "lint, preflight or a check of an import found something"},
    {13, "too_new", "the database needs a newer program"},
    {20, "busy", "another process has the migration lock"},
    {21, "lock_lost", "another process took the lock over; stopped safely"},
    {30, "failed", "failed; nothing was left behind"},
    {31, "partial", "failed in the middle: run again, or look (attention)"},
    {32, "stopped", "stopped on request at a safe point; run again to go on"},
    {40, "rejects", "more documents were rejected than allowed"},
    {41, "mismatch", "the two sides of a copy differ (copy, verify)"},
    {42, "source_changed", "the source changed since the last checkpoint"},
}};

/// The code of that name: exit_code("busy") is 20. Does not compile for another name.
[[nodiscard]] consteval int exit_code(std::string_view name) {
  for (const ExitCode& one : exit_codes) {
    if (one.name == name) return one.code;
  }
  throw "no exit code has this name";  // not a constant: refused by the compiler
}

}  // namespace quire::cli
