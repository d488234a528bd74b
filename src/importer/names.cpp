#include "importer/names.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace quire::importer {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// How many letters are put in, left out or exchanged; case does not count.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t exchanged = corner + (lower(a[i - 1]) == lower(b[j - 1]) ? 0U : 1U);
      corner = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, exchanged}));
    }
  }
  return row.back();
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

std::string quoted(std::string_view name) { return '"' + std::string(name) + '"'; }

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
  for (std::size_t i = 0; i < near.size() && i < 3; ++i) {
    if (i != 0) out += " or ";
    out += quoted(near[i].second);
  }
  return out + "?";
}

}  // namespace quire::importer
