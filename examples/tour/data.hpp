#pragma once

#include <filesystem>
#include <quire/quire.hpp>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace tour {

/// The records of one of the files of Debian's iso-codes, {"<list>": [{…}, …]}.
/// Throws std::runtime_error naming the file when it cannot be read.
[[nodiscard]] quire::bson::Document read_list(const std::filesystem::path& folder,
                                              std::string_view list);

/// The same as structs.
template <class T>
[[nodiscard]] std::vector<T> read_records(const std::filesystem::path& folder,
                                          std::string_view list) {
  const quire::bson::Document file = read_list(folder, list);
  std::vector<T> records;
  for (const auto& element : file[list].as_array())
    records.push_back(quire::bson::decode<T>(element.value.as_document()));
  return records;
}

}  // namespace tour
