#include "known.hpp"

#include <fstream>
#include <stdexcept>

namespace quire::differential {

void KnownDifferences::read(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    const auto first = line.find('\t');
    const auto second = first == line.npos ? line.npos : line.find('\t', first + 1);
    if (second == line.npos)
      throw std::runtime_error(path + " line " + std::to_string(number) +
                               ": expected three columns with tabs between");
    try {
      lines_.push_back({std::regex(line.substr(0, first)),
                        std::regex(line.substr(first + 1, second - first - 1)),
                        line.substr(second + 1)});
    } catch (const std::regex_error& error) {
      throw std::runtime_error(path + " line " + std::to_string(number) + ": " + error.what());
    }
  }
}

const std::string* KnownDifferences::reason(const std::string& case_json,
                                            const std::string& answers_json) const {
  for (const auto& line : lines_) {
    if (std::regex_search(case_json, line.of_case) &&
        std::regex_search(answers_json, line.of_answers))
      return &line.reason;
  }
  return nullptr;
}

}  // namespace quire::differential
