#pragma once

#include <string>

#include "quire/importer/mapping.hpp"

namespace quire::importer {

/// One table's part as JSON on one line, with the policy that it stands under. Computed fields and
/// checks, which have no JSON form, are told to be there.
[[nodiscard]] std::string canonical_json(const TypePolicy& types, const TableMapping& table);

}  // namespace quire::importer
