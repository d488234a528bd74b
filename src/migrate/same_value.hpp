#pragma once

#include "quire/bson/view.hpp"

namespace quire::migrate {

/// Whether stores take two values for the same: numbers by value whatever their type, also within
/// documents and lists; fields of a document in their order. Simple collation.
[[nodiscard]] bool same_value(bson::ValueView a, bson::ValueView b);
[[nodiscard]] bool same_document(bson::View a, bson::View b);

}  // namespace quire::migrate
