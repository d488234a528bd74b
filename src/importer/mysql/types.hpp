#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "quire/importer/schema.hpp"

namespace quire::importer::mysql {

/// Type and values of a column whose type is written so: "tinyint(1)", "enum('a','b')".
void set_type(Column& column, std::string_view data_type);
/// The quoted texts in "enum('a','it''s')".
[[nodiscard]] std::vector<std::string> quoted_values(std::string_view declared);

}  // namespace quire::importer::mysql
