#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/output.hpp"
#include "quire/collection/database.hpp"

namespace quire::cli {

/// Options of commands that show what was put aside.
inline constexpr OptionSpec rejects_options[] = {
    {"--most", "N", "how many are shown, 50"},
    {"--raw", "", "what was put aside as it is, below each"},
    {"--export", "FORMAT", "write all of them: ndjson or csv"},
    {"--file", "FILE", "into this file instead of standard output; it must not be there yet"}};

struct RejectsView {
  bson::Document filter = {};  ///< on _quire_rejects
  /// What helps where there are some; called with the job of the first.
  std::function<std::vector<std::string>(const std::string& job)> next;
  std::string_view one = "document", many = "documents", key = "_id";  ///< what people read
};
/// Lists what was put aside, or exports it, as the options say. The exit code. Throws UsageError,
/// StoreError.
int show_rejects(Output& out, const Database& db, const Arguments& arguments,
                 const RejectsView& view);

}  // namespace quire::cli
