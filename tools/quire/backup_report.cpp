#include "backup_report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace quire::tool {

void BackupProgress::show(const backup::Progress& progress) {
  const auto now = std::chrono::steady_clock::now();
  std::string of = std::string(progress.phase) + " " + std::string(progress.collection);
  if (of != of_) {
    of_ = std::move(of);
    start_ = now;
  }
  cli::CopyProgress out{
      progress.collection, progress.phase, progress.done, progress.total, progress.bytes, 0, 0};
  out.seconds = std::chrono::duration<double>(now - start_).count();
  if (out.seconds > 0) out.rate = static_cast<double>(out.done) / out.seconds;
  line_.show(out);
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

}  // namespace quire::tool
