#include "cli/backup_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace quire::cli {

void BackupProgress::show(const backup::Progress& progress) {
  const auto now = std::chrono::steady_clock::now();
  ProgressState state{std::string(progress.phase) + " " + std::string(progress.collection),
                      progress.done, progress.total, 0, progress.phase != "index"};
  if (state.what != of_) {
    of_ = state.what;
    start_ = now;
  }
  const double seconds = std::chrono::duration<double>(now - start_).count();
  if (seconds > 0) state.rate = static_cast<double>(state.done) / seconds;
  line_.show(state);
}

void print_collections(const std::vector<backup::SavedCollection>& collections,
                       const std::vector<std::string>& left_out) {
  std::size_t width = 10;
  for (const auto& one : collections)
    width = std::max(width, std::min<std::size_t>(one.name.size(), 28));
  fmt::print("  {:<{}}  {:>11}  {:>8}\n", "collection", width, "documents", "bytes");
  for (const auto& one : collections) {
    if (one.type == "view") {
      fmt::print("  {:<{}}  {:>11}\n", one.name, width, "view");
    } else {
      fmt::print("  {:<{}}  {:>11}  {:>8}  {}\n", one.name, width, grouped(one.documents),
                 sized(one.bytes), plural(one.indexes, "index", "indexes"));
    }
  }
  for (const auto& text : left_out) fmt::print("left out: {}\n", text);
}

}  // namespace quire::cli
