#pragma once

#include <string>
#include <string_view>

#include "importer/postgresql/types.hpp"
#include "quire/importer/cell.hpp"

namespace quire::importer::postgresql {

/// A value in PostgreSQL's binary format. What the cell views is in `bytes` or in `scratch`, whose
/// contents go. Values that cannot be held are cells `unreadable`. What is inside of arrays and
/// composites, which are BSON already, is converted as TypePolicy{} says; one value that it refuses
/// makes the whole cell unreadable.
[[nodiscard]] Cell decode(const Type& type, std::string_view bytes, std::string& scratch);

}  // namespace quire::importer::postgresql
