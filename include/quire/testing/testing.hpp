#pragma once

#include "quire/testing/database_image.hpp"  // IWYU pragma: export
#include "quire/testing/fake_clock.hpp"      // IWYU pragma: export
#include "quire/testing/hooked_store.hpp"    // IWYU pragma: export
#include "quire/testing/migrations.hpp"      // IWYU pragma: export
#include "quire/testing/outcome.hpp"         // IWYU pragma: export
#include "quire/testing/scratch.hpp"         // IWYU pragma: export
