#include "quire/importer/types.hpp"

#include "importer/enum_names.hpp"

namespace quire::importer {

std::string_view to_string(Convert convert) noexcept { return name_of(convert_names, convert); }

}  // namespace quire::importer
