#pragma once

#include "quire/bson/document.hpp"  // IWYU pragma: export
#include "quire/bson/json.hpp"      // IWYU pragma: export
#include "quire/bson/types.hpp"     // IWYU pragma: export
#include "quire/bson/value.hpp"     // IWYU pragma: export
#include "quire/bson/view.hpp"      // IWYU pragma: export
#include "quire/bson/writer.hpp"    // IWYU pragma: export
