#pragma once

#include <filesystem>
#include <quire/quire.hpp>

namespace tour {

/// From an empty database to the shape of models.hpp. `data`: where the files of iso-codes are.
[[nodiscard]] quire::Migrations migrations(const std::filesystem::path& data);

}  // namespace tour
