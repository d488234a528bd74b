#include "data.hpp"

#include <fstream>
#include <iterator>
#include <string>

namespace tour {

quire::bson::Document read_list(const std::filesystem::path& folder, std::string_view list) {
  const auto path = folder / ("iso_" + std::string(list) + ".json");
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw std::runtime_error(path.string() +
                             " cannot be read; install the package iso-codes or give --data DIR");
  }
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return quire::bson::from_json(text);
}

}  // namespace tour
