#include "importer/names.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace quire::importer {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// How many letters are put in, left out, exchanged or swapped with the next; case does not count.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before;
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  const auto same = [&](std::size_t i, std::size_t j) { return lower(a[i]) == lower(b[j]); };
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same(i - 1, j - 1) ? 0U : 1U)});
      if (i > 1 && j > 1 && same(i - 1, j - 2) && same(i - 2, j - 1))
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
  }
  return last.back();
}

}  // namespace

std::string listed(std::span<const std::string> names) {
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

std::string in_quotes(std::string_view name) { return '"' + std::string(name) + '"'; }

std::string near_names(std::string_view name, std::span<const std::string> names) {
  const std::size_t most = name.size() < 4 ? 1 : name.size() < 9 ? 2 : 3;
  std::vector<std::pair<std::size_t, std::string_view>> near;
  for (const std::string& one : names) {
    if (one.size() > name.size() + most || name.size() > one.size() + most) continue;
    if (const auto d = distance(name, one); d <= most) near.emplace_back(d, one);
  }
  std::sort(near.begin(), near.end());
  if (near.empty()) return {};
  std::string out = "; did you mean ";
  for (std::size_t i = 0; i < near.size() && i < 3 && near[i].first == near[0].first; ++i) {
    if (i != 0) out += " or ";
    out += in_quotes(near[i].second);
  }
  return out + "?";
}

}  // namespace quire::importer
