#include "known.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace quire::spec {

KnownFailures::KnownFailures(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto first = line.find('\t');
    const auto second = line.find('\t', first == line.npos ? first : first + 1);
    if (second == line.npos || second + 1 == line.size())
      throw std::runtime_error(path + ": a line needs file, case and reason: " + line);
    const auto id = line.substr(first + 1, second - first - 1);
    if (!files_[line.substr(0, first)].emplace(id, line.substr(second + 1)).second)
      throw std::runtime_error(path + ": the case is listed twice: " + id);
  }
}

Outcome KnownFailures::judge(std::string_view file, std::string_view id, Outcome outcome) const {
  const auto of_file = files_.find(file);
  if (of_file == files_.end()) return outcome;
  const auto listed = of_file->second.find(id);
  if (listed == of_file->second.end()) return outcome;
  if (outcome.verdict == Verdict::failed)
    return {Verdict::known, false, listed->second + ": " + outcome.why};
  return {Verdict::failed, false,
          "the list of known failures has it (" + listed->second +
              "), but it fails no longer: remove it from the list"};
}

std::vector<std::string> KnownFailures::absent(std::string_view file,
                                               const std::vector<std::string>& ids) const {
  std::vector<std::string> out;
  const auto of_file = files_.find(file);
  if (of_file == files_.end()) return out;
  for (const auto& [id, why] : of_file->second) {
    if (std::ranges::find(ids, id) == ids.end()) out.push_back(id);
  }
  return out;
}

}  // namespace quire::spec
